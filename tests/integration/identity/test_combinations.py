"""Facts outside the permitted combinations: a reason of their own, and what the feed's rule makes of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW, reload_dictionaries, teach_codes

from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import apply_migrations

NOW = "now64(6), now64(6), 0"
COLUMNS = get_feed("observations").columns
CURRENCY_ROW = ("2026-01-05", "lab", "EURUSD", "Curncy", "SPOT", "Share", "Pricing", "PX", "1.5")


@pytest.fixture
def client(new_settings: Callable[..., Settings]) -> Iterator[Client]:
    settings = new_settings()
    apply_migrations(settings)
    client = connect(settings, database=settings.clickhouse_database)
    teach_codes(client)
    client.command(f"INSERT INTO bridge_combination VALUES (1, 1, 1, 1, 1, true, 1, {NOW})")
    yield client
    client.command(f"DROP DATABASE {settings.clickhouse_database}")


def outcome(client: Client, rule: str, version: int, *rows: tuple[str, ...]) -> tuple[int, list[list[str]]]:
    """Facts, and reasons of what was quarantined, after these rows came in under this rule."""
    client.command(
        f"INSERT INTO dim_feed_rule VALUES ('observations', 'forbidden_combination', '{rule}', {version}, {NOW})"
    )
    reload_dictionaries(client)
    client.insert(
        "feed_observations",
        [[version, number, 1, datetime(2026, 1, 10, tzinfo=UTC), *row] for number, row in enumerate(rows, start=1)],
        column_names=["batch_id", "row_number", "attempt", "received_at", *COLUMNS],
    )
    facts = client.query(f"SELECT count() FROM fct_observations WHERE batch_id = {version}").result_rows[0][0]
    reasons = client.query(
        f"SELECT reasons FROM quarantine_observations WHERE batch_id = {version} ORDER BY row_number"
    )
    return facts, [row[0] for row in reasons.result_rows]


def test_a_combination_that_no_lookup_file_has_is_rejected_with_its_own_reason(client: Client) -> None:
    assert outcome(client, "reject", 1, GOOD_ROW, CURRENCY_ROW) == (1, [["forbidden_combination"]])


@pytest.mark.parametrize("action", ["warn", "off"])
def test_where_the_rule_says_so_it_becomes_a_fact(client: Client, action: str) -> None:
    assert outcome(client, action, 1, GOOD_ROW, CURRENCY_ROW) == (2, [])


def test_a_combination_of_codes_that_do_not_all_resolve_is_not_judged(client: Client) -> None:
    unknown = (*GOOD_ROW[:7], "NO_SUCH_FIELD", "1")
    assert outcome(client, "reject", 1, unknown) == (0, [["unknown_field"]])


def test_a_retired_combination_is_rejected_until_it_returns(client: Client) -> None:
    assert outcome(client, "reject", 1, GOOD_ROW) == (1, [])
    client.command(f"INSERT INTO bridge_combination VALUES (1, 1, 1, 1, 1, false, 2, {NOW})")
    assert outcome(client, "reject", 2, GOOD_ROW) == (0, [["forbidden_combination"]])
    client.command(f"INSERT INTO bridge_combination VALUES (1, 1, 1, 1, 1, true, 3, {NOW})")
    assert outcome(client, "reject", 3, GOOD_ROW) == (1, [])
