"""What a materialised dbt node tells beside dbt's own words: its rows, what its columns are made of, its SQL."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from dagster import AssetKey, MetadataValue, Output, TableColumnDep, TableColumnLineage

from orchestrator.assets.keys import COLUMN_LINEAGE, ROW_COUNT
from orchestrator.assets.translator import DICTIONARY, VIEW, Properties, kinds_of
from orchestrator.exceptions import LineageError
from orchestrator.helpers import get_logger
from orchestrator.lineage.expressions import Lineage
from orchestrator.lineage.nodes import lineage_of_node
from orchestrator.warehouse.census import elements_of, rows_of

COMPILED_SQL: Final = "compiled_sql"
# Dagster's page without Dagster+ shows no lineage of columns
MADE_OF: Final = "made_of"
# each run records it anew
_MOST_CHARACTERS: Final = 8000

# their SQL in dbt is a stand-in
_ADOPTED: Final = "adopted"

log = get_logger(__name__)


class Narrator:
    """Completes the events of a dbt command. What cannot be told is left out: nothing that was built fails by it."""

    def __init__(self, client: Client, manifest: Mapping[str, Any], target_path: Path) -> None:
        self._client = client
        self._manifest = manifest
        self._target = target_path

    def completed(self, events: Iterable[Any]) -> Iterator[Any]:
        """The events, those of materialisations with more metadata."""
        for event in events:
            yield event.with_metadata({**event.metadata, **self._told(event)}) if isinstance(event, Output) else event

    def _told(self, event: Output[Any]) -> dict[str, Any]:
        properties = self._manifest["nodes"][event.metadata["unique_id"].value]
        sql = compiled_sql(properties, self._target)
        return {
            **self._rows(properties),
            **self._lineage(properties, sql),
            **({COMPILED_SQL: as_markdown(sql)} if sql else {}),
        }

    def _rows(self, properties: Properties) -> dict[str, Any]:
        kinds, relation = kinds_of(properties), properties["name"]
        if VIEW in kinds:  # it would have to run
            return {}
        try:
            count = elements_of if DICTIONARY in kinds else rows_of
            return {ROW_COUNT: count(self._client, relation)}
        except (ClickHouseError, OSError) as error:
            log.warning("rows could not be counted", relation=relation, error=str(error))
            return {}

    def _lineage(self, properties: Properties, sql: str | None) -> dict[str, Any]:
        try:
            lineage = lineage_of_node(properties, self._manifest, sql)
        except LineageError as error:
            log.warning("no lineage of columns", relation=properties["name"], error=str(error))
            return {}
        return {COLUMN_LINEAGE: as_dagster(lineage), MADE_OF: as_table(lineage)} if lineage else {}


def compiled_sql(properties: Properties, target_path: Path) -> str | None:
    """What dbt compiled of a model that has SQL of its own."""
    if properties["resource_type"] != "model" or properties["config"]["materialized"] == _ADOPTED:
        return None
    path = target_path / "compiled" / properties["package_name"] / properties["original_file_path"]
    return path.read_text(encoding="utf-8") if path.is_file() else None


def as_markdown(sql: str) -> MetadataValue:
    """The SQL as Dagster shows it; the end of a very long one is cut off."""
    shown = sql.strip()
    if len(shown) > _MOST_CHARACTERS:
        shown = f"{shown[:_MOST_CHARACTERS]}\n-- and {len(shown) - _MOST_CHARACTERS} characters more"
    return MetadataValue.md(f"```sql\n{shown}\n```")


def as_table(lineage: Lineage) -> MetadataValue:
    """Lineage of columns for people: a line per column."""
    lines = [
        f"| {name} | {', '.join(f'{relation}.{column}' for relation, column in sorted(columns))} |"
        for name, columns in lineage.items()
    ]
    return MetadataValue.md("\n".join(["| column | made of |", "|---|---|", *lines]))


def as_dagster(lineage: Lineage) -> TableColumnLineage:
    """Lineage of columns between assets, which are named like their relations."""
    return TableColumnLineage({
        name: [TableColumnDep(AssetKey(column.relation), column.name) for column in sorted(columns)]
        for name, columns in lineage.items()
    })  # fmt: skip
