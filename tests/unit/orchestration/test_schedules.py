"""Schedules: when they tick, across changes of the clock, and what they ask for."""

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from buckets import client_of, new_bucket, s3_server, s3_settings_of
from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    build_schedule_context,
)
from dagster._core.test_utils import create_run_for_test
from dagster._utils.schedules import schedule_execution_time_iterator

from orchestrator.feeds.feed import span_of
from orchestrator.feeds.specs import FEEDS
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


def test_no_feed_is_stale_while_the_venue_is_closed() -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(3 * 366)]
    trading = [day for day in days if is_trading_day(day)]
    longest = max(later - earlier for earlier, later in itertools.pairwise(trading))
    assert longest == timedelta(days=4)
    limits = [(feed.freshness.run_within, feed.freshness.file_within) for feed in FEEDS]
    spans = [span_of(limit) for of_feed in limits for limit in of_feed if limit]
    assert spans
    assert min(spans) > longest


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


NOTHING_CAME = "No file came since files were last landed."
UNDER_WAY = "Runs that load what came are under way."


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as made:
        yield made


@pytest.fixture
def asked_at(tmp_path: Path, instance: DagsterInstance) -> Callable[[datetime], Any]:
    """What the schedule asks for at a moment, with the drop folder of the test."""
    return lambda moment: asked("every_five_minutes", moment, Settings(touchstone_drop_dir=tmp_path), instance)


def drop(folder: Path, name: str, came: datetime, feed: str = "observations") -> None:
    (folder / feed).mkdir(exist_ok=True)
    (folder / feed / name).write_text("x\n", encoding="utf-8")
    os.utime(folder / feed / name, (came.timestamp(), came.timestamp()))


def test_a_micro_batch_is_asked_for_when_a_file_came_since_the_last_landing(
    tmp_path: Path, asked_at: Callable[[datetime], Any], instance: DagsterInstance
) -> None:
    now = datetime.now(UTC)
    assert asked_at(now) == NOTHING_CAME
    drop(tmp_path, "new.csv", now - timedelta(minutes=2))
    assert len(asked_at(now)) == 1
    instance.report_runless_asset_event(AssetMaterialization(AssetKey("landing_observations")))
    assert asked_at(now + timedelta(minutes=5)) == NOTHING_CAME


def test_what_came_just_now_is_left_to_the_sensor_until_the_next_tick(
    tmp_path: Path, asked_at: Callable[[datetime], Any]
) -> None:
    now = datetime.now(UTC)
    drop(tmp_path, "new.csv", now - timedelta(seconds=30))
    assert asked_at(now) == NOTHING_CAME
    assert len(asked_at(now + timedelta(minutes=5))) == 1


def test_a_file_that_a_run_is_about_to_load_is_not_asked_for_again(
    tmp_path: Path, asked_at: Callable[[datetime], Any], instance: DagsterInstance
) -> None:
    now = datetime.now(UTC)
    drop(tmp_path, "half.csv.part", now - timedelta(minutes=2))
    assert asked_at(now) == NOTHING_CAME
    drop(tmp_path, "new.csv", now - timedelta(minutes=2))
    create_run_for_test(instance, job_name="load_instruments", status=DagsterRunStatus.STARTED)
    assert len(asked_at(now)) == 1, "a run of another feed loads nothing of this one"
    for job, status in (
        ("load_observations", DagsterRunStatus.NOT_STARTED),
        ("micro_batch", DagsterRunStatus.STARTING),
        ("everything", DagsterRunStatus.STARTED),
    ):
        run = create_run_for_test(instance, job_name=job, status=status)
        assert asked_at(now) == UNDER_WAY, job
        instance.report_run_failed(run)
        assert len(asked_at(now)) == 1, job
    create_run_for_test(instance, job_name="load_observations", status=DagsterRunStatus.STARTED)
    drop(tmp_path, "newer.csv", now + timedelta(minutes=3))
    assert len(asked_at(now + timedelta(minutes=5))) == 1, "that run may have looked before it came"


def test_objects_that_came_to_the_bucket_count_like_files(tmp_path: Path, instance: DagsterInstance) -> None:
    with s3_server() as endpoint:
        bucket = new_bucket(endpoint)
        settings = Settings(
            touchstone_drop_dir=tmp_path, touchstone_drop_url=f"s3://{bucket}", **s3_settings_of(endpoint)
        )
        later = datetime.now(UTC) + timedelta(minutes=5)
        assert asked("every_five_minutes", later, settings, instance) == NOTHING_CAME
        client_of(endpoint).put_object(Bucket=bucket, Key="observations/a.csv", Body=b"x")
        assert len(asked("every_five_minutes", later, settings, instance)) == 1
        create_run_for_test(instance, job_name="load_observations", status=DagsterRunStatus.STARTED)
        assert asked("every_five_minutes", later, settings, instance) == UNDER_WAY
