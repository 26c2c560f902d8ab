"""Lines of rows: where a row begins, although lines and rows are not the same."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from delivery_files import HEADER, bytes_of

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds import lines
from orchestrator.feeds.lines import lines_of_rows
from orchestrator.feeds.sources import source_of, standard_input

Written = Callable[..., Path]


@pytest.fixture(params=[3, 1 << 16])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK_BYTES", request.param)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("a.csv", HEADER + b"A,B,1\nC,D,2\n", [2, 3], id="plain"),
        pytest.param("a.csv", HEADER + b"A,B,1\nC,D,2", [2, 3], id="no newline at the end"),
        pytest.param("a.csv", HEADER + b"\nA,B,1\r\n\r\n\nC,D,2\n\n", [3, 6], id="blank lines"),
        pytest.param(
            "a.csv", HEADER + b'A,"B\n\nb",1\nC,D,2\nE,"F\r\nf",3\nG,H,4\n', [2, 5, 6, 8], id="quoted newlines"
        ),
        pytest.param("a.csv", HEADER + b'A,5" pipe,1\nC,D,2\n', [2, 3], id="quote inside of a bare cell"),
        pytest.param("a.csv", HEADER + b'A,"say ""\nB""",1\nC,D,2\n', [2, 4], id="doubled quotes"),
        pytest.param("a.csv", b"instrument,field,value\rA,B,1\rC,D,2\r", [2, 3], id="CR"),
        pytest.param("a.csv", b"\xef\xbb\xbf" + HEADER + "Ö,日本,€\nC,D,2\n".encode(), [2, 3], id="UTF-8"),
        pytest.param("a.csv", HEADER + b'A,"' + b"x\n" * 5_000 + b'",1\nC,D,2\n', [2, 5_003], id="large cell"),
        pytest.param("a.tsv", b'instrument\tfield\tvalue\nA\t"B\nb"\t1\nC\tD\t2\n', [2, 4], id="TSV"),
        pytest.param("a.jsonl", b'{"a":1}\n\n \r\n{"a":2}\r\n{"a":\r3}\n{"a":"\\n"}', [1, 4, 5, 6], id="JSON lines"),
    ],
)
def test_a_row_is_found_on_the_line_where_it_begins(
    written: Written, blocks: None, name: str, content: bytes, expected: list[int]
) -> None:
    for path in (
        written(content, name),
        written(gzip.compress(content), f"{name}.gz"),
        written(zstandard.compress(content), f"{name}.zst"),
    ):
        source = source_of(path)
        found = lines_of_rows(source, range(1, 100))
        assert found == dict(enumerate(expected, start=1))
        assert lines_of_rows(source, {2, 1000}) == {2: expected[1]}
        assert lines_of_rows(source, []) == {}


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".arrows"])
def test_formats_without_lines_have_none(written: Written, suffix: str) -> None:
    assert lines_of_rows(source_of(written(bytes_of(suffix, [["A", "B", "1"]]), f"a{suffix}")), [1]) == {}


def test_standard_input_cannot_be_read_again() -> None:
    assert lines_of_rows(standard_input("csv"), [1]) == {}


def test_a_file_that_is_gone_or_damaged_since_is_refused(written: Written) -> None:
    source = source_of(written(gzip.compress(HEADER + b"A,B,1\n"), "a.csv.gz"))
    written(gzip.compress(HEADER + b"A,B,1\n")[:-1], "a.csv.gz")
    with pytest.raises(FeedFileError, match=r"a\.csv\.gz: this cannot be read: Truncated"):
        lines_of_rows(source, [9])
    Path(str(source.path)).unlink()
    with pytest.raises(FeedFileError, match=r"a\.csv\.gz: this cannot be read: No such file"):
        lines_of_rows(source, [1])
