"""CSV and TSV: UTF-8, header first, RFC 4180 quoting. Arrow reads; a fault is located line by line.

Where there are no quotes every line feed ends a row: there slabs of whole lines are read side by side. From the first
quote on one reader takes the rest.
"""

import csv
import io
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pa_csv

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.chunks import cut
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.delimited_faults import located, never_closed
from orchestrator.feeds.deliveries import READ_ERRORS, Delivery, in_words
from orchestrator.feeds.sources import DELIMITERS
from orchestrator.helpers import at_once

_SLAB_BYTES = 8 << 20
_SLABS_AT_ONCE: Final = 3
# Also the size of the largest row that has a quote, or comes after one. Arrow reads up to 32 blocks ahead.
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
    header = _header(delivery, start, delimiter)
    present = columns.found_in(f"{delivery.source.place}:1", "header", header)
    options = {
        "parse_options": pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        "convert_options": pa_csv.ConvertOptions(
            column_types={name: columns.type_of(name) for name in present},
            include_columns=list(present),
            strings_can_be_null=False,
        ),
    }
    slabs = _Slabs(_without_first_line(start), content, partial(_slab, header=header, options=options))
    try:
        for table in at_once(slabs, _SLABS_AT_ONCE):
            yield from table.to_batches()
        if slabs.rest:
            yield from _quoted(slabs.rest, content, header, delimiter, options)
    except _EndMarkMissingError as error:
        raise never_closed(delivery, len(header), delimiter) from error
    except READ_ERRORS as error:
        raise located(delivery, len(header), delimiter, error) from error


class _Slabs:
    """What reads a slab, for each slab of whole lines before the first quote.

    Attributes:
        rest: once all were taken, what was read of the content and is in no slab; more of the content may follow.
    """

    def __init__(self, start: bytes, content: BinaryIO, read: Callable[[memoryview], pa.Table]) -> None:
        self.rest = start
        self._content = content
        self._read = read

    def __iter__(self) -> Iterator[Callable[[], pa.Table]]:
        _refuse_nul(self.rest)
        while self._is_unquoted() and (block := self._content.read(_SLAB_BYTES)):
            _refuse_nul(block)
            self.rest += block
            end = self.rest.rfind(b"\n") + 1
            if not self._is_unquoted() or end == 0:
                return
            yield partial(self._read, memoryview(self.rest)[:end])
            self.rest = self.rest[end:]
        if self.rest and self._is_unquoted():
            last, self.rest = self.rest, b""
            yield partial(self._read, memoryview(last))

    def _is_unquoted(self) -> bool:
        return b'"' not in self.rest


def _slab(slab: memoryview, *, header: list[str], options: dict[str, Any]) -> pa.Table:
    whole = pa_csv.ReadOptions(use_threads=False, block_size=len(slab), column_names=header)
    return pa_csv.read_csv(pa.BufferReader(slab), read_options=whole, **options)


def _quoted(
    start: bytes, content: BinaryIO, header: list[str], delimiter: str, options: dict[str, Any]
) -> Iterator[pa.RecordBatch]:
    """The rows of what begins with `start` and goes on with the content."""
    guarded = _Guarded(start, content, end_mark=f"\n{delimiter.join([_NUL] * len(header))}\n".encode())
    blocks = pa_csv.ReadOptions(use_threads=True, block_size=_BLOCK_BYTES, column_names=header)
    yield from _without_end_mark(pa_csv.open_csv(guarded, read_options=blocks, **options))


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
        _refuse_nul(block)
        # A short read is the last one. The mark goes into the same block: Arrow wants more than a header in its first.
        room = size - len(block)
        mark, self._end_mark = self._end_mark[:room], self._end_mark[room:]
        return block + mark


def _refuse_nul(block: bytes) -> None:
    if b"\0" in block:
        raise _NulByteError("there is a NUL byte")


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


def _without_first_line(start: bytes) -> bytes:
    return b"".join(start.splitlines(keepends=True)[1:])


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
