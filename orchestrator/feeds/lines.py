"""Lines of text deliveries: where each row begins."""

import csv
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.deliveries import READ_ERRORS, delivered, in_words
from orchestrator.feeds.sources import DELIMITERS, TEXT_FORMATS, Source

_BLOCK_BYTES = 1 << 16
_CELL_CHARACTERS = 1 << 30
JSON_BLANKS = b" \t\r\n"


def lines_of_rows(source: Source, rows: Collection[int]) -> dict[int, int]:
    """The line on which each wanted row begins, both numbered from 1; quoted newlines and blank lines set them apart.

    Args:
        source: a file that has been read without fault.
        rows: numbers of rows; those that the file does not have are not in the answer.

    Returns:
        Row number to line number; nothing for standard input and for formats without lines.

    Raises:
        FeedFileError: the file cannot be read any more.
    """
    if source.path is None or source.format not in TEXT_FORMATS or not rows:
        return {}
    wanted, last = set(rows), max(rows)
    found: dict[int, int] = {}
    try:
        with delivered(source) as delivery, cells_of_any_size():
            for row, line in enumerate(_row_lines(delivery.content(), source.format), start=1):
                if row in wanted:
                    found[row] = line
                if row >= last:
                    break
    except (csv.Error, *READ_ERRORS) as error:
        raise FeedFileError(
            f"{source.place}: this cannot be read: {in_words(error)}.", "Deliver the whole file again."
        ) from error
    return found


def physical_lines(content: BinaryIO) -> Iterator[bytes]:
    """The lines with their ends, be these LF, CR LF or CR."""
    rest = b""
    while block := content.read(_BLOCK_BYTES):
        *whole, rest = (rest + block).splitlines(keepends=True)
        yield from whole
        if rest.endswith(b"\n"):
            yield rest
            rest = b""
    if rest:
        yield rest


@contextmanager
def cells_of_any_size() -> Iterator[None]:
    """Let Python's CSV reader take a cell of more than 128 KB."""
    limit = csv.field_size_limit(_CELL_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _row_lines(content: BinaryIO, format_: str) -> Iterator[int]:
    if format_ == "jsonl":
        return _json_row_lines(content)
    starts = _delimited_row_lines(content, DELIMITERS[format_])
    next(starts, None)  # the header
    return starts


def _json_row_lines(content: BinaryIO) -> Iterator[int]:
    number, is_begun = 1, False
    # Only a line feed ends an object's line: to JSON a carriage return is a blank.
    for line in physical_lines(content):
        if not is_begun and line.strip(JSON_BLANKS):
            yield number
            is_begun = True
        if line.endswith(b"\n"):
            number, is_begun = number + 1, False


def _delimited_row_lines(content: BinaryIO, delimiter: str) -> Iterator[int]:
    lines = physical_lines(content)
    number = 1
    for line in lines:
        if b'"' not in line:
            if line.strip(b"\r\n"):
                yield number
            number += 1
            continue
        yield number
        # Quotes, delimiters and newlines are the same bytes in Latin-1 as in UTF-8.
        rows = csv.reader((part.decode("latin-1") for part in chain([line], lines)), delimiter=delimiter)
        next(rows)
        number += rows.line_num
