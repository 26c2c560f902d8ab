"""The dbt project as Dagster sees it."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.settings import Settings
from orchestrator.warehouse.dbt import DBT_EXECUTABLE, ensure_manifest


def dbt_project(settings: Settings) -> DbtProject:
    """The project, with a manifest that is up to date."""
    manifest = ensure_manifest(settings)
    return DbtProject(project_dir=DBT_PROJECT_DIR, target_path=manifest.parent, profiles_dir=DBT_PROJECT_DIR)


class InstalledDbt(DbtCliResource):
    """dbt of this environment.

    dagster-dbt runs `dbt --version` before each command: a second and a half to learn what the installed package says
    at once. It also reads every macro to make an adapter, for `fetch_row_counts` and `fetch_column_metadata`, which
    assets/materialized.py does in their place: a second more. Both names are private to dagster-dbt: should one
    change, the slow way comes back and nothing else.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        """None is what dagster-dbt has as well when it could not make one."""


def dbt_resource(project: DbtProject) -> DbtCliResource:
    """The dbt command of this environment."""
    return InstalledDbt(
        project_dir=str(project.project_dir), profiles_dir=str(DBT_PROJECT_DIR), dbt_executable=DBT_EXECUTABLE
    )
