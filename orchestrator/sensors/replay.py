"""The sensor behind automatic replay: rows in quarantine that would be accepted now are not left there."""

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunStatusSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    run_status_sensor,
    sensor,
)

from orchestrator.exceptions import EngineError, FeedDriftError, MigrationsMissingError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds
from orchestrator.helpers import get_logger
from orchestrator.jobs.loads import load_job_name, load_jobs, reference
from orchestrator.jobs.replay import replay_job_name, replay_jobs
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.client import running_address
from orchestrator.warehouse.judging import count_acceptable
from orchestrator.warehouse.quarantine.selection import ALL_OPEN

log = get_logger(__name__)

_SECONDS = 60
_SOON = 5


def replay_sensors() -> list[SensorDefinition]:
    """Two sensors per feed with a chain: one asks each minute, the other as soon as the reference side has changed."""
    return [make(feed) for feed in chained_feeds() for make in (_replay_sensor, _after_reference)]


def _replay_sensor(feed: Feed) -> SensorDefinition:
    @sensor(
        name=f"{feed.name}_in_quarantine_that_resolve",
        job_name=replay_job_name(feed.name),
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Asks each minute whether quarantine of {feed.name} holds rows that would be accepted now, as a "
        "dictionary has gained their codes. An engine that is down is left so.",
    )
    def resolvable(_context: SensorEvaluationContext, warehouse: WarehouseResource) -> RunRequest | SkipReason:
        return _replay_if_any(feed, warehouse)

    return resolvable


def _after_reference(feed: Feed) -> SensorDefinition:
    @run_status_sensor(
        name=f"{feed.name}_resolve_after_reference",
        run_status=DagsterRunStatus.SUCCESS,
        monitored_jobs=[reference, *(job for job in load_jobs if job.name not in _of_facts())],
        request_job=next(job for job in replay_jobs if job.name == replay_job_name(feed.name)),
        minimum_interval_seconds=_SOON,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"As soon as a run brought codes: rows in quarantine of {feed.name} that resolve by them.",
    )
    def resolvable_now(_context: RunStatusSensorContext, warehouse: WarehouseResource) -> RunRequest | SkipReason:
        return _replay_if_any(feed, warehouse)

    return resolvable_now


def _of_facts() -> set[str]:
    """Jobs that bring facts, not codes; they replay by themselves."""
    return {load_job_name(feed) for feed in chained_feeds()}


def _replay_if_any(feed: Feed, warehouse: WarehouseResource) -> RunRequest | SkipReason:
    try:
        running_address(warehouse.settings)
        rows, checksum = count_acceptable(warehouse.client(), feed, ALL_OPEN)
    except (EngineError, MigrationsMissingError, FeedDriftError) as error:
        return SkipReason(str(error))
    if rows == 0:
        return SkipReason(f"No row in quarantine of {feed.name} would be accepted now.")
    log.info("rows in quarantine would be accepted now", feed=feed.name, rows=rows)
    # the same rows are asked for once; if they stay, something else is wrong, and a person has to look
    return RunRequest(run_key=f"{feed.name}:{rows}:{checksum}", tags={"touchstone/rows_to_replay": str(rows)})
