"""Readers: a file becomes Arrow tables of text, in the file's order, in chunks of a fixed number of rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.csv_files import csv_batches
from orchestrator.feeds.parquet_files import parquet_batches

SUFFIXES = (".csv", ".csv.gz", ".parquet")


def is_readable(path: Path) -> bool:
    """True for the file names that a reader exists for."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def read_chunks(path: Path, columns: tuple[str, ...], chunk_rows: int, *, may_lack: bool = False) -> Iterator[pa.Table]:
    """The file's rows as tables of `chunk_rows` rows (the last one may be shorter), all columns text, null as ''.

    Args:
        path: a CSV (also gzipped) or Parquet file with a header of exactly `columns`, in any order.
        columns: the wanted columns, in the wanted order.
        chunk_rows: rows a chunk; the same file and number always give the same chunks.
        may_lack: the file may have some of the columns only; the others are '' in every row.

    Raises:
        FeedFileError: the file cannot be read; names file, line and value.
    """
    require_readable(path)
    read = parquet_batches if path.name.lower().endswith(".parquet") else csv_batches
    yield from _rechunked(read(path, columns, may_lack=may_lack), columns, chunk_rows)


def require_readable(path: Path) -> None:
    """Refuse what is no file, or no file that a reader exists for.

    Raises:
        FeedFileError: names the path and what is wrong with it.
    """
    if path.is_dir():
        raise FeedFileError(f"{path}: this is a folder.", "Name the files in it.")
    if not path.is_file():
        raise FeedFileError(f"{path}: there is no such file.", "Check the name.")
    if not is_readable(path):
        raise FeedFileError(f"{path}: no reader for this kind of file.", f"Give one of {', '.join(SUFFIXES)}.")


def _rechunked(batches: Iterable[pa.Table], columns: tuple[str, ...], chunk_rows: int) -> Iterator[pa.Table]:
    schema = pa.schema([pa.field(name, pa.string(), nullable=False) for name in columns])
    pending: list[pa.Table] = []
    pending_rows = 0
    for batch in batches:
        pending.append(_completed(batch, columns).select(schema.names).cast(schema))
        pending_rows += batch.num_rows
        while pending_rows >= chunk_rows:
            whole = pa.concat_tables(pending)
            yield whole.slice(0, chunk_rows).combine_chunks()
            pending = [whole.slice(chunk_rows)]
            pending_rows -= chunk_rows
    if pending_rows:
        yield pa.concat_tables(pending).combine_chunks()


def _completed(batch: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """The batch with a blank column for each one that its file lacks."""
    for name in columns:
        if name not in batch.column_names:
            batch = batch.append_column(name, pa.repeat(pa.scalar("", pa.string()), batch.num_rows))
    return batch
