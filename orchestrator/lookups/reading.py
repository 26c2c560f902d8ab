"""Strict reading of one CSV file of the desk: a table of cells with their line numbers, and what is wrong with it."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrator.lookups.findings import Finding, Rule, Severity

UTF_8_MARK: Final = b"\xef\xbb\xbf"
UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """A row: the physical line on which it starts, from 1, and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A file as read.

    Attributes:
        file: its name.
        header: its columns in the order of the file; empty if the header is not usable.
        rows: its rows without the ragged ones; empty if the header is not usable.
        findings: what is wrong with its form.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]


def read_table(file: str, content: bytes, columns: Sequence[str]) -> Table:
    """Read CSV (RFC 4180, comma, UTF-8) that must have exactly these columns, in any order.

    A byte order mark and line ends other than LF are warnings, the rest are errors. Nothing is raised: a file that
    cannot be read gives a table without rows, and a finding that says why.
    """
    findings = []
    if content.startswith(UTF_8_MARK):
        content = content.removeprefix(UTF_8_MARK)
        findings.append(_byte_order_mark(file))
    if not content.strip():
        findings.append(_empty_file(file, columns))
        return Table(file, (), (), tuple(findings))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.append(_encoding(file, content, error))
        return Table(file, (), (), tuple(findings))
    if "\r" in text:
        findings.append(_line_ends(file, text))

    records = _records(text)
    header: list[str] | None = None
    rows = []
    try:
        for line, cells in records:
            if header is None:
                header = cells
                if wrong := list(_header(file, line, header, columns)):
                    return Table(file, (), (), (*findings, *wrong))
            elif len(cells) != len(header):
                findings.append(_ragged(file, line, cells, len(header)))
            else:
                rows.append(Row(line, dict(zip(header, cells, strict=True))))
    except _QuotingError as error:
        findings.append(_quoting(file, error))
    return Table(file, tuple(header or ()), tuple(rows), tuple(findings))


class _QuotingError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which the record starts, cells); blank lines before the header are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    before_header = True
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _QuotingError(line, str(error)) from error
        if cells or not before_header:
            before_header = False
            yield line, cells
        line = reader.line_num + 1


def _header(file: str, line: int, header: Sequence[str], columns: Sequence[str]) -> Iterator[Finding]:
    if missing := [column for column in columns if column not in header]:
        yield Finding(
            file,
            line,
            "",
            ",".join(header),
            Rule.HEADER,
            f"The header lacks {', '.join(missing)}.",
            f"Write {','.join(columns)}, separated by commas.",
        )
    for column, times in Counter(header).items():
        if column not in columns:
            yield Finding(
                file,
                line,
                column,
                column,
                Rule.HEADER,
                f"The header has a column {column!r} that nobody reads.",
                "Correct its name or delete the column.",
            )
        elif times > 1:
            yield Finding(
                file,
                line,
                column,
                column,
                Rule.HEADER,
                f"The header has {column} {times} times.",
                "Keep one of them.",
            )


def _ragged(file: str, line: int, cells: Sequence[str], width: int) -> Finding:
    if not cells:
        return Finding(file, line, "", "", Rule.RAGGED_ROW, "The line is blank.", "Delete it.")
    message = f"The row has {len(cells)} cells and the header has {width}."
    remedy = "Quote cells that hold a comma." if len(cells) > width else "Write the missing cells."
    return Finding(file, line, "", ",".join(cells), Rule.RAGGED_ROW, message, remedy)


def _quoting(file: str, error: _QuotingError) -> Finding:
    message = f"The row that starts here is no CSV: {error}."
    return Finding(file, error.line, "", "", Rule.QUOTING, message, 'Close the quotation mark, or double it ("").')


def _byte_order_mark(file: str) -> Finding:
    message = "The file starts with a byte order mark."
    return Finding(file, 1, "", "", Rule.BYTE_ORDER_MARK, message, "Save it as UTF-8 without BOM.", Severity.WARNING)


def _line_ends(file: str, text: str) -> Finding:
    line = text.count("\n", 0, text.index("\r")) + 1
    message = "Lines end with a carriage return."
    return Finding(file, line, "", "\r", Rule.LINE_ENDS, message, "Save the file with LF line ends.", Severity.WARNING)


def _empty_file(file: str, columns: Sequence[str]) -> Finding:
    remedy = f"Restore it from Git, or start with the header {','.join(columns)}."
    return Finding(file, 0, "", "", Rule.EMPTY_FILE, "The file is empty.", remedy)


def _encoding(file: str, content: bytes, error: UnicodeDecodeError) -> Finding:
    if content.startswith(UTF_16_MARKS):
        message = "The file is UTF-16."
        return Finding(file, 1, "", "", Rule.ENCODING, message, "Save it as UTF-8.")
    culprit = content[error.start : error.start + 1]
    message = f"The byte 0x{culprit.hex()} is not UTF-8; as Latin-1 it would be {culprit.decode('latin-1')!r}."
    line = content.count(b"\n", 0, error.start) + 1
    return Finding(file, line, "", f"0x{culprit.hex()}", Rule.ENCODING, message, "Save the file as UTF-8.")
