"""The sensors that watch what lasts: quarantine over its thresholds and feeds that are stale, whoever has loaded what.

They ask the warehouse itself, not the checks of runs: `touchstone load` is seen as well, and the run that does not
come. A warehouse that is not there yet and an engine that is down are left alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetKey,
    DagsterInstance,
    DefaultSensorStatus,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from orchestrator.alerts.alert import Alert
from orchestrator.alerts.raising import tell_standing
from orchestrator.alerts.watches import (
    FRESHNESS,
    QUARANTINE,
    alert_of_overdue,
    alert_of_quarantine,
    freshness_recovered,
    quarantine_recovered,
)
from orchestrator.exceptions import EngineError, MigrationsMissingError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import FEEDS
from orchestrator.helpers import plural, utc_now
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.client import running_address
from orchestrator.warehouse.freshness import overdue
from orchestrator.warehouse.quarantine.thresholds import too_full

_SECONDS: Final = 60
_OF_ALL_FEEDS: Final = {"ops_batches", "schema_versions"}


@dataclass(frozen=True)
class _Watch:
    """A kind of alert: what stands now, and the message that one is over."""

    kind: str
    standing: Callable[[Client, datetime], Iterator[Alert]]
    recovered: Callable[[Alert, datetime], Alert]


def watch_sensors(feeds: tuple[Feed, ...] = FEEDS) -> list[SensorDefinition]:
    """Both of them, for these feeds."""
    return [_quarantine_over_threshold(feeds), _freshness_watch(feeds)]


def _quarantine_over_threshold(feeds: tuple[Feed, ...]) -> SensorDefinition:
    @sensor(
        name="quarantine_over_threshold",
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="One alert when open quarantine is over the thresholds of feeds.yml, another when more batches "
        "are, and one when it is over. An engine that is down is left so.",
    )
    def over_threshold(context: SensorEvaluationContext, warehouse: WarehouseResource) -> SkipReason:
        def standing(client: Client, now: datetime) -> Iterator[Alert]:
            for feed in feeds:
                found = too_full(client, feed) if feed.has_chain else None
                if found:
                    yield alert_of_quarantine(feed, found, warehouse.settings.touchstone_environment, now)

        return _told(context.instance, warehouse, feeds, _Watch(QUARANTINE, standing, quarantine_recovered))

    return over_threshold


def _freshness_watch(feeds: tuple[Feed, ...]) -> SensorDefinition:
    @sensor(
        name="freshness_watch",
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="One alert when a feed's last run, newest file or newest event is older than feeds.yml allows, and "
        "one when it is fresh again. An engine that is down is left so.",
    )
    def freshness(context: SensorEvaluationContext, warehouse: WarehouseResource) -> SkipReason:
        def standing(client: Client, now: datetime) -> Iterator[Alert]:
            for feed in feeds:
                found = overdue(client, feed, last_run=_last_run(context.instance, feed), now=now)
                if found:
                    yield alert_of_overdue(feed, found, warehouse.settings.touchstone_environment, now)

        return _told(context.instance, warehouse, feeds, _Watch(FRESHNESS, standing, freshness_recovered))

    return freshness


def _told(
    instance: DagsterInstance, warehouse: WarehouseResource, feeds: tuple[Feed, ...], watch: _Watch
) -> SkipReason:
    now = utc_now()
    try:
        standing = list(watch.standing(_client_of(warehouse, feeds), now))
    except (EngineError, MigrationsMissingError) as error:
        return SkipReason(str(error))
    sent = tell_standing(
        instance, warehouse.settings, watch.kind, standing, lambda alert: watch.recovered(alert, now), now=now
    )
    return SkipReason(f"{plural(len(standing), 'alert')} of {watch.kind} in force, {plural(sent, 'message')} sent.")


def _last_run(instance: DagsterInstance, feed: Feed) -> datetime | None:
    event = instance.get_latest_materialization_event(AssetKey(feed.landing))
    return datetime.fromtimestamp(event.timestamp, UTC) if event else None


def _client_of(warehouse: WarehouseResource, feeds: tuple[Feed, ...]) -> Client:
    """A client of a warehouse that has all tables of the feeds; nothing is started for it.

    Raises:
        EngineError: no engine is running, or it cannot be used.
        MigrationsMissingError: the database or a table is not there.
    """
    running_address(warehouse.settings)
    client = warehouse.client()
    tables = client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows
    of_chains = {table for feed in feeds if feed.has_chain for table in (feed.fact, feed.quarantine)}
    missing = sorted((_OF_ALL_FEEDS | of_chains) - {name for (name,) in tables})
    if missing:
        raise MigrationsMissingError(f"The database has no table {missing[0]}.", "Run `touchstone migrate`.")
    return client
