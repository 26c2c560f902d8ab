"""Readers: what a file of each kind becomes, and how a bad one is told."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds import csv_files
from orchestrator.feeds.readers import is_readable, read_chunks

COLUMNS = ("instrument", "field", "value")
HEADER = b"instrument,field,value\n"


def rows_of(path: Path, chunk_rows: int = 1000) -> list[list[str]]:
    tables = list(read_chunks(path, COLUMNS, chunk_rows))
    assert all(table.column_names == list(COLUMNS) for table in tables)
    assert all(field.type == pa.string() for table in tables for field in table.schema)
    return [list(row.values()) for table in tables for row in table.to_pylist()]


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes, name: str = "feed.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    def write(instrument: object = None, field: object = None, value: object = None) -> Path:
        given = [instrument, field, value]
        rows = max(len(column) for column in given if column is not None)  # type: ignore[arg-type]
        arrays = [pa.array(["x"] * rows) if column is None else column for column in given]
        path = tmp_path / "feed.parquet"
        pq.write_table(pa.table(dict(zip(COLUMNS, arrays, strict=True))), path)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(HEADER + b"A,B,1\nC,D,2\n", [["A", "B", "1"], ["C", "D", "2"]], id="plain"),
        pytest.param(HEADER + b"A,B,1", [["A", "B", "1"]], id="no newline at the end"),
        pytest.param(b"\xef\xbb\xbf" + HEADER + b"A,B,1\n", [["A", "B", "1"]], id="byte order mark"),
        pytest.param(b"instrument,field,value\r\nA,B,1\r\n", [["A", "B", "1"]], id="CRLF"),
        pytest.param(b"instrument,field,value\rA,B,1\r", [["A", "B", "1"]], id="CR"),
        pytest.param(b'"instrument","field","value"\n"A","B","1"\n', [["A", "B", "1"]], id="all quoted"),
        pytest.param(HEADER + b'A,"B, b",1\n', [["A", "B, b", "1"]], id="quoted comma"),
        pytest.param(HEADER + b'A,"B\nb\r\nc",1\n', [["A", "B\nb\r\nc", "1"]], id="quoted newlines"),
        pytest.param(HEADER + b'A,"say ""B""",1\n', [["A", 'say "B"', "1"]], id="doubled quote"),
        pytest.param(HEADER + b'A,5" pipe,1\n', [["A", '5" pipe', "1"]], id="quote inside of a bare cell"),
        pytest.param(HEADER + b',"",\n', [["", "", ""]], id="empty cells"),
        pytest.param(HEADER + b" A ,  ,\t1\n", [[" A ", "  ", "\t1"]], id="blanks are kept"),
        pytest.param(HEADER + b"NULL,NA,nan\n", [["NULL", "NA", "nan"]], id="no word means null"),
        pytest.param(HEADER + b"007,1e5,true\n", [["007", "1e5", "true"]], id="nothing is taken for a number"),
        pytest.param(HEADER + b"\nA,B,1\n\n\nC,D,2\n\n", [["A", "B", "1"], ["C", "D", "2"]], id="blank lines"),
        pytest.param(HEADER + "Ö,日本,€\n".encode(), [["Ö", "日本", "€"]], id="UTF-8"),
        pytest.param(b"value,instrument,field\n1,A,B\n", [["A", "B", "1"]], id="columns in another order"),
        pytest.param(HEADER, [], id="header alone"),
        pytest.param(HEADER.strip(), [], id="header alone without newline"),
    ],
)
def test_a_csv_file_becomes_its_cells(written: Callable[..., Path], content: bytes, rows: list[list[str]]) -> None:
    assert rows_of(written(content)) == rows
    assert rows_of(written(gzip.compress(content), "feed.csv.gz")) == rows


def test_names_are_read_in_upper_case_too(written: Callable[..., Path], parquet: Callable[..., Path]) -> None:
    assert rows_of(written(HEADER + b"A,B,1\n", "FEED.CSV")) == [["A", "B", "1"]]
    assert rows_of(written(gzip.compress(HEADER + b"A,B,1\n"), "FEED.CSV.GZ")) == [["A", "B", "1"]]
    path = parquet(value=pa.array(["1"]))
    assert rows_of(path.rename(path.with_name("FEED.PARQUET"))) == [["x", "x", "1"]]


def test_gzip_files_put_together_are_read_to_the_last(written: Callable[..., Path]) -> None:
    content = gzip.compress(HEADER + b"A,B,1\n") + gzip.compress(b"C,D,2\n")
    assert rows_of(written(content, "feed.csv.gz")) == [["A", "B", "1"], ["C", "D", "2"]]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        pytest.param(pa.array([1, -2, None]), ["1", "-2", ""], id="integers"),
        pytest.param(pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"], id="unsigned"),
        pytest.param(pa.array([Decimal("1.50"), None]), ["1.50", ""], id="decimals keep their digits"),
        pytest.param(pa.array([0.1, 100.0, 1e-5, None]), ["0.1", "100", "0.00001", ""], id="doubles"),
        pytest.param(pa.array([0.1], pa.float32()), ["0.1"], id="floats"),
        pytest.param(pa.array([True, False]), ["true", "false"], id="booleans"),
        pytest.param(pa.array([date(2024, 2, 29), None]), ["2024-02-29", ""], id="dates"),
        pytest.param(
            pa.array([datetime(2024, 1, 1, 12, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            ["2024-01-01 12:00:00.000000Z", ""],
            id="times in UTC",
        ),
        pytest.param(
            pa.array([datetime(2024, 1, 1, 12, 0, 0, 5, UTC)], pa.timestamp("us", "America/New_York")),
            ["2024-01-01 07:00:00.000005-0500"],
            id="times in a zone",
        ),
        pytest.param(
            pa.array([datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5.5)))], pa.timestamp("ms", "+05:30")),
            ["2024-01-01 00:00:00.000+0530"],
            id="times with an offset",
        ),
        pytest.param(pa.array([datetime(2024, 1, 1)], pa.timestamp("ms")), ["2024-01-01 00:00:00.000"], id="no zone"),
        pytest.param(pa.array(["A", None, "A"]).dictionary_encode(), ["A", "", "A"], id="dictionary"),
        pytest.param(pa.array(["A"], pa.large_string()), ["A"], id="large strings"),
        pytest.param(pa.array([b"A"]), ["A"], id="bytes that are text"),
        pytest.param(pa.nulls(2), ["", ""], id="nulls alone"),
    ],
)
def test_a_typed_parquet_column_becomes_the_text_a_vendor_would_write(
    parquet: Callable[..., Path], column: pa.Array, texts: list[str]
) -> None:
    assert [row[2] for row in rows_of(parquet(value=column))] == texts


def test_parquet_columns_may_stand_in_another_order_and_a_file_without_rows_is_one(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    table = pa.table({"value": ["1"], "instrument": ["A"], "field": ["B"]})
    pq.write_table(table, path)
    assert rows_of(path) == [["A", "B", "1"]]
    pq.write_table(table.slice(0, 0), path)
    assert rows_of(path) == []


BIG_GZIP = gzip.compress(HEADER + b"".join(b"A%d,B,%d\n" % (n, n * 7919) for n in range(50_000)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", r"feed\.csv: the file is empty\. Deliver", id="empty"),
        pytest.param(b"\nA,B,1\n", r"feed\.csv:1: the first line is blank", id="blank first line"),
        pytest.param(b"value\n1\n", r"feed\.csv:1: .*missing 'instrument', 'field'\. The columns are", id="one column"),
        pytest.param(b"instrument,field,value,note\n", r"feed\.csv:1: .*unknown 'note'", id="unknown column"),
        pytest.param(b"instrument,field,value,\n", r"feed\.csv:1: .*unknown ''", id="comma after the header"),
        pytest.param(b"instrument;field;value\n", r"feed\.csv:1: .*unknown 'instrument;field;value'", id="semicolons"),
        pytest.param(b"instrument,field,value,field\n", r"feed\.csv:1: .*twice 'field'", id="column twice"),
        pytest.param(b"Instrument,field,value\n", r"feed\.csv:1: .*missing 'instrument'; unknown 'Inst", id="case"),
        pytest.param(HEADER + b"A,B,1\nA,B\n", r"feed\.csv:3: 2 columns where .* 3: 'A,B'\. Quote", id="short row"),
        pytest.param(HEADER + b"A,B,1,000\n", r"feed\.csv:2: 4 columns where .* 3: 'A,B,1,000'", id="long row"),
        pytest.param(HEADER + b'A,"B\n\nb",1\nA,B\n', r"feed\.csv:5: 2 columns", id="ragged after quoted newlines"),
        pytest.param(HEADER + b'A,"B\r\nb",1\r\n\r\nA\r\n', r"feed\.csv:5: 1 columns", id="ragged after blank line"),
        pytest.param(HEADER + b"A,B,1\rA,B\r", r"feed\.csv:3: 2 columns", id="ragged with CR"),
        pytest.param(HEADER + b'A,"B\nb"\n', r"feed\.csv:2: 2 columns", id="a row's line is its first"),
        pytest.param(HEADER + b"A,B,1\nA,caf\xe9,1\n", r"feed\.csv:3: not UTF-8 at b'A,caf\\xe9,1", id="latin-1"),
        pytest.param(b"instrument,f\xe9ld,value\n", r"feed\.csv:1: the header is not UTF-8", id="latin-1 header"),
        pytest.param("instrument,field\n".encode("utf-16"), r"feed\.csv:1: the header is not UTF-8", id="UTF-16"),
        pytest.param(HEADER + b"A,B,1\nA,B\0,1\n", r"feed\.csv:3: there is a NUL byte in b'A,B\\x00,1", id="NUL"),
        pytest.param(b"instrument,field,val\0ue\n", r"feed\.csv:1: the header has a NUL byte", id="NUL in the header"),
        pytest.param(HEADER + b'A,B,1\nC,D,"2\nE,F,3', r"feed\.csv:3: a quote of this row is never", id="open quote"),
        pytest.param(HEADER + b'A,B,"1', r"feed\.csv:2: a quote of this row is never closed", id="open last cell"),
        pytest.param(HEADER + b'A,"B,1\nC,D,2\n', r"feed\.csv:2: 2 columns .*close every quote", id="open mid cell"),
        pytest.param(HEADER + b'A,"x"y,1\nC,D,"2', r"feed\.csv:3: a quote of this row", id="open after odd quoting"),
        pytest.param(HEADER + b"A," + b"x" * 200_000 + b",1\nA\n", r"feed\.csv:3: 1 columns", id="large cell before"),
    ],
)
def test_a_bad_csv_file_is_refused_naming_file_line_value_and_remedy(
    written: Callable[..., Path], content: bytes, message: str
) -> None:
    with pytest.raises(FeedFileError, match=message) as refused:
        rows_of(written(content))
    assert refused.value.remedy


def test_a_cell_larger_than_a_block_is_refused_with_what_to_look_for(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 1 << 12)
    with pytest.raises(FeedFileError, match=r"feed\.csv: .*block.* Look for a cell of several megabytes"):
        rows_of(written(HEADER + b'A,"' + b"x\n" * 10_000 + b'",1\n'))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(BIG_GZIP[:-2000], r"feed\.csv\.gz:\d+: Compressed file ended before the end", id="truncated"),
        pytest.param(BIG_GZIP[:-4], r"feed\.csv\.gz:\d+: Compressed file ended before the end", id="without its size"),
        pytest.param(BIG_GZIP[:20], r"feed\.csv\.gz: this cannot be read: Compressed file ended", id="a stump"),
        pytest.param(BIG_GZIP[:-8] + b"\0" * 8, r"feed\.csv\.gz:\d+: CRC check failed", id="wrong checksum"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 50, r"feed\.csv\.gz: this cannot be", id="garbage"),
        pytest.param(HEADER + b"A,B,1\n", r"feed\.csv\.gz: this cannot be read: Not a gzipped file", id="plain text"),
        pytest.param(b"", r"feed\.csv\.gz: the file is empty", id="empty"),
        pytest.param(gzip.compress(b""), r"feed\.csv\.gz: the file is empty", id="nothing compressed"),
        pytest.param(gzip.compress(HEADER + b"A\n"), r"feed\.csv\.gz:2: 1 columns", id="ragged"),
    ],
)
def test_a_bad_gzip_file_is_refused(written: Callable[..., Path], content: bytes, message: str) -> None:
    with pytest.raises(FeedFileError, match=message):
        rows_of(written(content, "feed.csv.gz"))


@pytest.mark.parametrize("content", [b"", HEADER + b"A,B,1\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_parquet_file_that_is_none_is_refused(written: Callable[..., Path], content: bytes) -> None:
    with pytest.raises(FeedFileError, match=r"feed\.parquet: this cannot be read as Parquet"):
        rows_of(written(content, "feed.parquet"))


def test_a_truncated_parquet_file_is_refused(parquet: Callable[..., Path]) -> None:
    path = parquet(value=pa.array([str(n) for n in range(10_000)]))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FeedFileError, match="cannot be read as Parquet"):
        rows_of(path)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        pytest.param(pa.array([[1]]), "column 'value' of type list", id="list"),
        pytest.param(pa.array([{"a": 1}]), "column 'value' of type struct", id="struct"),
        pytest.param(pa.array([b"caf\xe9"]), "column 'value' of type binary .*UTF8", id="bytes"),
        pytest.param(pa.array(["ok", "a\0b"]), r"column 'value' has a NUL byte in 'a\\x00b'", id="NUL"),
    ],
)
def test_a_parquet_column_that_is_no_text_is_refused(
    parquet: Callable[..., Path], column: pa.Array, message: str
) -> None:
    with pytest.raises(FeedFileError, match=message):
        rows_of(parquet(value=column))


def test_a_parquet_file_with_another_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table([pa.array(["A"])] * 3, names=["field", "field", "note"]), path)
    with pytest.raises(FeedFileError, match="missing 'instrument', 'value'; unknown 'note'; twice 'field'"):
        rows_of(path)


def test_what_is_no_feed_file_is_refused(tmp_path: Path, written: Callable[..., Path]) -> None:
    with pytest.raises(FeedFileError, match=r"nowhere\.csv: there is no such file"):
        rows_of(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FeedFileError, match=r"folder\.csv: this is a folder"):
        rows_of(tmp_path / "folder.csv")
    with pytest.raises(FeedFileError, match=r"feed\.xlsx: no reader .*\.csv, \.csv\.gz, \.parquet"):
        rows_of(written(HEADER, "feed.xlsx"))


def test_hidden_and_foreign_names_are_no_feed_files() -> None:
    assert [
        name for name in ("a.csv", "a.CSV.gz", "a.parquet", ".a.csv", "a.txt", "csv") if is_readable(Path(name))
    ] == [
        "a.csv",
        "a.CSV.gz",
        "a.parquet",
    ]


def test_nothing_is_given_before_a_fault_is_told_when_the_whole_file_is_read_first(
    written: Callable[..., Path],
) -> None:
    path = written(HEADER + b"A,B,1\n" * 10 + b"A,B\n")
    given = read_chunks(path, COLUMNS, 1000)
    with pytest.raises(FeedFileError):
        next(given)


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 1 << 18)

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        path.write_bytes(HEADER + b"".join(b"instrument %d,field,%d\n" % (n, n) for n in range(rows)))
        before = pa.total_allocated_bytes()
        return max(pa.total_allocated_bytes() for _ in read_chunks(path, COLUMNS, 10_000)) - before

    small, large = peak(50_000), peak(400_000)
    assert 0 < large < 2 * small
