"""How old the newest file and the newest event of a feed are, beside what feeds.yml allows."""

from datetime import datetime, timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed, span_of
from orchestrator.warehouse.batches import last_commit

FILE: Final = "file"
EVENT: Final = "event"


def limits_of(feed: Feed) -> dict[str, timedelta]:
    """How old the newest file and the newest event may be, where feeds.yml says it."""
    declared = {FILE: feed.freshness.file_within, EVENT: feed.freshness.event_within}
    return {of: span_of(span) for of, span in declared.items() if span}


def newest_of(client: Client, feed: Feed) -> dict[str, datetime]:
    """When the newest file was committed and when the newest event was, aware; what there is none of is left out."""
    found = {FILE: last_commit(client, feed), EVENT: newest_event(client, feed)}
    return {of: moment for of, moment in found.items() if moment is not None}


def newest_event(client: Client, feed: Feed) -> datetime | None:
    """The time of the newest event in the feed's fact; None without one."""
    if not feed.has_chain:
        return None
    [(events, moment)] = client.query(
        f"SELECT count(), max({feed.time.name}) FROM {feed.fact}", tz_mode="aware"
    ).result_rows
    return moment if events else None
