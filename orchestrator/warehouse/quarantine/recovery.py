"""Recovery: what a replay or a discard leaves behind that was cut off, mended by whoever takes the feed's lock next.

A row can be in the fact while its entry is open still, or its entry says accepted while the fact lacks it. Both are
seen in the tables.
"""

import secrets

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks import Lease
from orchestrator.warehouse.placing import placing_settings
from orchestrator.warehouse.quarantine.feeding import KEY, chunks_of, feed_again
from orchestrator.warehouse.quarantine.operations import DISCARD, FAILED, REPLAY, Operation, record, unfinished

log = get_logger(__name__)


def recover(client: Client, feed: Feed, lease: Lease) -> None:
    """Mend what replays of this feed that did not end have left, and end discards in the record.

    The caller holds the feed's lock. A discard is one statement: what it has given up is so, the rest is open.
    """
    for operation in unfinished(client, feed, DISCARD):
        given_up = _rows_of(client, feed, operation)
        record(client, operation, FAILED, accepted=given_up, message=f"interrupted; {given_up} rows given up")
        log.warning("a discard was interrupted", feed=feed.name, operation_id=operation.id, given_up=given_up)
    for operation in unfinished(client, feed, REPLAY):
        closed = _close_accepted(client, feed, lease)
        rows = _vanished(feed)
        parameters = {"lost_operation": operation.id}
        chunks = chunks_of(client, rows, parameters)
        feed_again(client, feed, rows, parameters, chunks, operation, lease)
        again = sum(chunk.rows for chunk in chunks)
        record(client, operation, FAILED, message=f"interrupted; {closed} entries closed, {again} rows fed again")
        log.warning(
            "recovered an interrupted replay", feed=feed.name, operation_id=operation.id, closed=closed, again=again
        )


def _close_accepted(client: Client, feed: Feed, lease: Lease) -> int:
    """Close entries that are not closed although their rows are in the fact; gives their number."""
    columns = ", ".join(feed.columns)
    in_fact = (
        f"SELECT * FROM (SELECT * FROM {feed.quarantine} ORDER BY attempt DESC LIMIT 1 BY {KEY}) "
        f"WHERE reason_mask != 0 AND ({KEY}) IN "
        f"(SELECT {KEY} FROM {feed.fact} WHERE ({KEY}) IN (SELECT {KEY} FROM {feed.quarantine}))"
    )
    found = int(client.query(f"SELECT count() FROM ({in_fact})").result_rows[0][0])
    if found:
        client.command(
            f"INSERT INTO {feed.quarantine} "
            f"({KEY}, attempt, operation_id, reason_mask, reasons, received_at, {columns}) "
            f"SELECT {KEY}, attempt + 1, operation_id, 0, [], received_at, {columns} "
            f"FROM ({in_fact}) WHERE {lease.fence}",
            settings=placing_settings(f"close:{secrets.token_hex(8)}"),
        )
    return found


def _vanished(feed: Feed) -> str:
    """Rows that a replay's log calls accepted, last of all, but that the fact lacks; parameter `lost_operation`."""
    accepted = (
        f"SELECT {KEY}, attempt, reason_mask, operation_id FROM {feed.quarantine} "
        f"WHERE ({KEY}) IN (SELECT {KEY} FROM {feed.quarantine} WHERE operation_id = {{lost_operation:UInt64}}) "
        f"ORDER BY attempt DESC LIMIT 1 BY {KEY}"
    )
    return (
        f"SELECT {KEY}, attempt FROM ({accepted}) WHERE reason_mask = 0 AND ({KEY}) NOT IN "
        f"(SELECT {KEY} FROM {feed.fact} WHERE ({KEY}) IN "
        f"(SELECT {KEY} FROM {feed.quarantine} WHERE operation_id = {{lost_operation:UInt64}}))"
    )


def _rows_of(client: Client, feed: Feed, operation: Operation) -> int:
    result = client.query(
        f"SELECT count() FROM {feed.quarantine} WHERE operation_id = {{operation:UInt64}}", {"operation": operation.id}
    )
    return int(result.result_rows[0][0])
