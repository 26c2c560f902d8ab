"""Readers: a delivery of any format becomes Arrow batches of text, in its order."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pyarrow as pa

from orchestrator.feeds.arrow_files import arrow_batches
from orchestrator.feeds.chunks import chunks_of
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.delimited_files import delimited_batches
from orchestrator.feeds.deliveries import Delivery, delivered
from orchestrator.feeds.json_lines import json_line_batches
from orchestrator.feeds.parquet_files import parquet_batches
from orchestrator.feeds.sources import is_readable, source_of

__all__ = ["SUFFIXES", "batches_of", "is_readable", "read_chunks", "require_readable"]

Batches = Generator[pa.RecordBatch, None, None]

_READERS: dict[str, Callable[[Delivery, Columns], Batches]] = {
    "csv": delimited_batches,
    "tsv": delimited_batches,
    "jsonl": json_line_batches,
    "parquet": parquet_batches,
    "arrow": arrow_batches,
}


def batches_of(delivery: Delivery, columns: Columns) -> Batches:
    """The delivery's rows in order, in batches of any size, with those of the columns that it has.

    Raises:
        FeedFileError: the delivery cannot be read; names file, line and value.
    """
    return _READERS[delivery.source.format](delivery, columns)


# What follows serves `warehouse/loader.py` until it loads from the spool; drop it then.
SUFFIXES = (".csv", ".csv.gz", ".parquet")


def read_chunks(path: Path, columns: tuple[str, ...], chunk_rows: int, *, may_lack: bool = False) -> Iterator[pa.Table]:
    """The file's rows as tables of `chunk_rows` rows (the last one may be shorter), all columns text, null as ''.

    Args:
        path: a file with a header of exactly `columns`, in any order.
        columns: the wanted columns, in the wanted order.
        chunk_rows: rows a chunk; the same file and number always give the same chunks.
        may_lack: the file may have some of the columns only; the others are '' in every row.

    Raises:
        FeedFileError: the file cannot be read; names file, line and value.
    """
    wanted = Columns(columns, may_lack=may_lack)
    with delivered(source_of(path)) as delivery:
        for chunk in chunks_of(str(path), batches_of(delivery, wanted), wanted, chunk_rows):
            yield pa.Table.from_batches([chunk])


def require_readable(path: Path) -> None:
    """Refuse what is no file, or no file that a reader exists for.

    Raises:
        FeedFileError: names the path and what is wrong with it.
    """
    source_of(path)
