"""`touchstone quarantine`: listing, showing, replaying and giving up rows, for people."""

from rich.console import Console
from rich.table import Column, Table

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feed, chained_feeds
from orchestrator.helpers import plural
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.quarantine import Selection, count_selected, discard, replay, show, summary


def list_reasons(console: Console, settings: Settings, name: str | None, selection: Selection) -> None:
    """Rows by reason with remedies, of one feed or of all.

    Raises:
        UnknownFeedError, SelectionError: there is no such feed, reason or column.
    """
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    for feed in [chained_feed(name)] if name else chained_feeds():
        counts = summary(client, feed, selection)
        rows = count_selected(client, feed, selection)
        kind = "discarded" if selection.discarded else "open"
        console.print(f"{feed.name}: {plural(rows, 'row')} {kind}", markup=False)
        if rows:
            right = [Column(header, justify="right") for header in ("rows", "batches")]
            table = Table("reason", *right, "what to do", box=None, pad_edge=False)
            for count in counts:
                table.add_row(count.reason, f"{count.rows:,}", f"{count.batches:,}", count.remedy)
            console.print(table)


def show_rows(console: Console, settings: Settings, name: str, selection: Selection, limit: int) -> None:
    """Rows as received. Raises as `list_reasons`."""
    feed = chained_feed(name)
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    rows = show(client, feed, selection, limit)
    for row in rows:
        attempts = f"{row['attempts']} attempts, " if row["attempts"] > 1 else ""
        console.print(
            f"{row['file']} row {row['row']:,} ({attempts}batch {row['batch_id']}): {', '.join(row['reasons'])}",
            markup=False,
        )
        console.print("    " + " ".join(f"{column}={row[column]!r}" for column in feed.columns), markup=False)
    more = count_selected(client, feed, selection) - len(rows)
    if more > 0:
        console.print(f"and {plural(more, 'row')} more; --limit shows them")


def replay_rows(
    console: Console, settings: Settings, name: str, selection: Selection, note: str, *, only_acceptable: bool
) -> None:
    """Replay rows, and tell what became of them. Raises as `list_reasons`, and WriterLockError."""
    feed = chained_feed(name)
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    with console.status(f"replaying {feed.name}"):
        outcome = replay(
            client,
            feed,
            selection,
            only_acceptable=only_acceptable,
            wait_seconds=settings.touchstone_lock_wait_seconds,
            note=note,
        )
    if outcome.selected == 0:
        console.print("No row of quarantine fits; nothing done.")
        return
    left = outcome.selected - outcome.accepted
    console.print(
        f"{plural(outcome.selected, 'row')} replayed: {outcome.accepted:,} in {feed.fact} now, {left:,} still open "
        f"(replay {outcome.operation_id})",
        markup=False,
    )


def discard_rows(console: Console, settings: Settings, name: str, selection: Selection, note: str) -> None:
    """Give rows up, and tell how many. Raises as `replay_rows`."""
    feed: Feed = chained_feed(name)
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    outcome = discard(client, feed, selection, note, wait_seconds=settings.touchstone_lock_wait_seconds)
    if outcome.selected == 0:
        console.print("No row of quarantine fits; nothing done.")
        return
    console.print(f"{plural(outcome.selected, 'row')} given up (discard {outcome.operation_id})", markup=False)
