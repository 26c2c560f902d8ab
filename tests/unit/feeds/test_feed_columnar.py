"""Parquet and Arrow: what a typed column becomes, and how a bad file is told."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from delivery_files import COLUMNS, columnar

from orchestrator.exceptions import FeedFileError

KINDS = (".parquet", ".arrow", ".arrows")

Rows = Callable[..., list[list[str]]]
Tables = Callable[..., list[pa.Table]]
Written = Callable[..., Path]


def with_value(column: pa.Array) -> pa.Table:
    text = pa.array(["x"] * len(column))
    return pa.table([text, text, column], names=list(COLUMNS))


@pytest.mark.parametrize("kind", KINDS)
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
        pytest.param(pa.array(["A", None, "A", ""]).dictionary_encode(), ["A", "", "A", ""], id="dictionary"),
        pytest.param(pa.array(["A"], pa.large_string()), ["A"], id="large strings"),
        pytest.param(pa.array([b"A"]), ["A"], id="bytes that are text"),
        pytest.param(pa.nulls(2), ["", ""], id="nulls alone"),
    ],
)
def test_a_typed_column_becomes_the_text_a_vendor_would_write(
    written: Written, tables_of: Tables, kind: str, column: pa.Array, texts: list[str]
) -> None:
    path = written(columnar(kind, with_value(column)), f"feed{kind}")
    (as_texts,) = tables_of(path)
    assert as_texts["value"].type == pa.string()
    assert as_texts["value"].to_pylist() == texts
    (as_codes,) = tables_of(path, codes=("value",))
    assert as_codes["value"].to_pylist() == texts
    assert as_codes["value"].chunk(0).dictionary.to_pylist() == list(dict.fromkeys(texts))


@pytest.mark.parametrize("kind", KINDS)
def test_columns_may_stand_in_another_order_and_a_file_without_rows_is_one(
    written: Written, rows_of: Rows, kind: str
) -> None:
    table = pa.table({"value": ["1"], "instrument": ["A"], "field": ["B"]})
    assert rows_of(written(columnar(kind, table), f"feed{kind}")) == [["A", "B", "1"]]
    assert rows_of(written(columnar(kind, table.slice(0, 0)), f"feed{kind}")) == []


def test_a_feather_file_is_an_arrow_file(written: Written, rows_of: Rows) -> None:
    assert rows_of(written(columnar(".arrow", with_value(pa.array(["1"]))), "feed.feather")) == [["x", "x", "1"]]


@pytest.mark.parametrize(
    "dictionary",
    [
        pytest.param(pa.array(["B", "unused", "", "A"]), id="a text that no row has"),
        pytest.param(pa.array(["B", "A", None, "A"]), id="null among the texts"),
        pytest.param(pa.array(["B", "B", "A", "A"]), id="a text that is there twice"),
        pytest.param(pa.array([2, 2, 1, 1]), id="numbers"),
    ],
)
@pytest.mark.parametrize("kind", [".arrow", ".arrows"])
def test_an_odd_dictionary_gives_codes_that_are_each_there_once(
    written: Written, tables_of: Tables, kind: str, dictionary: pa.Array
) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([3, None, 0, 2, 3, 0], pa.int8()), dictionary)
    texts = ["" if value is None else str(value) for value in column.to_pylist()]
    (table,) = tables_of(written(columnar(kind, with_value(column)), f"feed{kind}"), codes=("value",))
    assert table["value"].to_pylist() == texts
    assert table["value"].chunk(0).dictionary.to_pylist() == list(dict.fromkeys(texts))


@pytest.mark.parametrize(
    ("kind", "called"), [(".parquet", "Parquet"), (".arrow", "Arrow"), (".arrows", "Arrow"), (".feather", "Arrow")]
)
@pytest.mark.parametrize(
    "content",
    [b"", b"instrument,field,value\nA,B,1\n", b"PAR1" + b"\0" * 100 + b"PAR1", b"ARROW1\0\0" + b"\xff" * 99, b"FEA1"],
)
def test_a_file_that_is_none_is_refused(
    written: Written, rows_of: Rows, kind: str, called: str, content: bytes
) -> None:
    with pytest.raises(FeedFileError, match=rf"feed\{kind}: this cannot be read as {called}: .*\. Write") as refused:
        rows_of(written(content, f"feed{kind}"))
    assert refused.value.remedy


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [1, 8, 9, 100, 5000])
def test_a_file_that_is_cut_off_is_refused(written: Written, rows_of: Rows, kind: str, cut: int) -> None:
    content = columnar(kind, with_value(pa.array([f"{number:09}" for number in range(1000)])))
    assert len(content) > 2 * cut
    with pytest.raises(FeedFileError, match=r"cannot be read as|the stream has no end mark"):
        rows_of(written(content[:-cut], f"feed{kind}"))


def test_streams_put_together_are_refused(written: Written, rows_of: Rows) -> None:
    content = columnar(".arrows", with_value(pa.array(["1"])))
    with pytest.raises(FeedFileError, match=r"feed\.arrows: the stream goes on after its end mark\. Deliver each"):
        rows_of(written(content * 2, "feed.arrows"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("column", "message"),
    [
        pytest.param(pa.array([[1]]), "column 'value' of type list", id="list"),
        pytest.param(pa.array([{"a": 1}]), "column 'value' of type struct", id="struct"),
        pytest.param(pa.array([b"caf\xe9"]), "column 'value' of type .*binary.* UTF8", id="bytes"),
        pytest.param(pa.array([b"caf\xe9"]).view(pa.string()), "column 'value' of type .*string.* UTF8", id="no UTF-8"),
        pytest.param(pa.array(["ok", "a\0b"]), r"column 'value' has a NUL byte in 'a\\x00b'", id="NUL"),
        pytest.param(
            pa.array(["ok", "a\0b"]).dictionary_encode(), r"a NUL byte in 'a\\x00b'", id="NUL in a dictionary"
        ),
    ],
)
def test_a_column_that_is_no_text_is_refused(
    written: Written, rows_of: Rows, kind: str, column: pa.Array, message: str
) -> None:
    path = written(columnar(kind, with_value(column)), f"feed{kind}")
    for options in ({}, {"codes": ("value",)}):
        with pytest.raises(FeedFileError, match=message) as refused:
            rows_of(path, **options)
        assert refused.value.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_another_header_is_refused_though_it_has_no_rows(
    written: Written, rows_of: Rows, kind: str
) -> None:
    for rows in (["A"], []):
        table = pa.table([pa.array(rows, pa.string())] * 3, names=["field", "field", "note"])
        with pytest.raises(
            FeedFileError,
            match=rf"feed\{kind}: the header .*missing 'instrument', 'value'; unknown 'note'; twice 'fiel",
        ):
            rows_of(written(columnar(kind, table), f"feed{kind}"))


def test_an_offset_that_points_nowhere_is_refused(written: Written, rows_of: Rows) -> None:
    whole = columnar(".arrow", with_value(pa.array(["x" * 77, "y" * 5])))
    offsets = b"\0\0\0\0\x4d\0\0\0\x52\0\0\0"
    assert whole.count(offsets) == 1
    content = whole.replace(offsets, b"\0\0\0\0\x4d\0\0\0\xff\xff\xff\x7f")
    with pytest.raises(FeedFileError, match=r"feed\.arrow: column 'value' of type string cannot be written as text"):
        rows_of(written(content, "feed.arrow"))
