"""Retention: what is kept for ever, what is removed when, and the proof that nothing removes the former."""

import re
from datetime import timedelta
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import RetentionError
from orchestrator.feeds.spool import leftovers, remove_leftovers
from orchestrator.helpers import get_logger
from orchestrator.jobs.instance import dagster_instance
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.maintenance.run_records import old_runs, remove_runs

log = get_logger(__name__)

# docs/maintenance.md has this as a table
KEPT_FOR_EVER: Final = ("landing_", "fct_", "quarantine_", "dim_", "bridge_", "ops_")
_TTL: Final = re.compile(r"\bTTL\b")


def keep_and_remove(settings: Settings, dry_run: bool = False) -> dict[str, Any]:
    """Prove that no table that is kept for ever has a TTL; remove old records of runs and leftovers of loads.

    Raises:
        RetentionError: such a table has one; then nothing is removed.
    """
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    tables = require_kept_for_ever(client)
    runs = _old_runs(settings, dry_run=dry_run)
    left = leftovers(settings.spool_dir) if dry_run else remove_leftovers(settings.spool_dir)
    return {
        "tables_kept_for_ever": tables,
        "old_runs" if dry_run else "old_runs_removed": len(runs),
        "leftovers" if dry_run else "leftovers_removed": len(left),
    }


def require_kept_for_ever(client: Client) -> int:
    """Prove that no table of a durable layer has a TTL, on rows or on columns; gives their number.

    Raises:
        RetentionError: names the tables that have one; or there is none to look at.
    """
    rows = client.query(
        "SELECT name, create_table_query FROM system.tables "
        "WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
    ).result_rows
    kept = {str(name): str(statement) for name, statement in rows if str(name).startswith(KEPT_FOR_EVER)}
    if not kept:
        raise RetentionError(f"The database {client.database} has no table to look at.", "Run `touchstone migrate`.")
    if mortal := [name for name, statement in kept.items() if _has_ttl(statement)]:
        raise RetentionError(
            f"These are kept for ever, but have a TTL: {', '.join(mortal)}.", "Remove it: ALTER TABLE ... REMOVE TTL."
        )
    return len(kept)


def _old_runs(settings: Settings, *, dry_run: bool) -> list[str]:
    if not settings.dagster_dir.exists():
        return []
    with dagster_instance(settings) as instance:
        found = old_runs(instance, timedelta(days=settings.touchstone_keep_runs_days))
        if not dry_run:
            remove_runs(instance, found)
    log.info("old records of runs", found=len(found), removed=not dry_run)
    return found


def _has_ttl(statement: str) -> bool:
    """Comments and literals may speak of it."""
    return bool(_TTL.search(re.sub(r"'(?:[^'\\]|\\.)*'", "''", statement)))
