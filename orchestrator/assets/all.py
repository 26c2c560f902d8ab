"""Every asset of the house."""

from dagster import AssetsDefinition
from dagster_dbt import DbtProject

from orchestrator.assets.days import day_assets
from orchestrator.assets.dbt import dbt_room_assets
from orchestrator.assets.exports import export_assets
from orchestrator.assets.foundations import lookup_desk, migrations, ops_ledger
from orchestrator.assets.landing import landing_assets
from orchestrator.assets.replay import replay_assets


def all_assets(project: DbtProject) -> list[AssetsDefinition]:
    """From the foundations to what is written for others."""
    return [
        *(migrations, lookup_desk, ops_ledger),
        *landing_assets(),
        *replay_assets(),
        *dbt_room_assets(project),
        *day_assets(project),
        *export_assets(),
    ]
