"""A run whose process was killed is noticed: by the next command, and by run monitoring through the launcher."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    Definitions,
    JobDefinition,
    asset,
    define_asset_job,
    in_process_executor,
)
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from house import free_port

from orchestrator.jobs.instance import write_instance_config
from orchestrator.jobs.processes import PROCESS_TAG, end_lost_runs, is_alive, this_process
from orchestrator.jobs.runs import execute

POOL = "warehouse_writer"
KILLED_IN_A_STEP = """
import os, signal, sys
from dagster import DagsterInstance, Definitions, asset, define_asset_job, in_process_executor
from orchestrator.jobs.processes import this_process

@asset(pool="warehouse_writer")
def writes():
    os.kill(os.getpid(), signal.SIGKILL)

job = Definitions(assets=[writes], jobs=[define_asset_job("all", executor_def=in_process_executor)]).resolve_job_def("all")
with DagsterInstance.from_config(sys.argv[1]) as instance:
    job.execute_in_process(instance=instance, tags=this_process())
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance with the configuration of this version."""
    write_instance_config(tmp_path / "dagster")
    with DagsterInstance.from_config(str(tmp_path / "dagster")) as made:
        yield made


@pytest.fixture(scope="module")
def shared_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    """An instance for the tests that ask about no run but their own."""
    folder = tmp_path_factory.mktemp("dagster")
    write_instance_config(folder)
    with DagsterInstance.from_config(str(folder)) as made:
        yield made


def job() -> JobDefinition:
    @asset(pool=POOL)
    def writes() -> None:
        """Needs the place of the only writer."""

    defined = define_asset_job("all", executor_def=in_process_executor)
    return Definitions(assets=[writes], jobs=[defined]).resolve_job_def("all")


def started(instance: DagsterInstance, tags: dict[str, str]) -> DagsterRun:
    return instance.create_run_for_job(job(), status=DagsterRunStatus.STARTED, tags=tags)


def health(instance: DagsterInstance, run: DagsterRun) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(run).status


def process_tag(**changes: object) -> dict[str, str]:
    return {PROCESS_TAG: json.dumps(json.loads(this_process()[PROCESS_TAG]) | changes)}


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    return ended.pid


def test_the_next_run_ends_a_killed_one_and_gets_its_place(instance: DagsterInstance, tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_A_STEP, str(tmp_path / "dagster")], check=False, capture_output=True
    )
    assert killed.returncode == -9, killed.stderr
    [lost] = instance.get_runs()
    assert lost.status == DagsterRunStatus.STARTED
    assert instance.event_log_storage.get_concurrency_info(POOL).active_run_ids == {lost.run_id}

    outcome = execute(
        job(), instance, "6c1f6c1e-0000-4000-8000-000000000002", expected_events=1, log_file=tmp_path / "run.log"
    )
    assert outcome.succeeded
    ended = instance.get_run_by_id(lost.run_id)
    assert ended is not None
    assert ended.status == DagsterRunStatus.FAILURE


def test_runs_of_living_processes_of_other_machines_and_of_code_servers_are_left_alone(
    instance: DagsterInstance,
) -> None:
    started(instance, this_process())
    started(instance, process_tag(machine="another", pid=dead_pid()))
    started(instance, {})
    assert end_lost_runs(instance) == []
    later = started(instance, process_tag(birth=1.0))
    assert end_lost_runs(instance) == [later.run_id], "another process has the number now"


def test_the_launcher_knows_whether_a_command_is_there(shared_instance: DagsterInstance) -> None:
    assert health(shared_instance, started(shared_instance, this_process())) == WorkerStatus.RUNNING
    assert health(shared_instance, started(shared_instance, process_tag(pid=dead_pid()))) == WorkerStatus.NOT_FOUND


@pytest.mark.parametrize("lives", [True, False])
def test_without_its_code_server_a_run_is_as_alive_as_its_process(
    shared_instance: DagsterInstance, tmp_path: Path, lives: bool
) -> None:
    run = started(shared_instance, {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": str(tmp_path / "gone")})})
    shared_instance.report_engine_event(
        "Started process for run.", run, EngineEventData.in_process(os.getpid() if lives else dead_pid())
    )
    assert health(shared_instance, run) == (WorkerStatus.RUNNING if lives else WorkerStatus.NOT_FOUND)


def test_a_server_behind_a_port_may_come_back(shared_instance: DagsterInstance) -> None:
    run = started(shared_instance, {GRPC_INFO_TAG: json.dumps({"host": "127.0.0.1", "port": free_port()})})
    assert health(shared_instance, run) == WorkerStatus.RUNNING


def test_a_process_is_known_by_its_number_and_age() -> None:
    own = psutil.Process()
    assert is_alive(own.pid, since=own.create_time())
    assert not is_alive(own.pid, since=own.create_time() - 60)
    assert not is_alive(dead_pid(), since=own.create_time())
