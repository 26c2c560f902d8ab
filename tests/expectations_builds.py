"""The package's dbt projects and what is known of one that was built."""

from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestrator.constants import DBT_PROJECT_DIR, PROJECT_ROOT
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect

PACKAGE = DBT_PROJECT_DIR / "packages" / "dbt_expectations"
CASES = PACKAGE / "integration_tests"
FOREIGN = PROJECT_ROOT / "tests" / "fixtures" / "expectations_project"


@dataclass(frozen=True)
class Built:
    """A project after `dbt build`: what became of its tests by name, its nodes, what dbt said, its settings and variables."""

    outcomes: dict[str, tuple[str, str]]
    nodes: dict[str, dict[str, Any]]
    said: str
    settings: Settings
    variables: dict[str, str]

    @property
    def client(self) -> Client:
        return connect(self.settings, database=self.settings.clickhouse_database)
