"""Ranges of days: put together, cut, and told by the tags of a run."""

import io
import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from orchestrator.exceptions import DayRangeError
from orchestrator.partitions.days import DAYS, FIRST_DAY, tags_of
from orchestrator.settings import Settings
from orchestrator.verbs.backfill import Backfill, backfill_days
from orchestrator.warehouse.days import DayRange

NEW_YEAR = date(2024, 1, 1)
DAY_SETS = st.sets(st.integers(0, 4000), max_size=60).map(lambda ns: {NEW_YEAR + timedelta(days=n) for n in ns})


@given(days=DAY_SETS)
def test_ranges_hold_exactly_the_days_in_order_and_never_touch(days: set[date]) -> None:
    ranges = DayRange.of(days)
    assert [day for found in ranges for day in found] == sorted(days)
    assert all(later.first - earlier.last > timedelta(days=1) for earlier, later in itertools.pairwise(ranges))


@given(length=st.integers(1, 4000), most=st.integers(1, 400))
def test_parts_are_the_range_in_order_and_none_is_longer_than_asked(length: int, most: int) -> None:
    whole = DayRange(NEW_YEAR, NEW_YEAR + timedelta(days=length - 1))
    parts = whole.in_parts(most)
    assert [day for part in parts for day in part] == list(whole)
    assert max(map(len, parts)) <= most
    assert len(parts) == -(-length // most)


def test_ten_years_of_days_are_forty_runs_of_a_quarter() -> None:
    decade = DayRange(date(2016, 1, 1), date(2025, 12, 31))
    assert len(decade) == 3653
    assert len(decade.in_parts(92)) == 40


def test_the_plan_of_a_backfill_names_its_runs_and_makes_nothing(tmp_path: Path) -> None:
    told = io.StringIO()
    wanted = Backfill("fct_observations", DayRange(date(2019, 10, 1), date(2019, 12, 29)), 45)
    settings = Settings(touchstone_home=tmp_path / "home")
    assert backfill_days(Console(file=told, width=120), settings, wanted, is_plan=True)
    assert told.getvalue().splitlines() == [
        "fct_observations: 90 days, 2019-10-01 to 2019-12-29, in 2 runs",
        "  2019-10-01 to 2019-11-14",
        "  2019-11-15 to 2019-12-29",
    ]
    assert not settings.touchstone_home.exists()


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(DayRangeError, match="2024-02-02, is after the last one, 2024-02-01"):
        DayRange(date(2024, 2, 2), date(2024, 2, 1))


def test_the_moments_of_a_range_go_from_midnight_to_the_midnight_after_the_last_day() -> None:
    assert DayRange(date(2024, 2, 28), date(2024, 2, 29)).moments == {
        "first": datetime(2024, 2, 28, tzinfo=UTC),
        "end": datetime(2024, 3, 1, tzinfo=UTC),
    }


def test_partitions_are_days_from_the_earliest_event_time_to_today() -> None:
    keys = DAYS.get_partition_keys(current_time=datetime(1970, 1, 3, 0, 0, 1, tzinfo=UTC))
    assert keys == ["1970-01-01", "1970-01-02", "1970-01-03"]
    assert keys[0] == str(FIRST_DAY)
    assert tags_of(DayRange(date(2024, 2, 1), date(2024, 2, 3))) == {
        "dagster/asset_partition_range_start": "2024-02-01",
        "dagster/asset_partition_range_end": "2024-02-03",
    }
