"""What happens by the clock. In development schedules are there and stopped; elsewhere they run."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
)

from orchestrator.feeds.buckets import deliveries_of
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds
from orchestrator.jobs.data_quality import DATA_QUALITY
from orchestrator.jobs.days import DAILY_MARTS
from orchestrator.jobs.everything import EVERYTHING
from orchestrator.jobs.exports import EXPORTS
from orchestrator.jobs.loads import MICRO_BATCH, REFERENCE, load_job_name
from orchestrator.jobs.maintenance import MAINTENANCE
from orchestrator.partitions.days import tags_of
from orchestrator.partitions.trading_days import NEW_YORK, day_in, is_trading_day
from orchestrator.sensors.files import changed_at, look_at
from orchestrator.settings import Settings
from orchestrator.warehouse.days import DayRange
from orchestrator.warehouse.loader import files_of

EVERY_FIVE_MINUTES: Final = "*/5 * * * *"
AFTER_THE_CLOSE: Final = "0 17 * * 1-5"
SUNDAY_MORNING: Final = "0 6 * * 0"
FIRST_OF_THE_MONTH: Final = "30 6 1 * *"
AN_HOUR_LATER: Final = "0 18 * * 1-5"
EARLY_MORNING: Final = "0 5 * * *"
NIGHT: Final = "0 3 * * *"

# what came within the last seconds the sensors are about to ask for
_LEFT_TO_SENSORS: Final = 60
_UNFINISHED: Final = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
]


def schedules(settings: Settings) -> list[ScheduleDefinition]:
    """All schedules of the house."""
    status = DefaultScheduleStatus.RUNNING if settings.is_always_on else DefaultScheduleStatus.STOPPED

    def at(cron: str, time_zone: str = "UTC") -> dict[str, Any]:
        return {"cron_schedule": cron, "execution_timezone": time_zone, "default_status": status}

    return [
        ScheduleDefinition(
            name="every_five_minutes",
            job_name=MICRO_BATCH,
            description="Files and objects that came since their feed was last landed, and that no run is loading; "
            "nothing where none did.",
            execution_fn=lambda context: _micro_batch(context, settings),
            **at(EVERY_FIVE_MINUTES),
        ),
        ScheduleDefinition(
            name="after_the_close",
            job_name=EVERYTHING,
            description="Everything with all checks at 17:00 in New York, on days on which the NYSE trades.",
            execution_fn=_after_the_close,
            **at(AFTER_THE_CLOSE, NEW_YORK),
        ),
        ScheduleDefinition(
            name="reference_weekly",
            job_name=REFERENCE,
            description="Dimensions and dictionaries with their checks, Sundays at 06:00 UTC.",
            execution_fn=_each_time,
            **at(SUNDAY_MORNING),
        ),
        ScheduleDefinition(
            name="month_before",
            job_name=DAILY_MARTS,
            description="Daily marts of the month before made anew, on the first at 06:30 UTC.",
            execution_fn=_month_before,
            **at(FIRST_OF_THE_MONTH),
        ),
        ScheduleDefinition(
            name="exports_after_the_close",
            job_name=EXPORTS,
            description="Every export, of the days that changed, at 18:00 in New York on days of NYSE trading.",
            execution_fn=_after_the_close,
            **at(AN_HOUR_LATER, NEW_YORK),
        ),
        ScheduleDefinition(
            name="data_quality_daily",
            job_name=DATA_QUALITY,
            description="Every check that stands for itself, at 05:00 UTC.",
            execution_fn=_each_time,
            **at(EARLY_MORNING),
        ),
        ScheduleDefinition(
            name="maintenance_nightly",
            job_name=MAINTENANCE,
            description="Merges, retention, drift, disks, a backup that is tried, at 03:00 UTC.",
            execution_fn=_each_time,
            **at(NIGHT),
        ),
    ]


def month_before(moment: datetime) -> DayRange:
    """All days of the month before that of the moment, UTC."""
    last = moment.astimezone(UTC).date().replace(day=1) - timedelta(days=1)
    return DayRange(last.replace(day=1), last)


def _moment(context: ScheduleEvaluationContext) -> datetime:
    return context.scheduled_execution_time


def _each_time(context: ScheduleEvaluationContext) -> RunRequest:
    return RunRequest(run_key=_moment(context).isoformat())


def _micro_batch(context: ScheduleEvaluationContext, settings: Settings) -> RunRequest | SkipReason:
    moment = _moment(context)
    came = [(feed, _came(context.instance, feed, settings, moment)) for feed in chained_feeds()]
    waiting = [(feed, max(moments)) for feed, moments in came if moments]
    if not waiting:
        return SkipReason("No file came since files were last landed.")
    if all(_is_under_way(context.instance, feed, newest) for feed, newest in waiting):
        return SkipReason("Runs that load what came are under way.")
    return RunRequest(run_key=moment.isoformat())


def _came(instance: DagsterInstance, feed: Feed, settings: Settings, moment: datetime) -> list[float]:
    """When what came since the feed was last landed came, in seconds since 1970; the newest is left to the sensors."""
    event = instance.get_latest_materialization_event(AssetKey(feed.landing))
    landed_at = event.timestamp if event else 0.0
    files = look_at(files_of(feed, settings.touchstone_drop_dir)).values()
    moments = [*map(changed_at, files), *(stored.modified_at.timestamp() for stored in deliveries_of(feed, settings))]
    return [came_at for came_at in moments if landed_at < came_at <= moment.timestamp() - _LEFT_TO_SENSORS]


def _is_under_way(instance: DagsterInstance, feed: Feed, since: float) -> bool:
    """Whether a run that began since then waits or is on its way to land the feed."""
    unfinished = RunsFilter(statuses=_UNFINISHED, created_after=datetime.fromtimestamp(since, UTC))
    landing = {load_job_name(feed), MICRO_BATCH, EVERYTHING}
    return any(run.job_name in landing for run in instance.get_runs(unfinished))


def _after_the_close(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    day = day_in(_moment(context), NEW_YORK)
    if not is_trading_day(day):
        return SkipReason(f"The NYSE does not trade on {day}.")
    return RunRequest(run_key=str(day), tags={"touchstone/trading_day": str(day)})


def _month_before(context: ScheduleEvaluationContext) -> RunRequest:
    days = month_before(_moment(context))
    return RunRequest(run_key=str(days), tags=dict(tags_of(days)))
