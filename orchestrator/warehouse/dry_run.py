"""A dry run: what a delivery's rows would come to, judged by the live view and live dictionaries, without a trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, Feed
from orchestrator.feeds.lines import lines_of_rows
from orchestrator.feeds.reasons import reasons_of
from orchestrator.feeds.spool import Spooled
from orchestrator.helpers import utc_now
from orchestrator.warehouse.judging import judging_select
from orchestrator.warehouse.landing import insert_stream
from orchestrator.warehouse.placing import repeated_rows

_TABLE: Final = "dry_run"
_MOST_EXAMPLES: Final = 1000


@dataclass(frozen=True)
class RejectedRow:
    """A row that would be rejected: its number, the line of the file that it begins on if there are lines, and why."""

    row_number: int
    line: int | None
    reasons: tuple[str, ...]
    cells: Mapping[str, str]


@dataclass(frozen=True)
class DryRun:
    """What a load would do.

    Attributes:
        file: what the delivery is called.
        rows: rows of the delivery.
        rejected: rows that would go to quarantine.
        by_reason: of these, rows by reason; a row counts once for each.
        examples: the first of them.
    """

    file: str
    rows: int
    rejected: int
    by_reason: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[RejectedRow, ...] = ()


def dry_run(client: Client, feed: Feed, delivery: Spooled, *, examples: int = 20) -> DryRun:
    """Judge a delivery as the chain would, now.

    Args:
        client: connected to the warehouse's database in a session of its own, as a temporary table is made.
        feed: a feed with a chain.
        delivery: read to its end.
        examples: how many rejected rows to show.

    Raises:
        FeedDriftError: the view that resolves the feed is not there, or is not one that a dry run understands.
    """
    judged = judging_select(client, feed, _entering(feed))
    columns = ", ".join(f"{column.name} {column.landing_type}" for column in feed.specs)
    client.command(
        f"CREATE OR REPLACE TEMPORARY TABLE {_TABLE} (batch_id UInt64, row_number UInt64, attempt UInt16, "
        f"operation_id UInt64, is_repeated Bool, received_at DateTime64(6, 'UTC'), {columns}) "
        "ENGINE = MergeTree ORDER BY row_number"
    )
    try:
        _fill(client, delivery)
        return _judged(client, feed, delivery, judged, min(examples, _MOST_EXAMPLES))
    finally:
        client.command(f"DROP TEMPORARY TABLE IF EXISTS {_TABLE}")


def _entering(feed: Feed) -> str:
    """The rows of the temporary table as they would enter the chain."""
    if DUPLICATE_IN_BATCH not in feed.rules:
        return f"SELECT * FROM {_TABLE}"
    repeated = repeated_rows(feed, "true", _TABLE)
    return f"SELECT * REPLACE ((batch_id, row_number) IN ({repeated}) AS is_repeated) FROM {_TABLE}"


def _fill(client: Client, delivery: Spooled) -> None:
    received_at = utc_now()
    first = 1
    for chunk in delivery.chunks():
        rows = chunk.num_rows
        lineage = {
            "batch_id": pa.repeat(pa.scalar(0, pa.uint64()), rows),
            "row_number": pa.arange(first, first + rows),
            "attempt": pa.repeat(pa.scalar(1, pa.uint16()), rows),
            "operation_id": pa.repeat(pa.scalar(0, pa.uint64()), rows),
            "is_repeated": pa.repeat(pa.scalar(False, pa.bool_()), rows),
            "received_at": pa.repeat(pa.scalar(received_at, pa.timestamp("us", "UTC")), rows),
        }
        table = pa.table({**lineage, **{name: chunk.column(name) for name in chunk.column_names}})
        insert_stream(client, _TABLE, table, {"async_insert": 0})
        first += rows


def _judged(client: Client, feed: Feed, delivery: Spooled, judged: str, examples: int) -> DryRun:
    reasons = reasons_of(feed)
    counts = ", ".join(f"countIf(bitTest(reason_mask, {reason.bit}))" for reason in reasons)
    rejected, *by_reason = client.query(f"SELECT countIf(reason_mask != 0), {counts} FROM ({judged})").result_rows[0]
    shown = client.query(
        f"SELECT row_number, reason_mask, {', '.join(feed.columns)} FROM ({judged}) WHERE reason_mask != 0 "
        "ORDER BY row_number LIMIT {examples:UInt64}",
        {"examples": examples},
    ).result_rows
    lines = lines_of_rows(delivery.source, [int(row[0]) for row in shown])
    names = {reason.bit: reason.name for reason in reasons}
    found = {reason.name: int(rows) for reason, rows in zip(reasons, by_reason, strict=True) if rows}
    return DryRun(
        delivery.source.name,
        delivery.rows,
        int(rejected),
        dict(sorted(found.items(), key=lambda item: -item[1])),
        tuple(_rejected(feed, row, lines, names) for row in shown),
    )


def _rejected(feed: Feed, row: Sequence[Any], lines: Mapping[int, int], names: Mapping[int, str]) -> RejectedRow:
    number, mask, *cells = row
    reasons = tuple(name for bit, name in names.items() if mask >> bit & 1)
    return RejectedRow(int(number), lines.get(int(number)), reasons, dict(zip(feed.columns, cells, strict=True)))
