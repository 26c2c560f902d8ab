"""Sensors that hand the metrics to a Pushgateway when a run ends, where one is named."""

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunStatusSensorContext,
    RunStatusSensorDefinition,
    SkipReason,
    run_status_sensor,
)

from orchestrator.metrics.pushing import push_metrics
from orchestrator.settings import get_settings

_ENDS = {"success": DagsterRunStatus.SUCCESS, "failure": DagsterRunStatus.FAILURE}


def metrics_sensors() -> list[RunStatusSensorDefinition]:
    """One sensor per end of a run. They are on where TOUCHSTONE_PUSHGATEWAY_URL is set."""
    is_wanted = bool(get_settings().touchstone_pushgateway_url)
    return [_metrics_sensor(end, status, is_on=is_wanted) for end, status in _ENDS.items()]


def _metrics_sensor(end: str, status: DagsterRunStatus, *, is_on: bool) -> RunStatusSensorDefinition:
    @run_status_sensor(
        run_status=status,
        name=f"metrics_pushed_on_{end}",
        default_status=DefaultSensorStatus.RUNNING if is_on else DefaultSensorStatus.STOPPED,
        description=f"Pushes the metrics to TOUCHSTONE_PUSHGATEWAY_URL after each {end} of a run.",
    )
    def pushed(context: RunStatusSensorContext) -> SkipReason:
        settings = get_settings()
        if not settings.touchstone_pushgateway_url:
            return SkipReason("TOUCHSTONE_PUSHGATEWAY_URL is not set.")
        url = push_metrics(settings)
        context.log.info(f"pushed the metrics to {url} after run {context.dagster_run.run_id}")
        return SkipReason(f"Pushed to {url}.")

    return pushed
