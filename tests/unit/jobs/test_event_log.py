"""The event log whose files stay open: the same events as Dagster's, seen by others at once, nothing left behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from dagster import (
    AssetCheckResult,
    AssetKey,
    DagsterInstance,
    Definitions,
    JobDefinition,
    asset,
    asset_check,
    define_asset_job,
    in_process_executor,
)
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestrator.jobs.event_log import KeptOpenEventLogStorage
from orchestrator.jobs.instance import write_instance_config
from orchestrator.warehouse.maintenance.run_records import remove_runs

RUN = "0b2a4a7e-5b1f-4d9e-9c55-0d3d9c1f7a01"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance with the configuration of this version."""
    write_instance_config(tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path, instance: DagsterInstance) -> Iterator[SqliteEventLogStorage]:
    """Dagster's own storage on the same files."""
    storage = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    storage.register_instance(instance)
    yield storage
    storage.dispose()


def job() -> JobDefinition:
    @asset
    def prices() -> None:
        """Makes an event of each kind that is mirrored over all runs, together with its check."""

    @asset_check(asset=prices)
    def are_positive() -> AssetCheckResult:
        return AssetCheckResult(passed=True)

    defined = define_asset_job("all", executor_def=in_process_executor)
    return Definitions(assets=[prices], asset_checks=[are_positive], jobs=[defined]).resolve_job_def("all")


def files_held(folder: Path) -> set[str]:
    return {Path(file.path).name for file in psutil.Process().open_files() if Path(file.path).is_relative_to(folder)}


def test_dagsters_own_storage_reads_what_it_wrote_and_it_reads_what_dagsters_wrote(
    instance: DagsterInstance, plain: SqliteEventLogStorage, tmp_path: Path
) -> None:
    kept = instance.event_log_storage
    assert isinstance(kept, KeptOpenEventLogStorage)
    assert job().execute_in_process(instance=instance, run_id=RUN).success
    assert {"index.db", f"{RUN}.db"} <= files_held(tmp_path)
    written = [record.event_log_entry for record in kept.get_records_for_run(RUN).records]
    assert len(written) > 10
    assert [record.event_log_entry for record in plain.get_records_for_run(RUN).records] == written
    assert plain.all_asset_keys() == [AssetKey("prices")]
    plain.store_event(written[0])
    assert [record.event_log_entry for record in kept.get_records_for_run(RUN).records] == [*written, written[0]]


def test_who_watches_a_run_gets_its_events_while_it_runs(
    instance: DagsterInstance, plain: SqliteEventLogStorage
) -> None:
    assert job().execute_in_process(instance=instance, run_id=RUN).success
    kept = instance.event_log_storage
    events = [record.event_log_entry for record in kept.get_records_for_run(RUN).records]
    seen = threading.Semaphore(0)
    cursor = plain.get_records_for_run(RUN).cursor
    plain.watch(RUN, cursor, lambda _event, _cursor: seen.release() or None)
    kept.store_event(events[0])
    assert seen.acquire(timeout=30)


def test_a_removed_run_leaves_no_file_and_none_open(instance: DagsterInstance, tmp_path: Path) -> None:
    assert job().execute_in_process(instance=instance, run_id=RUN).success
    assert list(tmp_path.rglob(f"{RUN}.db*"))
    remove_runs(instance, [RUN])
    assert not list(tmp_path.rglob(f"{RUN}.db*"))
    assert not {name for name in files_held(tmp_path) if name.startswith(RUN)}


def test_of_many_runs_only_a_few_files_stay_open(instance: DagsterInstance, tmp_path: Path) -> None:
    runs = [f"{number:08d}{RUN[8:]}" for number in range(20)]
    for run in runs:
        assert instance.event_log_storage.get_records_for_run(run).records == []
    held = {name for name in files_held(tmp_path / "history" / "runs") if name.endswith(".db")}
    assert 0 < len(held) < 12
    assert f"{runs[-1]}.db" in held


def test_nothing_is_open_once_the_instance_is_disposed_of(tmp_path: Path) -> None:
    write_instance_config(tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert job().execute_in_process(instance=instance, run_id=RUN).success
    assert files_held(tmp_path / "history" / "runs") == set()
    assert (tmp_path / "history" / "runs" / f"{RUN}.db").exists()
