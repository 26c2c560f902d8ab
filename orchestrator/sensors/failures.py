"""The sensors behind alerts: a run failed, a run succeeded again, and what was held back is due."""

from dataclasses import replace
from datetime import UTC, datetime

from dagster import (
    DagsterEvent,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunStatusSensorContext,
    SensorEvaluationContext,
    SkipReason,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)

from orchestrator.alerts.raising import raise_alert, send_held_back, tell_recovered
from orchestrator.alerts.runs import Surroundings, alert_of_failed_checks, alert_of_failed_run, alert_of_success
from orchestrator.alerts.story import TOLD_EVENTS, RunStory, story_of
from orchestrator.assets.landing import WITHIN_THRESHOLDS
from orchestrator.helpers import plural
from orchestrator.settings import get_settings

_SECONDS = 10
_HELD_BACK_SECONDS = 60


# also runs of `touchstone run`, which no code location has launched
@run_failure_sensor(
    name="failed_runs",
    monitor_all_code_locations=True,
    minimum_interval_seconds=_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="One alert per failed run, whichever job it is of: what failed, why, what to do. See docs/alerts.md.",
)
def failed_runs(context: RunFailureSensorContext) -> None:
    """Tell of a run that failed."""
    settings = get_settings()
    story = _story(context.instance, context.dagster_run.run_id)
    alert = alert_of_failed_run(
        context.dagster_run,
        story,
        context.failure_event.message or "",
        Surroundings.of(settings),
        _moment(context.instance, context.dagster_run.run_id, context.failure_event),
    )
    raise_alert(context.instance, settings, alert)


@run_status_sensor(
    name="succeeded_runs",
    run_status=DagsterRunStatus.SUCCESS,
    monitor_all_code_locations=True,
    minimum_interval_seconds=_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="An alert where a run succeeded although checks failed that block nothing, and one message when what "
    "was told before is over.",
)
def succeeded_runs(context: RunStatusSensorContext) -> None:
    """Tell of failed checks in a run that succeeded, and of what it has put right."""
    settings = get_settings()
    run = context.dagster_run
    story = _story(context.instance, run.run_id)
    surroundings = Surroundings.of(settings)
    at = _moment(context.instance, run.run_id, context.dagster_event)
    # a red batch stays so from run to run: `quarantine_over_threshold` tells of it once
    failed = tuple(check for check in story.failed_checks if check.name != WITHIN_THRESHOLDS)
    if failed:
        told = replace(story, failed_checks=failed)
        raise_alert(context.instance, settings, alert_of_failed_checks(run, told, surroundings, at))
    tell_recovered(context.instance, settings, alert_of_success(run, surroundings, at), story)


@sensor(
    name="alerts_held_back",
    minimum_interval_seconds=_HELD_BACK_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Tells of alerts that were held back, once the cooldown is over, and again of those no channel took.",
)
def alerts_held_back(context: SensorEvaluationContext) -> SkipReason:
    """Tell what is due."""
    sent = send_held_back(context.instance, get_settings())
    return SkipReason(f"{plural(sent, 'message')} sent about alerts that were held back.")


failure_sensors = [failed_runs, succeeded_runs, alerts_held_back]


def _story(instance: DagsterInstance, run_id: str) -> RunStory:
    records = instance.get_records_for_run(run_id, of_type=TOLD_EVENTS).records
    return story_of(record.event_log_entry.get_dagster_event() for record in records)


def _moment(instance: DagsterInstance, run_id: str, event: DagsterEvent) -> datetime:
    """When the event was recorded."""
    [record] = instance.get_records_for_run(run_id, of_type=event.event_type, limit=1, ascending=False).records
    return datetime.fromtimestamp(record.timestamp, UTC)
