"""Which process executes a run, and whether it is still there: `touchstone run` may have been killed."""

import json
from dataclasses import asdict
from typing import Final

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks import holders
from orchestrator.warehouse.locks.holders import HolderProcess

log = get_logger(__name__)

PROCESS_TAG: Final = "touchstone/process"
_UNFINISHED: Final = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
# clocks of process table and event log differ by fractions of a second
_SECONDS: Final = 2.0


def this_process() -> dict[str, str]:
    """The tag of a run that this process executes itself."""
    return {PROCESS_TAG: json.dumps(asdict(holders.this_process()))}


def is_lost(run: DagsterRun) -> bool:
    """True when the process that the run's tag names is gone; of another machine's processes nothing is known."""
    tag = run.tags.get(PROCESS_TAG)
    return tag is not None and holders.is_gone(HolderProcess(**json.loads(tag)))


def is_alive(pid: int, *, since: float) -> bool:
    """True when this process is there and was there by then; of one that only Dagster has named."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since + _SECONDS
    except psutil.NoSuchProcess:
        return False


def end_lost_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs of killed commands as failed and free their places in pools; gives their IDs.

    Otherwise such a run holds the place of the only writer, and each run after it waits for ever.
    """
    lost = [run for run in instance.get_runs(RunsFilter(statuses=_UNFINISHED)) if is_lost(run)]
    for run in lost:
        instance.report_run_failed(run, "The process of this run is gone; it was killed or its machine went down.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        log.warning("a run whose process is gone was marked as failed", run_id=run.run_id, job=run.job_name)
    return [run.run_id for run in lost]
