"""Judging rows without placing them: by the live view that resolves a feed, and by the live dictionaries."""

import re
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import FeedDriftError
from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, Feed
from orchestrator.warehouse.quarantine.selection import Selection, selected_rows


def judging_select(client: Client, feed: Feed, rows: str) -> str:
    """The SELECT of the feed's live view, on other rows than those that enter the chain.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        rows: a query with the columns of the chain's entry.

    Raises:
        FeedDriftError: the view is not there, or does not read the chain's entry exactly once.
    """
    view = f"mv_resolve_{feed.name}"
    result = client.query(
        "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {view:String}",
        {"view": view},
    )
    select = str(result.result_rows[0][0]) if result.result_rows else ""
    entry = re.compile(rf"\bFROM {re.escape(str(client.database))}\.{re.escape(feed.entry)}\b")
    if len(entry.findall(select)) != 1:
        raise FeedDriftError(
            f"The view {view} does not read {feed.entry}, or is not there.", "See `touchstone feeds check`."
        )
    return entry.sub(lambda _match: f"FROM ({rows})", select)


def acceptable_rows(client: Client, feed: Feed, selection: Selection) -> tuple[str, dict[str, Any]]:
    """A query of batch_id, row_number and attempt of the selected rows that would be accepted now, and its parameters.

    Raises:
        FeedDriftError: the feed's view is not there.
    """
    rows, parameters = selected_rows(feed, selection)
    repeated = f"has(reasons, '{DUPLICATE_IN_BATCH}')" if DUPLICATE_IN_BATCH in feed.rules else "false"
    entering = (
        f"SELECT batch_id, row_number, attempt, operation_id, {repeated} AS is_repeated, received_at, "
        f"{', '.join(feed.columns)} FROM ({rows})"
    )
    judged = judging_select(client, feed, entering)
    return f"SELECT batch_id, row_number, attempt FROM ({judged}) WHERE reason_mask = 0", parameters


def count_acceptable(client: Client, feed: Feed, selection: Selection) -> tuple[int, int]:
    """How many of the selected rows would be accepted now, and a checksum of which ones.

    Raises:
        FeedDriftError: the feed's view is not there.
    """
    rows, parameters = acceptable_rows(client, feed, selection)
    count, checksum = client.query(
        f"SELECT count(), sum(cityHash64(batch_id, row_number, attempt)) FROM ({rows})", parameters
    ).result_rows[0]
    return int(count), int(checksum)
