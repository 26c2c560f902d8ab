"""Our own load, as a prototype: `validated` is to be replaced by the project's loader.

The client reads the file once, hashing its bytes meanwhile, and spools it as the bodies of the requests, so that a file
that breaks off at its end lands nothing. Then two threads send a chunk each; a chunk is one block with a token of its
own, so that a load that was cut off is simply repeated.
"""

import csv
import hashlib
import mmap
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from benchmarks.validated_load.data import CSV, Dimension, Files
from benchmarks.validated_load.ours_sql import OUTCOME, SMALL_CODES, SYMBOL, TYPES, tables
from benchmarks.validated_load.setting import Address, Engine, EngineWay, post
from orchestrator.helpers import utc_now

OURS: Final = "ours: landed, resolved, checked"

_COLUMNS: Final = ("trade_time", SYMBOL, *SMALL_CODES, "price", "quantity")
_SLICE_BYTES: Final = 32 << 20
_PARSE_BYTES: Final = 2 << 20
_PARQUET_ROWS: Final = 500_000
_HASH_BYTES: Final = 1 << 24
_SENDERS: Final = 2
_CHUNKS_IN_MEMORY: Final = 4
_CODES: Final = pa.dictionary(pa.int32(), pa.string())
# of a time as text by its length, with a blank in the middle
_UNITS: Final = {19: "s", 23: "ms", 26: "us"}
_BLANK: Final = ord(" ")
_BLANK_AT: Final = 10
_ONE_BLOCK: Final = {
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "optimize_on_insert": 0,
    "max_insert_block_size": 4_000_000,
    "min_insert_block_size_rows": 4_000_000,
    "min_insert_block_size_bytes": 0,
}


@dataclass(frozen=True)
class _Chunk:
    """Rows that go in one request: its body, the columns of it, and what marks it as sent."""

    body: Path
    columns: Sequence[str]
    token: str


def ours(engine: Engine, files: Files, known: Sequence[Dimension], input_format: str) -> EngineWay:
    """Our way for the vendor's file."""
    load = partial(validated, path=files.raw[input_format], input_format=input_format)
    return EngineWay(OURS, files.rows, engine, tables(known), load, OUTCOME)


def validated(address: Address, *, path: Path, input_format: str) -> None:
    """Load a file: every row landed, and either in the fact or in quarantine."""
    received_at = utc_now()
    with TemporaryDirectory(prefix="spool-") as spool:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            chunks = _spooled(content, input_format, Path(spool), received_at)
        with ThreadPoolExecutor(_SENDERS) as senders:
            list(senders.map(partial(_send, address), chunks))


def _spooled(content: mmap.mmap, input_format: str, spool: Path, received_at: datetime) -> list[_Chunk]:
    """The file as bodies of requests; hashed at the same time, as the batch is what it contains."""
    waiting = threading.BoundedSemaphore(_CHUNKS_IN_MEMORY)
    chunks: list[Future[_Chunk]] = []
    with ThreadPoolExecutor(1) as hasher, ThreadPoolExecutor(1) as writer:
        digest = hasher.submit(_sha256, content)

        def write(table: pa.Table, number: int, first_row: int) -> _Chunk:
            try:
                return _write(table, spool / str(number), digest.result(), first_row, received_at)
            finally:
                waiting.release()

        first_row = 1
        for number, table in enumerate(_tables(content, input_format)):
            waiting.acquire()
            chunks.append(writer.submit(write, table, number, first_row))
            first_row += table.num_rows
        return [chunk.result() for chunk in chunks]


def _sha256(content: mmap.mmap) -> str:
    digest = hashlib.sha256()
    with memoryview(content) as view:
        for begin in range(0, len(view), _HASH_BYTES):
            with view[begin : begin + _HASH_BYTES] as piece:
                digest.update(piece)
    return digest.hexdigest()


def _tables(content: mmap.mmap, input_format: str) -> Iterator[pa.Table]:
    buffer = pa.py_buffer(content)
    if input_format != CSV:
        parquet = pq.ParquetFile(pa.BufferReader(buffer), read_dictionary=[*SMALL_CODES])
        for batch in parquet.iter_batches(_PARQUET_ROWS, columns=[*_COLUMNS]):
            yield pa.Table.from_batches([batch])
        return
    types = {name: _CODES if name in SMALL_CODES else pa.string() for name in _COLUMNS}
    begin = content.find(b"\n") + 1
    names = next(csv.reader([content[:begin].decode()]))
    while begin < len(content):
        # both cores parse a slice; it ends with a line, as fields have no line feeds in them
        end = content.find(b"\n", min(begin + _SLICE_BYTES, len(content)) - 1) + 1 or len(content)
        yield pc.read_csv(
            pa.BufferReader(buffer.slice(begin, end - begin)),
            read_options=pc.ReadOptions(block_size=_PARSE_BYTES, column_names=names),
            convert_options=pc.ConvertOptions(column_types=types),
        )
        begin = end


def _write(table: pa.Table, body: Path, digest: str, first_row: int, received_at: datetime) -> _Chunk:
    rows = table.num_rows
    table = table.unify_dictionaries().combine_chunks()
    columns = {
        "batch_id": _repeated(pa.scalar(int(digest[:16], 16), pa.uint64()), rows),
        "row_number": pa.array(np.arange(first_row, first_row + rows, dtype=np.uint32)),
        "received_at": _repeated(pa.scalar(received_at, pa.timestamp("us", "UTC")), rows),
    }
    for name in _COLUMNS:
        column = table.column(name).chunk(0)
        if pa.types.is_dictionary(column.type):
            columns[name] = _narrow(column)
        elif name not in TYPES:
            columns[name] = column
        elif not pa.types.is_string(column.type):
            columns[f"{name}_typed"] = column
        elif name == "trade_time" and (typed := _typed_times(column)) is not None:
            columns[f"{name}_typed"] = typed
        else:
            columns[name] = column
    made = pa.table(columns)
    with pa.OSFile(str(body), "wb") as file, ipc.new_stream(file, made.schema) as stream:
        stream.write_table(made)
    return _Chunk(body, made.column_names, f"{digest}:{_SLICE_BYTES}:{_PARQUET_ROWS}:{first_row}")


def _repeated(value: pa.Scalar, rows: int) -> pa.DictionaryArray:
    """One byte a row instead of eight."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array([value]))


def _narrow(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same with the smallest places that its codes need."""
    codes = len(column.dictionary)
    places = next(type_ for type_ in (pa.int8(), pa.int16(), pa.int32()) if codes <= 1 << type_.bit_width - 1)
    return pa.DictionaryArray.from_arrays(column.indices.cast(places), column.dictionary)


def _typed_times(column: pa.StringArray) -> pa.TimestampArray | None:
    """The times, if all are written just as they would be printed: of one length, with a blank in the middle."""
    rows = len(column)
    offsets = np.frombuffer(column.buffers()[1], np.int32, rows + 1, column.offset * 4)
    length = int(offsets[1] - offsets[0]) if rows else 0
    if length not in _UNITS or column.null_count or not (np.diff(offsets) == length).all():
        return None
    text = np.frombuffer(column.buffers()[2], np.uint8, rows * length, offsets[0]).reshape(rows, length)
    if not (text[:, _BLANK_AT] == _BLANK).all():
        return None
    try:
        return column.cast(pa.timestamp(_UNITS[length])).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None


def _send(address: Address, chunk: _Chunk) -> None:
    sql = f"INSERT INTO feed ({', '.join(chunk.columns)}) FORMAT ArrowStream"
    post(address, sql, chunk.body, **_ONE_BLOCK, insert_deduplication_token=chunk.token)
