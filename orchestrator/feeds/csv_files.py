"""CSV files, plain and gzipped: UTF-8, header first, RFC 4180 quoting. Arrow reads; a fault is located line by line."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pa_csv

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.headers import check_header

_BLOCK_BYTES = 8 << 20
_HEADER_BYTES = 1 << 16
_QUOTED_CHARACTERS = 120
_NUL = "\0"
_UTF_8_MARK = b"\xef\xbb\xbf"
# BadGzipFile is an OSError, ArrowInvalid an ArrowException; what breaks inside a deflated block is neither.
_READ_ERRORS = (pa.ArrowException, EOFError, OSError, zlib.error)


def csv_batches(path: Path, columns: tuple[str, ...], *, may_lack: bool = False) -> Iterator[pa.Table]:
    """The file's rows in order, in tables of any size; blank lines are no rows.

    Raises:
        FeedFileError: names file, line and value.
    """
    columns = check_header(path, _header(path), columns, may_lack=may_lack)
    with _opened(path) as stream:
        guarded = _Guarded(stream, width=len(columns))
        try:
            reader = pa_csv.open_csv(
                guarded,
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=list(columns),
                    strings_can_be_null=False,
                ),
            )
            yield from _without_end_mark(reader)
        except _READ_ERRORS as error:
            raise _diagnosed(path, len(columns), error) from error


class _EndMarkMissingError(pa.ArrowInvalid):  # type: ignore[misc]
    """The last row is not the mark: an open quote has swallowed it."""


class _NulByteError(OSError):
    """The content has a NUL byte."""


class _Guarded(io.RawIOBase):
    """The content, free of NUL bytes and followed by a row of NULs as its end mark.

    Arrow takes a quote that is never closed for one that closes at the end. Then it takes the mark into that cell, too,
    and a truncated file tells itself from a whole one.
    """

    def __init__(self, content: BinaryIO, width: int) -> None:
        super().__init__()
        self._content = content
        self._end_mark: bytes = f"\n{','.join([_NUL] * width)}\n".encode()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        if b"\0" in block:
            raise _NulByteError("there is a NUL byte")
        # A short read is the last one. The mark goes into the same block: Arrow wants more than a header in its first.
        room = size - len(block) if size >= 0 else len(self._end_mark)
        mark, self._end_mark = self._end_mark[:room], self._end_mark[room:]
        return block + mark


def _without_end_mark(reader: Any) -> Iterator[pa.Table]:  # noqa: ANN401 pyarrow has no types
    held: pa.Table | None = None
    for batch in reader:
        if batch.num_rows == 0:
            continue
        if held is not None:
            yield held
        held = pa.Table.from_batches([batch])
    if held is None or any(column[-1].as_py() != _NUL for column in held.columns):
        raise _EndMarkMissingError("the file ends inside of a quoted cell")
    if held.num_rows > 1:
        yield held.slice(0, held.num_rows - 1)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if not path.name.lower().endswith(".gz"):
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast(BinaryIO, unpacked)


def _header(path: Path) -> list[str]:
    """The first line's names. Only that line is decoded: a fault further down has its own line number."""
    try:
        with _opened(path) as stream:
            start = stream.readline(_HEADER_BYTES)
        first = (start.removeprefix(_UTF_8_MARK).splitlines() or [b""])[0].decode("utf-8")
        if _NUL in first:
            raise FeedFileError(f"{path}:1: the header has a NUL byte.", "Save the file as UTF-8 CSV.")
        header = next(csv.reader([first]), [])
    except UnicodeDecodeError as error:
        raise FeedFileError(f"{path}:1: the header is not UTF-8: {start[:40]!r}.", "Save the file as UTF-8.") from error
    except csv.Error as error:
        raise FeedFileError(f"{path}:1: the header is no CSV: {error}.", "Deliver the whole file again.") from error
    except _READ_ERRORS as error:
        raise FeedFileError(f"{path}: this cannot be read: {error}.", "Deliver the whole file again.") from error
    if not start:
        raise FeedFileError(f"{path}: the file is empty.", "Deliver at least the header line.")
    if not header:
        raise FeedFileError(f"{path}:1: the first line is blank.", "Deliver the header as the first line.")
    return header


def _diagnosed(path: Path, width: int, error: Exception) -> FeedFileError:
    """The fault's line and value, found by reading again row by row: Arrow's own message lacks the line."""
    line = last_row = 1
    limit = csv.field_size_limit(1 << 30)
    try:
        with _opened(path) as stream:
            rows = csv.reader(_decoded_lines(path, stream))
            for row in rows:
                if row and len(row) != width:
                    return FeedFileError(
                        f"{path}:{line}: {len(row)} columns where the header has {width}: "
                        f"{','.join(row)[:_QUOTED_CHARACTERS]!r}.",
                        "Quote the cells that hold commas, close every quote, or complete the row.",
                    )
                last_row, line = line, rows.line_num + 1
    except FeedFileError as found:
        return found
    except (csv.Error, *_READ_ERRORS) as broken:
        return FeedFileError(f"{path}:{line}: {broken}.", "Deliver the whole file again.")
    finally:
        csv.field_size_limit(limit)
    if isinstance(error, _EndMarkMissingError):
        return FeedFileError(
            f"{path}:{last_row}: a quote of this row is never closed.", "Deliver the whole file again."
        )
    return FeedFileError(f"{path}: {error}.", "Look for a cell of several megabytes or a quote that is not closed.")


def _decoded_lines(path: Path, stream: BinaryIO) -> Iterator[str]:
    number = 0
    for raw in stream:
        for part in raw.splitlines(keepends=True):
            number += 1
            if b"\0" in part:
                raise FeedFileError(
                    f"{path}:{number}: there is a NUL byte in {part[:_QUOTED_CHARACTERS]!r}.", "Save the file as UTF-8."
                )
            try:
                yield part.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as wrong:
                value = part[max(0, wrong.start - 20) : wrong.end + 20]
                raise FeedFileError(f"{path}:{number}: not UTF-8 at {value!r}.", "Save the file as UTF-8.") from wrong
