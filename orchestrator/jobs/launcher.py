"""Dagster's own launcher, which also notices that a run's process is gone.

A code server reports a run whose process was killed. When the server itself goes, with its container or its machine,
nobody would: the run would stay "started" and hold its places in pools for ever. Run monitoring asks this launcher.
"""

from dagster import DagsterEventType, DagsterRun, DefaultRunLauncher
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

from orchestrator.jobs.processes import PROCESS_TAG, is_alive, is_lost

_PID = "pid"
_RUNNING = CheckRunHealthResult(WorkerStatus.RUNNING)


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs in a code server, and knows whether they are still there."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Running, or not found; running also where it cannot be known now."""
        if PROCESS_TAG in run.tags:
            return _not_found("Its command is gone.") if is_lost(run) else _RUNNING
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            return _RUNNING
        try:
            return _RUNNING if _executes(client, run.run_id) else _not_found("Its code server does not execute it.")
        except DagsterUserCodeUnreachableError:
            return self._without_server(client, run)

    def _without_server(self, client: DagsterGrpcClient, run: DagsterRun) -> CheckRunHealthResult:
        """A server behind a port may come back and tell; one behind a socket of this machine is gone for good."""
        if client.socket is None or self._has_process(run):
            return _RUNNING
        return _not_found("Its code server and its process are gone.")

    def _has_process(self, run: DagsterRun) -> bool:
        records = self._instance.get_records_for_run(run.run_id, of_type=DagsterEventType.ENGINE_EVENT).records
        for record in records:
            pid = record.event_log_entry.get_dagster_event().engine_event_data.metadata.get(_PID)
            if pid is not None and is_alive(int(str(pid.value)), since=record.timestamp):
                return True
        return False


def _executes(client: DagsterGrpcClient, run_id: str) -> bool:
    answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id))
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def _not_found(why: str) -> CheckRunHealthResult:
    return CheckRunHealthResult(WorkerStatus.NOT_FOUND, why)
