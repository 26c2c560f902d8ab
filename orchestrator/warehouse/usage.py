"""How many facts hold given codes. Nothing is started for it: a warehouse that is not there is no obstacle."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.exceptions import EngineError, MigrationsMissingError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect, running_address

# as many numbers as fit well into one statement
_IDS: Final = 10_000


@dataclass(frozen=True)
class Usage:
    """Facts that hold certain codes.

    Attributes:
        rows: domain -> fact table -> rows.
        reason: why they were not counted; empty if they were.
    """

    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reason: str = ""


def count_usage(settings: Settings, ids: Mapping[str, Collection[int]]) -> Usage:
    """Rows per fact table that hold the IDs, by domain; or why nobody could count them."""
    if not any(ids.values()):
        return Usage()
    try:
        running_address(settings)
        client = connect(settings, database=settings.clickhouse_database)
        rows = {domain: rows_per_fact(client, settings.clickhouse_database, domain, ids[domain]) for domain in ids}
    except (EngineError, MigrationsMissingError, ClickHouseError) as error:
        return Usage(reason=f"not counted: {_first_line(error)}")
    return Usage(rows)


def rows_per_fact(client: Client, database: str, domain: str, ids: Collection[int]) -> dict[str, int]:
    """Rows that hold one of the domain's IDs, by fact table; a table without such rows has 0."""
    column = f"{domain}_id"
    return {table: _rows(client, f"`{database}`.`{table}`", column, ids) for table in _facts(client, database, column)}


def _facts(client: Client, database: str, column: str) -> list[str]:
    result = client.query(
        "SELECT table FROM system.columns WHERE database = {db:String} AND startsWith(table, 'fct_') "
        "AND name = {column:String} ORDER BY table",
        {"db": database, "column": column},
    )
    return [str(table) for (table,) in result.result_rows]


def _rows(client: Client, table: str, column: str, ids: Collection[int]) -> int:
    return sum(
        int(client.query(f"SELECT count() FROM {table} WHERE {column} IN ({numbers})").result_rows[0][0])
        for numbers in _lists(ids)
    )


def _lists(ids: Collection[int]) -> Iterator[str]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _IDS):
        yield ", ".join(map(str, ordered[start : start + _IDS]))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
