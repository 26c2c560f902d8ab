"""Writing one file: the same rows in the same order become the same bytes, however they arrive."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from orchestrator.exports.specs import ExportFormat

_ROWS_OF_GROUP: Final = 100_000
_COMPRESSION: Final = "zstd"


@dataclass(frozen=True)
class WrittenFile:
    """What a file came to: rows, bytes and the SHA-256 of its content."""

    rows: int
    bytes: int
    sha256: str


class _Writer(Protocol):
    def write_batch(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


def write_file(path: Path, kind: ExportFormat, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> WrittenFile:
    """Write rows to a file. Memory holds one group of rows at a time.

    Args:
        path: of a local file.
        kind: Iceberg's data files are Parquet.
        schema: of the file and of the batches.
        batches: cut as they like.
    """
    rows = 0
    writer = _writer(path, kind, schema)
    try:
        for batch in regrouped(schema, batches):
            rows += batch.num_rows
            writer.write_batch(batch)
    finally:
        writer.close()
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return WrittenFile(rows, path.stat().st_size, digest)


def regrouped(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], rows_of_group: int = _ROWS_OF_GROUP
) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of a fixed size, the last one smaller: how the engine cuts them leaves no trace."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows < rows_of_group:
            continue
        table = pa.Table.from_batches(waiting, schema)
        whole = rows - rows % rows_of_group
        for start in range(0, whole, rows_of_group):
            yield _one_batch(table.slice(start, rows_of_group))
        waiting, rows = table.slice(whole).to_batches(), rows - whole
    if rows:
        yield _one_batch(pa.Table.from_batches(waiting, schema))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    return table.combine_chunks().to_batches()[0]


def _writer(path: Path, kind: ExportFormat, schema: pa.Schema) -> _Writer:
    if kind is ExportFormat.CSV:
        writer: _Writer = pa_csv.CSVWriter(path, schema)
    else:
        writer = pq.ParquetWriter(path, schema, compression=_COMPRESSION)
    return writer
