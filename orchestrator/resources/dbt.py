"""The dbt project as Dagster sees it."""

from dagster_dbt import DbtCliResource, DbtProject

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.settings import Settings
from orchestrator.warehouse.dbt import DBT_EXECUTABLE, ensure_manifest


def dbt_project(settings: Settings) -> DbtProject:
    """The project, with a manifest that is up to date."""
    manifest = ensure_manifest(settings)
    return DbtProject(project_dir=DBT_PROJECT_DIR, target_path=manifest.parent, profiles_dir=DBT_PROJECT_DIR)


def dbt_resource(project: DbtProject) -> DbtCliResource:
    """The dbt command of this environment."""
    return DbtCliResource(project_dir=project, profiles_dir=str(DBT_PROJECT_DIR), dbt_executable=DBT_EXECUTABLE)
