"""Which rows of quarantine are meant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import SelectionError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT, reasons_of


@dataclass(frozen=True)
class Selection:
    """Rows of a feed's quarantine. Every condition given must hold; without any it is all open rows.

    Attributes:
        reasons: rows with at least one of these.
        batches: rows of one of these batches.
        codes: text by column, as received but for blanks around it.
        discarded: those that were given up, instead of the open ones.
    """

    reasons: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    discarded: bool = False

    def described(self) -> str:
        """The conditions as JSON, for the audit trail."""
        named = {
            "reasons": list(self.reasons),
            "batches": list(self.batches),
            "codes": dict(self.codes),
            "discarded": self.discarded,
        }
        return json.dumps({name: value for name, value in named.items() if value}, ensure_ascii=False)


ALL_OPEN = Selection()


def require_selection(feed: Feed, selection: Selection) -> None:
    """Raises SelectionError for a reason or a column that the feed does not have."""
    known = {reason.name for reason in reasons_of(feed)}
    for reason in selection.reasons:
        if reason not in known:
            raise SelectionError(
                f"The feed {feed.name} has no reason {reason!r}.", f"Reasons are: {', '.join(sorted(known))}."
            )
    for column in selection.codes:
        if column not in feed.columns:
            raise SelectionError(
                f"The feed {feed.name} has no column {column!r}.", f"Columns are: {', '.join(feed.columns)}."
            )


def selected_rows(feed: Feed, selection: Selection, columns: str = "*") -> tuple[str, dict[str, Any]]:
    """A query of the latest attempts that a selection has, and its parameters."""
    is_discarded = f"bitTest(reason_mask, {DISCARDED_BIT})"
    conditions = [is_discarded if selection.discarded else f"reason_mask != 0 AND NOT {is_discarded}"]
    parameters: dict[str, Any] = {}
    if selection.reasons:
        conditions.append("hasAny(reasons, {reasons:Array(String)})")
        parameters["reasons"] = list(selection.reasons)
    for number, (column, text) in enumerate(selection.codes.items()):
        conditions.append(f"trimBoth({column}) = {{code_{number}:String}}")
        parameters[f"code_{number}"] = text.strip(" ")
    source = feed.quarantine
    if selection.batches:
        source = f"(SELECT * FROM {feed.quarantine} WHERE batch_id IN {{batches:Array(UInt64)}})"
        parameters["batches"] = list(selection.batches)
    latest = f"SELECT * FROM {source} ORDER BY attempt DESC LIMIT 1 BY batch_id, row_number"
    return f"SELECT {columns} FROM ({latest}) WHERE {' AND '.join(conditions)}", parameters


def count_selected(client: Client, feed: Feed, selection: Selection) -> int:
    """How many rows a selection has."""
    rows, parameters = selected_rows(feed, selection, columns="batch_id")
    return int(client.query(f"SELECT count() FROM ({rows})", parameters).result_rows[0][0])
