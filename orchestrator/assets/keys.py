"""Asset keys, group names and names of metadata that more than one asset needs. Groups are the rooms of the house."""

from typing import Final

from dagster import AssetKey

from orchestrator.feeds.feed import Feed
from orchestrator.warehouse.days import daily_mart_of

MIGRATIONS: Final = AssetKey("migrations")
LOOKUP_DESK: Final = AssetKey("lookup_desk")
LEDGER: Final = AssetKey("ops_ledger")

GROUP_MIGRATIONS: Final = "migrations"
GROUP_SEEDS: Final = "seeds"
GROUP_LANDING: Final = "landing"
GROUP_FACTS: Final = "facts"
GROUP_MARTS: Final = "marts"
GROUP_QUARANTINE: Final = "quarantine"
GROUP_OPERATIONS: Final = "operations"
GROUP_EXPORTS: Final = "exports"

# metadata that Dagster's page shows in places of its own
ROW_COUNT: Final = "dagster/row_count"
COLUMN_LINEAGE: Final = "dagster/column_lineage"

# dictionaries and dimensions have one writer; so has landing, whose rows resolve against them
WRITER_POOL: Final = "warehouse_writer"
# daily marts replace whole partitions, so that two at once could put back each other's days
MARTS_POOL: Final = "marts_writer"
# one export at a time writes a manifest
EXPORT_POOL: Final = "exports"


def replay_key(feed: str) -> AssetKey:
    """The asset that replays quarantine of a feed."""
    return AssetKey(f"replay_{feed}")


def fact_days_key(feed: Feed) -> AssetKey:
    """The days of a feed's fact."""
    return AssetKey(f"{feed.fact}_by_day")


def mart_days_key(feed: Feed) -> AssetKey:
    """The days of the mart that has a feed's facts by day."""
    return AssetKey(f"{daily_mart_of(feed)}_by_day")


def export_key(name: str) -> AssetKey:
    """The asset that writes an export."""
    return AssetKey(f"export_{name}")
