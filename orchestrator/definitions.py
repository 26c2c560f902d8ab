"""The Dagster code location, on one screen."""

from dagster import Definitions

from orchestrator.assets.days import day_assets
from orchestrator.assets.dbt import dbt_room_assets
from orchestrator.assets.exports import export_assets
from orchestrator.assets.foundations import lookup_desk, migrations, ops_ledger
from orchestrator.assets.landing import landing_assets
from orchestrator.assets.replay import replay_assets
from orchestrator.checks.dictionaries import dictionary_gate
from orchestrator.checks.freshness import freshness_checks, with_freshness
from orchestrator.jobs.data_quality import data_quality
from orchestrator.jobs.days import daily_marts, facts_again
from orchestrator.jobs.everything import everything
from orchestrator.jobs.exports import exports
from orchestrator.jobs.loads import load_jobs, micro_batch, reference
from orchestrator.jobs.maintenance import maintenance
from orchestrator.jobs.replay import replay_jobs
from orchestrator.resources.dbt import dbt_project, dbt_resource
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.schedules.clock import schedules
from orchestrator.sensors.failures import failure_sensors
from orchestrator.sensors.files import drop_sensors, lookup_files_changed
from orchestrator.sensors.metrics import metrics_sensors
from orchestrator.sensors.replay import replay_sensors
from orchestrator.settings import get_settings

settings = get_settings()
project = dbt_project(settings)

defs = Definitions(
    assets=with_freshness(
        [
            *(migrations, lookup_desk, ops_ledger),
            *(*landing_assets(), *replay_assets(), *day_assets(project), *dbt_room_assets(project)),
            *export_assets(),
        ]
    ),
    asset_checks=[dictionary_gate(), *freshness_checks()],
    jobs=[
        *(everything, reference, micro_batch, *load_jobs, *replay_jobs),
        *(facts_again, daily_marts, exports, maintenance, data_quality),
    ],
    schedules=schedules(settings),
    sensors=[*drop_sensors(settings), lookup_files_changed, *replay_sensors(), *failure_sensors, *metrics_sensors()],
    resources={"warehouse": WarehouseResource(), "dbt": dbt_resource(project)},
)
