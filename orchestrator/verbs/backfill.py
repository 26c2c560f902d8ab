"""`touchstone backfill ASSET --from --to`: days of a fact or of its daily mart made anew, in recorded Dagster runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import uuid4

from dagster import DagsterInstance, DagsterRunStatus, JobDefinition, RunsFilter
from rich.console import Console

from orchestrator.exceptions import DayRangeError
from orchestrator.feeds.specs import chained_feeds
from orchestrator.helpers import plural
from orchestrator.jobs.instance import dagster_instance
from orchestrator.jobs.runs import execute
from orchestrator.settings import Settings, export_environment
from orchestrator.warehouse.client import connect, ensure_engine
from orchestrator.warehouse.days import DayRange, daily_mart_of
from orchestrator.warehouse.ledger import require_migrated

BACKFILL_TAG: Final = "touchstone/backfill"
DAYS_TAG: Final = "touchstone/days"
_SUFFIX: Final = "_by_day"


@dataclass(frozen=True)
class Backfill:
    """What is asked for: which asset, of which days, how many of them a run.

    Attributes:
        is_resumed: whether parts that an earlier backfill of the same asset and days has made are left out.
    """

    asset: str
    days: DayRange
    days_a_run: int
    is_resumed: bool = False

    @property
    def name(self) -> str:
        """The same for every try."""
        return f"{self.asset}:{self.days.first}:{self.days.last}"


def backfill_days(console: Console, settings: Settings, wanted: Backfill, *, is_plan: bool) -> bool:
    """Make the days anew, part by part; stops at the first part that fails. True when all of them are made.

    Raises:
        DayRangeError: the asset is not made by the day, or days lie ahead.
        MigrationsMissingError: there is no warehouse yet.
    """
    job_name = _job_of(wanted.asset)
    _require_past(wanted.days)
    parts = wanted.days.in_parts(wanted.days_a_run)
    console.print(f"{wanted.asset}: {plural(len(wanted.days), 'day')}, {wanted.days}, in {plural(len(parts), 'run')}")
    if is_plan:
        for part in parts:
            console.print(f"  {part}")
        return True
    address = ensure_engine(settings)
    require_migrated(connect(settings, database=settings.clickhouse_database))
    export_environment(settings, address.host, address.port)
    from orchestrator.definitions import defs  # noqa: PLC0415 needs the environment just exported

    job = defs.resolve_job_def(job_name)
    with dagster_instance(settings) as instance:
        made = _parts_made(instance, wanted) if wanted.is_resumed else frozenset()
        return all(_make(console, settings, instance, job, wanted, part, made) for part in parts)


def _make(  # noqa: PLR0917 all of one run
    console: Console,
    settings: Settings,
    instance: DagsterInstance,
    job: JobDefinition,
    wanted: Backfill,
    part: DayRange,
    made: frozenset[str],
) -> bool:
    from orchestrator.partitions.days import tags_of  # noqa: PLC0415 Dagster takes seconds to import

    if str(part) in made:
        console.print(f"  {part}: made before")
        return True
    tags: Mapping[str, str] = {**tags_of(part), BACKFILL_TAG: wanted.name, DAYS_TAG: str(part)}
    expected = len(list(job.asset_layer.executable_asset_keys)) * len(part)
    outcome = execute(job, instance, str(uuid4()), expected_events=expected, log_file=settings.run_log, tags=tags)
    seconds = sum(outcome.seconds.values())
    console.print(f"  {part}: {'made' if outcome.succeeded else 'FAILED'} in {seconds:.1f} s, run {outcome.run_id}")
    for failure in outcome.failed:
        console.print(f"  {failure}", style="red", markup=False)
    if not outcome.succeeded:
        console.print("What was made stays. Mend the cause, then run the same command with --resume.")
    return outcome.succeeded


def _parts_made(instance: DagsterInstance, wanted: Backfill) -> frozenset[str]:
    filters = RunsFilter(tags={BACKFILL_TAG: wanted.name}, statuses=[DagsterRunStatus.SUCCESS])
    return frozenset(run.tags[DAYS_TAG] for run in instance.get_runs(filters))


def _job_of(asset: str) -> str:
    from orchestrator.jobs.days import DAILY_MARTS, FACTS_AGAIN  # noqa: PLC0415 Dagster takes seconds to import

    jobs = {feed.fact: FACTS_AGAIN for feed in chained_feeds()}
    jobs |= {daily_mart_of(feed): DAILY_MARTS for feed in chained_feeds()}
    name = asset.removesuffix(_SUFFIX)
    if name not in jobs:
        raise DayRangeError(f"{asset} is not made by the day.", f"Name one of: {', '.join(sorted(jobs))}.")
    return jobs[name]


def _require_past(days: DayRange) -> None:
    today = datetime.now(UTC).date()
    if days.last > today or days.first < date(1970, 1, 1):
        raise DayRangeError(f"{days} is not between 1970-01-01 and {today}, UTC.", "Choose days that have been.")
