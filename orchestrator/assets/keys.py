"""Asset keys and group names that more than one asset needs. Groups are the rooms of the house."""

from typing import Final

from dagster import AssetKey

MIGRATIONS: Final = AssetKey("migrations")
LOOKUP_DESK: Final = AssetKey("lookup_desk")
LEDGER: Final = AssetKey("ops_ledger")

GROUP_MIGRATIONS: Final = "migrations"
GROUP_SEEDS: Final = "seeds"
GROUP_LANDING: Final = "landing"
GROUP_QUARANTINE: Final = "quarantine"
GROUP_OPERATIONS: Final = "operations"
GROUP_EXPORTS: Final = "exports"

# dictionaries and dimensions have one writer; so has landing, whose rows resolve against them
WRITER_POOL: Final = "warehouse_writer"
# one export at a time writes a manifest
EXPORT_POOL: Final = "exports"


def replay_key(feed: str) -> AssetKey:
    """The asset that replays quarantine of a feed."""
    return AssetKey(f"replay_{feed}")


def export_key(name: str) -> AssetKey:
    """The asset that writes an export."""
    return AssetKey(f"export_{name}")
