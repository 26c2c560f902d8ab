"""Replays and discards in the audit trail, ops_quarantine: a row for each change of state."""

import getpass
import secrets
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.helpers import utc_now
from orchestrator.warehouse.quarantine.selection import Selection

REPLAY: Final = "replay"
DISCARD: Final = "discard"
STARTED: Final = "started"
DONE: Final = "done"
FAILED: Final = "failed"
_COLUMNS: Final = (
    "operation_id", "feed", "action", "state", "selection", "note", "actor", "rows_selected", "rows_accepted",
    "message", "code_version", "dagster_run_id", "recorded_at",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a replay or a discard did.

    Attributes:
        operation_id: its number in ops_quarantine; 0 when no row was selected and nothing was recorded.
        selected: rows that it was about.
        accepted: of these, rows that are in the fact now; those given up, for a discard.
    """

    operation_id: int
    selected: int
    accepted: int


@dataclass(frozen=True)
class Operation:
    """One replay or discard; it has a number of its own, which its rows of quarantine's log carry."""

    id: int
    feed: str
    action: str
    selection: str
    note: str
    dagster_run_id: str


def new_operation(feed: Feed, action: str, selection: Selection, note: str, dagster_run_id: str) -> Operation:
    """An operation with a new number, not recorded yet."""
    return Operation(secrets.randbits(63) or 1, feed.name, action, selection.described(), note, dagster_run_id)


def record(
    client: Client, operation: Operation, state: str, *, selected: int = 0, accepted: int = 0, message: str = ""
) -> None:
    """Append one change of state."""
    row = (
        operation.id,
        operation.feed,
        operation.action,
        state,
        operation.selection,
        operation.note,
        _actor(),
        selected,
        accepted,
        message,
        version("touchstone"),
        operation.dagster_run_id,
        utc_now(),
    )
    client.insert("ops_quarantine", [row], column_names=_COLUMNS, settings={"async_insert": 0})


def unfinished(client: Client, feed: Feed, action: str) -> list[Operation]:
    """Replays or discards that began and neither ended nor were recovered, the oldest first."""
    result = client.query(
        "SELECT operation_id, feed, {action:String}, any(selection), any(note), any(dagster_run_id) "
        "FROM ops_quarantine WHERE feed = {feed:String} AND toString(action) = {action:String} "
        "GROUP BY operation_id, feed HAVING countIf(state != 'started') = 0 ORDER BY min(recorded_at)",
        {"feed": feed.name, "action": action},
    )
    return [Operation(*row) for row in result.result_rows]


def _actor() -> str:
    """Who asks, as the operating system calls them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
