"""Backfill: landed rows that are in no place are placed, from landing alone, by the same path as a load."""

from dataclasses import replace
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import SelectionError
from orchestrator.feeds.feed import Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.batches import Batch
from orchestrator.warehouse.loader import DEFAULTS, Circumstances, LoadResult, complete
from orchestrator.warehouse.reconciliation import ROWS_MISSING, UNFINISHED, BatchBalance, reconcile_feed

log = get_logger(__name__)

_NO_BATCH: Final = "See `touchstone reconcile` for those there are."


def backfill(
    client: Client,
    feed: Feed,
    batch_ids: tuple[int, ...] = (),
    circumstances: Circumstances = DEFAULTS,
) -> list[LoadResult]:
    """Place what is landed and in no place, batch by batch, and commit those batches.

    For rows that landed while views were gone or broken, for a fact that was emptied to be made anew, and for a load
    that broke off behind landing and whose file is away. A batch that is not wholly landed is left to its file.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        batch_ids: only these batches.
        circumstances: progress and patience.

    Raises:
        SelectionError: there is no such batch.
        ReconciliationError: rows are missing or double afterwards.
        WriterLockError: somebody else placed rows of this feed for longer than the wait.
    """
    balance = reconcile_feed(client, feed, batch_ids)
    if batch_ids and balance.batches < len(set(batch_ids)):
        raise SelectionError(f"Not all of these are batches of {feed.name}: {batch_ids}.", _NO_BATCH)
    results = []
    for found in (*balance.wrong, *balance.unfinished):
        if not _can_be_completed(found):
            continue
        batch = _batch_of(client, feed, found, circumstances)
        counts = complete(client, batch, found.landed, circumstances)
        log.info("backfilled", feed=feed.name, batch_id=found.batch_id, file=found.source_file, rows=found.landed)
        results.append(LoadResult(found.source_file, found.batch_id, counts, was_known=False))
    return results


def _can_be_completed(found: BatchBalance) -> bool:
    is_whole = found.said is not None and found.said == found.landed
    return is_whole and found.verdict in {ROWS_MISSING, UNFINISHED}


def _batch_of(client: Client, feed: Feed, found: BatchBalance, circumstances: Circumstances) -> Batch:
    content = client.query(
        "SELECT toString(any(content_sha256)) FROM ops_batches "
        "WHERE feed = {feed:String} AND batch_id = {batch_id:UInt64}",
        {"feed": feed.name, "batch_id": found.batch_id},
    ).result_rows[0][0]
    known = Batch(found.batch_id, feed, str(content), found.source_file, found.received_at, "")
    return replace(known, dagster_run_id=circumstances.dagster_run_id)
