"""`touchstone status`: what there is, without starting or changing anything."""

import sys

from rich.console import Console

from orchestrator.constants import EXIT_FAILURE
from orchestrator.exceptions import EngineNotRunningError
from orchestrator.settings import Settings
from orchestrator.verbs.report import print_rows_per_table
from orchestrator.warehouse.census import take_census
from orchestrator.warehouse.client import connect, running_address
from orchestrator.warehouse.migrations import APPLIED, PENDING, migration_status


def print_status(console: Console, settings: Settings) -> None:
    """Print engine, database, migrations, rows per table and open quarantine; exit 1 when the engine is down."""
    kind = "embedded (chdb)" if settings.is_embedded else "server"
    try:
        address = running_address(settings)
    except EngineNotRunningError as error:
        console.print(f"engine      {kind}, down. {error.remedy}", markup=False)
        sys.exit(EXIT_FAILURE)
    client = connect(settings)
    console.print(
        f"engine      {kind} at {settings.host}:{address.port}, ClickHouse {client.server_version}", markup=False
    )
    console.print(f"database    {settings.clickhouse_database}", markup=False)
    rows = migration_status(settings)
    applied = sum(row.state == APPLIED for row in rows)
    changed = [f"{row.version:04d} {row.state}" for row in rows if row.state not in {APPLIED, PENDING}]
    hint = "; run `touchstone migrate`" if any(row.state == PENDING for row in rows) else ""
    hint += f"; {', '.join(changed)}: see migrations/README.md" if changed else ""
    console.print(f"migrations  {applied} of {len(rows)} applied{hint}\n", markup=False)
    print_rows_per_table(console, take_census(client, settings.clickhouse_database))
