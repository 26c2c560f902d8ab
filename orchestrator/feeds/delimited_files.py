"""CSV and TSV: UTF-8, header first, RFC 4180 quoting. Arrow reads; a fault is located line by line."""

import csv
import io
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.chunks import cut
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.delimited_faults import located, never_closed
from orchestrator.feeds.deliveries import READ_ERRORS, Delivery, in_words
from orchestrator.feeds.sources import DELIMITERS

# Also the size of the largest row. Arrow reads up to 32 blocks ahead.
_BLOCK_BYTES = 2 << 20
_HEADER_BYTES = 1 << 16
_NUL = "\0"
_UTF_8_MARK = b"\xef\xbb\xbf"


def delimited_batches(delivery: Delivery, columns: Columns) -> Generator[pa.RecordBatch, None, None]:
    """The rows in order, in batches of any size, with the columns that are there; blank lines are no rows.

    Raises:
        FeedFileError: names file, line and value.
    """
    delimiter = DELIMITERS[delivery.source.format]
    content = delivery.content()
    start = _start(delivery, content)
    present = columns.found_in(f"{delivery.source.place}:1", "header", _header(delivery, start, delimiter))
    guarded = _Guarded(start, content, end_mark=f"\n{delimiter.join([_NUL] * len(present))}\n".encode())
    try:
        reader = pa_csv.open_csv(
            guarded,
            read_options=pa_csv.ReadOptions(use_threads=True, block_size=_BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: columns.type_of(name) for name in present},
                include_columns=list(present),
                strings_can_be_null=False,
            ),
        )
        yield from _without_end_mark(reader)
    except _EndMarkMissingError as error:
        raise never_closed(delivery, len(present), delimiter) from error
    except READ_ERRORS as error:
        raise located(delivery, len(present), delimiter, error) from error


class _EndMarkMissingError(Exception):
    """The last row is not the mark: an open quote has swallowed it."""


class _NulByteError(OSError):
    """The content has a NUL byte."""


class _Guarded(io.RawIOBase):
    """The content, free of NUL bytes and followed by a row of NULs as its end mark.

    Arrow takes a quote that is never closed for one that closes at the end. Then it takes the mark into that cell, too,
    and a truncated file tells itself from a whole one.
    """

    def __init__(self, start: bytes, content: BinaryIO, end_mark: bytes) -> None:
        super().__init__()
        self._start = start
        self._content = content
        self._end_mark = end_mark

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        start, self._start = self._start[:size], self._start[size:]
        block = start + self._content.read(size - len(start))
        if b"\0" in block:
            raise _NulByteError("there is a NUL byte")
        # A short read is the last one. The mark goes into the same block: Arrow wants more than a header in its first.
        room = size - len(block)
        mark, self._end_mark = self._end_mark[:room], self._end_mark[room:]
        return block + mark


def _without_end_mark(reader: Any) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 pyarrow has no types
    held: pa.RecordBatch | None = None
    for batch in reader:
        if batch.num_rows == 0:
            continue
        if held is not None:
            yield held
        held = batch
    if held is None or any(column[-1].as_py() != _NUL for column in held.columns):
        raise _EndMarkMissingError
    if held.num_rows > 1:
        yield cut(held, 0, held.num_rows - 1)


def _start(delivery: Delivery, content: BinaryIO) -> bytes:
    try:
        start = content.read(_HEADER_BYTES)
    except READ_ERRORS as error:
        raise FeedFileError(
            f"{delivery.source.place}: this cannot be read: {in_words(error)}.", "Deliver the whole file again."
        ) from error
    if not start:
        raise FeedFileError(f"{delivery.source.place}: the file is empty.", "Deliver at least the header line.")
    return start


def _header(delivery: Delivery, start: bytes, delimiter: str) -> list[str]:
    """The first line's names. Only that line is decoded: a fault further down has its own line number."""
    place = f"{delivery.source.place}:1"
    try:
        first = (start.removeprefix(_UTF_8_MARK).splitlines() or [b""])[0].decode("utf-8")
        header = next(csv.reader([first], delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise FeedFileError(f"{place}: the header is not UTF-8: {start[:40]!r}.", "Save the file as UTF-8.") from error
    except csv.Error as error:
        raise FeedFileError(f"{place}: the header is no CSV: {error}.", "Deliver the whole file again.") from error
    if _NUL in first:
        raise FeedFileError(f"{place}: the header has a NUL byte.", "Save the file as UTF-8.")
    if not header:
        raise FeedFileError(f"{place}: the first line is blank.", "Deliver the header as the first line.")
    return header
