"""Replay: quarantined rows enter the chain again, each once; what resolves now ends in the fact.

A replay may be cut off anywhere. Then a row can be in the fact while its entry is open still, or its entry says
accepted while the fact lacks it. The next one who takes the feed's lock mends both before anything else, by what the
tables hold.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.judging import acceptable_rows
from orchestrator.warehouse.locks import Lease
from orchestrator.warehouse.placing import (
    content_hash,
    entry_statement,
    placing_lock,
    placing_settings,
    repeated_rows,
)
from orchestrator.warehouse.quarantine.operations import (
    DONE,
    FAILED,
    REPLAY,
    STARTED,
    Operation,
    Outcome,
    new_operation,
    record,
    unfinished_replays,
)
from orchestrator.warehouse.quarantine.selection import ALL_OPEN, Selection, require_selection, selected_rows

log = get_logger(__name__)

MOST_ROWS: Final = 1_000_000
_MOST_BATCHES: Final = 1_000
_KEY: Final = "batch_id, row_number"


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
    """
    require_selection(feed, selection)
    with placing_lock(client, feed, wait_seconds=wait_seconds, holder=f"replay of {feed.name}") as lease:
        recover(client, feed, lease)
        if only_acceptable:
            rows, parameters = acceptable_rows(client, feed, selection)
        else:
            rows, parameters = selected_rows(feed, selection, columns=f"{_KEY}, attempt")
        chunks = _chunks(client, rows, parameters)
        if not chunks:
            return Outcome(0, 0, 0)
        selected = sum(chunk.rows for chunk in chunks)
        operation = new_operation(feed, REPLAY, selection, note, dagster_run_id)
        record(client, operation, STARTED, selected=selected)
        _feed_again(client, feed, rows, parameters, chunks, operation, lease)
        accepted = _accepted_by(client, feed, operation)
        record(client, operation, DONE, selected=selected, accepted=accepted)
    log.info("replayed", feed=feed.name, rows=selected, accepted=accepted, operation_id=operation.id)
    return Outcome(operation.id, selected, accepted)


def recover(client: Client, feed: Feed, lease: Lease) -> None:
    """Mend what replays of this feed that did not end have left; the caller holds the feed's lock."""
    for operation in unfinished_replays(client, feed):
        closed = _close_accepted(client, feed)
        rows = _vanished(feed)
        parameters = {"lost_operation": operation.id}
        chunks = _chunks(client, rows, parameters)
        _feed_again(client, feed, rows, parameters, chunks, operation, lease)
        again = sum(chunk.rows for chunk in chunks)
        record(client, operation, FAILED, message=f"interrupted; {closed} entries closed, {again} rows fed again")
        log.warning(
            "recovered an interrupted replay", feed=feed.name, operation_id=operation.id, closed=closed, again=again
        )


def _close_accepted(client: Client, feed: Feed) -> int:
    """Close entries that are not closed although their rows are in the fact; gives their number."""
    columns = ", ".join(feed.columns)
    in_fact = (
        f"SELECT * FROM (SELECT * FROM {feed.quarantine} ORDER BY attempt DESC LIMIT 1 BY {_KEY}) "
        f"WHERE reason_mask != 0 AND ({_KEY}) IN "
        f"(SELECT {_KEY} FROM {feed.fact} WHERE ({_KEY}) IN (SELECT {_KEY} FROM {feed.quarantine}))"
    )
    found = int(client.query(f"SELECT count() FROM ({in_fact})").result_rows[0][0])
    if found:
        client.command(
            f"INSERT INTO {feed.quarantine} "
            f"({_KEY}, attempt, operation_id, reason_mask, reasons, received_at, {columns}) "
            f"SELECT {_KEY}, attempt + 1, operation_id, 0, [], received_at, {columns} FROM ({in_fact})",
            settings=placing_settings(f"close:{secrets.token_hex(8)}"),
        )
    return found


def _vanished(feed: Feed) -> str:
    """Rows that a replay's log calls accepted, last of all, but that the fact lacks; parameter `lost_operation`."""
    accepted = (
        f"SELECT {_KEY}, attempt, reason_mask, operation_id FROM {feed.quarantine} "
        f"WHERE ({_KEY}) IN (SELECT {_KEY} FROM {feed.quarantine} WHERE operation_id = {{lost_operation:UInt64}}) "
        f"ORDER BY attempt DESC LIMIT 1 BY {_KEY}"
    )
    return (
        f"SELECT {_KEY}, attempt FROM ({accepted}) WHERE reason_mask = 0 AND ({_KEY}) NOT IN "
        f"(SELECT {_KEY} FROM {feed.fact} WHERE ({_KEY}) IN "
        f"(SELECT {_KEY} FROM {feed.quarantine} WHERE operation_id = {{lost_operation:UInt64}}))"
    )


@dataclass(frozen=True)
class _Chunk:
    """Rows that one statement feeds: all selected ones of some batches, or those of one batch within a range."""

    rows: int
    batches: tuple[int, ...]
    first: int = 0
    last: int = 2**63


def _chunks(client: Client, rows: str, parameters: dict[str, Any]) -> list[_Chunk]:
    result = client.query(
        f"SELECT batch_id, intDiv(row_number - 1, {MOST_ROWS}) AS part, count() FROM ({rows}) "
        "GROUP BY batch_id, part ORDER BY batch_id, part",
        parameters,
    )
    return _grouped([(int(batch), int(part), int(count)) for batch, part, count in result.result_rows])


def _grouped(parts: Sequence[tuple[int, int, int]]) -> list[_Chunk]:
    """Parts of batches (batch, part, rows) as chunks: small batches together, a large one in ranges of its rows."""
    in_ranges = {batch for batch, part, _rows in parts if part > 0}
    chunks = [
        _Chunk(rows, (batch,), part * MOST_ROWS + 1, (part + 1) * MOST_ROWS)
        for batch, part, rows in parts
        if batch in in_ranges
    ]
    gathered: list[tuple[int, int]] = []
    for batch, _part, rows in parts:
        if batch in in_ranges:
            continue
        if gathered and (sum(n for _b, n in gathered) + rows > MOST_ROWS or len(gathered) == _MOST_BATCHES):
            chunks.append(_together(gathered))
            gathered = []
        gathered.append((batch, rows))
    return [*chunks, _together(gathered)] if gathered else chunks


def _together(gathered: Sequence[tuple[int, int]]) -> _Chunk:
    return _Chunk(sum(rows for _batch, rows in gathered), tuple(batch for batch, _rows in gathered))


def _feed_again(  # noqa: PLR0917 a statement has as many parts
    client: Client,
    feed: Feed,
    rows: str,
    parameters: dict[str, Any],
    chunks: Sequence[_Chunk],
    operation: Operation,
    lease: Lease,
) -> None:
    """Feed the rows of a query of batch_id, row_number and attempt again, a statement a chunk."""
    once = secrets.token_hex(8)
    of_chunk = "batch_id IN {chunk_batches:Array(UInt64)} AND row_number BETWEEN {first:UInt64} AND {last:UInt64}"
    statement = entry_statement(
        feed,
        attempt="again.attempt + 1",
        operation="{operation:UInt64}",
        is_repeated=_is_repeated(feed, rows),
        joined=f"INNER JOIN (SELECT * FROM ({rows}) WHERE {of_chunk}) AS again "
        "ON again.batch_id = landed.batch_id AND again.row_number = landed.row_number",
        condition=" AND ".join(f"landed.{condition}" for condition in of_chunk.split(" AND ", maxsplit=1)),
    )
    for number, chunk in enumerate(chunks):
        lease.require()
        client.command(
            statement,
            parameters
            | {
                "operation": operation.id,
                "chunk_batches": list(chunk.batches),
                "first": chunk.first,
                "last": chunk.last,
            },
            settings=placing_settings(f"again:{operation.id}:{once}:{number}"),
        )
        log.info("fed again", feed=feed.name, rows=chunk.rows, chunk=number + 1, of=len(chunks))


def _is_repeated(feed: Feed, rows: str) -> str:
    """An expression: does a landed row repeat an earlier one of its batch; looks only at content of selected rows."""
    if DUPLICATE_IN_BATCH not in feed.rules:
        return "false"
    of_batches = "batch_id IN {chunk_batches:Array(UInt64)}"
    alike = (
        f"{of_batches} AND {content_hash(feed)} IN (SELECT {content_hash(feed)} FROM {feed.landing} "
        f"WHERE {of_batches} AND ({_KEY}) IN (SELECT {_KEY} FROM ({rows})))"
    )
    return f"(landed.batch_id, landed.row_number) IN ({repeated_rows(feed, alike)})"


def _accepted_by(client: Client, feed: Feed, operation: Operation) -> int:
    result = client.query(
        f"SELECT count() FROM {feed.quarantine} WHERE operation_id = {{operation:UInt64}} AND reason_mask = 0",
        {"operation": operation.id},
    )
    return int(result.result_rows[0][0])
