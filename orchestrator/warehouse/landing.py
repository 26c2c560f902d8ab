"""Landing: the rows of a delivery, as received, into their landing table, in chunks that arrive once."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, cast

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.spool import Spooled
from orchestrator.helpers import at_once
from orchestrator.warehouse.batches import Batch
from orchestrator.warehouse.locks import Lease

_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "min_insert_block_size_bytes": 0,
}


def land(client: Client, batch: Batch, delivery: Spooled, lease: Lease, statements: int = 1) -> Iterator[int]:
    """Land what is not landed yet, some chunks at once; gives the rows of each chunk once it was sent.

    A chunk is one block of one partition: it is there or it is not. Its token names batch and place, so that whoever
    sends it again, a client whose answer was lost or a holder of the lock that was paused meanwhile, lands it once.
    What is not there afterwards was lost by an engine that was killed and kept the token: it is sent with another one.

    Raises:
        WriterLockError: another one took the lock meanwhile.
    """
    yield from at_once(_landings(client, batch, delivery, lease, ""), statements)
    lost = _landings(client, batch, delivery, lease, f":{lease.generation}")
    deque(at_once(lost, statements), maxlen=0)


def _landings(
    client: Client, batch: Batch, delivery: Spooled, lease: Lease, token_end: str
) -> Iterator[Callable[[], int]]:
    """For each chunk what lands it, if it is not landed."""
    landed = _landed_chunks(client, batch.feed, batch.batch_id, delivery.chunk_rows)
    if sum(landed.values()) == delivery.rows and token_end:
        return
    first = 1
    for number, chunk in enumerate(delivery.chunks()):
        token = f"land:{batch.feed.name}:{batch.batch_id}:{delivery.chunk_rows}:{number}{token_end}"
        if landed.get(number, 0) < chunk.num_rows:
            yield partial(_land_chunk, client, batch, chunk, first, lease, token)
        else:
            yield partial(int, chunk.num_rows)
        first += chunk.num_rows


def _land_chunk(  # noqa: PLR0917 a chunk has as many facts
    client: Client, batch: Batch, chunk: pa.Table, first_row: int, lease: Lease, token: str
) -> int:
    lease.require()
    insert_stream(
        client,
        batch.feed.landing,
        _with_lineage(chunk, batch, first_row),
        _SETTINGS | _one_block(chunk.num_rows) | {"insert_deduplication_token": token},
    )
    return int(chunk.num_rows)


def insert_stream(client: Client, table: str, rows: pa.Table, settings: dict[str, Any]) -> None:
    """Insert an Arrow table as a stream, which the engine reads while it comes; it would keep a file whole first.

    Not compressed on the way: an engine on this host would only pay for it, one elsewhere has the network's own means.
    """
    rows = _narrowed(rows)
    body = bytearray(_stream(rows, pa.MockOutputStream()).size())
    _stream(rows, pa.FixedSizeBufferWriter(pa.py_buffer(body)))
    client.raw_insert(
        table,
        column_names=rows.column_names,
        insert_block=cast("bytes", body),  # any buffer will do
        settings=settings,
        fmt="ArrowStream",
    )


def _stream(rows: pa.Table, sink: Any) -> Any:  # noqa: ANN401 pyarrow has no types
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink


def _narrowed(rows: pa.Table) -> pa.Table:
    """The same with dictionary columns in as few bytes a row as their dictionaries allow."""
    for number, name in enumerate(rows.column_names):
        column = rows.column(name)
        if pa.types.is_dictionary(column.type) and column.num_chunks == 1:
            rows = rows.set_column(number, name, _narrow(column.chunk(0)))
    return rows


def _narrow(column: pa.DictionaryArray) -> pa.DictionaryArray:
    words = len(column.dictionary)
    kind = next(kind for kind in (pa.int8(), pa.int16(), pa.int32()) if words <= 1 << (kind.bit_width - 1))
    return pa.DictionaryArray.from_arrays(column.indices.cast(kind), column.dictionary)


def _one_block(rows: int) -> dict[str, int]:
    return {"max_insert_block_size": rows, "min_insert_block_size_rows": rows}


def _landed_chunks(client: Client, feed: Feed, batch_id: int, chunk_rows: int) -> dict[int, int]:
    result = client.query(
        f"SELECT intDiv(row_number - 1, {{chunk_rows:UInt64}}) AS chunk, count() FROM {feed.landing} "
        "WHERE batch_id = {batch_id:UInt64} GROUP BY chunk",
        {"batch_id": batch_id, "chunk_rows": chunk_rows},
    )
    return {int(chunk): int(rows) for chunk, rows in result.result_rows}


def _with_lineage(chunk: pa.Table, batch: Batch, first_row: int) -> pa.Table:
    rows = chunk.num_rows
    columns = {
        "batch_id": constant(pa.scalar(batch.batch_id, pa.uint64()), rows),
        "row_number": pa.arange(first_row, first_row + rows),
        "received_at": constant(pa.scalar(batch.received_at, pa.timestamp("us", "UTC")), rows),
    }
    return pa.table({**columns, **{name: chunk.column(name) for name in chunk.column_names}})


def constant(value: pa.Scalar, rows: int) -> pa.DictionaryArray:
    """A column that is the same in every row, a byte each."""
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), rows), pa.array([value]))
