"""The models of dimensions on the real engine: their SQL as dbt compiles it, run as the materialization does."""

import csv
import io
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from house import variables_of

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.lookups.domains import ALIASES_FILE, LEDGER_FILE, LOOKUPS_FILE, SEED_COLUMNS
from orchestrator.settings import Settings
from orchestrator.warehouse.dbt import DBT_EXECUTABLE
from orchestrator.warehouse.dbt_packages import install_packages
from orchestrator.warehouse.ledger import load_ledger

DIMENSIONS = ("dim_asset_class", "dim_sub_asset_class", "dim_field", "dim_alias")
KEPT = ("ops_ledger", *DIMENSIONS)
SEEDS = (LOOKUPS_FILE, ALIASES_FILE)
SPELLINGS = ("stg_top_codes", "stg_lookup_codes")
SELECTED = ("stg_lookups", *SPELLINGS, *DIMENSIONS)


class Warehouse:
    """A database whose reference side is built from files in milliseconds."""

    def __init__(self, settings: Settings, client: Client, target: Path) -> None:
        self.client = client
        self.sql = _compiled(settings, target)
        for file in SEEDS:
            columns = ", ".join(f"{name} String" for name in SEED_COLUMNS[file])
            client.command(f"CREATE TABLE {_table(file)} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
        client.command(f"CREATE VIEW stg_lookups AS {self.sql['stg_lookups']}")
        for table in SPELLINGS:
            client.command(f"CREATE TABLE {table} ENGINE = MergeTree ORDER BY code AS {self.sql[table]}")
        for table in KEPT:
            client.command(f"CREATE TABLE saved_{table} AS {table}")
        self.columns = {
            table: client.command(
                "SELECT arrayStringConcat(groupArray(name), ', ') FROM system.columns "
                f"WHERE database = currentDatabase() AND table = '{table}'"
            )
            for table in DIMENSIONS
        }

    def clear(self) -> None:
        """Forget everything, as if the database had been dropped."""
        for table in (*KEPT, *(f"saved_{table}" for table in KEPT)):
            self.client.command(f"TRUNCATE TABLE {table} SYNC")

    def save(self) -> None:
        """Take a backup."""
        for table in KEPT:
            self.client.command(f"TRUNCATE TABLE saved_{table} SYNC")
            self.client.command(f"INSERT INTO saved_{table} SELECT * FROM {table}")

    def restore(self) -> None:
        """Bring back what was saved."""
        for table in KEPT:
            self.client.command(f"TRUNCATE TABLE {table} SYNC")
            self.client.command(f"INSERT INTO {table} SELECT * FROM saved_{table}")

    def build(self, files: Mapping[str, bytes], stop_after: int | None = None) -> None:
        """Seeds, ledger, staging, dimensions; `stop_after` dimensions the power fails."""
        for file in SEEDS:
            self.client.command(f"TRUNCATE TABLE {_table(file)} SYNC")
            rows = list(csv.DictReader(io.StringIO(files[file].decode(), newline="")))
            if rows:
                self.client.insert_arrow(_table(file), pa.Table.from_pylist(rows))
        load_ledger(self.client, files[LEDGER_FILE])
        for table in SPELLINGS:
            self.client.command(f"TRUNCATE TABLE {table} SYNC")
            self.client.command(f"INSERT INTO {table} {self.sql[table]}")
        before = self._before_append()
        for table in DIMENSIONS[:stop_after]:
            self._append(table, *before[table])

    def _before_append(self) -> dict[str, tuple[int, str]]:
        """Rows of each dimension, and a moment after its last one."""
        parts = (
            f"SELECT '{table}', count(), toString(greatest(now64(6, 'UTC'), max(recorded_at) + INTERVAL 1 MICROSECOND)) "
            f"FROM {table}"
            for table in DIMENSIONS
        )
        rows = self.client.query(" UNION ALL ".join(parts)).result_rows
        return {table: (count, moment) for table, count, moment in rows}

    def _append(self, table: str, rows: int, moment: str) -> None:
        names = self.columns[table]
        self.client.command(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM ({self.sql[table].replace('<time of append>', moment)}) "
            f"SETTINGS insert_deduplication_token = '{table}:{rows}:{moment}', async_insert = 0"
        )


def _table(file: str) -> str:
    return file.removesuffix(".csv")


def _compiled(settings: Settings, target: Path) -> dict[str, str]:
    """SQL by model, as dbt makes it of the project's files."""
    install_packages(settings)
    environment = variables_of(settings) | {
        "PATH": str(Path(DBT_EXECUTABLE).parent),
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "DBT_PACKAGES_DIR": str(settings.dbt_packages_dir),
        "DO_NOT_TRACK": "1",
        "DBT_LOG_LEVEL_FILE": "none",
    }
    done = subprocess.run(
        [DBT_EXECUTABLE, "compile", "--select", *SELECTED, "--target-path", str(target), "--log-path", str(target)],
        cwd=DBT_PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    compiled = {path.stem: path.read_text(encoding="utf-8") for path in target.glob("compiled/**/models/**/*.sql")}
    assert set(SELECTED) <= set(compiled)
    return {name: re.sub(r";\s*$", "", compiled[name]) for name in SELECTED}
