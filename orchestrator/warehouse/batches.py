"""Batches: the audit trail of what was landed, and the proof that every landed row is in exactly one place."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import ReconciliationError
from orchestrator.feeds.specs import Feed
from orchestrator.helpers import sha256_hex, utc_now

STARTED = "started"
COMMITTED = "committed"
FAILED = "failed"
_HASH_CHUNK = 1 << 20
_COLUMNS = (
    "batch_id",
    "feed",
    "state",
    "content_sha256",
    "source_file",
    "rows_landed",
    "rows_accepted",
    "rows_rejected",
    "message",
    "code_version",
    "dagster_run_id",
    "received_at",
    "recorded_at",
)


@dataclass(frozen=True)
class Batch:
    """One file's content for one feed. The same content is the same batch under any file name."""

    batch_id: int
    feed: Feed
    content_sha256: str
    source_file: str
    received_at: datetime
    dagster_run_id: str


@dataclass(frozen=True)
class Counts:
    """Rows of one batch: landed, in the fact, and in open quarantine."""

    landed: int
    accepted: int
    rejected: int


@dataclass(frozen=True)
class KnownBatch:
    """The latest state of a batch that was seen before."""

    state: str
    received_at: datetime
    source_file: str
    counts: Counts


def identify(feed: Feed, path: Path, dagster_run_id: str) -> Batch:
    """The batch that this file is: its ID is the head of SHA-256 over feed and content, never 0."""
    with path.open("rb") as stream:
        content = sha256_hex(iter(lambda: stream.read(_HASH_CHUNK), b""))
    digest = sha256(f"{feed.name}\n{content}".encode()).digest()
    return Batch(int.from_bytes(digest[:8], "big") or 1, feed, content, path.name, utc_now(), dagster_run_id)


def find(client: Client, batch: Batch) -> KnownBatch | None:
    """What the audit trail says of this batch; None when it was never seen."""
    rows = client.query(
        "SELECT state, received_at, source_file, rows_landed, rows_accepted, rows_rejected FROM ops_batches "
        "WHERE feed = {feed:String} AND batch_id = {batch_id:UInt64} ORDER BY recorded_at DESC, state DESC LIMIT 1",
        {"feed": batch.feed.name, "batch_id": batch.batch_id},
        tz_mode="aware",
    ).result_rows
    if not rows:
        return None
    state, received_at, source_file, *counts = rows[0]
    return KnownBatch(str(state), received_at, source_file, Counts(*counts))


def record(client: Client, batch: Batch, state: str, counts: Counts = Counts(0, 0, 0), message: str = "") -> None:
    """Append one change of state to the audit trail."""
    row = (
        batch.batch_id,
        batch.feed.name,
        state,
        batch.content_sha256.encode(),
        batch.source_file,
        counts.landed,
        counts.accepted,
        counts.rejected,
        message,
        version("touchstone"),
        batch.dagster_run_id,
        batch.received_at,
        utc_now(),
    )
    client.insert("ops_batches", [row], column_names=_COLUMNS, settings={"async_insert": 0})


def count(client: Client, batch: Batch) -> Counts:
    """Where the batch's rows are now. A feed without a chain has them in landing alone."""
    feed = batch.feed
    landed = _count_rows(client, feed.landing, batch.batch_id)
    if not feed.has_chain:
        return Counts(landed, 0, 0)
    return Counts(
        landed,
        _count_rows(client, feed.fact, batch.batch_id),
        _count_open(client, feed.quarantine, batch.batch_id),
    )


def reconcile(batch: Batch, counts: Counts, rows_in_file: int) -> None:
    """Prove that the file's rows are all landed and each in exactly one place.

    Raises:
        ReconciliationError: the counts differ; the message has them all.
    """
    lost_in_landing = counts.landed != rows_in_file
    lost_in_chain = batch.feed.has_chain and counts.accepted + counts.rejected != counts.landed
    if lost_in_landing or lost_in_chain:
        raise ReconciliationError(
            f"Batch {batch.batch_id} of {batch.source_file}: {rows_in_file} rows in the file, {counts.landed} in "
            f"{batch.feed.landing}, {counts.accepted} accepted, {counts.rejected} in open quarantine.",
            f"Load the file again: `touchstone load {batch.feed.name} {batch.source_file}` completes what is missing.",
        )


def _count_open(client: Client, quarantine: str, batch_id: int) -> int:
    result = client.query(
        "SELECT countIf(latest_mask != 0) FROM "
        f"(SELECT argMax(reason_mask, attempt) AS latest_mask FROM {quarantine} "
        "WHERE batch_id = {batch_id:UInt64} GROUP BY row_number)",
        {"batch_id": batch_id},
    )
    return int(result.result_rows[0][0])


def _count_rows(client: Client, table: str, batch_id: int) -> int:
    result = client.query(
        f"SELECT count() FROM {table} WHERE batch_id = {{batch_id:UInt64}}",
        {"batch_id": batch_id},
    )
    return int(result.result_rows[0][0])
