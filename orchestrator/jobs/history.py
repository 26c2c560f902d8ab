"""What the Dagster instance remembers of a run."""

from datetime import UTC, datetime

from orchestrator.jobs.instance import dagster_instance
from orchestrator.settings import Settings
from orchestrator.warehouse.tracing.model import DagsterRun


def known_run(settings: Settings, run_id: str) -> DagsterRun:
    """The run as the instance of this TOUCHSTONE_HOME knows it; without status if it does not, or there is none."""
    unknown = DagsterRun(run_id, "")
    if not settings.dagster_dir.exists():
        return unknown
    with dagster_instance(settings) as instance:
        record = instance.get_run_record_by_id(run_id)
    if record is None:
        return unknown
    run = record.dagster_run
    return DagsterRun(run_id, run.status.value, run.job_name, _moment(record.start_time), _moment(record.end_time))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
