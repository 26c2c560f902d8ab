"""clickhouse-connect as it comes from PyPI, against the embedded engine."""

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

ROWS = 2_000_000


def test_a_client_creates_inserts_and_reads(client):
    client.command(
        "CREATE TABLE t (a UInt64, b Nullable(String), c Array(DateTime('UTC'))) ENGINE = MergeTree ORDER BY a"
    )
    summary = client.insert("t", [[1, "x", []], [2, None, []]], column_names=["a", "b", "c"])
    assert summary.written_rows == 2
    assert client.query("SELECT a, b, c FROM t ORDER BY a").result_rows == [(1, "x", []), (2, None, [])]


def test_a_command_without_a_result_gives_a_summary_and_one_with_a_result_gives_its_value(client):
    summary = client.command("CREATE TABLE t (a Int8) ENGINE = Memory")
    assert summary.query_id()
    assert client.command("EXISTS TABLE t") == 1
    assert client.command("SELECT count() FROM t") == 0
    assert client.query("SELECT a FROM t").result_rows == []


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip", False])
def test_two_million_rows_arrive_in_frames_of_every_codec(embedded_engine, database, compression):
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=embedded_engine.port, database=database, compress=compression
    )
    client.command("CREATE TABLE t (id UInt64, price Float64, code String) ENGINE = MergeTree ORDER BY id")
    rows = ROWS if compression in ("lz4", "zstd") else ROWS // 10
    ids = list(range(rows))
    columns = [ids, [0.5] * rows, ["abc"] * rows]
    summary = client.insert("t", columns, column_names=["id", "price", "code"], column_oriented=True)
    assert summary.written_rows == rows
    assert client.query("SELECT count(), sum(id), uniqExact(code) FROM t").first_row == (rows, sum(ids), 1)
    client.close()


def test_an_arrow_table_goes_in_and_comes_back(client):
    client.command("CREATE TABLE t (a Int64, b String) ENGINE = MergeTree ORDER BY a")
    table = pa.table({"a": list(range(100_000)), "b": [str(i % 7) for i in range(100_000)]})
    client.insert_arrow("t", table)
    back = client.query_arrow("SELECT a, b FROM t ORDER BY a", use_strings=True)
    assert back.column("a").to_pylist() == table.column("a").to_pylist()
    assert back.column("b").to_pylist() == table.column("b").to_pylist()


def test_blocks_of_a_stream_give_every_row_once(client):
    seen = 0
    with client.query_row_block_stream(
        "SELECT number FROM numbers(1000000)", settings={"max_block_size": 50_000}
    ) as stream:
        for block in stream:
            assert block[0][0] == seen
            seen += len(block)
    assert seen == 1_000_000


def test_parameters_are_bound_by_the_engine(client):
    text = "tab\t, line\n, quote ', backslash \\, NULL"
    row = client.query(
        "SELECT {s:String}, {n:Nullable(Int8)}, {a:Array(String)}",
        parameters={"s": text, "n": None, "a": ["it's", "b"]},
    ).first_row
    assert row == (text, None, ["it's", "b"])


def test_parameters_too_long_for_a_url_go_as_a_form(client):
    text = "x" * 100_000
    assert client.query("SELECT length({s:String})", parameters={"s": text}).first_row == (100_000,)


def test_external_tables_are_visible_to_one_query_only(client):
    data = ExternalData(file_name="people.csv", fmt="CSV", structure="name String, age UInt8", data=b"ann,40\nbob,41\n")
    assert client.query("SELECT sum(age) FROM people", external_data=data).first_row == (81,)
    with pytest.raises(DatabaseError, match="people"):
        client.query("SELECT * FROM people")


def test_external_tables_feed_an_insert(client):
    client.command("CREATE TABLE t (name String) ENGINE = Memory")
    data = ExternalData(file_name="src.tsv", fmt="TabSeparated", types="String", data=b"ann\nbob\n")
    client.command("INSERT INTO t SELECT _1 FROM src", external_data=data)
    assert client.command("SELECT count() FROM t") == 2


def test_set_use_and_temporary_tables_last_as_long_as_the_session(embedded_engine, client, database):
    client.command("SET max_threads = 3")
    client.command("CREATE TEMPORARY TABLE mine (a Int8)")
    client.command("INSERT INTO mine VALUES (1), (2)")
    assert client.command("SELECT getSetting('max_threads')") == 3
    assert client.command("SELECT count() FROM mine") == 2
    other = clickhouse_connect.get_client(host="127.0.0.1", port=embedded_engine.port, database=database)
    assert other.command("SELECT getSetting('max_threads')") != 3
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        other.command("SELECT count() FROM mine")
    other.close()


def test_settings_of_one_query_do_not_stick_to_the_session(client):
    client.command("SET max_block_size = 1234")
    during = client.query(
        "SELECT getSetting('max_block_size'), getSetting('max_threads')",
        settings={"max_block_size": 7, "max_threads": 5},
    )
    assert during.first_row == (7, 5)
    after = client.query("SELECT getSetting('max_block_size'), getSetting('max_threads') != 5").first_row
    assert after == (1234, True)


def test_an_error_carries_code_and_name(client):
    with pytest.raises(DatabaseError, match=r"Code: 60\. .*\(UNKNOWN_TABLE\)"):
        client.query("SELECT * FROM nowhere")


def test_a_client_side_failure_in_an_insert_inserts_nothing(client):
    client.command("CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(Exception, match="column `a`"):
        client.insert("t", [[1], ["not a number"]], column_names=["a"])
    assert client.command("SELECT count() FROM t") == 0


def test_a_failure_in_the_middle_of_a_stream_reaches_the_reader(client):
    sql = "SELECT throwIf(number = 3000000, 'halfway down') FROM numbers(5000000)"
    with pytest.raises(Exception, match="halfway down"), client.query_row_block_stream(sql) as stream:
        for _ in stream:
            pass


def test_sql_that_is_not_utf8_works(client):
    assert client.query("SELECT length(%s) AS n", parameters=(b"\xff\xfe\x00",)).first_row == (3,)


def test_raw_queries_and_raw_inserts_take_any_format(client):
    client.command("CREATE TABLE t (a Int8, b String) ENGINE = Memory")
    client.raw_insert("t", ["a", "b"], b"1,one\n2,two\n", fmt="CSV")
    assert (
        client.raw_query("SELECT * FROM t ORDER BY a", fmt="JSONEachRow") == b'{"a":1,"b":"one"}\n{"a":2,"b":"two"}\n'
    )
