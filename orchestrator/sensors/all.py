"""Every sensor of the house."""

from dagster import SensorDefinition

from orchestrator.sensors.buckets import bucket_sensors
from orchestrator.sensors.failures import failure_sensors
from orchestrator.sensors.files import drop_sensors, lookup_files_changed
from orchestrator.sensors.metrics import metrics_sensors
from orchestrator.sensors.replay import replay_sensors
from orchestrator.sensors.watches import watch_sensors
from orchestrator.settings import Settings


def all_sensors(settings: Settings) -> list[SensorDefinition]:
    """What arrives, what resolves, what failed, what lasts, and what is pushed."""
    return [
        *(*drop_sensors(settings), *bucket_sensors(settings), lookup_files_changed),
        *(*replay_sensors(), *failure_sensors, *watch_sensors(), *metrics_sensors()),
    ]
