"""What is read from the engine, from few statements: feeds, dictionaries, storage."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import FEEDS
from orchestrator.helpers import utc_now
from orchestrator.metrics import families as names
from orchestrator.metrics.families import Reading
from orchestrator.warehouse.batches import batches_by_state
from orchestrator.warehouse.census import take_census
from orchestrator.warehouse.freshness import limits_of, newest_of
from orchestrator.warehouse.quarantine import Selection, count_selected

_DISCARDED: Final = Selection(discarded=True)
_DICTIONARIES: Final = """
SELECT name, toString(status), element_count, bytes_allocated, last_successful_update_time, last_exception != ''
FROM system.dictionaries
WHERE database = currentDatabase()
ORDER BY name
"""
_PARTS: Final = """
SELECT table, sum(parts), max(parts), sum(bytes)
FROM (
    SELECT table, partition_id, count() AS parts, sum(bytes_on_disk) AS bytes
    FROM system.parts
    WHERE active AND database = currentDatabase()
    GROUP BY table, partition_id
)
GROUP BY table
ORDER BY table
"""
_MUTATIONS: Final = """
SELECT table, countIf(NOT is_done) FROM system.mutations
WHERE database = currentDatabase()
GROUP BY table
ORDER BY table
"""
_DISKS: Final = "SELECT name, free_space, total_space FROM system.disks ORDER BY name"


def read_feeds(client: Client) -> Iterator[Reading]:
    """Rows by table, domain, feed and place; open quarantine by reason; batches by state; how old the newest is."""
    census = take_census(client, str(client.database))
    for table, rows in census.rows.items():
        yield Reading(names.ROWS, rows, (table,))
    for domain, ids in census.ids.items():
        yield Reading(names.IDS, ids, (domain,))
    for feed_and_state, batches in batches_by_state(client).items():
        yield Reading(names.BATCHES, batches, feed_and_state)
    for feed in FEEDS:
        yield from _read_places(client, feed, census.rows, census.open_quarantine, census.reasons)
        yield from _read_freshness(client, feed)


def read_dictionaries(client: Client) -> Iterator[Reading]:
    """Size, age and status of every dictionary. One that was never loaded has no age."""
    now = utc_now()
    result = client.query(_DICTIONARIES, tz_mode="aware")
    for name, status, elements, size, loaded_at, has_failed in result.result_rows:
        yield Reading(names.ELEMENTS, elements, (name,))
        yield Reading(names.DICTIONARY_BYTES, size, (name,))
        yield Reading(names.DICTIONARY_STATUS, 1, (name, status))
        yield Reading(names.DICTIONARY_FAILED, has_failed, (name,))
        if _is_set(loaded_at):
            yield Reading(names.DICTIONARY_AGE, (now - loaded_at).total_seconds(), (name,))


def read_storage(client: Client) -> Iterator[Reading]:
    """Parts, bytes and mutations by table; space by disk."""
    for table, parts, most, size in client.query(_PARTS).result_rows:
        yield Reading(names.PARTS, parts, (table,))
        yield Reading(names.PARTITION_PARTS, most, (table,))
        yield Reading(names.TABLE_BYTES, size, (table,))
    for table, active in client.query(_MUTATIONS).result_rows:
        yield Reading(names.MUTATIONS, active, (table,))
    for disk, free, total in client.query(_DISKS).result_rows:
        yield Reading(names.DISK_FREE, free, (disk,))
        yield Reading(names.DISK_TOTAL, total, (disk,))


def _read_places(
    client: Client,
    feed: Feed,
    rows: Mapping[str, int],
    open_rows: Mapping[str, int],
    reasons: Mapping[str, Mapping[str, int]],
) -> Iterator[Reading]:
    places = {"landing": rows.get(feed.landing, 0)}
    if feed.has_chain:
        places |= {
            "fact": rows.get(feed.fact, 0),
            "open": open_rows.get(feed.name, 0),
            "discarded": count_selected(client, feed, _DISCARDED),
        }
    for place, count in places.items():
        yield Reading(names.FEED_ROWS, count, (feed.name, place))
    for reason, count in reasons.get(feed.name, {}).items():
        yield Reading(names.OPEN_ROWS, count, (feed.name, reason))


def _read_freshness(client: Client, feed: Feed) -> Iterator[Reading]:
    now = utc_now()
    for of, moment in newest_of(client, feed).items():
        yield Reading(names.NEWEST, moment.timestamp(), (feed.name, of))
        yield Reading(names.AGE, (now - moment).total_seconds(), (feed.name, of))
    for of, limit in limits_of(feed).items():
        yield Reading(names.AGE_LIMIT, limit.total_seconds(), (feed.name, of))


def _is_set(moment: datetime) -> bool:
    return moment.timestamp() > 0
