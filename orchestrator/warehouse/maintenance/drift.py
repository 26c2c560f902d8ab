"""Drift: rows that lost their place or point at nothing, objects that are no longer as declared."""

from typing import Any

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import FeedDriftError, IntegrityError, ReconciliationError, SchemaDriftError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds
from orchestrator.settings import Settings
from orchestrator.warehouse.agreement import require_agreement
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.migrations import check_schema
from orchestrator.warehouse.reconciliation import find_orphans, reconcile_feed


def prove_places(settings: Settings, dry_run: bool = False) -> dict[str, Any]:  # noqa: ARG001 it only looks
    """Balance every batch of every feed, and look for IDs that point at nothing.

    Raises:
        ReconciliationError: names each batch that does not add up and each foreign key that rows break.
    """
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    faults: list[str] = []
    report: dict[str, Any] = {}
    for feed in chained_feeds():
        report |= _placed(client, feed, faults)
    if faults:
        raise ReconciliationError(f"{'; '.join(faults)}.", "`touchstone reconcile` shows where.")
    return report


def prove_agreement(settings: Settings, dry_run: bool = False) -> dict[str, Any]:  # noqa: ARG001 it only looks
    """Compare the live schema with migrations/schema.sql, and each feed's objects with feeds.yml.

    Raises:
        IntegrityError: names every difference.
    """
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    faults: list[str] = []
    report: dict[str, Any] = {}
    try:
        report["objects_as_migrated"] = check_schema(settings)
    except SchemaDriftError as error:
        faults.append(error.message)
    for feed in chained_feeds():
        try:
            report[f"objects_of_{feed.name}_as_declared"] = require_agreement(client, feed)
        except FeedDriftError as error:
            faults.append(error.message)
    if faults:
        raise IntegrityError(" ".join(faults), "Put the change into a new migration, or undo it by hand.")
    return report


def _placed(client: Client, feed: Feed, faults: list[str]) -> dict[str, Any]:
    balance = reconcile_feed(client, feed)
    scanned, orphans = find_orphans(client, feed)
    faults += [f"batch {batch.batch_id} of {feed.name}: {batch.verdict}" for batch in balance.wrong]
    faults += [f"{rows} rows of {feed.fact} break {key}" for key, rows in orphans.items() if rows]
    return {
        f"batches_of_{feed.name}": balance.batches,
        f"rows_of_{feed.name}": balance.landed,
        f"unfinished_batches_of_{feed.name}": len(balance.unfinished),
        f"facts_of_{feed.name}_scanned_for_orphans": scanned,
    }
