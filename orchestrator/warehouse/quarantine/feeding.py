"""Feeding quarantined rows into the chain again, a statement a chunk."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks import Lease
from orchestrator.warehouse.placing import content_hash, entry_statement, repeated_rows, send_rows
from orchestrator.warehouse.quarantine.operations import Operation

log = get_logger(__name__)

MOST_ROWS: Final = 1_000_000
KEY: Final = "batch_id, row_number"
_MOST_BATCHES: Final = 1_000


@dataclass(frozen=True)
class Chunk:
    """Rows that one statement feeds: all selected ones of some batches, or those of one batch within a range."""

    rows: int
    batches: tuple[int, ...]
    first: int = 0
    last: int = 2**63


def chunks_of(client: Client, rows: str, parameters: dict[str, Any]) -> list[Chunk]:
    """The rows of a query of batch_id and row_number, cut into what one statement takes."""
    result = client.query(
        f"SELECT batch_id, intDiv(row_number - 1, {MOST_ROWS}) AS part, count() FROM ({rows}) "
        "GROUP BY batch_id, part ORDER BY batch_id, part",
        parameters,
    )
    return _grouped([(int(batch), int(part), int(count)) for batch, part, count in result.result_rows])


def _grouped(parts: Sequence[tuple[int, int, int]]) -> list[Chunk]:
    """Parts of batches (batch, part, rows) as chunks: small batches together, a large one in ranges of its rows."""
    in_ranges = {batch for batch, part, _rows in parts if part > 0}
    chunks = [
        Chunk(rows, (batch,), part * MOST_ROWS + 1, (part + 1) * MOST_ROWS)
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


def _together(gathered: Sequence[tuple[int, int]]) -> Chunk:
    return Chunk(sum(rows for _batch, rows in gathered), tuple(batch for batch, _rows in gathered))


def feed_again(  # noqa: PLR0917 a statement has as many parts
    client: Client,
    feed: Feed,
    rows: str,
    parameters: dict[str, Any],
    chunks: Sequence[Chunk],
    operation: Operation,
    lease: Lease,
) -> None:
    """Feed the rows of a query of batch_id, row_number and attempt again, a statement a chunk.

    Raises:
        ForeignKeyError: dictionaries did not agree with each other; what was not fed stays open.
    """
    once = secrets.token_hex(8)
    of_chunk = "batch_id IN {chunk_batches:Array(UInt64)} AND row_number BETWEEN {first:UInt64} AND {last:UInt64}"
    statement = entry_statement(
        feed,
        attempt="again.attempt + 1",
        operation="{operation:UInt64}",
        is_repeated=_is_repeated(feed, rows),
        joined=f"INNER JOIN (SELECT * FROM ({rows}) WHERE {of_chunk}) AS again "
        "ON again.batch_id = landed.batch_id AND again.row_number = landed.row_number",
        condition=" AND ".join((lease.fence, *(f"landed.{part}" for part in of_chunk.split(" AND ", maxsplit=1)))),
    )
    for number, chunk in enumerate(chunks):
        lease.require()
        of_this_chunk = {
            "operation": operation.id,
            "chunk_batches": list(chunk.batches),
            "first": chunk.first,
            "last": chunk.last,
        }
        send_rows(client, feed, statement, parameters | of_this_chunk, f"again:{operation.id}:{once}:{number}")
        log.info("fed again", feed=feed.name, rows=chunk.rows, chunk=number + 1, of=len(chunks))


def _is_repeated(feed: Feed, rows: str) -> str:
    """An expression: does a landed row repeat an earlier one of its batch; looks only at content of selected rows."""
    if DUPLICATE_IN_BATCH not in feed.rules:
        return "false"
    of_batches = "batch_id IN {chunk_batches:Array(UInt64)}"
    alike = (
        f"{of_batches} AND {content_hash(feed)} IN (SELECT {content_hash(feed)} FROM {feed.landing} "
        f"WHERE {of_batches} AND ({KEY}) IN (SELECT {KEY} FROM ({rows})))"
    )
    return f"(landed.batch_id, landed.row_number) IN ({repeated_rows(feed, alike)})"
