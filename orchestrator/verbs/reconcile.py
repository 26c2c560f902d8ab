"""`touchstone reconcile` and `touchstone backfill`: has every row its place, and giving one to those that have none."""

from rich.console import Console
from rich.table import Column, Table

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feed, chained_feeds
from orchestrator.helpers import plural
from orchestrator.settings import Settings
from orchestrator.warehouse.backfilling import backfill
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.loader import Circumstances
from orchestrator.warehouse.reconciliation import Balance, BatchBalance, find_orphans, reconcile_feed

_MOST = 50


def reconcile(console: Console, settings: Settings, name: str | None) -> bool:
    """Balance every batch and look for orphans, of one feed or of all; True when all holds.

    Raises:
        UnknownFeedError: there is no such feed.
        ClickHouseError: a dictionary cannot be read, so that nothing is proven.
    """
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    holds = True
    for feed in [chained_feed(name)] if name else chained_feeds():
        balance = reconcile_feed(client, feed)
        scanned, orphans = find_orphans(client, feed)
        _print_balance(console, balance)
        _print_orphans(console, feed, scanned, {key: rows for key, rows in orphans.items() if rows})
        holds = holds and balance.adds_up and not any(orphans.values())
    return holds


def backfill_feed(console: Console, settings: Settings, name: str, batches: tuple[int, ...]) -> None:
    """Place landed rows that have no place, and tell which batches.

    Raises:
        UnknownFeedError, SelectionError: there is no such feed or batch.
        ReconciliationError, WriterLockError: see `backfill`.
    """
    feed = chained_feed(name)
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    circumstances = Circumstances(lock_wait_seconds=settings.touchstone_lock_wait_seconds)
    with console.status(f"backfilling {feed.name}"):
        results = backfill(client, feed, batches, circumstances)
    for result in results:
        counts = result.counts
        console.print(
            f"{result.file}: {plural(counts.landed, 'row')} landed, {counts.accepted:,} in facts, {counts.rejected:,} "
            f"in quarantine, {counts.discarded:,} discarded (batch {result.batch_id})",
            markup=False,
        )
    if not results:
        console.print("Every landed row has its place; nothing done.")


def _print_balance(console: Console, balance: Balance) -> None:
    console.print(
        f"{balance.feed}: {balance.batches:,} {'batch' if balance.batches == 1 else 'batches'}, "
        f"{balance.landed:,} rows landed = {balance.facts:,} in facts + "
        f"{balance.open:,} in open quarantine + {balance.discarded:,} discarded",
        markup=False,
    )
    for title, batches in (("do not add up", balance.wrong), ("have not ended", balance.unfinished)):
        if batches:
            console.print(f"{len(batches):,} of them {title}:", style="red", markup=False)
            console.print(_batches_table(batches[:_MOST]))
    if balance.unfinished:
        console.print("Load their files again, or, where they are landed wholly, run `touchstone backfill`.")


def _batches_table(batches: tuple[BatchBalance, ...]) -> Table:
    right = [Column(header, justify="right") for header in ("said", "landed", "facts", "open", "discarded")]
    table = Table("batch", "file", "state", *right, "verdict", box=None, pad_edge=False)
    for batch in batches:
        said = "?" if batch.said is None else f"{batch.said:,}"
        numbers = (f"{rows:,}" for rows in (batch.landed, batch.facts, batch.open, batch.discarded))
        table.add_row(str(batch.batch_id), batch.source_file, batch.state, said, *numbers, batch.verdict)
    return table


def _print_orphans(console: Console, feed: Feed, scanned: int, orphans: dict[str, int]) -> None:
    for key, rows in orphans.items():
        console.print(
            f"{feed.fact}: {plural(rows, 'row')} {'breaks' if rows == 1 else 'break'} {key}", style="red", markup=False
        )
    if not orphans:
        console.print(f"{feed.fact}: no orphans in {plural(scanned, 'row')}", markup=False)
