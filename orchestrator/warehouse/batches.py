"""Batches: the audit trail of what was landed, and the proof that every landed row is in exactly one place."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import FeedFileError, ReconciliationError
from orchestrator.feeds.specs import Feed
from orchestrator.helpers import sha256_hex, utc_now

STARTED = "started"
COMMITTED = "committed"
FAILED = "failed"
_HASH_CHUNK = 1 << 20
# Loading again alone does not bring back what was deleted: its token is remembered.
_REMEDY = (
    "Rows were removed or doubled behind the loader's back: feed the missing ones from landing (INSERT INTO feed_... "
    "SELECT ... FROM landing_..., see migrations/README.md), delete the double ones, then load the file again."
)
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
    """The latest state of a batch that was seen before; a batch once committed stays so.

    `received_at` and `source_file` are those of the first try.
    """

    state: str
    received_at: datetime
    source_file: str
    counts: Counts


def identify(feed: Feed, path: Path, dagster_run_id: str) -> Batch:
    """The batch that this file is: its ID is the head of SHA-256 over feed and content, never 0.

    Raises:
        FeedFileError: the operating system does not let us read the file.
    """
    try:
        with path.open("rb") as stream:
            content = sha256_hex(iter(lambda: stream.read(_HASH_CHUNK), b""))
    except OSError as error:
        raise FeedFileError(f"{path}: this cannot be read: {error}.", "Check the file's permissions.") from error
    digest = sha256(f"{feed.name}\n{content}".encode()).digest()
    return Batch(int.from_bytes(digest[:8], "big") or 1, feed, content, path.name, utc_now(), dagster_run_id)


def find(client: Client, batch: Batch) -> KnownBatch | None:
    """What the audit trail says of this batch; None when it was never seen."""
    rows = client.query(
        "SELECT state, first_value(received_at) OVER tries, first_value(source_file) OVER tries, "
        "rows_landed, rows_accepted, rows_rejected FROM ops_batches "
        "WHERE feed = {feed:String} AND batch_id = {batch_id:UInt64} "
        "WINDOW tries AS (ORDER BY recorded_at, received_at) "
        "ORDER BY state = 'committed' DESC, recorded_at DESC, state DESC LIMIT 1",
        {"feed": batch.feed.name, "batch_id": batch.batch_id},
        tz_mode="aware",
    ).result_rows
    if not rows:
        return None
    state, received_at, source_file, *counts = rows[0]
    return KnownBatch(str(state), received_at, source_file, Counts(*counts))


def is_current(client: Client, batch: Batch) -> bool:
    """Whether this content is the one that was committed last under its file's name."""
    current = client.query(
        "SELECT argMax(batch_id, recorded_at) FROM ops_batches "
        "WHERE feed = {feed:String} AND state = 'committed' AND source_file = {file:String}",
        {"feed": batch.feed.name, "file": batch.source_file},
    ).result_rows[0][0]
    return bool(current == batch.batch_id)


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
            _REMEDY,
        )


def prove_places(client: Client, batch: Batch, rows_in_file: int) -> None:
    """Prove that the rows landed are those numbered 1 to `rows_in_file`, and that the same ones are in the places.

    Counts alone would not see that one row is double and another one is missing. The sum of a 64-bit hash of every row
    number does, in one pass and without keeping the numbers.

    Raises:
        ReconciliationError: some row is not in exactly one place.
    """
    feed = batch.feed
    fingerprint = "sum(cityHash64(row_number))"
    where = "WHERE batch_id = {batch_id:UInt64}"
    placed = f"(SELECT {fingerprint} FROM {feed.landing} {where})"
    if feed.has_chain:
        placed = (
            f"(SELECT {fingerprint} FROM {feed.fact} {where}) + "
            f"(SELECT {fingerprint} FROM ({_open_rows(feed.quarantine)}))"
        )
    result = client.query(
        f"SELECT (SELECT sum(cityHash64(number + 1)) FROM numbers({{rows:UInt64}})), "
        f"(SELECT {fingerprint} FROM {feed.landing} {where}), {placed}",
        {"batch_id": batch.batch_id, "rows": rows_in_file},
    )
    if len(set(result.result_rows[0])) > 1:
        raise ReconciliationError(
            f"Batch {batch.batch_id} of {batch.source_file}: {rows_in_file} rows in the file and as many in their "
            f"places, but not the same ones: some row is double and another one is missing.",
            _REMEDY,
        )


def _count_open(client: Client, quarantine: str, batch_id: int) -> int:
    result = client.query(f"SELECT count() FROM ({_open_rows(quarantine)})", {"batch_id": batch_id})
    return int(result.result_rows[0][0])


def _open_rows(quarantine: str) -> str:
    return (
        f"SELECT row_number FROM {quarantine} WHERE batch_id = {{batch_id:UInt64}} "
        "GROUP BY row_number HAVING argMax(reason_mask, attempt) != 0"
    )


def _count_rows(client: Client, table: str, batch_id: int) -> int:
    result = client.query(
        f"SELECT count() FROM {table} WHERE batch_id = {{batch_id:UInt64}}",
        {"batch_id": batch_id},
    )
    return int(result.result_rows[0][0])
