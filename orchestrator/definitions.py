"""The Dagster code location, on one screen."""

from dagster import Definitions

from orchestrator.assets.dbt import dbt_room_assets
from orchestrator.assets.foundations import lookup_desk, migrations, ops_ledger
from orchestrator.assets.landing import landing_assets
from orchestrator.assets.replay import replay_assets
from orchestrator.checks.dictionaries import dictionary_gate
from orchestrator.checks.freshness import freshness_checks, with_freshness
from orchestrator.jobs.data_quality import data_quality
from orchestrator.jobs.everything import everything
from orchestrator.jobs.maintenance import maintenance
from orchestrator.jobs.replay import replay_jobs
from orchestrator.resources.dbt import dbt_project, dbt_resource
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.sensors.metrics import metrics_sensors
from orchestrator.sensors.replay import replay_sensors
from orchestrator.settings import get_settings

project = dbt_project(get_settings())

defs = Definitions(
    assets=with_freshness(
        [migrations, lookup_desk, ops_ledger, *landing_assets(), *replay_assets(), *dbt_room_assets(project)]
    ),
    asset_checks=[dictionary_gate(), *freshness_checks()],
    jobs=[everything, *replay_jobs, maintenance, data_quality],
    sensors=[*replay_sensors(), *metrics_sensors()],
    resources={"warehouse": WarehouseResource(), "dbt": dbt_resource(project)},
)
