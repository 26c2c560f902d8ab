"""Counting the facts that hold codes, in an engine that runs; nothing is started for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect, ensure_engine
from orchestrator.warehouse.usage import Usage, count_usage, rows_per_fact


@pytest.fixture
def facts(settings: Settings) -> Settings:
    """Two fact tables with fields, one without, and a dimension."""
    name = settings.clickhouse_database
    admin = connect(settings)
    admin.command(f"CREATE DATABASE {name}")
    for table, column in (
        ("fct_a", "field_id"),
        ("fct_b", "field_id"),
        ("fct_c", "source_id"),
        ("dim_field", "field_id"),
    ):
        admin.command(f"CREATE TABLE {name}.{table} ({column} UInt32) ENGINE = MergeTree ORDER BY tuple()")
    admin.command(f"INSERT INTO {name}.fct_a SELECT number % 20000 + 1 FROM numbers(40000)")
    return settings


def test_rows_are_counted_in_every_fact_table_that_has_the_domain(facts: Settings) -> None:
    assert count_usage(facts, {"field": [1, 7, 99_999]}) == Usage({"field": {"fct_a": 4, "fct_b": 0}})
    assert count_usage(facts, {"source": [1], "asset_class": [1]}) == Usage({"source": {"fct_c": 0}, "asset_class": {}})


def test_more_ids_than_fit_into_one_statement_are_counted(facts: Settings, client: Client) -> None:
    assert rows_per_fact(client, facts.clickhouse_database, "field", range(1, 15_001)) == {"fct_a": 30_000, "fct_b": 0}


def test_nothing_is_asked_when_no_code_is_affected(tmp_path: Path, new_settings: Callable[..., Settings]) -> None:
    nowhere = new_settings(touchstone_home=tmp_path)
    assert count_usage(nowhere, {}) == count_usage(nowhere, {"field": []}) == Usage()


def test_an_engine_that_is_down_is_a_reason_and_stays_down(
    tmp_path: Path, new_settings: Callable[..., Settings]
) -> None:
    told = count_usage(new_settings(touchstone_home=tmp_path), {"field": [1]})
    assert told.reason.startswith("not counted: No engine is running")
    assert "\n" not in told.reason
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_is_a_reason(settings: Settings) -> None:
    ensure_engine(settings)
    assert "There is no database" in count_usage(settings, {"field": [1]}).reason


def test_a_server_that_does_not_answer_is_a_reason(new_settings: Callable[..., Settings]) -> None:
    told = count_usage(new_settings(clickhouse_host="127.0.0.1", clickhouse_port=9), {"field": [1]})
    assert told.reason.startswith("not counted: ")
    assert "\n" not in told.reason
