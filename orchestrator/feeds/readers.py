"""Readers: a file becomes Arrow tables of text, in the file's order, in chunks of a fixed number of rows."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from orchestrator.exceptions import FeedFileError

SUFFIXES = (".csv", ".csv.gz", ".parquet")
_BLOCK_BYTES = 8 << 20
_QUOTED_CHARACTERS = 120


def is_readable(path: Path) -> bool:
    """True for the file names that a reader exists for."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def read_chunks(path: Path, columns: tuple[str, ...], chunk_rows: int) -> Iterator[pa.Table]:
    """The file's rows as tables of `chunk_rows` rows (the last one may be shorter), all columns text, null as ''.

    Args:
        path: a CSV (also gzipped) or Parquet file with a header of exactly `columns`, in any order.
        columns: the wanted columns, in the wanted order.
        chunk_rows: rows a chunk; the same file and number always give the same chunks.

    Raises:
        FeedFileError: the file cannot be read; names file, line and value.
    """
    if not path.is_file():
        raise FeedFileError(f"{path}: there is no such file.", "Check the name.")
    if not is_readable(path):
        raise FeedFileError(f"{path}: no reader for this kind of file.", f"Give one of {', '.join(SUFFIXES)}.")
    batches = _parquet_batches(path, columns) if path.suffix == ".parquet" else _csv_batches(path, columns)
    yield from _rechunked(batches, _text_schema(columns), chunk_rows)


def _text_schema(columns: tuple[str, ...]) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string(), nullable=False) for name in columns])


def _csv_batches(path: Path, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    _check_header(path, _csv_header(path), columns)
    with _opened(path) as stream:
        try:
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=list(columns),
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
        except (pa.ArrowInvalid, EOFError, OSError) as error:
            raise _diagnosed(path, len(columns), error) from error


def _parquet_batches(path: Path, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    try:
        file = pq.ParquetFile(path)
        _check_header(path, list(file.schema_arrow.names), columns)
        for batch in file.iter_batches(columns=list(columns)):
            yield pa.Table.from_arrays([_as_text(batch.column(name)) for name in columns], names=list(columns))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise FeedFileError(
            f"{path}: not a Parquet file that can be read as text: {error}.", "Write it anew."
        ) from error


def _as_text(column: pa.Array) -> pa.Array:
    return pc.fill_null(column.cast(pa.string()), "")


def _rechunked(batches: Iterable[pa.Table], schema: pa.Schema, chunk_rows: int) -> Iterator[pa.Table]:
    pending: list[pa.Table] = []
    pending_rows = 0
    for batch in batches:
        pending.append(batch.select(schema.names).cast(schema))
        pending_rows += batch.num_rows
        while pending_rows >= chunk_rows:
            whole = pa.concat_tables(pending)
            yield whole.slice(0, chunk_rows).combine_chunks()
            pending = [whole.slice(chunk_rows)]
            pending_rows -= chunk_rows
    if pending_rows:
        yield pa.concat_tables(pending).combine_chunks()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if not path.name.lower().endswith(".gz"):
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast(BinaryIO, unpacked)


def _csv_header(path: Path) -> list[str]:
    try:
        with _opened(path) as stream:
            first = next(csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")), None)
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise FeedFileError(f"{path}:1: the header cannot be read: {error}.", "Save the file as UTF-8 CSV.") from error
    if not first:
        raise FeedFileError(f"{path}: the file is empty.", "Deliver at least the header line.")
    return first


def _check_header(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in columns]
    twice = sorted({name for name in header if header.count(name) > 1})
    faults = [
        f"{what} {', '.join(map(repr, names))}"
        for what, names in (("missing", missing), ("unknown", unknown), ("twice", twice))
        if names
    ]
    if faults:
        raise FeedFileError(
            f"{path}:1: the header does not fit: {'; '.join(faults)}.", f"The columns are {','.join(columns)}."
        )


def _diagnosed(path: Path, width: int, error: Exception) -> FeedFileError:
    """The fault's line and value, found by reading again row by row: Arrow's own message lacks the line."""
    line = 1
    try:
        with _opened(path) as stream:
            rows = csv.reader(
                (raw.decode("utf-8-sig" if number == 0 else "utf-8") for number, raw in enumerate(stream)), strict=True
            )
            for row in rows:
                if row and len(row) != width:
                    return FeedFileError(
                        f"{path}:{rows.line_num}: {len(row)} columns where the header has {width}: "
                        f"{','.join(row)[:_QUOTED_CHARACTERS]!r}.",
                        "Quote the cells that hold commas, or complete the row.",
                    )
                line = rows.line_num + 1
    except UnicodeDecodeError as wrong:
        value = wrong.object[max(0, wrong.start - 20) : wrong.end + 20]
        return FeedFileError(f"{path}:{line}: not UTF-8 at {value!r}.", "Save the file as UTF-8.")
    except (csv.Error, OSError, EOFError) as wrong:
        return FeedFileError(f"{path}:{line}: {wrong}.", "Deliver the whole file again.")
    return FeedFileError(f"{path}: {error}.", "Deliver the whole file again.")
