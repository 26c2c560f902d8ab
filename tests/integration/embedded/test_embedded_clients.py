"""The programs people bring: every face of clickhouse-connect, SQLAlchemy, pandas, polars, pyarrow, numpy and curl."""

import asyncio
import contextlib
import gzip
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import IPv4Address
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa
from clickhouse_connect import dbapi, get_async_client, get_client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

# fmt: off
TRADES = "CREATE TABLE trades (id UInt64, code String, price Nullable(Float64), at DateTime64(3, 'Asia/Tokyo')) ENGINE = MergeTree ORDER BY id"
FRAME = "CREATE TABLE t (n Nullable(Int64), f Float32, at DateTime64(9, 'America/New_York'), kind LowCardinality(String), b Bool, s Nullable(String)) ENGINE = Memory"
NOON = datetime(2024, 2, 29, 12, 0, 0, 123_000, tzinfo=UTC)
ROWS = [(1, "it's", 1.5, NOON), (2, "tab\t\n\\", None, NOON), (3, "é😀", -0.0, NOON)]
MANY = "SELECT number, toString(number) AS text FROM numbers(3000000)"
PARAMETERS = [
    ("Int256", -(2**255)), ("Float64", 1e300), ("Bool", True), ("Decimal(38, 4)", Decimal("-12345.6789")),
    ("String", "tab\t nl\n cr\r quote' back\\ \0 é😀 {x} %s \\N"), ("LowCardinality(String)", ""),
    ("Nullable(String)", None), ("Nullable(String)", "NULL"), ("Nullable(String)", "\\N"),
    ("Date", date(2024, 2, 29)), ("DateTime64(3, 'Asia/Tokyo')", NOON), ("Nullable(DateTime64(6))", None),
    ("UUID", UUID(int=5)), ("IPv4", IPv4Address("1.2.3.4")), ("Enum8('a' = 1, 'b c' = 2)", "b c"),
    ("Array(String)", ["it's", "a\\b", "tab\t", "", "x,y"]), ("Array(Nullable(Int8))", [1, None]), ("Array(UInt8)", []),
    ("Array(Array(UInt8))", [[1], []]), ("Array(Date)", [date(2024, 2, 29)]), ("Tuple(Int8, String)", (1, "it's")),
    ("JSON", {"a": {"b": ["it's"]}}),
]
# fmt: on


@pytest.fixture
def address(embedded_engine, database):
    """Where a client finds the test's database."""
    return {"host": "127.0.0.1", "port": embedded_engine.port, "database": database}


@pytest.fixture
def trades(client):
    """A client of a database with a table of three rows."""
    client.command(TRADES)
    client.insert("trades", ROWS)
    return client


@pytest.fixture
def sql_engine(address):
    """A SQLAlchemy engine."""
    engine = sa.create_engine("clickhousedb://default:@{host}:{port}/{database}".format(**address))
    yield engine
    engine.dispose()


@pytest.fixture
def curl(address):
    """Runs curl on the test's database and gives what it wrote."""
    if not shutil.which("curl"):
        pytest.skip("there is no curl")

    def run(*arguments, path="?database={database}", url="", stdin=b""):
        target = f"http://{address['host']}:{address['port']}/{path.format(**address)}{url}"
        return subprocess.run(["curl", "-sS", *arguments, target], input=stdin, capture_output=True, check=True).stdout

    return run


def wait_until(is_true, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_true()


def test_the_async_client_inserts_queries_and_streams(address):
    async def work():
        async with await get_async_client(**address) as client:
            await client.command(TRADES)
            assert (await client.insert("trades", ROWS)).written_rows == 3
            assert (await client.query("SELECT * FROM trades ORDER BY id")).result_rows == ROWS
            assert (await client.query_arrow("SELECT id FROM trades ORDER BY id"))["id"].to_pylist() == [1, 2, 3]
            async with await client.query_row_block_stream(MANY) as stream:
                assert sum([len(block) async for block in stream]) == 3_000_000
            async with await client.raw_stream(MANY, fmt="CSV") as stream:
                assert sum([chunk.count(b"\n") async for chunk in stream]) == 3_000_000
            with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
                await client.query("SELECT * FROM nowhere")
            async with await client.query_row_block_stream("SELECT number FROM system.numbers") as stream:
                assert (await anext(aiter(stream)))[0][0] == 0
            assert await client.command("SELECT count() FROM trades") == 3

    asyncio.run(work())


def test_twenty_async_queries_run_at_once(address):
    async def work():
        async with await get_async_client(**address) as client:
            return await asyncio.gather(*(client.query(f"SELECT {n}, sleep(0.5)") for n in range(20)))

    started = time.monotonic()
    assert [answer.first_row[0] for answer in asyncio.run(work())] == list(range(20))
    assert time.monotonic() - started < 5


def test_the_dbapi_has_descriptions_parameters_and_pages(address):
    with dbapi.connect(**address) as connection:
        cursor = connection.cursor()
        cursor.execute(TRADES)
        cursor.executemany("INSERT INTO trades (id, code, price, at) VALUES", ROWS)
        sql = "SELECT id, code, price FROM trades WHERE id > %(low)s OR code = %(code)s ORDER BY id"
        cursor.execute(sql, {"low": 1, "code": "it's"})
        assert [(column[0], column[6]) for column in cursor.description] == [("id", 0), ("code", 0), ("price", 1)]
        assert (cursor.rowcount, list(cursor.fetchmany(2))) == (3, [row[:3] for row in ROWS[:2]])
        assert [cursor.fetchone(), cursor.fetchone()] == [ROWS[2][:3], None]
        with pytest.raises(dbapi.Error, match="UNKNOWN_IDENTIFIER"):
            cursor.execute("SELECT nothing FROM trades")
        cursor.execute("SELECT count() FROM trades")
        assert cursor.fetchall() == [(3,)]


def test_sqlalchemy_reflects_inserts_and_selects(sql_engine, client):
    client.command(TRADES)
    assert [sa.inspect(sql_engine).has_table(name) for name in ("trades", "nowhere")] == [True, False]
    trades = sa.Table("trades", sa.MetaData(), autoload_with=sql_engine)
    assert [column.name for column in trades.columns] == ["id", "code", "price", "at"]
    with sql_engine.begin() as connection:
        connection.execute(trades.insert(), [dict(zip(trades.c.keys(), row, strict=True)) for row in ROWS])
        wanted = sa.select(trades.c.id).where(trades.c.code == sa.bindparam("code"))
        assert connection.execute(wanted, {"code": "tab\t\n\\"}).scalars().all() == [2]
        assert connection.execute(sa.text("SELECT sum(id) FROM trades WHERE id < :id"), {"id": 3}).scalar() == 3
        assert connection.execute(sa.select(sa.func.count()).select_from(trades)).scalar_one() == 3
    with sql_engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="UNKNOWN_TABLE"):
        connection.execute(sa.text("SELECT * FROM nowhere"))


def test_pandas_frames_go_in_and_come_back(client):
    client.command(FRAME)
    moments = ["2024-03-10 01:59:59.123456789", "1960-01-01 00:00:00.000000001"]
    frame = pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "f": np.array([0.5, np.nan], dtype="float32")})
    frame["at"] = pd.to_datetime(moments).tz_localize("America/New_York")
    frame["kind"] = pd.Categorical(["a", "b"])
    frame["b"], frame["s"] = [True, False], ["x", None]
    assert client.insert_df("t", frame).written_rows == 2
    back = client.query_df("SELECT * FROM t ORDER BY kind")
    assert back.isna().to_numpy().tolist() == [[False] * 6, [True, True, False, False, False, True]]
    assert str(back["at"].dt.tz) == "America/New_York"
    for name in frame:
        assert back[name].dropna().tolist() == frame[name].dropna().tolist()


def test_numpy_gets_matrices_records_and_streams(client):
    matrix = client.query_np("SELECT number, number * 2 FROM numbers(1000)")
    assert (matrix.dtype, matrix.shape, matrix.sum()) == (np.uint64, (1000, 2), 1_498_500)
    assert client.query_np("SELECT number AS n, toString(n) AS s FROM numbers(3)")["s"].tolist() == ["0", "1", "2"]
    with client.query_np_stream("SELECT number FROM numbers(1000000)") as stream:
        assert sum(int(block.sum()) for block in stream) == 499_999_500_000


def test_arrow_tables_and_batches(trades):
    table = trades.query_arrow("SELECT * FROM trades ORDER BY id", use_strings=True)
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS
    assert table.schema.field("at").type == pa.timestamp("ms", "Asia/Tokyo")
    trades.command("CREATE TABLE copy AS trades")
    assert trades.insert_arrow("copy", table).written_rows == 3
    assert trades.query_arrow("SELECT * FROM copy ORDER BY id", use_strings=True) == table
    with trades.query_arrow_stream(MANY) as stream:
        assert sum(batch.num_rows for batch in stream) == 3_000_000


def test_polars_reads_by_every_road(trades, address, sql_engine):
    sql = "SELECT id, code, price FROM trades ORDER BY id"
    rows = [row[:3] for row in ROWS]
    assert pl.from_arrow(trades.query_arrow(sql, use_strings=True)).rows() == rows
    frame = trades.query_df_arrow(sql, dataframe_library="polars")
    trades.command("CREATE TABLE copy (id UInt64, code String, price Nullable(Float64)) ENGINE = Memory")
    assert trades.insert_df_arrow("copy", frame).written_rows == 3
    assert trades.query("SELECT * FROM copy ORDER BY id").result_rows == frame.rows() == rows
    with trades.query_df_arrow_stream(MANY, dataframe_library="polars") as stream:
        assert sum(part.height for part in stream) == 3_000_000
    with dbapi.connect(**address) as by_dbapi, sql_engine.connect() as by_sqlalchemy:
        assert pl.read_database(sql, by_dbapi).rows() == pl.read_database(sql, by_sqlalchemy).rows() == rows


@pytest.mark.parametrize("method", ["query_row_block_stream", "query_df_stream", "query_arrow_stream", "raw_stream"])
def test_a_stream_left_early_frees_its_session(client, method):
    def is_free():
        with contextlib.suppress(DatabaseError):
            return client.command("SELECT count() FROM mine") == 0

    client.command("CREATE TEMPORARY TABLE mine (a Int8)")
    with getattr(client, method)(MANY) as stream:
        assert len(next(iter(stream))) > 0
    assert wait_until(is_free)


def test_a_query_without_end_is_cancelled_by_closing_its_stream(address, client):
    mark = f"mark_{time.monotonic_ns()}"
    running = f"SELECT count() FROM system.processes WHERE query LIKE 'SELECT number AS {mark}%'"
    with get_client(**address, autogenerate_session_id=False) as reader:
        with reader.raw_stream(f"SELECT number AS {mark} FROM system.numbers") as stream:
            assert stream.read(4) == b"0\n1\n"
            assert client.command(running) == 1
        assert wait_until(lambda: client.command(running) == 0)
        assert reader.command("SELECT 7") == 7


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", "br", False])
def test_a_client_of_every_compression_reads_writes_and_fails(address, compress):
    rows = [(n, "é" * (n % 50), None, NOON) for n in range(20_000)]
    with get_client(**address, compress=compress) as client:
        client.command(TRADES)
        assert client.insert("trades", rows).written_rows == 20_000
        assert client.query("SELECT * FROM trades ORDER BY id").result_rows == rows
        codec = {"br": "brotli"}.get(compress, compress)
        packed = pa.compress(b"-1,x\n", codec, asbytes=True) if codec else b"-1,x\n"
        assert client.raw_insert("trades", ["price", "code"], packed, fmt="CSV", compression=compress).written_rows == 1
        assert client.raw_query("SELECT code FROM trades WHERE price < 0") == b"x\n"
        with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
            client.query("SELECT * FROM nowhere")


@pytest.mark.parametrize("form", [True, False])
def test_a_parameter_of_every_type_arrives(address, form):
    with get_client(**address, form_encode_query_params=form) as client:
        for kind, value in PARAMETERS:
            sql = f"SELECT {{p:{kind}}} AS v, toTypeName(v)"
            assert client.query(sql, parameters={"p": value}).first_row == (value, kind)


@pytest.mark.parametrize("form", [True, False])
def test_external_tables_join_real_ones(address, trades, form):
    data = ExternalData(file_name="names.csv", fmt="CSV", structure="id UInt64, name String", data=b"1,ann\n2,bob\n")
    data.add_file(file_name="ids", fmt="JSONEachRow", types=["UInt64"], data=b'{"_1":2}\n')
    sql = "SELECT code, name FROM trades JOIN names USING id WHERE id IN (SELECT _1 FROM ids) AND name = {n:String}"
    with get_client(**address, form_encode_query_params=form) as client:
        assert client.query(sql, parameters={"n": "bob"}, external_data=data).result_rows == [("tab\t\n\\", "bob")]
        assert client.raw_query(sql, parameters={"n": "bob"}, external_data=data) == b"tab\\t\\n\\\\\tbob\n"


def test_a_client_without_sessions_runs_queries_side_by_side(address):
    with get_client(**address, autogenerate_session_id=False) as client, ThreadPoolExecutor(8) as pool:
        client.command("CREATE TEMPORARY TABLE mine (a Int8)")
        with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
            client.command("SELECT count() FROM mine")
        answers = list(pool.map(lambda n: client.query(f"SELECT {n}, sleep(0.1)").first_row[0], range(16)))
    assert answers == list(range(16))


def test_limits_and_settings_belong_to_a_client_or_to_a_query(address):
    settings = {"max_block_size": 1000, "session_timezone": "Asia/Tokyo"}
    sql = "SELECT getSetting('max_block_size'), timezone()"
    with get_client(**address, query_limit=3, settings=settings) as client:
        assert client.query("SELECT number FROM numbers(10)").result_rows == [(0,), (1,), (2,)]
        for given, size in (({}, 1000), ({"max_block_size": 7}, 7), ({}, 1000)):
            assert client.query(sql, settings=given).first_row == (size, "Asia/Tokyo")
        with pytest.raises(DatabaseError, match="TOO_MANY_ROWS"):
            client.query("SELECT sum(number) FROM numbers(100)", settings={"max_rows_to_read": 5})


def test_curl_gets_posts_and_asks_for_heads(curl):
    assert curl("-G", "--data-urlencode", "query=SELECT 'a b', 1 + 1") == b"a b\t2\n"
    assert curl("--data-binary", "SELECT 'é'") == "é\n".encode()
    assert curl("-u", "default:", "-d", "SELECT currentUser()") == b"default\n"
    assert curl("--compressed", "-d", "SELECT number FROM numbers(100000)").count(b"\n") == 100_000
    assert curl("-I", path="ping").startswith(b"HTTP/1.1 200 OK\r\n")
    assert curl("-w", "%{http_code}", "-d", "SELEC").endswith(b"\n400")


def test_curl_sends_a_query_in_a_long_url(curl):
    sql = f"SELECT length('{'x' * 200_000}')"
    assert curl("-G", "--data-urlencode", "query@-", stdin=sql.encode()) == b"200000\n"


def test_curl_sends_a_form_with_a_table(curl, tmp_path):
    (tmp_path / "rows.tsv").write_text("1\tann\n2\tbob\n")
    form = ["-F", "query=SELECT name FROM people WHERE id = {id:UInt8}", "-F", "param_id=2"]
    form += ["-F", f"people=@{tmp_path / 'rows.tsv'}"]
    assert curl(*form, url="&people_structure=id+UInt8,name+String") == b"bob\n"


@pytest.mark.parametrize("way", ["--data-binary @-", "-X POST -T -", "-H Transfer-Encoding:chunked --data-binary @-"])
@pytest.mark.parametrize("coding", ["gzip", ""])
def test_curl_inserts_from_standard_input(curl, client, way, coding):
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    body = "".join(f"{n},row {n}\n" for n in range(200_000)).encode()
    headers = ["-H", f"Content-Encoding:{coding}", "-H", "Expect: 100-continue"]
    stdin = gzip.compress(body, 1) if coding else body
    assert curl(*way.split(), *headers, url="&query=INSERT+INTO+t+FORMAT+CSV", stdin=stdin) == b""
    assert client.query("SELECT count(), sum(n), max(s) FROM t").first_row == (200_000, 19_999_900_000, "row 99999")
