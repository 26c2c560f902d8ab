"""Every column type goes in and comes out unchanged: through clickhouse-connect, as text and in every binary format."""

import io
import json
import re
import secrets
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID
from zoneinfo import ZoneInfo

import clickhouse_connect
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

INF, NAN, NINES = float("inf"), float("nan"), "9" * 38


def plain(*values):
    """Rows (SQL, Python, JSON, TSV) of values that look the same everywhere."""
    return [(str(value), value, str(value), str(value)) for value in values]


def quoted(convert, *texts):
    """Rows of values that are quoted text in SQL and in JSON."""
    return [(f"'{text}'", convert(text), f'"{text}"', text) for text in texts]


def decimals(*texts):
    return [(f"'{text}'", Decimal(text), text, text) for text in texts]


def at(zone):
    return lambda text: datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def duration(text):
    hours, minutes, seconds = text.lstrip("-").split(":")
    span = timedelta(hours=int(hours), minutes=int(minutes), microseconds=round(float(seconds) * 1_000_000))
    return -span if text.startswith("-") else span


# fmt: off
RING, RING_JSON, RING_TEXT = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], "[[0,0],[10,0],[10,10]]", "[(0,0),(10,0),(10,10)]"
FLOATS = [("nan", NAN, "null", "nan"), ("inf", INF, "null", "inf"), ("-inf", -INF, "null", "-inf"), ("-0.0", -0.0, "-0", "-0"), *plain(1.5)]
# type: rows of (as SQL, as Python, as JSONCompactEachRow, as TabSeparated)
CASES = {
    **{f"Int{bits}": plain(-(2 ** (bits - 1)), 0, 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64, 128, 256)},
    **{f"UInt{bits}": plain(0, 2**bits - 1) for bits in (8, 16, 32, 64, 128, 256)},
    "Float32": [*FLOATS, ("1e-45", 2.0**-149, "1e-45", "1e-45"), ("3.4028235e38", (2 - 2.0**-23) * 2.0**127, "3.4028235e38", "3.4028235e38")],
    "Float64": [*FLOATS, *plain(0.1), ("5e-324", 5e-324, "5e-324", "5e-324"), ("-1.7976931348623157e308", -1.7976931348623157e308, *["-1.7976931348623157e308"] * 2)],
    "BFloat16": [*FLOATS, *plain(3.140625)], "Bool": [("true", True, "true", "true"), ("false", False, "false", "false")],
    "Decimal32(4)": decimals("99999.9999", "-99999.9999", "0.0001"), "Decimal64(18)": decimals("0.999999999999999999", "-0.000000000000000001"),
    "Decimal128(0)": decimals(NINES, f"-{NINES}"),
    "Decimal256(38)": decimals(f"{NINES}.{NINES}", f"-{NINES}.{NINES}", f"0.{'0' * 37}1"),
    "FixedString(4)": [("'ab'", b"ab\0\0", r'"ab\u0000\u0000"', r"ab\0\0"), ("'\\n\\t\\\\x'", b"\n\t\\x", r'"\n\t\\x"', r"\n\t\\x")],
    "UUID": quoted(UUID, "00000000-0000-0000-0000-000000000000", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"), "IPv4": quoted(IPv4Address, "0.0.0.0", "127.0.0.1", "255.255.255.255"),
    "IPv6": quoted(IPv6Address, "::", "::ffff:1.2.3.4", "2001:db8::ff00:42:8329", ":".join(["ffff"] * 8)),
    "Date": quoted(date.fromisoformat, "1970-01-01", "2024-02-29", "2149-06-06"),
    "Date32": quoted(date.fromisoformat, "1900-01-01", "1969-12-31", "2299-12-31"),
    "DateTime('UTC')": quoted(at("UTC"), "1970-01-01 00:00:00", "2106-02-07 06:28:15"),
    "DateTime('America/New_York')": quoted(at("America/New_York"), "2024-03-10 01:59:59", "2024-03-10 03:00:00", "2024-11-03 02:00:00"),
    "DateTime64(3, 'UTC')": quoted(at("UTC"), "1900-01-01 00:00:00.000", "1969-12-31 23:59:59.999", "2299-12-31 23:59:59.999"),
    "DateTime64(6, 'America/New_York')": quoted(at("America/New_York"), "1969-12-31 19:00:00.000001", "2024-03-10 03:00:00.999999"),
    "DateTime64(9, 'Asia/Kolkata')": quoted(at("Asia/Kolkata"), "1960-01-01 00:00:00.000001000", "2262-04-11 23:47:16.854775000"),
    "Time": quoted(duration, "-999:59:59", "-00:00:01", "00:00:00", "999:59:59"),
    "Time64(6)": quoted(duration, "-999:59:59.999999", "00:00:00.000001", "999:59:59.999999"),
    r"Enum8('it\'s' = -128, '' = 0, 'a b' = 1, 'tab\t' = 2, '\\' = 3, 'é😀' = 127)": [(r"'it\'s'", "it's", '"it\'s"', r"it\'s"), ("''", "", '""', ""), ("'a b'", "a b", '"a b"', "a b"), (r"'tab\t'", "tab\t", r'"tab\t"', r"tab\t"), (r"'\\'", "\\", r'"\\"', r"\\"), ("'é😀'", "é😀", '"é😀"', "é😀")],
    "Enum16('low' = -32768, 'high' = 32767)": quoted(str, "low", "high"),
    "Array(Array(String))": [("[]", [], "[]", "[]"), ("[[], ['a', 'it\\'s\\n'], ['']]", [[], ["a", "it's\n"], [""]], r"""[[],["a","it's\n"],[""]]""", r"[[],['a','it\'s\n'],['']]")],
    "Array(Nullable(Int8))": [("[1, NULL, -1]", [1, None, -1], "[1,null,-1]", "[1,NULL,-1]")],
    "Map(String, Array(UInt8))": [("{}", {}, "{}", "{}"), ("{'a': [1, 2], 'b\\'': []}", {"a": [1, 2], "b'": []}, """{"a":[1,2],"b'":[]}""", r"{'a':[1,2],'b\'':[]}")],
    "Map(LowCardinality(String), Nullable(Float64))": [("{'a': 1.5, 'b': NULL}", {"a": 1.5, "b": None}, '{"a":1.5,"b":null}', "{'a':1.5,'b':NULL}")],
    "Tuple(a Int8, `b c` Nullable(String))": [("(1, 'x')", {"a": 1, "b c": "x"}, '{"a":1,"b c":"x"}', "(1,'x')"), ("(2, NULL)", {"a": 2, "b c": None}, '{"a":2,"b c":null}', "(2,NULL)")],
    "Tuple(Int8, Tuple(String, Array(Int8)))": [("(1, ('x', [1]))", (1, ("x", [1])), '[1,["x",[1]]]', "(1,('x',[1]))")],
    "Nullable(Tuple(a Int8))": [("tuple(1)", {"a": 1}, '{"a":1}', "(1)"), ("NULL", None, "null", r"\N")],
    "Nested(a Int8, b String)": [("[]", [], "[]", "[]"), ("[(1, 'x'), (2, 'y')]", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], '[{"a":1,"b":"x"},{"a":2,"b":"y"}]', "[(1,'x'),(2,'y')]")],
    "LowCardinality(String)": quoted(str, "a", "", "a"),
    "LowCardinality(Nullable(String))": [*quoted(str, "a", ""), ("NULL", None, "null", r"\N")], "LowCardinality(FixedString(2))": quoted(str.encode, "ab"),
    "JSON": [(*[f"'{text}'", json.loads(text)], text, text) for text in ('{"a":1,"b":{"c":"x y"},"d":[1,2],"e":1.5,"f":true}', '{"list":[{"q":1},{"q":2}]}', "{}")],
    "JSON(a UInt8, b.c String)": [("""'{"z":0.5,"b":{"c":"é"},"a":255}'""", {"a": 255, "b": {"c": "é"}, "z": 0.5}, *['{"a":255,"b":{"c":"é"},"z":0.5}'] * 2)],
    "Variant(Int64, String, Array(Int8))": [("NULL", None, "null", r"\N"), ("'x'", "x", '"x"', "x"), ("42::Int64", 42, "42", "42"), ("[1, 2]::Array(Int8)", [1, 2], "[1,2]", "[1,2]")],
    "Dynamic": [("NULL", None, "null", r"\N"), ("'x'", "x", '"x"', "x"), ("42::Int64", 42, "42", "42"), ("'2024-02-29'::Date", date(2024, 2, 29), '"2024-02-29"', "2024-02-29")],
    "Point": [("(1.5, -2)", (1.5, -2.0), "[1.5,-2]", "(1.5,-2)")], "Ring": [(RING_TEXT, RING, RING_JSON, RING_TEXT), ("[]", [], "[]", "[]")],
    "LineString": [(RING_TEXT, RING, RING_JSON, RING_TEXT)], "Polygon": [(f"[{RING_TEXT}, []]", [RING, []], f"[{RING_JSON},[]]", f"[{RING_TEXT},[]]")],
    "MultiPolygon": [(f"[[{RING_TEXT}], []]", [[RING], []], f"[[{RING_JSON}],[]]", f"[[{RING_TEXT}],[]]")],
    "IntervalDay": [("INTERVAL -5 DAY", -5, "-5", "-5")], "SimpleAggregateFunction(max, Int32)": plain(-5),
    "QBit(Float32, 4)": [("[1, 2.5, 0, -1]", [1.0, 2.5, 0.0, -1.0], "[1,2.5,0,-1]", "[1,2.5,0,-1]")],
}
STRINGS = {  # bytes: (as JSONCompactEachRow, as TabSeparated)
    b"": (b'""', b""), b"\0": (rb'"\u0000"', rb"\0"), b"a\0b": (rb'"a\u0000b"', rb"a\0b"), b"\xff\xfe": (b'"\xff\xfe"', b"\xff\xfe"),
    b"\t\n\r\b\f\x0b\x1b": (rb'"\t\n\r\b\f\u000B\u001B"', b"\\t\\n\\r\\b\\f\x0b\x1b"),
    b"it's \"q\" `b` \\ /": (b'"it\'s ' + rb'\"q\" `b` \\ \/"', rb"it\'s " + b'"q" `b` ' + rb"\\ /"),
    "é 😀 ñ".encode(): ('"é 😀 ñ"'.encode(), "é 😀 ñ".encode()),
    rb"\N": (rb'"\\N"', rb"\\N"), **{value: (b'"%s"' % value, value) for value in (b"NULL", b"=1+1", b" , ;\xc2\x85 ", b"0123456789abcdef" * 65_536)},
}
ODD = [value for value in STRINGS if len(value) < 100]
OTHERS = ("Array", "Map", "Tuple", "Null", "Nest", "Low", "JSON", "Variant", "Dyn", "Simple", "QBit")
SCALARS = [name for name in CASES if not name.startswith((*OTHERS, "Point", "Ring", "Line", "Poly", "Multi"))]
NOT_IN_FORMAT = {  # what the engine's own code of a format has no place for
    **dict.fromkeys(["Native", "RowBinary", "RowBinaryWithNamesAndTypes", "TabSeparated", "TabSeparatedWithNamesAndTypes", "TSKV"], ()),
    **dict.fromkeys(["JSONEachRow", "JSONCompactEachRow", "JSONColumns", "Values"], ()),
    "CSV": ("Variant",),  # 42 comes back as [42]
    "Parquet": ("BFloat16", "Time", "Time64", "Variant", "Dynamic", "IntervalDay", "QBit", "MultiPolygon"),
    **dict.fromkeys(("Arrow", "ArrowStream"), ("BFloat16", "Time", "Time64", "Dynamic", "QBit")),
    "MsgPack": ("BFloat16", "Time", "Time64", "JSON", "Variant", "Dynamic", "IntervalDay", "QBit"),
}
ARROW = {  # column: (ClickHouse's type, pyarrow's type, values)
    **{f"{sign}int{bits}": (f"Nullable({sign.upper()}Int{bits})", f"{sign}int{bits}", [None, 0, 100]) for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "f": ("Nullable(Float32)", pa.float32(), [None, INF, -0.0]),
    "d": ("Nullable(Float64)", pa.float64(), [None, 5e-324, -INF]),
    "b": ("Nullable(Bool)", pa.bool_(), [None, True, False]),
    "s": ("Nullable(String)", pa.string(), [None, "", "é😀\n"]),
    "n": ("Nullable(Decimal(38, 4))", pa.decimal128(38, 4), [None, Decimal("-0.0001"), Decimal(f"{'9' * 34}.9999")]),
    "day": ("Nullable(Date32)", pa.date32(), [None, date(1900, 1, 1), date(2299, 12, 31)]),
    "ms": ("Nullable(DateTime64(3, 'UTC'))", pa.timestamp("ms", "UTC"), [None, at("UTC")("2024-03-10 07:00:00"), at("UTC")("1960-01-01")]),
    "us": ("DateTime64(6, 'America/New_York')", pa.timestamp("us", "America/New_York"), [at("UTC")("1969-12-31 23:59:59.999999")] * 3),
    "list": ("Array(Nullable(String))", pa.list_(pa.string()), [[], [None, "a"], ["b"]]),
    "struct": ("Tuple(a Int64, b Nullable(String))", pa.struct({"a": pa.int64(), "b": pa.string()}), [{"a": n, "b": [None, "", "x"][n]} for n in range(3)]),
    "map": ("Map(String, Nullable(Int32))", pa.map_(pa.string(), pa.int32()), [[], [("k", 1)], [("k", 1), ("l", None)]]),
}
BAD_BYTES = {b"SELECT throwIf(1, 'caf\xe9')": "395", b"SELECT * FROM `caf\xe9`": "60", b"INSERT INTO t VALUES ('caf\xe9')": "6", b"INSERT INTO t FORMAT TSV\ncaf\xe9\n": "27"}
PYARROW = {"Parquet": (pq.write_table, pq.read_table), "Arrow": (feather.write_feather, feather.read_table)}
# fmt: on
TYPES = pytest.mark.parametrize("type_name", CASES, ids=[re.sub(r"\W+", "_", name)[:40] for name in CASES])


@pytest.fixture(scope="module")
def client(embedded_engine):
    """clickhouse-connect in a database for all of these tests: each makes its tables anew."""
    name = f"t_{secrets.token_hex(6)}"
    with clickhouse_connect.get_client(host="127.0.0.1", port=embedded_engine.port) as made:
        made.command(f"CREATE DATABASE {name}")
        made.database = name
        yield made
        made.command(f"DROP DATABASE {name}")


@pytest.fixture(scope="module")
def database(client):
    return client.database


def read(http_client, sql, **settings):
    answer = http_client(sql.encode(), **settings)
    assert answer.status == 200, answer.body
    return answer.body


def create(http_client, database, table, columns):
    sql = f"CREATE OR REPLACE TABLE {database}.{table} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
    read(http_client, sql, flatten_nested="0")


def shown(value):
    """A value so that equal means the same: NaN and -0 by name, times as instants."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return repr(value)


@TYPES
def test_a_type_is_told_as_exact_text(http_client, database, type_name):
    create(http_client, database, "t", f"n UInt8, v {type_name}")
    rows = CASES[type_name]
    values = ", ".join(f"({n}, {sql})" for n, (sql, *_) in enumerate(rows))
    assert read(http_client, f"INSERT INTO {database}.t VALUES {values}") == b""
    text = read(http_client, f"SELECT v FROM {database}.t ORDER BY n FORMAT JSONCompactEachRow").decode()
    assert text.splitlines() == [f"[{row[2]}]" for row in rows]
    text = read(http_client, f"SELECT v FROM {database}.t ORDER BY n FORMAT TabSeparated").decode()
    assert text.split("\n") == [*(row[3] for row in rows), ""]


@TYPES
def test_a_type_passes_through_clickhouse_connect(http_client, client, database, type_name):
    create(http_client, database, "t", f"n UInt8, v {type_name}")
    # The client sends everything Dynamic as a String.
    rows = [row for row in CASES[type_name] if type_name != "Dynamic" or isinstance(row[1], str)]
    client.insert("t", [[n, row[1]] for n, row in enumerate(rows)], column_names=["n", "v"])
    back = client.query("SELECT v FROM t ORDER BY n").result_columns[0]
    assert [shown(value) for value in back] == [shown(row[1]) for row in rows]
    assert read(http_client, f"SELECT v FROM {database}.t ORDER BY n").decode().split("\n")[:-1] == [r[3] for r in rows]


def test_every_scalar_may_be_null(http_client, client, database):
    columns = ", ".join(f"c{n} Nullable({name})" for n, name in enumerate(SCALARS))
    create(http_client, database, "t", f"n UInt8, {columns}")
    firsts = [CASES[name][0] for name in SCALARS]
    client.insert("t", [[0, *(row[1] for row in firsts)], [1, *[None] * len(SCALARS)]])
    back = client.query("SELECT * EXCEPT n FROM t ORDER BY n").result_rows
    assert [shown(value) for value in back[0]] == [shown(row[1]) for row in firsts]
    assert set(back[1]) == {None}
    text = read(http_client, f"SELECT * EXCEPT n FROM {database}.t ORDER BY n").decode().split("\n")
    assert text == ["\t".join(row[3] for row in firsts), "\t".join([r"\N"] * len(SCALARS)), ""]


def test_the_hour_that_comes_twice_keeps_its_instant(client):
    zone = "'America/New_York'"
    client.command(f"CREATE OR REPLACE TABLE t (v DateTime({zone}), w DateTime64(3, {zone})) ENGINE = Memory")
    first = datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    moments = [first, first + timedelta(hours=1)]
    client.insert("t", [[moment, moment] for moment in moments])
    sql = "SELECT v, w, toUnixTimestamp(v) FROM t ORDER BY v"
    assert client.raw_query(sql).splitlines() == [
        b"2024-11-03 01:30:00\t2024-11-03 01:30:00.000\t1730611800",
        b"2024-11-03 01:30:00\t2024-11-03 01:30:00.000\t1730615400",
    ]
    assert [[shown(v) for v in row[:2]] for row in client.query(sql).result_rows] == [[shown(m)] * 2 for m in moments]
    iso = client.raw_query(sql, settings={"date_time_output_format": "iso"}).splitlines()
    assert iso[1].startswith(b"2024-11-03T06:30:00Z\t2024-11-03T06:30:00.000Z")


def test_a_datetime_column_brings_its_zone_to_clickhouse_connect(client):
    back = client.query("SELECT toDateTime('2024-07-01 12:00:00', 'America/New_York') AS v").first_row[0]
    assert str(back.tzinfo) == "America/New_York"
    assert back.isoformat() == "2024-07-01T12:00:00-04:00"


def test_a_dynamic_value_keeps_the_type_it_came_with(client):
    client.command("CREATE OR REPLACE TABLE t (n UInt8, v Dynamic) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO t SELECT 0, NULL UNION ALL SELECT 1, 42::UInt8 UNION ALL SELECT 2, ['x']")
    rows = client.query("SELECT v, dynamicType(v) FROM t ORDER BY n").result_rows
    assert rows == [(None, "None"), (42, "UInt8"), (["x"], "Array(String)")]


def test_nanoseconds_survive(client):
    client.command("CREATE OR REPLACE TABLE t (v DateTime64(9, 'UTC')) ENGINE = Memory")
    texts = ["1900-01-01 00:00:00.000000001", "1969-12-31 23:59:59.999999999", "2262-04-11 23:47:16.854775807"]
    client.command(f"INSERT INTO t VALUES {', '.join(f'({text!r})' for text in texts)}")
    assert client.raw_query("SELECT v FROM t ORDER BY v").decode().splitlines() == texts
    back = client.query_np("SELECT v FROM t ORDER BY v").flatten()
    assert [str(value).replace("T", " ") for value in back] == texts


@pytest.mark.parametrize("value", STRINGS, ids=lambda value: value[:12].hex() or "empty")
def test_a_string_keeps_its_bytes(http_client, client, database, value):
    client.command("CREATE OR REPLACE TABLE t (n UInt8, v String) ENGINE = MergeTree ORDER BY n")
    read(http_client, f"INSERT INTO {database}.t VALUES (0, unhex('{value.hex()}'))")
    client.insert("t", [[1, value]])
    as_json, as_text = STRINGS[value]
    sql = "SELECT v FROM t ORDER BY n"
    assert client.raw_query(sql, fmt="JSONCompactEachRow") == (b"[%s]\n" % as_json) * 2
    assert client.raw_query(sql) == (as_text + b"\n") * 2
    assert list(client.query(sql, query_formats={"String": "bytes"}).result_columns[0]) == [value] * 2


@pytest.mark.parametrize("value", ODD, ids=lambda value: value.hex() or "empty")
def test_a_parameter_keeps_its_bytes(http_client, value):
    answer = http_client(b"SELECT lower(hex({v:String}))", param_v=STRINGS[value][1])
    assert answer.body.decode() == value.hex() + "\n"


@pytest.mark.parametrize("sql", BAD_BYTES)
def test_an_error_about_bytes_that_are_not_utf8_keeps_its_code(http_client, database, sql):
    create(http_client, database, "t", "a Int8")
    answer = http_client(sql, database=database)
    assert answer.headers["x-clickhouse-exception-code"] == BAD_BYTES[sql], answer.body


def test_nested_columns_are_arrays_of_one_length(client):
    client.command("CREATE OR REPLACE TABLE t (id Int8, n Nested(a Int8, b String)) ENGINE = Memory")
    client.insert("t", [[1, [1, 2], ["x", "y"]], [2, [], []]], column_names=["id", "n.a", "n.b"])
    assert client.query("SELECT id, a, b FROM t ARRAY JOIN n.a AS a, n.b AS b").result_rows == [
        (1, 1, "x"),
        (1, 2, "y"),
    ]
    with pytest.raises(Exception, match="SIZES_OF_ARRAYS_DONT_MATCH"):
        client.insert("t", [[3, [1], []]], column_names=["id", "n.a", "n.b"])


@pytest.mark.parametrize("fmt", ["Native", "RowBinary", "TabSeparated", "CSV", "JSONEachRow"])
def test_states_of_aggregates_travel_and_merge(client, fmt):
    states = "u AggregateFunction(uniq, UInt64), a AggregateFunction(avgIf, Float64, UInt8)"
    columns = f"k UInt8, {states}, m SimpleAggregateFunction(max, UInt64)"
    for table in ("t", "copy"):
        client.command(f"CREATE OR REPLACE TABLE {table} ({columns}) ENGINE = AggregatingMergeTree ORDER BY k")
    states = "number % 2 AS k, uniqState(number), avgIfState(toFloat64(number), number < 10), max(number)"
    for start in (0, 500):
        client.command(f"INSERT INTO t SELECT {states} FROM numbers({start}, 1000) GROUP BY k")
    client.raw_insert("copy", insert_block=client.raw_query("SELECT * FROM t", fmt=fmt), fmt=fmt)
    merged = "SELECT k, uniqMerge(u), avgIfMerge(a), max(m) FROM copy GROUP BY k ORDER BY k"
    assert client.query(merged).result_rows == [(0, 750, 4.0, 1498), (1, 750, 5.0, 1499)]
    client.command("OPTIMIZE TABLE copy FINAL")
    assert client.query("SELECT count(), max(m), uniqMerge(u) FROM copy").first_row == (2, 1499, 1500)


@pytest.mark.parametrize("fmt", NOT_IN_FORMAT)
def test_what_a_format_gives_it_takes_back(http_client, client, database, fmt):
    cases = {name: [row[0] for row in rows] for name, rows in CASES.items()}
    cases |= {f"Nullable({name})": [CASES[name][0][0], "NULL"] for name in SCALARS}
    cases["Nullable(String)"] = ["NULL", *(f"unhex('{value.hex()}')" for value in ODD)]
    names = [name for name in cases if not set(NOT_IN_FORMAT[fmt]) & set(re.findall(r"\w+", name))]
    for table in ("t", "copy"):
        create(http_client, database, table, ", ".join(f"c{n} {name}" for n, name in enumerate(names)))
    rows = [", ".join(cases[name][i % len(cases[name])] for name in names) for i in range(len(ODD) + 1)]
    read(http_client, f"INSERT INTO {database}.t VALUES ({'), ('.join(rows)})")
    quote = {"output_format_json_quote_denormals": "1"}
    data = client.raw_query("SELECT * FROM t", fmt=fmt, settings=quote)
    assert client.raw_insert("copy", insert_block=data, fmt=fmt).written_rows == len(rows)
    assert client.raw_query("SELECT * FROM copy", fmt=fmt, settings=quote) == data
    told = [client.raw_query(f"SELECT * FROM {table}", fmt="JSONColumns", settings=quote) for table in ("t", "copy")]
    sent, came = (json.loads(text.decode("latin-1"), parse_float=str) for text in told)
    assert {names[int(c[1:])]: (sent[c], came[c]) for c in sent if sent[c] != came[c]} == {}


@pytest.mark.parametrize("fmt", PYARROW)
def test_what_pyarrow_writes_it_reads_again(http_client, client, database, fmt):
    write, read_back = PYARROW[fmt]
    table = pa.table({name: pa.array(values, kind) for name, (_, kind, values) in ARROW.items()})
    create(http_client, database, "t", ", ".join(f"{name} {kind}" for name, (kind, *_) in ARROW.items()))
    file = io.BytesIO()
    write(table, file)
    assert client.raw_insert("t", insert_block=file.getvalue(), fmt=fmt).written_rows == 3
    back = read_back(io.BytesIO(client.raw_query("SELECT * FROM t", fmt=fmt)))
    assert [name for name in ARROW if back[name].to_pylist() != table[name].to_pylist()] == []
