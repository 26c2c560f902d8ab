"""Native blocks of the real engine, rewritten for client_protocol_version, read by those who know that format.

The engine allows one folder per process, so it runs in a process of its own, once for this module.
"""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from clickhouse_connect.driver.ctypes import RespBuffCls
from clickhouse_connect.driver.query import QueryContext
from clickhouse_connect.driver.transform import NativeTransform
from clickhouse_driver.bufferedreader import CompressedBufferedReader
from clickhouse_driver.connection import ServerInfo
from clickhouse_driver.context import Context
from clickhouse_driver.streams.native import BlockInputStream

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.native import NativeRevision, needs_types

ENGINE = """
import json, sys
import chdb

connection = chdb.connect(":memory:")
connection.query("SET allow_suspicious_low_cardinality_types = 1, allow_experimental_nullable_tuple_type = 1")
answers = {}
for sql in json.load(sys.stdin):
    types = [json.loads(line)[1] for line in connection.query(f"DESCRIBE ({sql})", "JSONCompactEachRow").bytes().splitlines()]
    stream = connection.send_query(sql, "Native")
    blocks = []
    while (chunk := stream.fetch()) is not None:
        blocks += [chunk.bytes().hex()] if chunk.size() else []
    answers[sql] = [types, blocks, connection.query(sql, "Native").bytes().hex()]
print(json.dumps(answers))
"""

INFO = bytes.fromhex("010002ffffffff00")
INFO_OF_THREE = bytes.fromhex("010002ffffffff030000")
CLICKHOUSE_CONNECT, ZONES, STATES, FLAGS, NEWEST_INFO, STRING_OFFSETS = 54405, 54337, 54452, 54454, 54480, 54492
# One row, no row of an inner column, and many rows with every kind of value.
ROW_COUNTS = (1, 3, 300)

# Types with random values, NULLs among them.
RANDOM = [
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)),
    *("Float32", "Float64", "Bool", "Date", "Date32", "UUID", "IPv4", "IPv6", "String", "FixedString(7)"),
    *(
        "Decimal(5, 2)",
        "Decimal(9, 9)",
        "Decimal(10, 0)",
        "Decimal(18, 3)",
        "Decimal(38, 2)",
        "Decimal(39, 0)",
        "Decimal(76, 10)",
    ),
    *("DateTime", "DateTime('UTC')", "DateTime('Asia/Kolkata')", "DateTime64(3)", "DateTime64(6, 'UTC')"),
    r"Enum8('a(, ' = 1, 'b\'' = 2, '`' = 3, '\\' = -1)",
    "Enum16('x' = 1000)",
    *("Nullable(String)", "Nullable(DateTime('UTC'))", "Nullable(Decimal(38, 5))", "Nullable(FixedString(3))"),
    *("Array(Array(String))", "Array(Nullable(UInt16))", "Map(String, Array(String))", "Map(UInt8, Map(String, Date))"),
    *("Tuple(UInt8, String)", "Tuple(a Nullable(UInt8), `b (,` String, `d\\`` Tuple(x Date, y Array(String)))"),
    *("Point", "Ring", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
    *("SimpleAggregateFunction(anyLast, Nullable(String))", "SimpleAggregateFunction(groupArrayArray, Array(String))"),
    "SimpleAggregateFunction(max, DateTime('UTC'))",
]
LOW_CARDINALITY = [
    *(
        "LowCardinality(String)",
        "LowCardinality(Nullable(String))",
        "LowCardinality(UInt32)",
        "LowCardinality(DateTime('UTC'))",
    ),
    *("LowCardinality(Nullable(FixedString(3)))", "Array(Array(LowCardinality(String)))"),
    *("Map(LowCardinality(String), Nullable(Float64))", "Array(Map(String, LowCardinality(Nullable(UInt64))))"),
    "Tuple(LowCardinality(String), Array(Tuple(LowCardinality(String), Date)))",
    "Tuple(a LowCardinality(String), b Array(LowCardinality(Nullable(String))))",
    "Nullable(Tuple(a UInt8, b LowCardinality(String)))",
    "SimpleAggregateFunction(anyLast, LowCardinality(String))",
]
# Types that generateRandom does not know.
GIVEN = {
    "BFloat16": "toBFloat16(number)",
    "Time": "CAST(number AS Time)",
    "Time64(3)": "CAST(number AS Time64(3))",
    **{
        f"Interval{unit}": f"toInterval{unit}(number)"
        for unit in ("Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour")
    },
    **{f"Interval{unit}": f"toInterval{unit}(number)" for unit in ("Day", "Week", "Month", "Quarter", "Year")},
    "Nested(a UInt8, b String)": "CAST(arrayMap(i -> (i, repeat('x', number)), range(number % 3)) AS Nested(a UInt8, b String))",
    "Nested(a UInt8, b LowCardinality(String))": "CAST(arrayMap(i -> (i, toString(number)), range(number % 3)) AS Nested(a UInt8, b LowCardinality(String)))",
    "LowCardinality(String) of many keys": "toLowCardinality(concat('key ', toString(number)))",
    "Array(LowCardinality(String)) of nothing": "CAST([] AS Array(LowCardinality(String)))",
    "Tuple()": "tuple()",
    "Nullable(Nothing)": "NULL",
    "Array(Nothing)": "[]",
    "String of 16 bytes": "leftPad(toString(number), 16, '0')",
    "String of 127 bytes": "leftPad(toString(number), 127, '0')",
    "String of 128 bytes": "leftPad(toString(number), 128, '0')",
    "String of 0 to 299 bytes": "repeat('\\x10', number)",
    "String of one length but the last": "repeat('x', if(number = 299, 100, 10))",
}
TYPES = [*RANDOM, *LOW_CARDINALITY, *GIVEN]


def rows_of(name: str, count: int) -> str:
    if name in GIVEN:
        return f"SELECT {GIVEN[name]} AS x FROM numbers({count})"
    structure = f"x {name}".replace("\\", "\\\\").replace("'", "\\'")
    return f"SELECT x FROM generateRandom('{structure}', 7, 20, 4) LIMIT {count}"


def with_neighbours(name: str, count: int) -> str:
    """The column between two others, so that one must be walked over to find the next."""
    return f"SELECT toDateTime(5, 'UTC') AS t, x, toDateTime(7, 'Asia/Tokyo') AS u FROM ({rows_of(name, count)})"


NEIGHBOURS = (
    "SELECT toDateTime(5, 'UTC') AS t FROM numbers({})",
    "SELECT toDateTime(7, 'Asia/Tokyo') AS u FROM numbers({})",
)
MANY_BLOCKS = "SELECT number, toString(number) AS s, toDateTime(number, 'UTC') AS t FROM numbers(150000)"
DATETIME_BEFORE_JSON = """SELECT toDateTime(5, 'UTC') AS t, '{"a": 1}'::JSON AS j"""
DATETIMES_AROUND_JSON = """SELECT toDateTime(5, 'UTC') AS t, '{"a": 1}'::JSON AS j, toDateTime(6, 'UTC') AS u"""
ZONED = "SELECT toDateTime(5, 'UTC') AS t, 'ab' AS s"
SEVERAL = (
    "SELECT arrayJoin(['ab', '', 'ab']) AS s, toDateTime(5, 'UTC') AS t, "
    "toLowCardinality(s) AS l, [s, 'c'] AS a, nullIf(s, '') AS n"
)
OTHERS = [
    *(column.format(count) for column in NEIGHBOURS for count in ROW_COUNTS),
    *(MANY_BLOCKS, DATETIME_BEFORE_JSON, DATETIMES_AROUND_JSON, ZONED, SEVERAL),
    *(
        "SELECT 1 AS check",
        "SELECT 1 AS x WHERE 0",
        "SELECT sumMapState([1], [2]) AS s, 1 AS x",
        "SELECT 1 AS x, uniqState(1) AS s",
    ),
    *("SELECT 1::Dynamic AS d, 1 AS x", "SELECT 1::Variant(UInt8, String) AS v, toLowCardinality('x') AS l"),
]


@dataclass(frozen=True)
class Answer:
    types: list[str]
    blocks: list[bytes]
    whole: bytes

    @property
    def block(self) -> bytes:
        (block,) = self.blocks
        return block


@pytest.fixture(scope="module")
def ask():
    statements = [make(name, count) for name in TYPES for count in ROW_COUNTS for make in (rows_of, with_neighbours)]
    run = subprocess.run(
        [sys.executable, "-c", ENGINE],
        input=json.dumps([*statements, *OTHERS]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answers = {
        sql: Answer(types, [bytes.fromhex(block) for block in blocks], bytes.fromhex(whole))
        for sql, (types, blocks, whole) in json.loads(run.stdout).items()
    }
    assert len(answers) == len({*statements, *OTHERS})
    return answers.__getitem__


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] >= 0x80:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1


def only_column(block: bytes) -> tuple[bytes, bytes, bytes]:
    """Name and type as they stand in a block of one column, and its data: the rest."""
    columns, at = varint(block, 0)
    assert columns == 1
    _, name_at = varint(block, at)
    size, at = varint(block, name_at)
    type_at = at + size
    size, at = varint(block, type_at)
    return block[name_at:type_at], block[type_at : at + size], block[at + size :]


class Pieces:
    """What clickhouse-connect reads from."""

    def __init__(self, data: bytes) -> None:
        self.gen = iter([data])
        self.exception_tag = None

    def close(self) -> None:
        pass


def read_by_clickhouse_connect(data: bytes, has_block_info: bool):
    context = QueryContext(tz_mode="schema")
    context.block_info = has_block_info
    result = NativeTransform.parse_response(RespBuffCls(Pieces(data)), context)
    return [column.name for column in result.column_types], result.result_rows


def read_by_clickhouse_driver(data: bytes, revision: int):
    context = Context()
    context.server_info = ServerInfo("", 26, 9, 0, revision, "UTC", "", revision)
    context.settings = {}
    context.client_settings = {
        "use_numpy": False,
        "strings_as_bytes": True,
        "strings_encoding": "utf-8",
        "namedtuple_as_json": True,
    }
    pieces = iter([data])
    block = BlockInputStream(CompressedBufferedReader(lambda: next(pieces, b""), 1 << 20), context).read()
    return [type_name for _, type_name in block.columns_with_types], block.data


@pytest.mark.parametrize("name", TYPES)
def test_a_block_is_its_columns_one_after_the_other_whatever_is_between(ask, name):
    """The expected block is put together from blocks of one column each: no walk is needed to make it."""
    for count in ROW_COUNTS:
        answer = ask(with_neighbours(name, count))
        before, column, after = (
            only_column(ask(sql).block)
            for sql in (NEIGHBOURS[0].format(count), rows_of(name, count), NEIGHBOURS[1].format(count))
        )
        zoned = (
            (before[0], b"\x0fDateTime('UTC')", before[2]),
            column,
            (after[0], b"\x16DateTime('Asia/Tokyo')", after[2]),
        )
        if column[1] == b"\x08DateTime" and answer.types[1] != "DateTime":
            zoned = zoned[0], (column[0], bytes([len(answer.types[1])]) + answer.types[1].encode(), column[2]), zoned[2]
        head = answer.block[: answer.block.index(b"\x01t")]

        with_zones = INFO + head + b"".join(b"".join(parts) for parts in zoned)
        with_flags = head + b"".join(b"\0".join((label + type_name, data)) for label, type_name, data in zoned)
        for revision, expected in {
            CLICKHOUSE_CONNECT: with_zones,
            STATES: with_zones,
            FLAGS: INFO + with_flags,
            NEWEST_INFO: INFO_OF_THREE + with_flags,
            STRING_OFFSETS - 1: INFO_OF_THREE + with_flags,
        }.items():
            rewriter = NativeRevision(revision, answer.types)
            assert rewriter.rewrite(answer.block) == expected, (revision, count)
            assert rewriter.rewrite(memoryview(answer.block)) == expected
            assert rewriter.rewrite_all(answer.block * 2) == expected * 2
        without_zones = NativeRevision(FLAGS, None).rewrite(answer.block)
        assert without_zones.count(b"\x08DateTime\0") >= 2


@pytest.mark.parametrize("name", TYPES)
def test_clickhouse_connect_reads_the_same_values_from_a_rewritten_block(ask, name):
    for count in ROW_COUNTS:
        answer = ask(with_neighbours(name, count))
        types, rows = read_by_clickhouse_connect(
            NativeRevision(CLICKHOUSE_CONNECT, answer.types).rewrite(answer.block), True
        )
        _, plain_rows = read_by_clickhouse_connect(answer.block, False)
        assert len(rows) == count
        assert types[0] == "DateTime('UTC')"
        assert types[2] == "DateTime('Asia/Tokyo')"
        if not name.startswith("DateTime("):
            assert repr([row[1] for row in rows]) == repr([row[1] for row in plain_rows])
        assert {row[0].isoformat() for row in rows} == {"1970-01-01T00:00:05+00:00"}
        assert {row[2].isoformat() for row in rows} == {"1970-01-01T09:00:07+09:00"}


UNKNOWN_TO_CLICKHOUSE_DRIVER = (
    *("BFloat16", "Time", "Time64(3)", "Ring", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Point"),
    *("IntervalNanosecond", "IntervalMicrosecond", "IntervalMillisecond", "IntervalQuarter"),
    *("Tuple()", "Array(Nothing)", "Nullable(Nothing)", "Nullable(Tuple(a UInt8, b LowCardinality(String)))"),
    "Tuple(a Nullable(UInt8), `b (,` String, `d\\`` Tuple(x Date, y Array(String)))",
)


@pytest.mark.parametrize("name", [name for name in TYPES if name not in UNKNOWN_TO_CLICKHOUSE_DRIVER])
def test_clickhouse_driver_reads_the_same_values_at_every_revision_it_knows(ask, name):
    for count in ROW_COUNTS:
        answer = ask(with_neighbours(name, count))
        types, plain = read_by_clickhouse_driver(answer.block, 0)
        assert types[0] == "DateTime"
        for revision in (CLICKHOUSE_CONNECT, FLAGS, 54468):
            rewritten = NativeRevision(revision, answer.types).rewrite(answer.block)
            types, columns = read_by_clickhouse_driver(rewritten, revision)
            assert (types[0], types[2]) == (answer.types[0], answer.types[2]), revision
            assert len(columns[1]) == count
            if not name.startswith("DateTime("):
                assert repr(columns[1]) == repr(plain[1])
            assert columns[2][0].isoformat() == "1970-01-01T09:00:07+09:00"


# What the engine's own NativeWriter sends to a server of this revision, recorded once with a listener in place of one.
# fmt: off
RECORDED = [
    (54336, ZONED, (
        "010002ffffffff0002010174084461746554696d6505000000017306537472696e67026162"
    )),
    (54337, ZONED, (
        "010002ffffffff00020101740f4461746554696d652827555443272905000000017306537472696e67026162"
    )),
    (54404, ZONED, (
        "010002ffffffff00020101740f4461746554696d652827555443272905000000017306537472696e67026162"
    )),
    (54405, SEVERAL, (
        "010002ffffffff000503017306537472696e670261620002616201740f4461746554696d6528275554432729050000000500"
        "000005000000016c164c6f7743617264696e616c69747928537472696e672901000000000000000006000000000000020000"
        "000000000000026162030000000000000001000101610d417272617928537472696e67290200000000000000040000000000"
        "0000060000000000000002616201630001630261620163016e104e756c6c61626c6528537472696e67290001000261620002"
        "6162"
    )),
    (54453, SEVERAL, (
        "010002ffffffff000503017306537472696e670261620002616201740f4461746554696d6528275554432729050000000500"
        "000005000000016c164c6f7743617264696e616c69747928537472696e672901000000000000000006000000000000020000"
        "000000000000026162030000000000000001000101610d417272617928537472696e67290200000000000000040000000000"
        "0000060000000000000002616201630001630261620163016e104e756c6c61626c6528537472696e67290001000261620002"
        "6162"
    )),
    (54454, SEVERAL, (
        "010002ffffffff000503017306537472696e67000261620002616201740f4461746554696d65282755544327290005000000"
        "0500000005000000016c164c6f7743617264696e616c69747928537472696e67290001000000000000000006000000000000"
        "020000000000000000026162030000000000000001000101610d417272617928537472696e67290002000000000000000400"
        "000000000000060000000000000002616201630001630261620163016e104e756c6c61626c6528537472696e672900000100"
        "02616200026162"
    )),
    (54480, SEVERAL, (
        "010002ffffffff0300000503017306537472696e67000261620002616201740f4461746554696d6528275554432729000500"
        "00000500000005000000016c164c6f7743617264696e616c69747928537472696e6729000100000000000000000600000000"
        "0000020000000000000000026162030000000000000001000101610d417272617928537472696e6729000200000000000000"
        "0400000000000000060000000000000002616201630001630261620163016e104e756c6c61626c6528537472696e67290000"
        "010002616200026162"
    )),
    (54491, SEVERAL, (
        "010002ffffffff0300000503017306537472696e67000261620002616201740f4461746554696d6528275554432729000500"
        "00000500000005000000016c164c6f7743617264696e616c69747928537472696e6729000100000000000000000600000000"
        "0000020000000000000000026162030000000000000001000101610d417272617928537472696e6729000200000000000000"
        "0400000000000000060000000000000002616201630001630261620163016e104e756c6c61626c6528537472696e67290000"
        "010002616200026162"
    )),
    (54492, SEVERAL, (
        "010002ffffffff0300000503017306537472696e670002000000000000000200000000000000040000000000000061626162"
        "01740f4461746554696d652827555443272900050000000500000005000000016c164c6f7743617264696e616c6974792853"
        "7472696e67290001000000000000000006000000000000020000000000000000026162030000000000000001000101610d41"
        "7272617928537472696e67290002000000000000000400000000000000060000000000000002000000000000000300000000"
        "000000030000000000000004000000000000000600000000000000070000000000000061626363616263016e104e756c6c61"
        "626c6528537472696e67290000010002000000000000000200000000000000040000000000000061626162"
    )),
]
# fmt: on


@pytest.mark.parametrize(("revision", "sql", "recorded"), RECORDED)
def test_a_block_has_the_very_bytes_that_the_engine_sends_to_a_server_of_that_revision(ask, revision, sql, recorded):
    answer = ask(sql)
    assert NativeRevision(revision, answer.types).rewrite(answer.block).hex() == recorded


def test_the_engine_gives_one_block_at_a_time_which_can_also_be_rewritten_together(ask):
    answer = ask(MANY_BLOCKS)
    assert len(answer.blocks) > 1
    assert b"".join(answer.blocks) == answer.whole
    for revision in (1, CLICKHOUSE_CONNECT, FLAGS, STRING_OFFSETS):
        rewriter = NativeRevision(revision, answer.types)
        assert rewriter.rewrite_all(answer.whole) == b"".join(map(rewriter.rewrite, answer.blocks))
    types, rows = read_by_clickhouse_connect(
        NativeRevision(CLICKHOUSE_CONNECT, answer.types).rewrite_all(answer.whole), True
    )
    assert types == ["UInt64", "String", "DateTime('UTC')"]
    assert len(rows) == 150_000


def test_an_empty_result_stays_empty(ask):
    answer = ask("SELECT 1 AS x WHERE 0")
    assert answer.blocks == []
    assert NativeRevision(FLAGS, answer.types).rewrite_all(answer.whole) == b""


def test_clickhouse_connect_recognizes_its_probe(ask):
    block = ask("SELECT 1 AS check").block
    assert NativeRevision(CLICKHOUSE_CONNECT, ["UInt8"]).rewrite(block)[8:16] == b"\x01\x01\x05check"


def test_revision_0_changes_nothing(ask):
    answer = ask(SEVERAL)
    assert NativeRevision(0, answer.types).rewrite(answer.block) == answer.block
    assert NativeRevision(0, None).rewrite_all(answer.whole) == answer.whole


def test_zones_come_back_from_their_revision_on(ask):
    assert [needs_types(revision) for revision in (0, 1, ZONES - 1, ZONES, FLAGS)] == [False, False, False, True, True]
    answer = ask(NEIGHBOURS[0].format(3))
    assert b"UTC" not in NativeRevision(ZONES - 1, answer.types).rewrite(answer.block)
    assert b"\x0fDateTime('UTC')" in NativeRevision(ZONES, answer.types).rewrite(answer.block)
    assert b"UTC" not in NativeRevision(ZONES, None).rewrite(answer.block)


def test_types_of_another_shape_than_the_block_are_not_used(ask):
    answer = ask(DATETIME_BEFORE_JSON)
    with_subcolumns = ["DateTime('UTC')", "JSON", "DateTime('Asia/Tokyo')"]
    assert NativeRevision(CLICKHOUSE_CONNECT, with_subcolumns).rewrite(answer.block) == INFO + answer.block


def test_without_a_reason_to_walk_nothing_is_looked_at():
    assert (
        NativeRevision(CLICKHOUSE_CONNECT, ["JSON", "String"]).rewrite(b"no block at all") == INFO + b"no block at all"
    )


def refused(revision: int, answer: Answer, all_blocks: bool = False) -> str:
    rewriter = NativeRevision(revision, answer.types)
    with pytest.raises(QueryError) as caught:
        rewriter.rewrite_all(answer.whole) if all_blocks else rewriter.rewrite(answer.block)
    assert caught.value.code == 48
    assert f"client_protocol_version={revision}; use client_protocol_version=0 or another FORMAT." in caught.value.text
    return caught.value.text


def test_zones_in_front_of_a_column_nobody_can_walk_over_come_back_and_those_behind_do_not(ask):
    answer = ask(DATETIMES_AROUND_JSON)
    expected = INFO + answer.block.replace(b"\x01t\x08DateTime", b"\x01t\x0fDateTime('UTC')")
    assert NativeRevision(CLICKHOUSE_CONNECT, answer.types).rewrite(answer.block) == expected


def test_from_the_flags_on_a_column_nobody_can_walk_over_must_be_the_last(ask):
    assert "column j of type JSON" in refused(FLAGS, ask(DATETIMES_AROUND_JSON))
    assert "column d of type Dynamic" in refused(FLAGS, ask("SELECT 1::Dynamic AS d, 1 AS x"))
    answer = ask(DATETIME_BEFORE_JSON)
    expected = INFO + answer.block.replace(b"\x01t\x08DateTime", b"\x01t\x0fDateTime('UTC')\0").replace(
        b"\x01j\x04JSON", b"\x01j\x04JSON\0"
    )
    assert NativeRevision(FLAGS, answer.types).rewrite(answer.block) == expected
    assert "column j of type JSON" in refused(STRING_OFFSETS, answer)


def test_blocks_in_a_row_need_a_walk_over_every_column(ask):
    assert "column j of type JSON" in refused(CLICKHOUSE_CONNECT, ask(DATETIME_BEFORE_JSON), all_blocks=True)


def test_states_of_aggregate_functions_are_refused_once_they_have_versions(ask):
    answer = ask("SELECT 1 AS x, uniqState(1) AS s")
    assert NativeRevision(STATES - 1, answer.types).rewrite(answer.block) == INFO + answer.block
    assert "column s of type AggregateFunction(uniq, UInt8)" in refused(STATES, answer)
    assert "column s of type AggregateFunction(sumMap" in refused(
        FLAGS, ask("SELECT sumMapState([1], [2]) AS s, 1 AS x")
    )


@pytest.mark.parametrize("name", LOW_CARDINALITY)
def test_low_cardinality_is_refused_where_clients_do_not_know_it(ask, name):
    answer = ask(rows_of(name, 3))
    assert f"column x of type {name}" in refused(CLICKHOUSE_CONNECT - 1, answer)
    assert f"column x of type {name}" in refused(1, answer)
    assert NativeRevision(CLICKHOUSE_CONNECT, answer.types).rewrite(answer.block) == INFO + answer.block


def test_a_column_in_front_of_low_cardinality_must_be_walkable_where_clients_do_not_know_that(ask):
    answer = ask("SELECT 1::Variant(UInt8, String) AS v, toLowCardinality('x') AS l")
    assert "column v of type Variant(String, UInt8)" in refused(1, answer)


@pytest.mark.parametrize("name", TYPES)
def test_a_block_cut_anywhere_is_an_error(ask, name):
    block = ask(with_neighbours(name, 3)).block
    rewriter = NativeRevision(FLAGS, None)
    # The data of the last column, 3 times 4 bytes, is not looked at.
    for end in range(1, len(block) - 12):
        with pytest.raises(QueryError) as caught:
            rewriter.rewrite(block[:end])
        assert caught.value.code in {33, 48}, end
    for end in range(1, len(block)):
        with pytest.raises(QueryError):
            rewriter.rewrite_all(block[:end])
