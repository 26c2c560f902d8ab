"""Strict reading of one CSV file of the desk: columns of cells with their line numbers, and what is wrong with it."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, NamedTuple

from orchestrator.lookups.findings import Finding, Rule, Severity

UTF_8_MARK: Final = b"\xef\xbb\xbf"
UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

# small enough that the records of a chunk are gone before the garbage collector ever looks at them
_CHUNK: Final = 1000
# from here on a column that hardly repeats its cells is not worth a pool of them
_TRIAL_ROWS: Final = 20_000

# (file, line, header, columns) -> what is wrong with the header
HeaderJudge = Callable[[str, int, Sequence[str], Sequence[str]], Iterator[Finding]]


class Row(NamedTuple):
    """A row: the physical line on which it starts, from 1, and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A file as read, by column: a million rows are a dozen lists.

    Attributes:
        file: its name.
        header: its columns in the order of the file; empty if the header is not usable.
        columns: cells of its rows by column, without the ragged rows; equal cells of a column are one object.
        lines: the physical line of each row.
        findings: what is wrong with its form.
    """

    file: str
    header: tuple[str, ...] = ()
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    lines: Sequence[int] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def height(self) -> int:
        """How many rows it has."""
        return len(self.lines)

    @property
    def is_whole(self) -> bool:
        """Whether every row could be read."""
        return not any(finding.is_error for finding in self.findings)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows one by one; for small files."""
        records = zip(*self.columns.values(), strict=True)
        pairs = zip(self.lines, records, strict=True)
        return tuple(Row(line, dict(zip(self.header, cells, strict=True))) for line, cells in pairs)


def whole_header(file: str, line: int, header: Sequence[str], columns: Sequence[str]) -> Iterator[Finding]:
    """The judge of a file that must have all its columns."""
    if missing := [column for column in columns if column not in header]:
        message = f"The header lacks {', '.join(missing)}."
        remedy = f"Write {','.join(columns)}, separated by commas."
        yield Finding(file, line, "", ",".join(header), Rule.HEADER, message, remedy)


def read_table(file: str, content: bytes, columns: Sequence[str], judge: HeaderJudge = whole_header) -> Table:
    """Read CSV (RFC 4180, comma, UTF-8) that must have exactly these columns, in any order.

    A byte order mark and line ends other than LF are warnings, the rest are errors. Nothing is raised: a file that
    cannot be read gives a table without rows, and a finding that says why.

    Args:
        file: its name.
        content: its bytes.
        columns: the columns it may have.
        judge: says which of them may be absent; none by default.
    """
    findings = []
    mark = len(UTF_8_MARK) if content.startswith(UTF_8_MARK) else 0
    if mark:
        findings.append(_byte_order_mark(file))
    if len(content) == mark or content[mark:].isspace():
        return Table(file, findings=(*findings, _empty_file(file, columns)))
    if error := _decoding_error(content, mark):
        return Table(file, findings=(*findings, _encoding(file, content[mark:], error)))
    if b"\r" in content:
        findings.append(_line_ends(file, content))

    try:
        line, header = next(_records(_reader(content, mark), skip_blank=True))
    except _QuotingError as broken:
        return Table(file, findings=(*findings, _quoting(file, broken)))
    wrong = [*judge(file, line, header, columns), *_strange_columns(file, line, header, columns)]
    if wrong:
        return Table(file, findings=(*findings, *wrong))
    body = _regular(content, mark, len(header)) or _irregular(file, content, mark, len(header))
    cells = dict(zip(header, body.columns, strict=True))
    return Table(file, tuple(header), cells, body.lines, (*findings, *body.findings))


def read_earlier_table(file: str, content: bytes, columns: Sequence[str]) -> Table:
    """Read a file of an earlier revision, which had other columns when other domains were declared.

    A column that it lacks is blank, one that nobody reads now is left out.
    """
    header = _header(content)
    table = read_table(file, content, header)
    if not table.header:
        return table
    cells = {column: table.columns.get(column, [""] * table.height) for column in columns}
    return replace(table, header=tuple(columns), columns=cells)


def _header(content: bytes) -> Sequence[str]:
    mark = len(UTF_8_MARK) if content.startswith(UTF_8_MARK) else 0
    try:
        return next((cells for _, cells in _records(_reader(content, mark), skip_blank=True)), ())
    except (_QuotingError, UnicodeDecodeError):
        return ()


class _Body(NamedTuple):
    """What stands behind the header."""

    columns: list[list[str]]
    lines: Sequence[int]
    findings: tuple[Finding, ...] = ()


def _regular(content: bytes, mark: int, width: int) -> _Body | None:
    """The body of a file in which each row is one line of so many cells; None for any other file."""
    reader = _reader(content, mark)
    columns: list[list[str]] = [[] for _ in range(width)]
    pools: list[dict[str, str] | None] = [{} for _ in range(width)]
    rows = 0
    try:
        next(_records(reader, skip_blank=True))
        above = reader.line_num
        while chunk := list(islice(reader, _CHUNK)):
            if set(map(len, chunk)) != {width}:
                return None
            rows += len(chunk)
            for place, cells in enumerate(zip(*chunk, strict=True)):
                pool = pools[place]
                columns[place].extend(cells if pool is None else map(pool.setdefault, cells, cells))
                if pool and rows > _TRIAL_ROWS and len(pool) > rows / 2:
                    pools[place] = None
    except csv.Error:
        return None
    # a record has at least one line; as many lines as records, and each has exactly one
    return _Body(columns, range(above + 1, above + 1 + rows)) if reader.line_num == above + rows else None


def _irregular(file: str, content: bytes, mark: int, width: int) -> _Body:
    """The body of any file, row by row; ragged rows are left out and named."""
    columns: list[list[str]] = [[] for _ in range(width)]
    pool: dict[str, str] = {}
    lines: list[int] = []
    findings = []
    records = _records(_reader(content, mark), skip_blank=True)
    next(records)
    try:
        for line, cells in records:
            if len(cells) != width:
                findings.append(_ragged(file, line, cells, width))
                continue
            lines.append(line)
            for column, cell in zip(columns, cells, strict=True):
                column.append(pool.setdefault(cell, cell))
    except _QuotingError as error:
        findings.append(_quoting(file, error))
    return _Body(columns, lines, tuple(findings))


class _QuotingError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def _reader(content: bytes, mark: int) -> Any:  # noqa: ANN401 the csv module does not name its reader
    stream = io.BytesIO(content)
    stream.seek(mark)
    return csv.reader(io.TextIOWrapper(stream, encoding="utf-8", newline=""), strict=True)


def _records(reader: Any, *, skip_blank: bool) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401
    """(line on which the record starts, cells); blank lines before the header are skipped."""
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _QuotingError(line, str(error)) from error
        if cells or not skip_blank:
            skip_blank = False
            yield line, cells
        line = reader.line_num + 1


def _decoding_error(content: bytes, mark: int) -> UnicodeDecodeError | None:
    if content.isascii():
        return None
    try:
        str(memoryview(content)[mark:], "utf-8")
    except UnicodeDecodeError as error:
        return error
    return None


def _strange_columns(file: str, line: int, header: Sequence[str], columns: Sequence[str]) -> Iterator[Finding]:
    for column, times in Counter(header).items():
        if column not in columns:
            message = f"The header has a column {column!r} that nobody reads."
            remedy = "Correct its name or delete the column."
            yield Finding(file, line, column, column, Rule.HEADER, message, remedy)
        elif times > 1:
            message = f"The header has {column} {times} times."
            yield Finding(file, line, column, column, Rule.HEADER, message, "Keep one of them.")


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


def _line_ends(file: str, content: bytes) -> Finding:
    line = content.count(b"\n", 0, content.index(b"\r")) + 1
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
