"""Reconciliation: every landed row in exactly one place, batch by batch, and no fact that points at nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT
from orchestrator.feeds.resolution import constraints_of

ADDS_UP: Final = "adds up"
UNFINISHED: Final = "unfinished"
ROWS_MISSING: Final = "rows without a place"
ROWS_DOUBLE: Final = "rows in more than one place"
ROWS_LOST_IN_LANDING: Final = "rows lost in landing"
ROWS_UNKNOWN: Final = "rows of a batch that nobody recorded"


@dataclass(frozen=True)
class BatchBalance:
    """One batch: rows said, landed, and in each place.

    Attributes:
        said: rows that the audit trail gives; None for a batch that it does not know as landed.
        state: the latest in the audit trail; empty if it does not know the batch.
        verdict: `adds up`, or what is wrong.
    """

    batch_id: int
    source_file: str
    received_at: datetime
    state: str
    said: int | None
    landed: int
    facts: int
    open: int
    discarded: int
    verdict: str


@dataclass(frozen=True)
class Balance:
    """A whole feed: sums over its batches, the batches that do not add up, and those whose load has not ended."""

    feed: str
    batches: int
    landed: int
    facts: int
    open: int
    discarded: int
    wrong: tuple[BatchBalance, ...]
    unfinished: tuple[BatchBalance, ...]

    @property
    def adds_up(self) -> bool:
        """True when every batch does whose load has ended. Also of a feed without batches: see `batches`."""
        return not self.wrong


def balance_query(feed: Feed) -> str:
    """One row per batch of a feed with a chain, as `BatchBalance` has it; each table is read once."""
    return f"""
SELECT
    batch_id,
    argMax(source_file, source_file != '') AS source_file,
    max(received_at) AS received_at,
    max(state) AS state,
    max(said) AS said,
    sum(landed) AS landed,
    sum(facts) AS facts,
    sum(open) AS open,
    sum(discarded) AS discarded,
    sum(landed_rows) AS landed_fingerprint,
    sum(placed_rows) AS placed_fingerprint
FROM (
    SELECT
        batch_id,
        argMin(file, recorded_at) AS source_file,
        min(since) AS received_at,
        if(countIf(step = 'committed') > 0, 'committed', argMax(step, recorded_at)) AS state,
        if(
            countIf(step IN ('landed', 'committed')) = 0,
            -1,
            toInt64(maxIf(rows_landed, step IN ('landed', 'committed')))
        ) AS said,
        0 AS landed, 0 AS facts, 0 AS open, 0 AS discarded, 0 AS landed_rows, 0 AS placed_rows
    FROM (
        SELECT batch_id, source_file AS file, received_at AS since, toString(state) AS step, rows_landed, recorded_at
        FROM ops_batches
        WHERE feed = '{feed.name}'
    )
    GROUP BY batch_id
    UNION ALL
    SELECT batch_id, '', max(received_at), '', -1, count(), 0, 0, 0, sum(cityHash64(row_number)), 0
    FROM {feed.landing}
    GROUP BY batch_id
    UNION ALL
    SELECT batch_id, '', toDateTime64(0, 6, 'UTC'), '', -1, 0, count(), 0, 0, 0, sum(cityHash64(row_number))
    FROM {feed.fact}
    GROUP BY batch_id
    UNION ALL
    SELECT batch_id, '', toDateTime64(0, 6, 'UTC'), '', -1, 0, 0, countIf(NOT bitTest(mask, {DISCARDED_BIT})),
        countIf(bitTest(mask, {DISCARDED_BIT})), 0, sum(cityHash64(row_number))
    FROM (
        SELECT batch_id, row_number, argMax(reason_mask, attempt) AS mask
        FROM {feed.quarantine}
        GROUP BY batch_id, row_number
    )
    WHERE mask != 0
    GROUP BY batch_id
)
GROUP BY batch_id
ORDER BY received_at, batch_id
"""


def reconcile_feed(client: Client, feed: Feed, batch_ids: tuple[int, ...] = ()) -> Balance:
    """Balance every batch of a feed with a chain, or some of them: landed = facts + open quarantine + discarded."""
    result = client.query(balance_query(feed), tz_mode="aware")
    balances = [_judged(*row) for row in result.result_rows if not batch_ids or int(row[0]) in batch_ids]
    return Balance(
        feed.name,
        len(balances),
        sum(balance.landed for balance in balances),
        sum(balance.facts for balance in balances),
        sum(balance.open for balance in balances),
        sum(balance.discarded for balance in balances),
        tuple(balance for balance in balances if balance.verdict not in {ADDS_UP, UNFINISHED}),
        tuple(balance for balance in balances if balance.verdict == UNFINISHED),
    )


def _judged(  # noqa: PLR0917
    batch_id: int,
    source_file: str,
    received_at: datetime,
    state: str,
    said: int,
    landed: int,
    facts: int,
    open_rows: int,
    discarded: int,
    landed_fingerprint: int,
    placed_fingerprint: int,
) -> BatchBalance:
    placed = facts + open_rows + discarded
    if state == "":
        verdict = ROWS_UNKNOWN
    elif said >= 0 and landed != said:
        verdict = ROWS_LOST_IN_LANDING
    elif placed > landed:
        verdict = ROWS_DOUBLE
    elif state != "committed":
        verdict = UNFINISHED
    elif placed < landed:
        verdict = ROWS_MISSING
    else:
        verdict = ADDS_UP if landed_fingerprint == placed_fingerprint else ROWS_DOUBLE
    return BatchBalance(
        batch_id,
        source_file,
        received_at,
        state,
        said if said >= 0 else None,
        landed,
        facts,
        open_rows,
        discarded,
        verdict,
    )


def orphans_query(feed: Feed) -> str:
    """Rows, and rows that break each foreign key, of a feed's fact; all of them in one scan."""
    keys = [(name, expression) for name, expression in constraints_of(feed) if name.startswith("fk_")]
    counts = ", ".join(f"countIf(NOT ({expression})) AS {name}" for name, expression in keys)
    return f"SELECT count() AS scanned, {counts} FROM {feed.fact}"


def find_orphans(client: Client, feed: Feed) -> tuple[int, Mapping[str, int]]:
    """Rows scanned, and by foreign key the rows that break it; constraints do not look at rows older than they are.

    A dictionary that cannot be read raises ClickHouseError: then nothing is proven.
    """
    result = client.query(orphans_query(feed).replace("${DATABASE}", str(client.database)))
    scanned, *broken = result.result_rows[0]
    return int(scanned), {str(name): int(rows) for name, rows in zip(result.column_names[1:], broken, strict=True)}
