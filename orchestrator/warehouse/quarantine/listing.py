"""What lies in quarantine, for people: by reason with its remedy, and row by row."""

from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.warehouse.quarantine.selection import ALL_OPEN, Selection, require_selection, selected_rows


@dataclass(frozen=True)
class ReasonCount:
    """One reason: rows that have it, batches they are of, and what to do. A row counts once for each of its reasons."""

    reason: str
    rows: int
    batches: int
    remedy: str


def summary(client: Client, feed: Feed, selection: Selection = ALL_OPEN) -> list[ReasonCount]:
    """The reasons of the selected rows, that of most rows first.

    Raises:
        SelectionError: a reason or column of the selection does not exist.
    """
    require_selection(feed, selection)
    rows, parameters = selected_rows(feed, selection, columns="batch_id, reasons")
    result = client.query(
        "SELECT reason, count(), uniqExact(batch_id), "
        f"dictGetOrDefault('{client.database}.dict_reason', 'remedy', ({{feed:String}}, reason), '') "
        f"FROM (SELECT batch_id, toString(arrayJoin(reasons)) AS reason FROM ({rows})) "
        "GROUP BY reason ORDER BY count() DESC, reason",
        parameters | {"feed": feed.name},
    )
    return [
        ReasonCount(str(reason), int(rows), int(batches), str(told))
        for reason, rows, batches, told in result.result_rows
    ]


def show(client: Client, feed: Feed, selection: Selection, limit: int) -> list[dict[str, Any]]:
    """Rows of quarantine as received, after file, row number, attempts, reasons and batch; the oldest batch first.

    Raises:
        SelectionError: a reason or column of the selection does not exist.
    """
    require_selection(feed, selection)
    rows, parameters = selected_rows(feed, selection)
    columns = ", ".join(f"quarantined.{column} AS {column}" for column in feed.columns)
    result = client.query(
        "SELECT batch.source_file AS file, quarantined.row_number AS row, quarantined.attempt AS attempts, "
        f"quarantined.reasons AS reasons, quarantined.batch_id AS batch_id, {columns} "
        f"FROM ({rows}) AS quarantined LEFT JOIN ("
        "SELECT batch_id, argMin(source_file, recorded_at) AS source_file FROM ops_batches "
        "WHERE feed = {feed:String} GROUP BY batch_id) AS batch ON batch.batch_id = quarantined.batch_id "
        "ORDER BY quarantined.received_at, quarantined.batch_id, quarantined.row_number LIMIT {limit:UInt64}",
        parameters | {"feed": feed.name, "limit": limit},
    )
    return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
