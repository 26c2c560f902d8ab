"""What a failed dbt test found, among the metadata of its check: a sample of the failing rows beside their number."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error
from dagster import AssetCheckResult, MetadataValue, TableMetadataValue, TableRecord

from orchestrator.helpers import get_logger

log = get_logger(__name__)

FAILING_ROWS: Final = "failing_rows"
_ROWS: Final = 10
_CHARACTERS: Final = 200
_SECONDS: Final = 30
_UNIQUE_ID: Final = "unique_id"


def with_failing_rows(
    events: Iterable[Any], manifest: Mapping[str, Any], target: Path, client: Client
) -> Iterator[Any]:
    """The events of a dbt command; checks that failed or warned carry up to ten of their failing rows.

    The rows are those that the test stored, or else what its SQL finds now. Without a sample an event stays as it is.
    The client is one that is connected: making one would start an engine that has just died, and nobody would see it.
    """
    for event in events:
        if isinstance(event, AssetCheckResult) and not event.passed:
            sample = _sample(event.metadata[_UNIQUE_ID].value, manifest, target, client)
            yield event._replace(metadata={**event.metadata, FAILING_ROWS: sample}) if sample else event
        else:
            yield event


def _sample(
    unique_id: Any,  # noqa: ANN401  Dagster's metadata has values of any type
    manifest: Mapping[str, Any],
    target: Path,
    client: Client,
) -> TableMetadataValue | None:
    source = _source(manifest["nodes"][unique_id], target)
    if source is None:
        return None
    try:
        found = client.query(
            f"SELECT * FROM {source} LIMIT {_ROWS}", settings={"max_execution_time": _SECONDS, "max_threads": 1}
        )
    except (ClickHouseError, Error, OSError) as error:
        log.warning("no sample of failing rows", test=unique_id, error=str(error).splitlines()[0])
        return None
    rows = [[str(value)[:_CHARACTERS] for value in row] for row in found.result_rows]
    records = [TableRecord(dict(zip(found.column_names, row, strict=True))) for row in rows]
    return MetadataValue.table(records) if records else None


def _source(node: Mapping[str, Any], target: Path) -> str | None:
    """The table of stored failures, or the test's SQL where dbt compiled it."""
    if node["config"].get("store_failures") and node.get("relation_name"):
        return str(node["relation_name"])
    compiled = target / "compiled" / node["package_name"] / node["original_file_path"] / node["path"]
    return f"({compiled.read_text(encoding='utf-8')}\n)" if compiled.is_file() else None
