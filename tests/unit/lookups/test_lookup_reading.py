"""Strict reading: what is read, what is refused, and on which line."""

import pytest

from orchestrator.lookups.findings import Rule, Severity
from orchestrator.lookups.reading import read_table

COLUMNS = ("a", "b")


def read(content: bytes):
    return read_table("x.csv", content, COLUMNS)


def rules(content: bytes) -> list[tuple[int, str]]:
    return [(finding.line, str(finding.rule)) for finding in read(content).findings]


def test_rows_carry_their_line_and_cells() -> None:
    table = read(b"a,b\n1,2\n3,4\n")
    assert table.header == COLUMNS
    assert [(row.line, row.cells) for row in table.rows] == [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]
    assert table.findings == ()


def test_a_missing_final_newline_is_fine() -> None:
    assert len(read(b"a,b\n1,2").rows) == 1
    assert rules(b"a,b\n1,2") == []


def test_columns_may_stand_in_any_order() -> None:
    assert read(b"b,a\n2,1\n").rows[0].cells == {"b": "2", "a": "1"}
    assert rules(b"b,a\n2,1\n") == []


def test_quoted_commas_and_doubled_quotes_are_text() -> None:
    assert read(b'a,b\n"x, y","say ""hi"""\n').rows[0].cells == {"a": "x, y", "b": 'say "hi"'}


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_lines_are_counted_through_quoted_newlines(newline: bytes) -> None:
    content = newline.join([b"a,b", b'"1', b"", b'x",2', b"3,4", b""])
    assert [row.line for row in read(content).rows] == [2, 5]


@pytest.mark.parametrize("content", [b"", b"\n", b"  \r\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_one_error_about_the_file(content: bytes) -> None:
    errors = [finding for finding in read(content).findings if finding.is_error]
    assert [(finding.line, finding.rule) for finding in errors] == [(0, Rule.EMPTY_FILE)]
    assert read(content).header == ()


def test_a_file_with_only_a_header_has_no_rows_and_no_findings() -> None:
    table = read(b"a,b\n")
    assert (table.header, table.rows, table.findings) == (COLUMNS, (), ())


def test_a_byte_order_mark_is_a_warning_and_the_file_is_read() -> None:
    table = read(b"\xef\xbb\xbfa,b\n1,2\n")
    assert [(finding.rule, finding.severity) for finding in table.findings] == [
        (Rule.BYTE_ORDER_MARK, Severity.WARNING)
    ]
    assert table.rows[0].cells == {"a": "1", "b": "2"}


def test_carriage_returns_are_a_warning_that_names_the_first_line() -> None:
    table = read(b"a,b\n1,2\r\n3,4\r\n")
    assert [(f.line, f.rule, f.severity) for f in table.findings] == [(2, Rule.LINE_ENDS, Severity.WARNING)]
    assert [row.cells["b"] for row in table.rows] == ["2", "4"]


def test_latin_1_is_refused_with_line_and_letter() -> None:
    table = read("a,b\n1,2\nZürich,4\n".encode("latin-1"))
    assert [(finding.line, finding.rule, finding.value) for finding in table.findings] == [(3, Rule.ENCODING, "0xfc")]
    assert "'ü'" in table.findings[0].message
    assert table.rows == ()


def test_utf_16_is_named() -> None:
    table = read("a,b\n1,2\n".encode("utf-16"))
    assert "UTF-16" in table.findings[0].message
    assert table.rows == ()


def test_ragged_rows_are_left_out_and_named() -> None:
    content = b"a,b\n1\n1,2,3\n\n1,2\n"
    assert rules(content) == [(2, "ragged-row"), (3, "ragged-row"), (4, "ragged-row")]
    assert [row.line for row in read(content).rows] == [5]


@pytest.mark.parametrize(
    ("header", "count", "word"),
    [
        (b"a", 1, "lacks b"),
        (b"a;b", 2, "lacks a, b"),
        (b"a,b,c", 1, "'c'"),
        (b"a,b,b", 1, "2 times"),
        (b"A,b", 2, "'A'"),
    ],
)
def test_a_wrong_header_is_refused_and_its_rows_are_not_read(header: bytes, count: int, word: str) -> None:
    table = read(header + b"\n1,2\n")
    assert len(table.findings) == count
    assert all(finding.rule == Rule.HEADER and finding.line == 1 for finding in table.findings)
    assert any(word in finding.message for finding in table.findings)
    assert (table.header, table.rows) == ((), ())


def test_blank_lines_before_the_header_move_its_line() -> None:
    assert [row.line for row in read(b"\n\na,b\n1,2\n").rows] == [4]


@pytest.mark.parametrize("row", [b'"open,2\n3,4\n', b'"1"x,2\n'])
def test_bad_quoting_is_named_with_the_line_where_its_row_starts(row: bytes) -> None:
    content = b"a,b\n1,2\n" + row
    assert rules(content) == [(3, "quoting")]
    assert [line.line for line in read(content).rows] == [2]


def test_a_cell_larger_than_csv_allows_is_a_finding() -> None:
    assert rules(b"a,b\n1," + b"x" * 200_000 + b"\n") == [(2, "quoting")]
