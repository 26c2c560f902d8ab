"""Runs whose process was killed: nobody ended them, and what they claimed of a pool would be waited for without end."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks.holders import HolderProcess, is_gone, this_process

log = get_logger(__name__)

PROCESS_TAG: Final = "touchstone/process"
_BEGUN: Final = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def own_process_tag() -> Mapping[str, str]:
    """The tag of a run that is executed in this process."""
    return {PROCESS_TAG: json.dumps(asdict(this_process()))}


def end_runs_left_behind(instance: DagsterInstance) -> list[str]:
    """Report the runs as failed that a process of this machine began and did not live to end; gives their IDs.

    A run that the daemon launched is looked after by Dagster's run monitoring.
    """
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=_BEGUN)):
        if _is_left_behind(run):
            instance.report_run_failed(run, "The process of this run was killed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            log.warning("a run was left behind by a process that is gone", run_id=run.run_id, job=run.job_name)
            ended.append(run.run_id)
    return ended


def _is_left_behind(run: DagsterRun) -> bool:
    said = run.tags.get(PROCESS_TAG)
    return said is not None and is_gone(HolderProcess(**json.loads(said)))
