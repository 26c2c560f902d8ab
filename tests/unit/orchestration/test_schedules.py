"""Schedules: when they tick, across changes of the clock, and what they ask for."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    build_schedule_context,
)
from dagster._utils.schedules import schedule_execution_time_iterator

from orchestrator.partitions.trading_days import NEW_YORK, is_trading_day
from orchestrator.schedules.clock import month_before, schedules
from orchestrator.settings import Settings

NAMES = (
    "every_five_minutes",
    "after_the_close",
    "exports_after_the_close",
    "reference_weekly",
    "month_before",
    "data_quality_daily",
    "maintenance_nightly",
)


def schedule_of(name: str, settings: Settings | None = None) -> ScheduleDefinition:
    return next(schedule for schedule in schedules(settings or Settings()) if schedule.name == name)


def ticks(name: str, since: datetime, count: int) -> list[datetime]:
    schedule = schedule_of(name)
    iterator = schedule_execution_time_iterator(
        since.timestamp(), str(schedule.cron_schedule), schedule.execution_timezone, ascending=True
    )
    return list(itertools.islice(iterator, count))


def asked(name: str, moment: datetime, settings: Settings | None = None, instance: DagsterInstance | None = None):  # type: ignore[no-untyped-def]
    with build_schedule_context(instance=instance, scheduled_execution_time=moment) as context:
        data = schedule_of(name, settings).evaluate_tick(context)
    return data.run_requests or data.skip_message


def test_schedules_run_by_themselves_but_in_development() -> None:
    assert {schedule.name for schedule in schedules(Settings())} == set(NAMES)
    for environment, status in (
        ("dev", DefaultScheduleStatus.STOPPED),
        ("staging", DefaultScheduleStatus.RUNNING),
        ("production", DefaultScheduleStatus.RUNNING),
    ):
        made = schedules(Settings(touchstone_environment=environment))  # type: ignore[arg-type]
        assert {schedule.default_status for schedule in made} == {status}


@pytest.mark.parametrize(
    ("since", "changes"),
    [(datetime(2026, 3, 5, tzinfo=UTC), "spring"), (datetime(2026, 10, 29, tzinfo=UTC), "autumn")],
)
def test_the_close_is_at_17_in_new_york_once_a_weekday_when_the_clock_changes(since: datetime, changes: str) -> None:
    found = ticks("after_the_close", since, 6)
    local = [tick.astimezone(ZoneInfo(NEW_YORK)) for tick in found]
    assert {(tick.hour, tick.minute) for tick in local} == {(17, 0)}
    assert len({tick.date() for tick in local}) == 6
    assert all(tick.weekday() < 5 for tick in local)
    assert {tick.astimezone(UTC).hour for tick in found} == {21, 22}, changes


def test_micro_batches_tick_through_both_changes_of_the_clock_every_five_minutes() -> None:
    for since in (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)):
        found = ticks("every_five_minutes", since, 60)
        assert {later - earlier for earlier, later in itertools.pairwise(found)} == {timedelta(minutes=5)}


def test_after_the_close_runs_on_trading_days_only() -> None:
    [request] = asked("after_the_close", datetime(2026, 11, 25, 22, tzinfo=UTC))
    assert (request.run_key, request.tags["touchstone/trading_day"]) == ("2026-11-25", "2026-11-25")
    assert asked("after_the_close", datetime(2026, 11, 26, 22, tzinfo=UTC)) == "The NYSE does not trade on 2026-11-26."
    # a day that is another one in UTC already
    [request] = asked("after_the_close", datetime(2026, 11, 25, 0, tzinfo=UTC))
    assert request.run_key == "2026-11-24"


def test_holidays_are_those_of_the_venue() -> None:
    thanksgiving = datetime(2026, 11, 26, tzinfo=UTC).date()
    assert not is_trading_day(thanksgiving)
    assert is_trading_day(thanksgiving, "XLON")


def test_the_month_before_is_whole_also_over_a_new_year_and_a_leap_day() -> None:
    assert str(month_before(datetime(2026, 1, 1, 6, 30, tzinfo=UTC))) == "2025-12-01 to 2025-12-31"
    [request] = asked("month_before", datetime(2028, 3, 1, 6, 30, tzinfo=UTC))
    assert request.tags["dagster/asset_partition_range_start"] == "2028-02-01"
    assert request.tags["dagster/asset_partition_range_end"] == "2028-02-29"


def test_a_tick_that_is_evaluated_twice_asks_for_the_same_run() -> None:
    moment = datetime(2026, 11, 29, 6, tzinfo=UTC)
    [one], [other] = asked("reference_weekly", moment), asked("reference_weekly", moment)
    assert isinstance(one, RunRequest)
    assert one.run_key == other.run_key


def test_a_micro_batch_is_asked_for_when_a_file_came_since_the_last_landing(tmp_path: Path) -> None:
    settings = Settings(touchstone_drop_dir=tmp_path)
    moment = datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert asked("every_five_minutes", moment, settings, instance) == "No file came since files were last landed."
        (tmp_path / "observations").mkdir()
        (tmp_path / "observations" / "new.csv").write_text("x\n", encoding="utf-8")
        assert len(asked("every_five_minutes", moment, settings, instance)) == 1
        instance.report_runless_asset_event(AssetMaterialization(AssetKey("landing_observations")))
        assert asked("every_five_minutes", moment, settings, instance) == "No file came since files were last landed."
