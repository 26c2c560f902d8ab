"""Faults of CSV and TSV, located by reading again row by row: Arrow's own messages lack line and value."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.deliveries import READ_ERRORS, Delivery, in_words
from orchestrator.feeds.lines import cells_of_any_size, physical_lines

_QUOTED_CHARACTERS = 120
_DELIMITERS_ARE_CALLED = {",": "commas", "\t": "tabs"}


def located(delivery: Delivery, width: int, delimiter: str, error: Exception) -> FeedFileError:
    """The first fault of a delivery that Arrow could not read.

    Args:
        delivery: what was read.
        width: the number of its columns.
        delimiter: what stands between two cells.
        error: what Arrow said; told where nothing else is found.
    """
    fault = _first_fault(delivery, width, delimiter)
    if isinstance(fault, FeedFileError):
        return fault
    return FeedFileError(
        f"{delivery.source.place}: {in_words(error)}.",
        "Look for a cell of several megabytes or a quote that is not closed.",
    )


def never_closed(delivery: Delivery, width: int, delimiter: str) -> FeedFileError:
    """The fault of a delivery that ends inside of a quoted cell."""
    fault = _first_fault(delivery, width, delimiter)
    if isinstance(fault, FeedFileError):
        return fault
    return FeedFileError(
        f"{delivery.source.place}:{fault}: a quote of this row is never closed.", "Deliver the whole file again."
    )


def _first_fault(delivery: Delivery, width: int, delimiter: str) -> FeedFileError | int:
    """The first fault that reading row by row finds, or else the line on which the last row begins."""
    place = delivery.source.place
    line = last_row = 1
    try:
        with delivery.again() as content, cells_of_any_size():
            rows = csv.reader(_decoded_lines(place, content), delimiter=delimiter)
            for row in rows:
                if row and len(row) != width:
                    return FeedFileError(
                        f"{place}:{line}: {len(row)} columns where the header has {width}: "
                        f"{delimiter.join(row)[:_QUOTED_CHARACTERS]!r}.",
                        f"Quote the cells that hold {_DELIMITERS_ARE_CALLED[delimiter]}, close every quote, "
                        "or complete the row.",
                    )
                last_row, line = line, rows.line_num + 1
    except FeedFileError as found:
        return found
    except (csv.Error, *READ_ERRORS) as broken:
        return FeedFileError(f"{place}:{line}: {in_words(broken)}.", "Deliver the whole file again.")
    return last_row


def _decoded_lines(place: str, content: BinaryIO) -> Iterator[str]:
    for number, line in enumerate(physical_lines(content), start=1):
        if b"\0" in line:
            raise FeedFileError(
                f"{place}:{number}: there is a NUL byte in {line[:_QUOTED_CHARACTERS]!r}.", "Save the file as UTF-8."
            )
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as wrong:
            value = line[max(0, wrong.start - 20) : wrong.end + 20]
            raise FeedFileError(f"{place}:{number}: not UTF-8 at {value!r}.", "Save the file as UTF-8.") from wrong
