"""JSON lines: what a file becomes, and how a bad one is told."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from delivery_files import COLUMNS

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds import json_lines

Rows = Callable[..., list[list[str]]]
Written = Callable[..., Path]


def line(value: str, instrument: str = '"A"', field: str = '"B"') -> bytes:
    """An object, its values as they stand in JSON."""
    return f'{{"instrument":{instrument},"field":{field},"value":{value}}}\n'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"1.50"', "1.50"),
        ("1.50", "1.50"),
        ("1e5", "1e5"),
        ("1E+05", "1E+05"),
        ("-0", "-0"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("9" * 5000, "9" * 5000),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
        ('""', ""),
        ('"null"', "null"),
        ('" a "', " a "),
        (r'"a\nb\tc\"d\\e\/f"', 'a\nb\tc"d\\e/f'),
        (r'"\u00e9\ud83d\ude00é😀"', "é😀é😀"),
        (r'"\\u0000"', "\\u0000"),
        ('"{}[],:"', "{}[],:"),
    ],
)
def test_a_value_becomes_the_text_that_was_delivered(written: Written, rows_of: Rows, value: str, text: str) -> None:
    assert rows_of(written(line(value), "feed.jsonl")) == [["A", "B", text]]
    assert rows_of(written(line("1") + line(value) + line("null"), "feed.jsonl")) == [
        ["A", "B", "1"],
        ["A", "B", text],
        ["A", "B", ""],
    ]


ROW = [["A", "B", "1"]]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(line("1").strip(), ROW, id="no newline at the end"),
        pytest.param(line("1").replace(b"\n", b"\r\n") * 2, ROW * 2, id="CRLF"),
        pytest.param(b"\n \n" + line("1") + b"\r\n\t\n" + line("1") + b"\n", ROW * 2, id="blank lines"),
        pytest.param(b" \t" + line("1").strip() + b" \r\n", ROW, id="blanks around an object"),
        pytest.param(b'{ "instrument" : "A",\r"field":\t"B" , "value":1}\n', ROW, id="blanks in an object"),
        pytest.param(line("1") + b'{"value":1,"field":"B","instrument":"A"}\n', ROW * 2, id="keys in any order"),
        pytest.param(b"", [], id="empty"),
        pytest.param(b"\n\n", [], id="blank lines alone"),
    ],
)
def test_a_file_becomes_its_objects(written: Written, rows_of: Rows, content: bytes, rows: list[list[str]]) -> None:
    assert rows_of(written(content, "feed.jsonl")) == rows
    assert rows_of(written(gzip.compress(content), "feed.ndjson.gz")) == rows
    assert rows_of(written(zstandard.compress(content), "feed.jsonl.zst")) == rows


@pytest.mark.parametrize("block_bytes", [1, 7, 50, 1 << 16])
def test_objects_are_the_same_however_the_file_is_cut_into_blocks(
    written: Written, rows_of: Rows, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(json_lines, "_BLOCK_BYTES", block_bytes)
    content = b"".join(line(json.dumps(f"é\n{n}")) + b"\n" * (n % 3 == 0) for n in range(20))
    assert rows_of(written(content, "feed.jsonl"), chunk_rows=7) == [["A", "B", f"é\n{n}"] for n in range(20)]


GOOD = line("1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"A,B,1\n", r"no JSON from character 1 on, Expecting value: 'A,B,1'\. Write one", id="CSV"),
        pytest.param(GOOD[:-3], r"no JSON from character .*: '\{\"instrument", id="cut off"),
        pytest.param(GOOD.strip() * 2, r"no JSON from character 41 on, Extra data", id="two objects"),
        pytest.param(b'{"instrument":"A",\n"field":"B","value":1}\n', "no JSON", id="an object on two lines"),
        pytest.param(
            b'{"instrument":"A","field":"B","value":1},{"instrument":"A"\n', "Extra data", id="half an object"
        ),
        pytest.param(b"[]\n", r"no object: '\[\]'\. Write one whole object", id="a list"),
        pytest.param(b'"A"\n', "no object: '\"A\"'", id="a text"),
        pytest.param(b"{}\n", "the object does not fit: missing 'instrument', 'field', 'value'", id="nothing in it"),
        pytest.param(b'{"instrument":"A","value":1}\n', r"missing 'field'\. The columns are", id="a key is missing"),
        pytest.param(GOOD.replace(b"}", b',"note":1}'), "unknown 'note'", id="unknown key"),
        pytest.param(GOOD.replace(b"}", b',"value":1}'), "twice 'value'", id="key twice"),
        pytest.param(GOOD.replace(b'"value"', b'"Value"'), "missing 'value'; unknown 'Value'", id="case"),
        pytest.param(line("{}"), "'value' is no plain value in '{", id="an object in it"),
        pytest.param(line("[1]"), "'value' is no plain value in '{", id="a list in it"),
        pytest.param(line('[{"a":1}'), "no JSON", id="a list that is open"),
        pytest.param(line("[" * 100_000), "too many brackets", id="brackets without end"),
        pytest.param(line("NaN"), "NaN is no JSON in .* Write null", id="not a number"),
        pytest.param(line("-Infinity"), "-Infinity is no JSON", id="infinity"),
        pytest.param(line("01"), "no JSON", id="zero before a number"),
        pytest.param(line("'1'"), "no JSON", id="single quotes"),
        pytest.param(line('"a\tb"'), "no JSON .*Invalid control character", id="tab in a text"),
        pytest.param(line('"a\0b"'), "there is a NUL byte in", id="NUL"),
        pytest.param(line(r'"a\u0000b"'), "'value' has a NUL byte in", id="escaped NUL"),
        pytest.param(line(r'"\ud83d"'), "'value' has half a character in", id="half a character"),
        pytest.param(b'{"value":"caf\xe9"}\n', r"not UTF-8 at b'.*caf\\xe9", id="latin-1"),
    ],
)
def test_a_bad_line_is_refused_naming_file_line_value_and_remedy(
    written: Written, rows_of: Rows, content: bytes, message: str
) -> None:
    for before in (0, 1, 2000):
        path = written(GOOD * before + b"\n" + content + GOOD, "feed.jsonl")
        with pytest.raises(FeedFileError, match=message) as refused:
            rows_of(path)
        assert refused.value.message.startswith(f"{path}:{before + 2}: ")
        assert refused.value.remedy


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD, "a.jsonl", r"a\.jsonl:1: there is a byte order mark in", id="mark"),
        pytest.param(GOOD.decode().encode("utf-16"), "a.jsonl", r"a\.jsonl:1: (not UTF-8|there is a NUL)", id="UTF-16"),
        pytest.param(gzip.compress(GOOD)[:-1], "a.jsonl.gz", r"a\.jsonl\.gz:1: Truncated", id="gzip cut off"),
        pytest.param(GOOD, "a.jsonl.zst", r"a\.jsonl\.zst:1: ZSTD", id="not packed"),
    ],
)
def test_a_bad_file_is_refused(written: Written, rows_of: Rows, content: bytes, name: str, message: str) -> None:
    with pytest.raises(FeedFileError, match=message):
        rows_of(written(content, name))


def test_a_line_without_end_is_refused(written: Written, rows_of: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "_LINE_BYTES", 100_000)
    with pytest.raises(FeedFileError, match=r"feed\.jsonl:3: this line has more than 100,000 bytes: '\{\"inst"):
        rows_of(written(GOOD * 2 + line('"' + "x" * 400_000), "feed.jsonl"))


def test_keys_may_be_absent_where_columns_may_be(written: Written, rows_of: Rows) -> None:
    content = b'{"instrument":"A"}\n{"value":2,"instrument":"B"}\n' + GOOD
    assert rows_of(written(content, "feed.jsonl"), may_lack=True) == [["A", "", ""], ["B", "", "2"], ["A", "B", "1"]]
    path = written(GOOD + b"{}\n", "feed.jsonl")
    with pytest.raises(FeedFileError, match=r"feed\.jsonl:2: the object does not fit: missing"):
        rows_of(path, may_lack=True)
    assert list(COLUMNS) == ["instrument", "field", "value"]
