"""`touchstone validate`: the validation queries of dbt_project/analyses/validation, listed or run."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.exceptions import SelectionError
from orchestrator.settings import Settings
from orchestrator.verbs.sql import run_statement
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.dbt import compiled_sql
from orchestrator.warehouse.ledger import require_migrated

QUERIES: Final = DBT_PROJECT_DIR / "analyses" / "validation"


def list_queries(console: Console) -> None:
    """Each query with the question that it answers, which is its first line."""
    table = Table("query", "what it answers", box=None, pad_edge=False)
    for path in query_files():
        table.add_row(path.stem, path.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- "))
    console.print(table)


def run_query(settings: Settings, name: str, output_format: str, write: Callable[[bytes], None]) -> None:
    """Run one query and write its result.

    Raises:
        SelectionError: there is no such query; the message lists those there are.
        DbtError: it does not compile.
    """
    known = {path.stem: path for path in query_files()}
    if name not in known:
        raise SelectionError(f"There is no validation query {name!r}.", f"Queries are: {', '.join(sorted(known))}.")
    require_migrated(connect(settings, database=settings.clickhouse_database))
    run_statement(settings, compiled_sql(settings, known[name]), output_format, write)


def query_files() -> list[Path]:
    """The queries, by name."""
    return sorted(QUERIES.glob("*.sql"))
