"""dagster.yaml: written once, brought up to date while nobody has edited it, and valid for Dagster."""

from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from orchestrator.jobs import instance as room
from orchestrator.jobs.event_log import KeptOpenEventLogStorage
from orchestrator.jobs.instance import instance_config, write_instance_config
from orchestrator.jobs.launcher import WatchedRunLauncher

FIRST_EVER = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "python_logs": {"managed_python_loggers": ["orchestrator"], "python_log_level": "INFO"},
    "concurrency": {"pools": {"default_limit": 1}, "runs": {"max_concurrent_runs": 2}},
}


def content(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8"))
    return loaded


def test_a_new_one_is_the_configuration_of_this_version(tmp_path: Path) -> None:
    write_instance_config(tmp_path / "dagster")
    assert content(tmp_path / "dagster") == instance_config(tmp_path / "dagster")
    assert [path.name for path in (tmp_path / "dagster").iterdir()] == ["dagster.yaml"]


def test_one_that_is_up_to_date_is_not_touched(tmp_path: Path) -> None:
    write_instance_config(tmp_path)
    before = (tmp_path / "dagster.yaml").stat()
    write_instance_config(tmp_path)
    assert (tmp_path / "dagster.yaml").stat().st_ino == before.st_ino


def test_an_older_one_that_nobody_edited_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(room, "instance_config", lambda _folder: {"telemetry": {"enabled": False}})
        write_instance_config(tmp_path)
    assert content(tmp_path) == {"telemetry": {"enabled": False}}
    write_instance_config(tmp_path)
    assert content(tmp_path) == instance_config(tmp_path)


def test_one_from_before_there_were_stamps_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(FIRST_EVER), encoding="utf-8")
    write_instance_config(tmp_path)
    assert content(tmp_path) == instance_config(tmp_path)


@pytest.mark.parametrize("from_before_stamps", [True, False])
def test_an_edited_one_stays_as_it_is(tmp_path: Path, from_before_stamps: bool) -> None:
    path = tmp_path / "dagster.yaml"
    if from_before_stamps:
        path.write_text(yaml.safe_dump(FIRST_EVER), encoding="utf-8")
    else:
        write_instance_config(tmp_path)
    edited = path.read_text(encoding="utf-8").replace("max_concurrent_runs: ", "max_concurrent_runs: 1")
    path.write_text(edited, encoding="utf-8")
    write_instance_config(tmp_path)
    assert path.read_text(encoding="utf-8") == edited


def test_dagster_takes_it_with_queue_limits_retries_of_crashes_and_monitoring(tmp_path: Path) -> None:
    write_instance_config(tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert isinstance(instance.run_launcher, WatchedRunLauncher)
        assert isinstance(instance.event_log_storage, KeptOpenEventLogStorage)
        assert instance.get_tick_retention_settings(InstigatorType.SENSOR)[TickStatus.SKIPPED] == 2
        assert instance.run_launcher.supports_check_run_worker_health
        assert instance.run_monitoring_enabled
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 2)
        assert instance.run_retries_retry_on_asset_or_op_failure is False
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 4
        assert queue.tag_concurrency_limits is not None
        assert {limit["key"]: limit["limit"] for limit in queue.tag_concurrency_limits} == {
            "dagster/backfill": 2,
            "touchstone/layer": 2,
        }
        assert instance.global_op_concurrency_default_limit == 1


def test_a_home_that_moved_writes_its_history_where_it_is_now(tmp_path: Path) -> None:
    write_instance_config(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    write_instance_config(tmp_path / "after")
    with DagsterInstance.from_config(str(tmp_path / "after")) as instance:
        assert isinstance(instance.event_log_storage, KeptOpenEventLogStorage)
        assert Path(instance.event_log_storage.path_for_shard("x")).parent == tmp_path / "after" / "history" / "runs"
