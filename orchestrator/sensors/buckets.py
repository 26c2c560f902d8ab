"""Objects that arrive in the bucket of TOUCHSTONE_DROP_URL: what is new is asked for at once.

A bucket cannot be asked what came since: it lists by name, and an upload in parts bears the time at which it began,
however late it is completed. So each look lists the folder of the feed, a request per thousand objects. The cursor is
no more than a digest of that list, as Dagster keeps a copy of it with every tick; only when the list has changed the
audit trail is asked which of the objects were taken.
"""

import json
from collections.abc import Iterable
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError
from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from orchestrator.assets.keys import MIGRATIONS
from orchestrator.exceptions import EngineError, MigrationsMissingError
from orchestrator.feeds.buckets import StoredObject, deliveries_of
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import FEEDS
from orchestrator.helpers import plural, sha256_hex
from orchestrator.jobs.loads import load_job_name
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect, running_address
from orchestrator.warehouse.objects import not_taken

_SECONDS: Final = 30


def bucket_sensors(settings: Settings) -> list[SensorDefinition]:
    """One sensor per feed where TOUCHSTONE_DROP_URL names a bucket, else none."""
    return [_bucket_sensor(feed, settings) for feed in FEEDS] if settings.touchstone_drop_url else []


def _bucket_sensor(feed: Feed, settings: Settings) -> SensorDefinition:
    @sensor(
        name=f"new_objects_of_{feed.name}",
        job_name=load_job_name(feed),
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Objects of {feed.name} that are new or changed in the bucket of TOUCHSTONE_DROP_URL.",
    )
    def arrived(context: SensorEvaluationContext) -> SensorResult:
        if context.instance.get_latest_materialization_event(MIGRATIONS) is None:
            return SensorResult(skip_reason="There is no warehouse yet: run `everything` first.")
        listed = deliveries_of(feed, settings)
        cursor = _digest(listed)
        new = _new(feed, settings, listed) if cursor != context.cursor else []
        if not new:
            return SensorResult(skip_reason=f"No new object of {feed.name}.", cursor=cursor)
        context.log.info(f"{plural(len(new), 'new object')} of {feed.name}, the first: {new[0].url}")
        return SensorResult(run_requests=[RunRequest(run_key=_digest(new))], cursor=cursor)

    return arrived


def _new(feed: Feed, settings: Settings, listed: list[StoredObject]) -> list[StoredObject]:
    """All of them where nobody can be asked, as an engine is not started for this: landing passes over what it has."""
    try:
        running_address(settings)
        return not_taken(connect(settings, database=settings.clickhouse_database), feed, listed)
    except (EngineError, MigrationsMissingError, ClickHouseError):
        return listed


def _digest(objects: Iterable[StoredObject]) -> str:
    """Of addresses, contents, and when they came, as what comes again after something else is another arrival."""
    told = sorted((stored.key, stored.version, stored.modified_at.isoformat()) for stored in objects)
    return sha256_hex(json.dumps(words).encode() for words in told)
