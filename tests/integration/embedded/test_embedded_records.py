"""What is remembered of queries: a line each in the log, a row each in the query log."""

import json
import secrets
import threading
import time

import clickhouse_connect
import pytest


def logged(http_client, query_id: str) -> dict:
    """The row of a query, read as tools do."""
    assert http_client(b"SYSTEM FLUSH LOGS").status == 200
    answer = http_client(
        b"SELECT * FROM system.query_log WHERE query_id = {id:String} FORMAT JSONEachRow", param_id=query_id
    )
    rows = [json.loads(line) for line in answer.body.splitlines()]
    assert len(rows) == 1, rows
    return rows[0]


@pytest.fixture
def query_id() -> str:
    return f"q-{secrets.token_hex(8)}"


def test_a_query_is_logged_with_its_counters(http_client, query_id, database):
    sql = b"SELECT number, 'it''s' FROM numbers(1000)"
    http_client(
        sql,
        query_id=query_id,
        database=database,
        session_id="log",
        max_threads="1",
        headers={"User-Agent": "desk/1", "X-ClickHouse-Quota": "k"},
    )
    row = logged(http_client, query_id)
    assert (row["type"], row["query"], row["query_kind"]) == ("QueryFinish", sql.decode(), "Select")
    assert (row["read_rows"], row["result_rows"], row["written_rows"]) == (1000, 1000, 0)
    assert (row["user"], row["initial_user"], row["current_database"]) == ("default", "default", database)
    assert (row["session_id"], row["http_user_agent"], row["quota_key"]) == ("log", "desk/1", "k")
    assert (row["Settings"], row["http_method"], row["interface"]) == ({"max_threads": "1"}, 2, 2)
    assert row["address"] == "::ffff:127.0.0.1"
    assert row["exception_code"] == 0


def test_an_insert_is_logged_without_its_data(http_client, query_id, database):
    http_client(f"CREATE TABLE {database}.t (a UInt8) ENGINE = Memory".encode())
    http_client(f"INSERT INTO {database}.t FORMAT CSV\n1\n2\n3\n".encode(), query_id=query_id)
    row = logged(http_client, query_id)
    assert row["query"].strip() == f"INSERT INTO {database}.t FORMAT CSV"
    assert (row["query_kind"], row["written_rows"]) == ("Insert", 3)


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        (b"SELECT throwIf(number = 3) FROM numbers(9)", "ExceptionWhileProcessing", 395),
        (b"SELEC 1", "ExceptionBeforeStart", 62),
        (b"SELECT \xff FROM", "ExceptionBeforeStart", 62),
    ],
)
def test_a_failure_is_logged_with_its_reason(http_client, query_id, sql, kind, code):
    http_client(sql, query_id=query_id)
    row = logged(http_client, query_id)
    assert (row["type"], row["exception_code"]) == (kind, code)
    assert f"Code: {code}. DB::Exception" in row["exception"]


def test_log_queries_0_leaves_no_row(http_client, query_id):
    http_client(b"SELECT 1", query_id=query_id, log_queries="0")
    http_client(b"SYSTEM FLUSH LOGS")
    count = http_client(b"SELECT count() FROM ops_query_log WHERE query_id = {id:String}", param_id=query_id)
    assert count.body == b"0\n"


def test_the_log_has_one_structured_line_per_query(http_client, query_id, embedded_engine):
    http_client(b"SELECT throwIf(1)", query_id=query_id)
    found: list[dict] = []
    while not found:  # the line is written once the answer has left
        time.sleep(0.02)
        lines = [json.loads(line) for line in embedded_engine.log.read_text().splitlines()]
        found = [line for line in lines if line.get("query_id") == query_id]
    (line,) = found
    assert (line["event"], line["user"], line["kind"], line["exception_code"]) == ("query", "default", "SELECT", 395)
    assert "throwIf" in line["exception"]
    assert line["seconds"] >= 0


def test_clickhouse_connect_finds_its_queries_in_the_log(embedded_engine):
    client = clickhouse_connect.get_client(port=embedded_engine.port)
    found = client.query("SELECT 1", settings={"query_id": f"c-{secrets.token_hex(8)}"})
    client.command("SYSTEM FLUSH LOGS")
    rows = client.query(
        "SELECT type, read_rows FROM system.query_log WHERE query_id = {id:String}", parameters={"id": found.query_id}
    ).result_rows
    assert rows == [("QueryFinish", 1)]
    client.close()


def test_a_query_can_be_killed_by_the_id_its_client_chose(http_client, new_http, query_id):
    answers = []
    slow = threading.Thread(
        target=lambda: answers.append(new_http()(b"SELECT count() FROM system.numbers", query_id=query_id))
    )
    slow.start()
    while not http_client(f"KILL QUERY WHERE query_id = '{query_id}' SYNC".encode()).body:
        pass
    slow.join(30)
    assert answers[0].headers["x-clickhouse-exception-code"] == "394"
