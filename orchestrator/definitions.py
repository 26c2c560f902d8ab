"""The Dagster code location, on one screen."""

from dagster import Definitions

from orchestrator.assets.dbt import dbt_room_assets
from orchestrator.assets.exports import export_assets
from orchestrator.assets.foundations import lookup_desk, migrations, ops_ledger
from orchestrator.assets.landing import landing_assets
from orchestrator.assets.replay import replay_assets
from orchestrator.checks.dictionaries import dictionary_gate
from orchestrator.jobs.everything import everything
from orchestrator.jobs.exports import exports
from orchestrator.jobs.replay import replay_jobs
from orchestrator.resources.dbt import dbt_project, dbt_resource
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.sensors.replay import replay_sensors
from orchestrator.settings import get_settings

project = dbt_project(get_settings())

defs = Definitions(
    assets=[
        *(migrations, lookup_desk, ops_ledger, *landing_assets(), *replay_assets(), *dbt_room_assets(project)),
        *export_assets(),
    ],
    asset_checks=[dictionary_gate()],
    jobs=[everything, exports, *replay_jobs],
    sensors=replay_sensors(),
    resources={"warehouse": WarehouseResource(), "dbt": dbt_resource(project)},
)
