"""CSV and TSV: what a file becomes, and how a bad one is told."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from delivery_files import HEADER

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds import delimited_files

Rows = Callable[..., list[list[str]]]
Written = Callable[..., Path]


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
        pytest.param(HEADER + b'A,B\\,1\nA,"B\\",1\n', [["A", "B\\", "1"]] * 2, id="a backslash is a backslash"),
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
def test_a_csv_file_becomes_its_cells(written: Written, rows_of: Rows, content: bytes, rows: list[list[str]]) -> None:
    assert rows_of(written(content)) == rows
    assert rows_of(written(gzip.compress(content), "feed.csv.gz")) == rows
    assert rows_of(written(zstandard.compress(content), "feed.csv.zst")) == rows


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(b"A\tB, b\t1\n", [["A", "B, b", "1"]], id="commas are text"),
        pytest.param(b'A\t"B\tb"\t1\n', [["A", "B\tb", "1"]], id="quoted tab"),
        pytest.param(b'A\t"B\nb"\t1\r\n', [["A", "B\nb", "1"]], id="quoted newline"),
        pytest.param(b"A\\tA\tB\\n\t\\N\n", [["A\\tA", "B\\n", "\\N"]], id="backslashes are text"),
    ],
)
def test_a_tsv_file_is_a_csv_with_tabs(written: Written, rows_of: Rows, content: bytes, rows: list[list[str]]) -> None:
    whole = b"instrument\tfield\tvalue\n" + content
    assert rows_of(written(whole, "feed.tsv")) == rows
    assert rows_of(written(zstandard.compress(whole), "feed.tsv.zst")) == rows


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (zstandard.compress, ".zst")])
def test_packed_files_put_together_are_read_to_the_last(
    written: Written, rows_of: Rows, pack: Callable[[bytes], bytes], suffix: str
) -> None:
    content = pack(HEADER + b"A,B,1\n") + pack(b"C,D,2\n")
    assert rows_of(written(content, f"feed.csv{suffix}")) == [["A", "B", "1"], ["C", "D", "2"]]


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
    written: Written, rows_of: Rows, content: bytes, message: str
) -> None:
    for options in ({}, {"codes": ("field",)}):
        with pytest.raises(FeedFileError, match=message) as refused:
            rows_of(written(content), **options)
        assert refused.value.remedy


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"instrument,field,value\n", r"feed\.tsv:1: .*unknown 'instrument,field,value'"),
        (b"instrument\tfield\tvalue\nA\tB\n", r"feed\.tsv:2: 2 columns where .* 3: 'A\\tB'\. Quote .* tabs"),
        (b'instrument\tfield\tvalue\nA\tB\t"1', r"feed\.tsv:2: a quote of this row is never closed"),
    ],
)
def test_a_bad_tsv_file_is_refused(written: Written, rows_of: Rows, content: bytes, message: str) -> None:
    with pytest.raises(FeedFileError, match=message):
        rows_of(written(content, "feed.tsv"))


def test_a_row_larger_than_a_block_is_refused_with_what_to_look_for(
    written: Written, rows_of: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited_files, "_BLOCK_BYTES", 1 << 12)
    with pytest.raises(FeedFileError, match=r"feed\.csv: .*block.* Look for a cell of several megabytes"):
        rows_of(written(HEADER + b'A,"' + b"x\n" * 10_000 + b'",1\n'))


BIG = HEADER + b"".join(b"A%d,B,%d\n" % (n, n * 7919) for n in range(50_000))
BIG_GZIP = gzip.compress(BIG, compresslevel=1)
BIG_ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress(BIG)


@pytest.mark.parametrize(
    ("content", "suffix", "message"),
    [
        pytest.param(BIG_GZIP[:-2000], ".gz", r"\.gz:\d+: Truncated compressed stream\. Deliver", id="cut off"),
        pytest.param(BIG_GZIP[:-4], ".gz", r"\.gz:\d+: Truncated compressed stream", id="without its size"),
        pytest.param(BIG_GZIP[:20], ".gz", r"\.gz: this cannot be read: Truncated", id="a stump"),
        pytest.param(BIG_GZIP[:-8] + b"\0" * 8, ".gz", r"\.gz:\d+: .*incorrect data check", id="wrong checksum"),
        pytest.param(BIG_GZIP + b"more", ".gz", r"\.gz:\d+: .*incorrect header", id="something behind"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 50, ".gz", r"\.gz: this cannot be", id="garbage"),
        pytest.param(HEADER + b"A,B,1\n", ".gz", r"\.gz: this cannot be read: .*incorrect header", id="plain text"),
        pytest.param(b"", ".gz", r"\.gz: the file is empty", id="empty"),
        pytest.param(gzip.compress(b""), ".gz", r"\.gz: the file is empty", id="nothing compressed"),
        pytest.param(gzip.compress(HEADER + b"A\n"), ".gz", r"\.gz:2: 1 columns", id="ragged"),
        pytest.param(BIG_ZSTD[:-2000], ".zst", r"\.zst:\d+: Truncated compressed stream", id="zstd cut off"),
        pytest.param(BIG_ZSTD[:-2], ".zst", r"\.zst:\d+: Truncated compressed stream", id="zstd in its checksum"),
        pytest.param(BIG_ZSTD[:-4] + b"abcd", ".zst", r"\.zst:\d+: .*checksum", id="zstd with a wrong checksum"),
        pytest.param(BIG_ZSTD + b"more", ".zst", r"\.zst:\d+: ", id="something behind zstd"),
        pytest.param(HEADER, ".zst", r"\.zst: this cannot be read: ZSTD", id="plain text as zstd"),
        pytest.param(zstandard.compress(HEADER + b"A\n"), ".zst", r"\.zst:2: 1 columns", id="ragged zstd"),
    ],
)
def test_a_bad_packed_file_is_refused(
    written: Written, rows_of: Rows, content: bytes, suffix: str, message: str
) -> None:
    with pytest.raises(FeedFileError, match=message):
        rows_of(written(content, f"feed.csv{suffix}"))
