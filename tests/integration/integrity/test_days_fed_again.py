"""Days of a fact fed again from landing: the same facts as before, or what codes resolve to today; other days untouched."""

from collections.abc import Callable
from datetime import date

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW
from observation_files import OBSERVATIONS, teach_instrument

from orchestrator.warehouse import days as under_test
from orchestrator.warehouse.days import DayRange, days_behind, refeed_days
from orchestrator.warehouse.loader import LoadResult
from orchestrator.warehouse.reconciliation import reconcile_feed

FACTS = "SELECT toDate(observed_at) AS day, * FROM fct_observations ORDER BY ALL"

Facts = Callable[[], list[tuple[object, ...]]]


def of(day: str, **cells: str) -> tuple[str, ...]:
    return tuple(({**dict(zip(OBSERVATIONS.columns, GOOD_ROW, strict=True)), "observed_at": day, **cells}).values())


@pytest.fixture
def facts(world: Client, load: Callable[..., LoadResult]) -> Facts:
    """Facts of three days and rows in quarantine, of two batches; gives what is in the fact now."""
    world.command("TRUNCATE TABLE fct_observations")
    world.command("TRUNCATE TABLE quarantine_observations")
    world.command("TRUNCATE TABLE landing_observations")
    world.command("TRUNCATE TABLE ops_batches")
    days = ("2024-12-31", "2025-01-01", "2025-01-02")
    load("a.csv", [of(f"{day}T{hour:02}:00:00", value=str(hour)) for day in days for hour in range(24)])
    load(
        "b.csv",
        [of(days[1], instrument="EURUSD", asset_class="Curncy", sub_asset_class="SPOT"), of(days[1], value="x")],
    )
    return lambda: list(world.query(FACTS).result_rows)


def test_a_day_fed_again_is_what_it_was_and_so_are_the_other_days(world: Client, facts: Facts) -> None:
    before = facts()
    assert len(before) == 73
    results = refeed_days(world, OBSERVATIONS, DayRange(date(2025, 1, 1), date(2025, 1, 1)))
    assert facts() == before
    assert {result.file for result in results} == {"a.csv", "b.csv"}
    assert reconcile_feed(world, OBSERVATIONS).adds_up


def test_days_without_facts_are_fed_again_without_a_change(world: Client, facts: Facts) -> None:
    before = facts()
    assert refeed_days(world, OBSERVATIONS, DayRange(date(1999, 1, 1), date(2003, 12, 31))) == []
    assert facts() == before


def test_a_day_that_was_lost_comes_back_from_landing(world: Client, facts: Facts) -> None:
    before = facts()
    world.command("DELETE FROM fct_observations WHERE toDate(observed_at) = '2025-01-02'")
    assert len(facts()) == len(before) - 24
    refeed_days(world, OBSERVATIONS, DayRange(date(2025, 1, 2), date(2025, 1, 2)))
    assert facts() == before


def test_codes_resolve_as_they_do_today_in_the_days_fed_again_and_nowhere_else(world: Client, facts: Facts) -> None:
    before = facts()
    teach_instrument(world, 55, "ELSE")
    world.command(
        "ALTER TABLE dim_instrument UPDATE code = 'AAPL_OLD' WHERE instrument_id = 1 SETTINGS mutations_sync = 2"
    )
    teach_instrument(world, 56, "AAPL")
    try:
        refeed_days(world, OBSERVATIONS, DayRange(date(2025, 1, 1), date(2025, 1, 1)))
        changed = {(row[0], row[1]) for row in facts()} - {(row[0], row[1]) for row in before}
        assert changed == {(date(2025, 1, 1), 56)}
        assert len(facts()) == len(before)
    finally:
        world.command("DELETE FROM dim_instrument WHERE instrument_id IN (55, 56)")
        world.command(
            "ALTER TABLE dim_instrument UPDATE code = 'AAPL' WHERE instrument_id = 1 SETTINGS mutations_sync = 2"
        )
        teach_instrument(world, 57, "LATER")


def test_feeding_again_that_broke_off_half_way_is_finished_by_the_next_try(
    world: Client,
    facts: Facts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = facts()
    days = DayRange(date(2024, 12, 31), date(2025, 1, 2))

    def broken(*_args: object, **_options: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(under_test, "backfill", broken)
        with pytest.raises(ConnectionError):
            refeed_days(world, OBSERVATIONS, days)
    assert facts() == []
    assert not reconcile_feed(world, OBSERVATIONS).adds_up
    refeed_days(world, OBSERVATIONS, days)
    assert facts() == before
    assert reconcile_feed(world, OBSERVATIONS).adds_up


def test_without_a_daily_mart_every_day_of_the_fact_is_behind(world: Client, facts: Facts) -> None:
    assert len(facts()) == 73
    assert days_behind(world, OBSERVATIONS) == [date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 2)]
