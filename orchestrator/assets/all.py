"""Every asset of the house."""

from dagster import AssetsDefinition
from dagster_dbt import DbtProject

from orchestrator.assets.beside_dbt import assets_beside_dbt
from orchestrator.assets.days import day_assets
from orchestrator.assets.dbt import dbt_room_assets
from orchestrator.assets.exports import export_assets
from orchestrator.assets.foundations import lookup_desk, migrations, ops_ledger
from orchestrator.assets.landing import landing_assets
from orchestrator.assets.replay import replay_assets
from orchestrator.assets.translator import RoomTranslator
from orchestrator.settings import Settings


def all_assets(project: DbtProject, settings: Settings) -> list[AssetsDefinition]:
    """From the foundations to what is written for others."""
    translator = RoomTranslator(settings)
    of_dbt = dbt_room_assets(project, translator)
    beside = [
        *(migrations, lookup_desk, ops_ledger),
        *landing_assets(),
        *replay_assets(),
        *day_assets(project),
        *export_assets(),
    ]
    return [*of_dbt, *assets_beside_dbt(beside, of_dbt, project, translator)]
