"""Replay: quarantined rows enter the chain again, each once; what resolves now ends in the fact.

A replay may be cut off anywhere; `recovery` says what becomes of it.
"""

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.judging import acceptable_rows
from orchestrator.warehouse.placing import placing_lock
from orchestrator.warehouse.quarantine.feeding import KEY, chunks_of, feed_again
from orchestrator.warehouse.quarantine.operations import (
    DONE,
    REPLAY,
    STARTED,
    Operation,
    Outcome,
    new_operation,
    record,
)
from orchestrator.warehouse.quarantine.recovery import recover
from orchestrator.warehouse.quarantine.selection import ALL_OPEN, Selection, require_selection, selected_rows

log = get_logger(__name__)


def replay(
    client: Client,
    feed: Feed,
    selection: Selection = ALL_OPEN,
    *,
    only_acceptable: bool = False,
    wait_seconds: float = 600,
    note: str = "",
    dagster_run_id: str = "",
) -> Outcome:
    """Feed the selected rows again, each once: what resolves ends in the fact, the rest stays open with new reasons.

    It may be interrupted at any point and run again.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        selection: which rows; all open ones if nothing is said.
        only_acceptable: of these, only rows that would be accepted now; the log of the others does not grow.
        wait_seconds: how long to wait for somebody else who places rows of this feed.
        note: why, for the audit trail.
        dagster_run_id: the run that replays, if any.

    Raises:
        SelectionError: a reason or column of the selection does not exist.
        FeedDriftError: it cannot be told what would be accepted, as the feed's view is not there.
        WriterLockError: somebody else placed rows of this feed for longer than the wait.
        ForeignKeyError: dictionaries did not agree with each other; a further replay does the rest.
    """
    require_selection(feed, selection)
    with placing_lock(client, feed, wait_seconds=wait_seconds, holder=f"replay of {feed.name}") as lease:
        recover(client, feed, lease)
        if only_acceptable:
            rows, parameters = acceptable_rows(client, feed, selection)
        else:
            rows, parameters = selected_rows(feed, selection, columns=f"{KEY}, attempt")
        chunks = chunks_of(client, rows, parameters)
        if not chunks:
            return Outcome(0, 0, 0)
        selected = sum(chunk.rows for chunk in chunks)
        operation = new_operation(feed, REPLAY, selection, note, dagster_run_id)
        record(client, operation, STARTED, selected=selected)
        feed_again(client, feed, rows, parameters, chunks, operation, lease)
        accepted = _accepted_by(client, feed, operation)
        record(client, operation, DONE, selected=selected, accepted=accepted)
    log.info("replayed", feed=feed.name, rows=selected, accepted=accepted, operation_id=operation.id)
    return Outcome(operation.id, selected, accepted)


def _accepted_by(client: Client, feed: Feed, operation: Operation) -> int:
    result = client.query(
        f"SELECT count() FROM {feed.quarantine} WHERE operation_id = {{operation:UInt64}} AND reason_mask = 0",
        {"operation": operation.id},
    )
    return int(result.result_rows[0][0])
