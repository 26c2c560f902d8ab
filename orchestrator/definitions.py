"""The Dagster code location, on one screen."""

from dagster import Definitions

from orchestrator.assets.all import all_assets
from orchestrator.checks.dictionaries import dictionary_gate
from orchestrator.checks.freshness import freshness_checks, with_freshness
from orchestrator.jobs.all import ALL_JOBS
from orchestrator.resources.dbt import dbt_project, dbt_resource
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.schedules.clock import schedules
from orchestrator.sensors.all import all_sensors
from orchestrator.settings import get_settings

settings = get_settings()
project = dbt_project(settings)

defs = Definitions(
    assets=with_freshness(all_assets(project, settings)),
    asset_checks=[dictionary_gate(), *freshness_checks()],
    jobs=ALL_JOBS,
    schedules=schedules(settings),
    sensors=all_sensors(settings),
    resources={"warehouse": WarehouseResource(), "dbt": dbt_resource(project)},
)
