"""Parquet files, with every column written out as the text that a vendor would have put into a CSV."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.headers import check_header


def parquet_batches(path: Path, columns: tuple[str, ...], *, may_lack: bool = False) -> Iterator[pa.Table]:
    """The file's rows in order, in tables of any size; a time with a zone carries its offset, null is ''.

    Raises:
        FeedFileError: no Parquet file, another header, or a column that is no text; names file and column.
    """
    try:
        with pq.ParquetFile(path) as file:
            columns = check_header(path, list(file.schema_arrow.names), columns, may_lack=may_lack)
            for batch in file.iter_batches(columns=list(columns)):
                texts = [_as_text(path, name, batch.column(name)) for name in columns]
                yield pa.Table.from_arrays(texts, names=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise FeedFileError(
            f"{path}: this cannot be read as Parquet: {error}.", "Write the file anew, or name it for what it is."
        ) from error


def _as_text(path: Path, name: str, column: pa.Array) -> pa.Array:
    try:
        text = pc.fill_null(column.cast(pa.string()), "")
    except pa.ArrowException as error:
        raise FeedFileError(
            f"{path}: column {name!r} of type {column.type} cannot be written as text: {error}.",
            "Give it a plain type, such as string.",
        ) from error
    has_nul = pc.match_substring(text, "\0")
    if pc.any(has_nul).as_py():
        value = text.filter(has_nul)[0].as_py()
        raise FeedFileError(f"{path}: column {name!r} has a NUL byte in {value!r}.", "Write the file without it.")
    return text
