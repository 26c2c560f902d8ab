"""Placing landed rows: each goes through its feed's chain once, and ends in the fact or in quarantine.

Loads, backfills and replays all enter here, under one lock per feed. What is in a place already is seen in the tables
themselves, not in a record of what was tried: after any failure the rest is placed, and nothing twice. A statement that
may still run is waited for by the lock, and each names its holder in its token, for a client that sends it twice.

A row is in the fact, or its latest attempt in quarantine has reasons. One whose latest attempt says that it was
accepted, but which is not in the fact, was on its way when something broke, and is placed again.

Dictionaries load one by one, so that for a moment a code may have an ID which the other dictionary of its domain does
not hold. The fact refuses such a row, and a load then has the dictionaries proven and places what has no place yet.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestrator.exceptions import ForeignKeyError
from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, Feed
from orchestrator.helpers import at_once, get_logger
from orchestrator.warehouse.gate import dictionaries_of, pass_gate
from orchestrator.warehouse.locks import Lease, writer_lock

log = get_logger(__name__)

_REFUSED_BY_FOREIGN_KEY: Final = re.compile(r"\bCode: 469\..*?Constraint `(fk_\w+)`", re.DOTALL)
_LETTERS_FOR_DIGITS: Final = str.maketrans("0123456789", "abcdefghij")
# One statement is one block of each table, so that its token stands for exactly its rows.
_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "parallel_view_processing": 1,
    "max_insert_threads": 1,
    "min_insert_block_size_rows": 1_000_000_000,
    "min_insert_block_size_bytes": 0,
    "optimize_on_insert": 0,
}
_OF_BATCH: Final = "batch_id = {batch_id:UInt64}"
_LANDED_IN_RANGE: Final = (
    "landed.batch_id = {batch_id:UInt64} AND landed.row_number BETWEEN {first:UInt64} AND {last:UInt64}"
)
_IN_RANGE: Final = f"{_OF_BATCH} AND row_number BETWEEN {{first:UInt64}} AND {{last:UInt64}}"


@contextmanager
def placing_lock(client: Client, feed: Feed, *, wait_seconds: float, holder: str) -> Iterator[Lease]:
    """Be the only one who places rows of this feed; see `writer_lock` for what is raised."""
    name = f"placing_{feed.name}".translate(_LETTERS_FOR_DIGITS)
    with writer_lock(client, str(client.database), name, wait_seconds=wait_seconds, holder=holder) as lease:
        yield lease


def place_batch(  # noqa: PLR0917 a batch to place has as many facts
    client: Client,
    feed: Feed,
    batch_id: int,
    rows: int,
    chunk_rows: int,
    lease: Lease,
    *,
    is_fresh: bool,
    statements: int = 1,
) -> Iterator[int]:
    """Place the landed rows 1 to `rows` of a batch; gives the rows of each chunk once they are in their places.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        batch_id: the batch, wholly landed.
        rows: how many rows it has.
        chunk_rows: rows a statement.
        lease: of the feed's lock; required anew before each statement, and by the statement itself.
        is_fresh: nobody has tried before, so that nobody needs to look what is in its place already.
        statements: how many chunks are placed at once.

    Raises:
        WriterLockError: another one took the lock meanwhile.
        DictionaryGateError: a dictionary does not come to hold what its source holds.
        ForeignKeyError: a fact refuses an ID although the dictionaries were proven.
    """
    placed = {} if is_fresh else _placed_by_chunk(client, feed, batch_id, chunk_rows)
    is_repeated = _is_repeated_in_batch(client, feed, batch_id)

    def place(number: int, first: int, last: int, *, is_untouched: bool) -> None:
        lease.require()
        # a later holder sends another token: an engine that was killed may have kept the token of rows that it lost
        token = f"place:{feed.name}:{batch_id}:{lease.generation}:{first}-{last}"
        send_rows(
            client,
            feed,
            _statement(feed, lease, is_repeated, is_untouched=is_untouched),
            {"batch_id": batch_id, "first": first, "last": last},
            token if number == 0 else f"{token}:{number}",
        )

    def placed_chunk(number: int) -> int:
        first, last = number * chunk_rows + 1, min((number + 1) * chunk_rows, rows)
        if placed.get(number, 0) < last - first + 1:
            try:
                place(0, first, last, is_untouched=is_fresh)
            except ForeignKeyError as error:
                log.warning(
                    "dictionaries did not agree, placing again", batch_id=batch_id, first=first, error=error.message
                )
                pass_gate(client, dictionaries_of(client), reload=True)
                place(1, first, last, is_untouched=False)
        return last - first + 1

    yield from at_once((partial(placed_chunk, number) for number in range(-(-rows // chunk_rows))), statements)


def _statement(feed: Feed, lease: Lease, is_repeated: str, *, is_untouched: bool) -> str:
    """Places landed rows of a range; looks what is in its place already unless nobody has touched them before."""
    return entry_statement(
        feed,
        attempt="1" if is_untouched else "tried.tries + 1",
        operation="0",
        is_repeated=is_repeated,
        joined="" if is_untouched else _tried(feed),
        condition=f"{lease.fence} AND {_LANDED_IN_RANGE}{'' if is_untouched else _unplaced(feed)}",
    )


def send_rows(client: Client, feed: Feed, statement: str, parameters: Mapping[str, Any], token: str) -> None:
    """Have the engine run a statement that places rows; its token is for a client that sends it twice.

    Raises:
        ForeignKeyError: the fact refuses an ID that no dictionary of IDs has; none of the statement's rows is in it.
    """
    try:
        client.command(statement, dict(parameters), settings=placing_settings(token))
    except DatabaseError as error:
        refused = _REFUSED_BY_FOREIGN_KEY.search(str(error))
        if refused is None:
            raise
        raise ForeignKeyError(
            f"{feed.fact} refused rows by {refused[1]}: a code has an ID that the dictionary of IDs does not hold.",
            "Nothing is lost; run it again once `touchstone build --select dictionaries` has passed.",
        ) from error


def entry_statement(feed: Feed, *, attempt: str, operation: str, is_repeated: str, joined: str, condition: str) -> str:
    """The one statement by which landed rows enter the chain; landing is `landed` in all of its pieces.

    Args:
        feed: a feed with a chain.
        attempt: expression of the number of the attempt, from 1.
        operation: expression of the replay's number, 0 for a load or a backfill.
        is_repeated: expression that says whether the row repeats an earlier one of its batch.
        joined: a JOIN that the expressions need, or nothing.
        condition: which landed rows.
    """
    columns = ", ".join(feed.columns)
    return (
        f"INSERT INTO {feed.entry} "
        f"(batch_id, row_number, attempt, operation_id, is_repeated, received_at, {columns}) "
        f"SELECT landed.batch_id, landed.row_number, {attempt}, {operation}, {is_repeated}, landed.received_at, "
        f"{', '.join(f'landed.{column}' for column in feed.columns)} "
        f"FROM {feed.landing} AS landed {joined} WHERE {condition}"
    )


def placing_settings(token: str) -> dict[str, Any]:
    """Settings of a statement that places rows; the client may send it twice if a connection breaks, hence a token."""
    return _SETTINGS | {"insert_deduplication_token": token}


def repeated_rows(feed: Feed, condition: str, table: str | None = None) -> str:
    """A query of batch_id and row_number of the landed rows that repeat an earlier one of their batch in every column.

    Args:
        feed: whose columns count.
        condition: on landed rows; whole batches, or all rows that have the same content.
        table: instead of the feed's landing table.
    """
    return (
        "SELECT batch_id, arrayJoin(arraySlice(arraySort(groupArray(row_number)), 2)) AS row_number "
        f"FROM {table or feed.landing} WHERE {condition} "
        f"GROUP BY batch_id, {content_hash(feed)} HAVING count() > 1"
    )


def content_hash(feed: Feed) -> str:
    """An expression that is the same for landed rows with the same content."""
    return f"sipHash128({', '.join(feed.columns)})"


def _latest(feed: Feed, condition: str) -> str:
    return (
        f"SELECT row_number, max(attempt) AS tries, argMax(reason_mask, attempt) AS mask FROM {feed.quarantine} "
        f"WHERE {condition} GROUP BY row_number"
    )


def _tried(feed: Feed) -> str:
    """For each landed row the number of its attempts so far, 0 if none."""
    return f"LEFT JOIN ({_latest(feed, _IN_RANGE)}) AS tried ON tried.row_number = landed.row_number"


def _unplaced(feed: Feed) -> str:
    return (
        f" AND landed.row_number NOT IN (SELECT row_number FROM {feed.fact} WHERE {_IN_RANGE})"
        f" AND landed.row_number NOT IN (SELECT row_number FROM ({_latest(feed, _IN_RANGE)}) WHERE mask != 0)"
    )


def _placed_by_chunk(client: Client, feed: Feed, batch_id: int, chunk_rows: int) -> dict[int, int]:
    result = client.query(
        "SELECT intDiv(row_number - 1, {chunk_rows:UInt64}) AS chunk, count() FROM ("
        f"SELECT row_number FROM {feed.fact} WHERE {_OF_BATCH} "
        f"UNION DISTINCT SELECT row_number FROM ({_latest(feed, _OF_BATCH)}) WHERE mask != 0"
        ") GROUP BY chunk",
        {"batch_id": batch_id, "chunk_rows": chunk_rows},
    )
    return {int(chunk): int(rows) for chunk, rows in result.result_rows}


def _is_repeated_in_batch(client: Client, feed: Feed, batch_id: int) -> str:
    if DUPLICATE_IN_BATCH not in feed.rules:
        return "false"
    repeated = repeated_rows(feed, _OF_BATCH)
    found = client.query(f"SELECT count() FROM ({repeated})", {"batch_id": batch_id}).result_rows[0][0]
    return f"(landed.batch_id, landed.row_number) IN ({repeated})" if found else "false"
