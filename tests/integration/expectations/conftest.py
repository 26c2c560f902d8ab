"""The package's own dbt projects, each built once for all tests that read how it went."""

import csv
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from expectations_builds import CASES, Built

from orchestrator.settings import Settings, child_environment
from orchestrator.warehouse.client import connect, ensure_engine
from orchestrator.warehouse.dbt import DBT_EXECUTABLE
from orchestrator.warehouse.dbt_packages import install_packages


@pytest.fixture(scope="session")
def build(new_settings: Callable[..., Settings]) -> Iterator[Callable[[Path, Path], Built]]:
    """Runs `dbt build` of a project in a database of its own; its target lies in the folder that is given, too."""
    made: list[Settings] = []

    def run(project: Path, folder: Path) -> Built:
        settings = new_settings()
        made.append(settings)
        address = ensure_engine(settings)
        own = Settings(touchstone_home=folder)
        install_packages(own, project / "packages.yml")
        folders = {
            "DBT_PROJECT_DIR": str(project),
            "DBT_PACKAGES_DIR": str(own.dbt_packages_dir),
            "DBT_TARGET_PATH": str(own.dbt_dir / "target"),
            "DBT_LOG_PATH": str(own.dbt_dir / "logs"),
            "DBT_LOG_LEVEL_FILE": "none",
            "PATH": str(Path(DBT_EXECUTABLE).parent),
        }
        variables = child_environment(settings, address.host, address.port) | folders
        done = subprocess.run(
            [DBT_EXECUTABLE, "--no-use-colors", "build"],
            cwd=project,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        results = own.dbt_dir / "target" / "run_results.json"
        assert results.is_file(), done.stdout + done.stderr
        nodes = json.loads(results.with_name("manifest.json").read_text(encoding="utf-8"))["nodes"]
        outcomes = {
            nodes[result["unique_id"]]["name"]: (
                result["status"],
                "" if result["failures"] is None else str(result["failures"]),
            )
            for result in json.loads(results.read_text(encoding="utf-8"))["results"]
        }
        return Built(
            outcomes, {node["name"]: node for node in nodes.values()}, done.stdout + done.stderr, settings, variables
        )

    yield run
    for settings in made:
        for database in (settings.clickhouse_database, f"{settings.clickhouse_database}_dbt_test__audit"):
            connect(settings).command(f"DROP DATABASE IF EXISTS {database}")


@pytest.fixture(scope="session")
def expected() -> list[dict[str, str]]:
    """The cases of the integration project with what has to come out of them."""
    with (CASES / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
