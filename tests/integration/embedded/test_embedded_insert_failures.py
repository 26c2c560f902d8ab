"""A write that fails must say so, whatever way its data came in; chdb's own streaming insert would not."""

import time

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestrator.embedded import EngineState

ROWS = 300_000
FAULTS = {"first": 0, "in the middle": ROWS // 2, "last": ROWS - 1}


@pytest.fixture
def client(embedded_engine: EngineState) -> Client:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=embedded_engine.port)
    client.command("CREATE DATABASE IF NOT EXISTS failures")
    for table in ("guarded", "plain"):
        client.command(f"DROP TABLE IF EXISTS failures.{table}_view")
        client.command(f"DROP TABLE IF EXISTS failures.{table}")
    client.command(
        "CREATE TABLE failures.guarded (x Int64, CONSTRAINT is_small CHECK x < 1000000000) ENGINE = MergeTree ORDER BY x"
    )
    client.command("CREATE TABLE failures.plain (x Int64) ENGINE = MergeTree ORDER BY x")
    client.command(
        "CREATE MATERIALIZED VIEW failures.plain_view TO failures.guarded AS "
        "SELECT x + throwIf(x > 1000000000, 'too large for the view') AS x FROM failures.plain"
    )
    return client


def column(fault: int) -> list[int]:
    values = list(range(ROWS))
    values[fault] = 2_000_000_000
    return values


@pytest.mark.parametrize("place", FAULTS)
def test_a_native_insert_that_violates_a_constraint_is_refused(client: Client, place: str) -> None:
    with pytest.raises(DatabaseError, match=r"469.*is_small"):
        client.insert("failures.guarded", [column(FAULTS[place])], column_names=["x"], column_oriented=True)
    assert client.command("SELECT count() FROM failures.guarded") == 0


@pytest.mark.parametrize("place", FAULTS)
def test_an_arrow_insert_that_violates_a_constraint_is_refused(client: Client, place: str) -> None:
    with pytest.raises(DatabaseError, match=r"469.*is_small"):
        client.insert_arrow("failures.guarded", pa.table({"x": column(FAULTS[place])}))
    assert client.command("SELECT count() FROM failures.guarded") == 0


def test_values_that_violate_a_constraint_are_refused(client: Client) -> None:
    with pytest.raises(DatabaseError, match=r"469.*is_small"):
        client.command("INSERT INTO failures.guarded VALUES (1), (2000000000)")
    assert client.command("SELECT count() FROM failures.guarded") == 0


def test_a_failure_in_a_materialized_view_reaches_the_client(client: Client) -> None:
    with pytest.raises(DatabaseError, match="too large for the view"):
        client.insert("failures.plain", [column(ROWS - 1)], column_names=["x"], column_oriented=True)


def test_the_error_does_not_name_the_file_the_data_came_through(client: Client) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.raw_insert("failures.plain", insert_block="1\n2\nthree\n", fmt="TSV")
    assert "Cannot parse input" in str(caught.value)
    assert "insert-" not in str(caught.value)


def test_an_insert_cut_off_by_its_client_inserts_nothing(client: Client, embedded_engine: EngineState) -> None:
    def pieces():
        yield b"1\n2\n"
        raise ValueError("the client fails while it sends")

    with pytest.raises((ValueError, DatabaseError)):
        client.raw_insert("failures.plain", insert_block=pieces(), fmt="TSV")
    onlooker = clickhouse_connect.get_client(host="127.0.0.1", port=embedded_engine.port)
    running = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO failures.plain%'"
    deadline = time.monotonic() + 10
    while onlooker.command(running) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert onlooker.command(running) == 0
    assert onlooker.command("SELECT count() FROM failures.plain") == 0
