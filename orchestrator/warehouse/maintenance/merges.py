"""Merges: ClickHouse merges by itself; only partitions that stay crowded with small parts are helped along."""

from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.helpers import get_logger
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated

log = get_logger(__name__)

# ClickHouse slows inserts down at 1,000 parts a partition
MANY_PARTS: Final = 50
SMALL_PART_BYTES: Final = 64 * 1024 * 1024
_CROWDED: Final = """
SELECT table, partition_id, parts, bytes FROM (
    SELECT table, partition_id, count() AS parts, sum(bytes_on_disk) AS bytes
    FROM system.parts
    WHERE active AND database = currentDatabase()
    GROUP BY table, partition_id
)
WHERE parts >= {many:UInt64}
    AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
ORDER BY parts DESC, table, partition_id
"""


@dataclass(frozen=True)
class Crowded:
    """A partition of many parts."""

    table: str
    partition_id: str
    parts: int
    size: int

    @property
    def has_small_parts(self) -> bool:
        """Whether merging costs little; large parts are left to ClickHouse."""
        return self.size < self.parts * SMALL_PART_BYTES


def crowded_partitions(client: Client, many_parts: int = MANY_PARTS) -> list[Crowded]:
    """Partitions of the database's MergeTree tables with so many active parts, those with most first."""
    rows = client.query(_CROWDED, {"many": many_parts}).result_rows
    return [Crowded(str(table), str(partition), int(parts), int(size)) for table, partition, parts, size in rows]


def merge_crowded_partitions(settings: Settings, dry_run: bool = False, many_parts: int = MANY_PARTS) -> dict[str, Any]:
    """Ask for a merge of each crowded partition of small parts; one of the table as a whole is never asked for."""
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    found = crowded_partitions(client, many_parts)
    merged = [partition for partition in found if partition.has_small_parts]
    if not dry_run:
        for partition in merged:
            client.command(f"OPTIMIZE TABLE `{partition.table}` PARTITION ID '{partition.partition_id}'")
            log.info("merge asked for", table=partition.table, partition=partition.partition_id, parts=partition.parts)
    left = crowded_partitions(client, many_parts)
    return {
        "parts": _count_parts(client),
        "crowded_partitions": ", ".join(f"{p.table} {p.partition_id} ({p.parts} parts)" for p in found) or "none",
        "merges_to_ask_for" if dry_run else "merges_asked_for": len(merged),
        "still_crowded": len(left),
    }


def _count_parts(client: Client) -> int:
    counted = client.query("SELECT count() FROM system.parts WHERE active AND database = currentDatabase()")
    return int(counted.result_rows[0][0])
