"""What tests of exports share: the warehouse of the first run, and readers that are not the project's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from clickhouse_connect.driver.client import Client
from house import FirstRun
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from orchestrator.embedded import engine_state
from orchestrator.exports.exporting import ExportRequest, ExportResult, export
from orchestrator.exports.specs import ExportFormat, ExportSpec
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect


@pytest.fixture(scope="session")
def run_settings(first_run: FirstRun) -> Settings:
    """Settings of the shared first run, whose warehouse is only read."""
    state = engine_state(first_run.checkout.home / "engine")
    assert state is not None
    return Settings(touchstone_home=first_run.checkout.home, clickhouse_port=state.port)


@pytest.fixture(scope="session")
def run_client(run_settings: Settings) -> Client:
    """A client of the warehouse of the shared first run."""
    return connect(run_settings, database=run_settings.clickhouse_database)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The folder that the test exports to."""
    return tmp_path / "out"


@pytest.fixture
def exported(run_client: Client, run_settings: Settings, target: Path) -> Callable[..., ExportResult]:
    """Exports from the first run's warehouse to the test's folder."""

    def run(spec: ExportSpec, kind: ExportFormat, **wanted: Any) -> ExportResult:
        return export(run_client, run_settings, ExportRequest(spec, kind, **wanted), str(target))

    return run


@pytest.fixture
def own_client(settings: Settings) -> Client:
    """A client of an empty database of the test's own."""
    connect(settings).command(f"CREATE DATABASE {settings.clickhouse_database}")
    return connect(settings, database=settings.clickhouse_database)


@pytest.fixture
def own_exported(own_client: Client, settings: Settings, target: Path) -> Callable[..., ExportResult]:
    """Exports from the test's own database to its folder."""

    def run(spec: ExportSpec, kind: ExportFormat, **wanted: Any) -> ExportResult:
        return export(own_client, settings, ExportRequest(spec, kind, **wanted), str(target))

    return run


@pytest.fixture
def manifest(target: Path) -> Callable[[str, str], dict[str, Any]]:
    """Reads what the manifest says of an export in a format."""
    return lambda name, kind: json.loads((target / name / "_manifest.json").read_text("utf-8"))["formats"][kind]


@pytest.fixture
def iceberg_table(target: Path) -> Callable[[str, str], Table]:
    """Opens an Iceberg table as anybody would: by the catalog file in the folder."""

    def load(database: str, name: str) -> Table:
        catalog = SqlCatalog("touchstone", uri=f"sqlite:///{target}/iceberg/catalog.db", warehouse=f"file://{target}")
        return catalog.load_table((database, name))

    return load


@pytest.fixture
def duck() -> duckdb.DuckDBPyConnection:
    """DuckDB with nothing but what comes with it, in UTC."""
    connection = duckdb.connect()
    connection.execute("SET autoinstall_known_extensions = false; SET TimeZone = 'UTC'")
    return connection
