"""The sensor behind automatic replay: rows in quarantine that would be accepted now are not left there."""

from dagster import DefaultSensorStatus, RunRequest, SensorDefinition, SensorEvaluationContext, SkipReason, sensor

from orchestrator.exceptions import EngineError, FeedDriftError, MigrationsMissingError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds
from orchestrator.jobs.replay import replay_job_name
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.client import running_address
from orchestrator.warehouse.judging import count_acceptable
from orchestrator.warehouse.quarantine.selection import ALL_OPEN

_SECONDS = 60


def replay_sensors() -> list[SensorDefinition]:
    """One sensor per feed with a chain."""
    return [_replay_sensor(feed) for feed in chained_feeds()]


def _replay_sensor(feed: Feed) -> SensorDefinition:
    @sensor(
        name=f"{feed.name}_in_quarantine_that_resolve",
        job_name=replay_job_name(feed.name),
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Asks each minute whether quarantine of {feed.name} holds rows that would be accepted now, as a "
        "dictionary has gained their codes. An engine that is down is left so.",
    )
    def resolvable(context: SensorEvaluationContext, warehouse: WarehouseResource) -> RunRequest | SkipReason:
        try:
            running_address(warehouse.settings)
            rows, checksum = count_acceptable(warehouse.client(), feed, ALL_OPEN)
        except (EngineError, MigrationsMissingError, FeedDriftError) as error:
            return SkipReason(str(error))
        if rows == 0:
            return SkipReason(f"No row in quarantine of {feed.name} would be accepted now.")
        context.log.info(f"{rows} rows in quarantine of {feed.name} would be accepted now")
        # the same rows are asked for once; if they stay, something else is wrong, and a person has to look
        return RunRequest(run_key=f"{feed.name}:{rows}:{checksum}", tags={"touchstone/rows_to_replay": str(rows)})

    return resolvable
