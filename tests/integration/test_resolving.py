"""The resolve view, row by row: fixtures/resolve_input.csv goes in, fixtures/resolve_expected.csv comes out."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW, reload_dictionaries, teach_codes

from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import apply_migrations

COLUMNS = get_feed("observations").columns
RECEIVED_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
OUTCOMES = """
    SELECT batch_id, row_number, toString(observed_at), ifNull(toString(value_number), ''), ifNull(value_text, ''),
        ifNull(toString(value_date), ''), '' FROM fct_observations
    UNION ALL
    SELECT batch_id, row_number, '', '', '', '', arrayStringConcat(reasons, '|') FROM quarantine_observations
"""
REASONS = {
    f"{fault}_{column}"
    for column in (name for name in COLUMNS if name not in {"observed_at", "value"})
    for fault in ("missing", "unknown")
} | {
    "missing_observed_at",
    "bad_observed_at",
    "out_of_range_observed_at",
    "future_event_time",
    "missing_value",
    "bad_value",
}


def table(project_root: Path, name: str) -> dict[str, list[str]]:
    with (project_root / "tests" / "fixtures" / name).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {case: cells for case, *cells in rows}


@pytest.fixture(scope="module")
def client(new_settings: Callable[..., Settings]) -> Iterator[Client]:
    settings = new_settings()
    apply_migrations(settings)
    client = connect(settings, database=settings.clickhouse_database)
    teach_codes(client)
    yield client
    client.command(f"DROP DATABASE {settings.clickhouse_database}")


def feed(client: Client, rows: Sequence[Sequence[str]], *, batch_id: int, attempt: int = 1) -> None:
    """What a live load and a replay both do: rows into the feed table."""
    client.insert(
        "feed_observations",
        [[batch_id, number, attempt, RECEIVED_AT, *cells] for number, cells in enumerate(rows, start=1)],
        column_names=["batch_id", "row_number", "attempt", "received_at", *COLUMNS],
        settings={"async_insert": 0},
    )


def outcomes(client: Client, batch_id: int) -> list[list[str]]:
    result = client.query(
        f"SELECT * FROM ({OUTCOMES}) WHERE batch_id = {{batch_id:UInt64}} ORDER BY row_number", {"batch_id": batch_id}
    )
    return [list(row[1:]) for row in result.result_rows]


def open_rows(client: Client, batch_id: int) -> list[int]:
    result = client.query(
        "SELECT row_number FROM quarantine_observations WHERE batch_id = {batch_id:UInt64} "
        "GROUP BY row_number HAVING notEmpty(argMax(reasons, attempt)) ORDER BY row_number",
        {"batch_id": batch_id},
    )
    return [number for (number,) in result.result_rows]


def test_every_case_resolves_as_its_line_says(client: Client, project_root: Path) -> None:
    given = table(project_root, "resolve_input.csv")
    expected = table(project_root, "resolve_expected.csv")
    assert len(given) > 150
    feed(client, list(given.values()), batch_id=1)
    found = outcomes(client, batch_id=1)
    assert [number for number, *_ in found] == list(range(1, len(given) + 1))
    assert {case: outcome[1:] for case, outcome in zip(given, found, strict=True)} == expected


def test_the_cases_have_every_reason(project_root: Path) -> None:
    expected = table(project_root, "resolve_expected.csv")
    assert {reason for cells in expected.values() for reason in cells[-1].split("|") if reason} == REASONS


def test_a_quarantined_row_keeps_its_text_to_the_byte(client: Client) -> None:
    row = [" 05/01/2026", "\u00a0lab ", "Ünknown\t", "", "  ", '"', "a,b", "two\nlines", "-\\-"]
    feed(client, [row], batch_id=2)
    [kept] = client.query(f"SELECT {', '.join(COLUMNS)} FROM quarantine_observations WHERE batch_id = 2").result_rows
    assert list(kept) == row


def test_a_replayed_row_that_is_accepted_closes_its_quarantine_entry_and_lands_once(client: Client) -> None:
    late = [*GOOD_ROW[:2], "LATE", *GOOD_ROW[3:]]
    feed(client, [GOOD_ROW, late, late], batch_id=3)
    assert open_rows(client, 3) == [2, 3]

    client.command("INSERT INTO dim_instrument VALUES (3, 'LATE', 'Late', true, 1, '2026-01-01', '2026-01-01', 0)")
    reload_dictionaries(client)
    feed(client, [GOOD_ROW, late], batch_id=4)
    client.command(
        "INSERT INTO feed_observations (batch_id, row_number, attempt, received_at, "
        f"{', '.join(COLUMNS)}) SELECT batch_id, row_number, attempt + 1, received_at, {', '.join(COLUMNS)} "
        "FROM quarantine_observations WHERE batch_id = 3 AND row_number = 2"
    )
    assert open_rows(client, 3) == [3]
    log = client.query(
        "SELECT row_number, attempt, reasons FROM quarantine_observations WHERE batch_id = 3 ORDER BY row_number, attempt"
    ).result_rows
    assert log == [(2, 1, ["unknown_instrument"]), (2, 2, []), (3, 1, ["unknown_instrument"])]
    facts = client.query(
        "SELECT row_number, instrument_id, known_at = {received_at:DateTime64(6)} FROM fct_observations "
        "WHERE batch_id = 3 ORDER BY row_number",
        {"received_at": RECEIVED_AT},
    ).result_rows
    assert facts == [(1, 1, 1), (2, 3, 1)]


def test_a_replayed_row_that_fails_again_stays_open_with_its_latest_reasons(client: Client) -> None:
    bad = [*GOOD_ROW[:2], "NOBODY", *GOOD_ROW[3:]]
    feed(client, [bad], batch_id=5)
    feed(client, [bad], batch_id=5, attempt=2)
    assert open_rows(client, 5) == [1]
    attempts = client.query(
        "SELECT attempt, reasons FROM quarantine_observations WHERE batch_id = 5 ORDER BY attempt"
    ).result_rows
    assert attempts == [(1, ["unknown_instrument"]), (2, ["unknown_instrument"])]
