"""How old the last run, the newest file and the newest event of a feed are, beside what feeds.yml allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed, span_of
from orchestrator.warehouse.batches import last_commit

RUN: Final = "run"
FILE: Final = "file"
EVENT: Final = "event"


@dataclass(frozen=True)
class Overdue:
    """A limit that a feed is over.

    Attributes:
        of: `run`, `file` or `event`.
        newest: when that was, aware; None where there was none since the warehouse was made.
        age: how long ago that is, or how old the warehouse is.
        limit: what feeds.yml allows.
    """

    of: str
    newest: datetime | None
    age: timedelta
    limit: timedelta


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


def overdue(client: Client, feed: Feed, *, last_run: datetime | None, now: datetime) -> list[Overdue]:
    """The limits of feeds.yml that the feed is over. Only what has a limit is asked about.

    Args:
        client: connected to the warehouse's database, migrated.
        feed: the feed.
        last_run: when a run landed its files last; None if none did.
        now: the present moment, aware.
    """
    return [found for found in _ages(client, feed, last_run, now) if found.age > found.limit]


def _ages(client: Client, feed: Feed, last_run: datetime | None, now: datetime) -> Iterator[Overdue]:
    limits = limits_of(feed)
    newest = {}
    if feed.freshness.run_within:
        limits[RUN], newest[RUN] = span_of(feed.freshness.run_within), last_run
    if FILE in limits:
        newest[FILE] = last_commit(client, feed)
    if EVENT in limits:
        newest[EVENT] = newest_event(client, feed)
    for of, moment in newest.items():
        yield Overdue(of, moment, now - (moment or _made_at(client)), limits[of])


def _made_at(client: Client) -> datetime:
    """When the warehouse got its first migration: before that nothing could come."""
    [(moment,)] = client.query("SELECT min(created_at) FROM schema_versions", tz_mode="aware").result_rows
    return moment  # type: ignore[no-any-return]
