"""What is read from Dagster's instance: the last runs of each job, their steps, and what checks said last."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunRecord,
    RunsFilter,
)

from orchestrator.jobs.instance import dagster_instance
from orchestrator.metrics import families as names
from orchestrator.metrics.families import Reading
from orchestrator.settings import Settings

PASSED: Final = "passed"
WARNED: Final = "warned"
FAILED: Final = "failed"
_RECENT_RUNS: Final = 500
_RUNS_WITH_CHECKS: Final = 5
_COUNTED: Final = (
    DagsterRunStatus.SUCCESS,
    DagsterRunStatus.FAILURE,
    DagsterRunStatus.CANCELED,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.QUEUED,
)
_Check = tuple[str, str]


@dataclass(frozen=True)
class _Finished:
    """A run that has ended, and so never changes: seconds by step, and when each check said what."""

    steps: Mapping[str, float] = field(default_factory=dict)
    checks: Mapping[_Check, tuple[float, str]] = field(default_factory=dict)


class RunReader:
    """Reads the recorded runs; those that have ended are read once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, _Finished] = {}

    def read(self) -> Iterator[Reading]:
        """Runs by job and status; result, seconds and end of each job's last run; its steps; checks by result."""
        if not self._settings.dagster_dir.exists():
            return
        with dagster_instance(self._settings) as instance:
            yield from self._read(instance)

    def _read(self, instance: DagsterInstance) -> Iterator[Reading]:
        ended = _ended_by_job(instance.get_run_records(limit=_RECENT_RUNS))
        wanted = {record.dagster_run.run_id for records in ended.values() for record in records}
        self._known = {
            run_id: self._known[run_id] if run_id in self._known else _finished(instance, run_id) for run_id in wanted
        }
        for job, records in sorted(ended.items()):
            for status in _COUNTED:
                count = instance.get_runs_count(RunsFilter(job_name=job, statuses=[status]))
                yield Reading(names.JOB_RUNS, count, (job, status.value))
            if records:
                yield from self._read_last(job, records[0])
        yield from _read_checks(self._known.values())

    def _read_last(self, job: str, record: RunRecord) -> Iterator[Reading]:
        run = record.dagster_run
        yield Reading(names.JOB_SUCCEEDED, run.status == DagsterRunStatus.SUCCESS, (job,))
        if record.end_time is not None:
            yield Reading(names.JOB_ENDED, record.end_time, (job,))
            yield Reading(names.JOB_SECONDS, record.end_time - (record.start_time or record.end_time), (job,))
        for step, seconds in self._known[run.run_id].steps.items():
            yield Reading(names.STEP_SECONDS, seconds, (job, step))


def _ended_by_job(records: Iterable[RunRecord]) -> dict[str, list[RunRecord]]:
    """The latest runs of each job that have ended, newest first; a job may have none that has."""
    by_job: dict[str, list[RunRecord]] = {}
    for record in records:
        of_job = by_job.setdefault(record.dagster_run.job_name, [])
        if record.dagster_run.is_finished:
            of_job.append(record)
    return {
        job: sorted(of_job, key=lambda record: record.end_time or 0, reverse=True)[:_RUNS_WITH_CHECKS]
        for job, of_job in by_job.items()
    }


def _finished(instance: DagsterInstance, run_id: str) -> _Finished:
    steps = {
        step.step_key: step.end_time - step.start_time
        for step in instance.get_run_step_stats(run_id)
        if step.start_time is not None and step.end_time is not None
    }
    checks: dict[_Check, tuple[float, str]] = {}
    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION).records:
        evaluation = record.event_log_entry.get_dagster_event().asset_check_evaluation_data
        check = (evaluation.asset_key.to_user_string(), evaluation.check_name)
        checks[check] = (record.event_log_entry.timestamp, _result_of(evaluation))
    return _Finished(steps, checks)


def _result_of(evaluation: AssetCheckEvaluation) -> str:
    if evaluation.passed:
        return PASSED
    return WARNED if evaluation.severity == AssetCheckSeverity.WARN else FAILED


def _read_checks(runs: Iterable[_Finished]) -> Iterator[Reading]:
    latest: dict[_Check, tuple[float, str]] = {}
    for run in runs:
        for check, said in run.checks.items():
            latest[check] = max(latest.get(check, said), said)
    counts = Counter(result for _moment, result in latest.values())
    for result in (PASSED, WARNED, FAILED):
        yield Reading(names.CHECKS, counts[result], (result,))
    for (asset, name), (_moment, result) in sorted(latest.items()):
        if result != PASSED:
            yield Reading(names.CHECK_NOT_PASSED, 1, (asset, name, result))
