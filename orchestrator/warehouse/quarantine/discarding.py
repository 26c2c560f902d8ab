"""Giving rows up: they stay in landing and in quarantine's log, and count as discarded."""

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import SelectionError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED, DISCARDED_BIT
from orchestrator.helpers import get_logger
from orchestrator.warehouse.placing import placing_lock, placing_settings
from orchestrator.warehouse.quarantine.operations import DISCARD, DONE, STARTED, Outcome, new_operation, record
from orchestrator.warehouse.quarantine.recovery import recover
from orchestrator.warehouse.quarantine.selection import Selection, count_selected, require_selection, selected_rows

log = get_logger(__name__)


def discard(
    client: Client,
    feed: Feed,
    selection: Selection,
    note: str,
    *,
    wait_seconds: float = 600,
    dagster_run_id: str = "",
) -> Outcome:
    """Give the selected open rows up. `replay` of discarded rows takes it back.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        selection: which rows.
        note: why; it must say something.
        wait_seconds: how long to wait for somebody else who places rows of this feed.
        dagster_run_id: the run that does it, if any.

    Raises:
        SelectionError: there is no note, or a reason or column of the selection does not exist.
        WriterLockError: somebody else placed rows of this feed for longer than the wait.
    """
    require_selection(feed, selection)
    if not note.strip():
        raise SelectionError("Rows are given up for a reason only.", 'Give it: --note "...".')
    if selection.discarded:
        raise SelectionError("Those rows are given up already.", "Select open ones.")
    with placing_lock(client, feed, wait_seconds=wait_seconds, holder=f"discard of {feed.name}") as lease:
        recover(client, feed, lease)
        selected = count_selected(client, feed, selection)
        if selected == 0:
            return Outcome(0, 0, 0)
        operation = new_operation(feed, DISCARD, selection, note, dagster_run_id)
        record(client, operation, STARTED, selected=selected)
        rows, parameters = selected_rows(feed, selection)
        columns = ", ".join(feed.columns)
        client.command(
            f"INSERT INTO {feed.quarantine} (batch_id, row_number, attempt, operation_id, reason_mask, reasons, "
            f"received_at, {columns}) "
            "SELECT batch_id, row_number, attempt + 1, {operation:UInt64}, "
            f"bitShiftLeft(toUInt64(1), {DISCARDED_BIT}), ['{DISCARDED}'], received_at, {columns} "
            f"FROM ({rows}) WHERE {lease.fence}",
            parameters | {"operation": operation.id},
            settings=placing_settings(f"discard:{feed.name}:{operation.id}"),
        )
        record(client, operation, DONE, selected=selected, accepted=selected)
    log.info("discarded", feed=feed.name, rows=selected, operation_id=operation.id, note=note)
    return Outcome(operation.id, selected, selected)
