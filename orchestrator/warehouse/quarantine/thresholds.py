"""Thresholds of feeds.yml beside what is in open quarantine now: which batches are red, whether all is too much."""

from collections.abc import Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT
from orchestrator.warehouse.quarantine.listing import ReasonCount, summary
from orchestrator.warehouse.quarantine.selection import ALL_OPEN, Selection


@dataclass(frozen=True)
class OpenBatch:
    """A batch with rows in open quarantine: rows landed, as the audit trail has them, and rows open now."""

    batch_id: int
    source_file: str
    landed: int
    open: int


@dataclass(frozen=True)
class RedBatch:
    """A batch over a threshold of its feed, and by how much, in words."""

    batch_id: int
    source_file: str
    over: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.source_file} (batch {self.batch_id}): {'; '.join(self.over)}"


@dataclass(frozen=True)
class TooFull:
    """Quarantine over thresholds of its feed.

    Attributes:
        red: the red batches.
        open_rows: the threshold of all open rows in words, where they are over it.
        reasons: what the rows concerned were rejected for, that of most rows first.
    """

    red: tuple[RedBatch, ...]
    open_rows: str
    reasons: tuple[ReasonCount, ...]


def too_full(client: Client, feed: Feed) -> TooFull | None:
    """What is over the thresholds of a feed with a chain; None where nothing is."""
    batches = open_batches(client, feed)
    red, open_rows = red_batches(feed, batches), open_rows_exceeded(feed, batches)
    if not (red or open_rows):
        return None
    concerned = ALL_OPEN if open_rows else Selection(batches=tuple(batch.batch_id for batch in red))
    return TooFull(tuple(red), open_rows, tuple(summary(client, feed, concerned)))


def open_batches(client: Client, feed: Feed) -> list[OpenBatch]:
    """The batches of a feed with a chain that have rows in open quarantine, in the order of their arrival.

    Only quarantine and the audit trail are read, as this is asked each minute.
    """
    result = client.query(
        "SELECT quarantined.batch_id, batch.file, batch.landed, quarantined.open FROM ("
        f"SELECT batch_id, countIf(mask != 0 AND NOT bitTest(mask, {DISCARDED_BIT})) AS open FROM ("
        f"SELECT batch_id, argMax(reason_mask, attempt) AS mask FROM {feed.quarantine} GROUP BY batch_id, row_number) "
        "GROUP BY batch_id HAVING open > 0) AS quarantined LEFT JOIN ("
        "SELECT batch_id, argMin(source_file, recorded_at) AS file, min(received_at) AS since, "
        "maxIf(rows_landed, state IN ('landed', 'committed')) AS landed "
        "FROM ops_batches WHERE feed = {feed:String} GROUP BY batch_id) AS batch "
        "ON batch.batch_id = quarantined.batch_id ORDER BY batch.since, quarantined.batch_id",
        {"feed": feed.name},
    )
    return [
        OpenBatch(int(batch), str(file), int(landed), int(rows)) for batch, file, landed, rows in result.result_rows
    ]


def red_batches(feed: Feed, batches: Sequence[OpenBatch]) -> list[RedBatch]:
    """Those of the batches that are over a threshold of the feed by what is in open quarantine now."""
    found = ((batch, thresholds_exceeded(feed, batch.landed, batch.open)) for batch in batches)
    return [RedBatch(batch.batch_id, batch.source_file, over) for batch, over in found if over]


def thresholds_exceeded(feed: Feed, landed: int, rejected: int) -> tuple[str, ...]:
    """The thresholds of the feed that a batch with so many rows, and so many of them rejected, is over, in words."""
    limits = feed.thresholds
    share = rejected / landed if landed >= limits.share_from_rows else 0.0
    over = []
    if limits.rejected_rows is not None and rejected > limits.rejected_rows:
        over.append(f"{rejected:,} rejected rows, at most {limits.rejected_rows:,} are let pass")
    if limits.rejected_share is not None and share > limits.rejected_share:
        over.append(f"{share:.2%} of the rows rejected, at most {limits.rejected_share:.2%} are let pass")
    return tuple(over)


def open_rows_exceeded(feed: Feed, batches: Sequence[OpenBatch]) -> str:
    """The threshold of open rows of the whole feed in words, where these batches are over it together; else nothing."""
    rows, limit = sum(batch.open for batch in batches), feed.thresholds.open_rows
    if limit is None or rows <= limit:
        return ""
    return f"{rows:,} rows in open quarantine, at most {limit:,} are let lie"
