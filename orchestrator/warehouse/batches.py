"""Batches: the audit trail of what was landed, and the proof that every landed row is in exactly one place."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import ReconciliationError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT
from orchestrator.helpers import utc_now

STARTED = "started"
LANDED = "landed"
COMMITTED = "committed"
FAILED = "failed"
# Landing again does not bring back what was deleted there: its token is remembered.
_REMEDY = (
    "Rows were removed or doubled behind the loader's back; `touchstone reconcile` shows where. What lacks in a fact "
    "or in quarantine is placed again by `touchstone backfill`; delete what is double, restore what lacks in landing."
)
_FINGERPRINT = "sum(cityHash64(row_number))"
_EXPECTED_FINGERPRINT = "(SELECT sum(cityHash64(number + 1)) FROM numbers({rows:UInt64}))"
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
    """One file's content for one feed. The same content is the same batch under any file name.

    `version` says of an object of a bucket which content of it this is, see `warehouse/objects.py`.
    """

    batch_id: int
    feed: Feed
    content_sha256: str
    source_file: str
    received_at: datetime
    dagster_run_id: str
    version: str = ""


@dataclass(frozen=True)
class Counts:
    """Rows of one batch: landed, in the fact, in open quarantine, and given up by a person."""

    landed: int
    accepted: int
    rejected: int
    discarded: int = 0

    @property
    def placed(self) -> int:
        """Rows that have a place."""
        return self.accepted + self.rejected + self.discarded


@dataclass(frozen=True)
class KnownBatch:
    """The latest state of a batch that was seen before; a batch once committed stays so.

    `received_at` and `source_file` are those of the first try.
    """

    state: str
    received_at: datetime
    source_file: str
    counts: Counts


def identify(feed: Feed, content_sha256: str, source_file: str, dagster_run_id: str, version: str = "") -> Batch:
    """The batch that this content is: its ID is the head of SHA-256 over feed and content hash, never 0.

    Args:
        feed: what it was delivered for; the same file for another feed is another batch.
        content_sha256: of the bytes as delivered, 64 hexadecimal digits.
        source_file: what it is called.
        dagster_run_id: the run that loads it, if any.
        version: of an object of a bucket: which content of it this is.
    """
    digest = sha256(f"{feed.name}\n{content_sha256}".encode()).digest()
    batch_id = int.from_bytes(digest[:8], "big") or 1
    return Batch(batch_id, feed, content_sha256, source_file, utc_now(), dagster_run_id, version)


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


def batches_by_state(client: Client) -> dict[tuple[str, str], int]:
    """How many batches each feed has in each state; one that was once committed stays so."""
    result = client.query(
        "SELECT feed, latest, count() FROM ("
        "SELECT feed, if(countIf(state = 'committed') > 0, 'committed', toString(argMax(state, recorded_at))) "
        "AS latest FROM ops_batches GROUP BY feed, batch_id) GROUP BY feed, latest ORDER BY feed, latest"
    )
    return {(str(feed), str(state)): int(batches) for feed, state, batches in result.result_rows}


def last_commit(client: Client, feed: Feed) -> datetime | None:
    """When new content of the feed was committed last, aware; None if none was. What comes again is not new."""
    [(commits, moment)] = client.query(
        "SELECT count(), max(committed_at) FROM ("
        "SELECT min(recorded_at) AS committed_at FROM ops_batches "
        "WHERE feed = {feed:String} AND state = 'committed' GROUP BY batch_id)",
        {"feed": feed.name},
        tz_mode="aware",
    ).result_rows
    return moment if commits else None


def is_name_known(client: Client, feed: Feed, source_file: str) -> bool:
    """Whether something of this name was committed before."""
    result = client.query(
        "SELECT count() FROM ops_batches "
        "WHERE feed = {feed:String} AND source_file = {file:String} AND state = 'committed'",
        {"feed": feed.name, "file": source_file},
    )
    return bool(result.result_rows[0][0])


def was_landed(client: Client, batch: Batch) -> bool:
    """Whether an earlier try has landed this batch wholly, so that some of its rows may be in their places."""
    result = client.query(
        "SELECT countIf(state = 'landed') FROM ops_batches WHERE feed = {feed:String} AND batch_id = {batch_id:UInt64}",
        {"feed": batch.feed.name, "batch_id": batch.batch_id},
    )
    return bool(result.result_rows[0][0])


def count(client: Client, batch: Batch) -> Counts:
    """Where the batch's rows are now. A feed without a chain has them in landing alone."""
    feed = batch.feed
    landed = _count_rows(client, feed.landing, batch.batch_id)
    if not feed.has_chain:
        return Counts(landed, 0, 0)
    result = client.query(
        f"SELECT countIf(mask != 0 AND NOT bitTest(mask, {DISCARDED_BIT})), countIf(bitTest(mask, {DISCARDED_BIT})) "
        f"FROM ({_latest_attempts(feed)})",
        {"batch_id": batch.batch_id},
    )
    rejected, discarded = result.result_rows[0]
    return Counts(landed, _count_rows(client, feed.fact, batch.batch_id), int(rejected), int(discarded))


def reconcile(batch: Batch, counts: Counts, rows_in_file: int) -> None:
    """Prove that the file's rows are all landed and each in exactly one place.

    Raises:
        ReconciliationError: the counts differ; the message has them all.
    """
    lost_in_landing = counts.landed != rows_in_file
    lost_in_chain = batch.feed.has_chain and counts.placed != counts.landed
    if lost_in_landing or lost_in_chain:
        raise ReconciliationError(
            f"Batch {batch.batch_id} of {batch.source_file}: {rows_in_file} rows in the file, {counts.landed} in "
            f"{batch.feed.landing}, {counts.accepted} accepted, {counts.rejected} in open quarantine, "
            f"{counts.discarded} discarded.",
            _REMEDY,
        )


def prove_landed(client: Client, batch: Batch, rows: int) -> None:
    """Prove that exactly the rows numbered 1 to `rows` are landed, each once.

    Raises:
        ReconciliationError: they are not; names the counts.
    """
    landed, fingerprint, expected = client.query(
        f"SELECT count(), {_FINGERPRINT}, {_EXPECTED_FINGERPRINT} FROM {batch.feed.landing} "
        "WHERE batch_id = {batch_id:UInt64}",
        {"batch_id": batch.batch_id, "rows": rows},
    ).result_rows[0]
    if landed != rows:
        reconcile(batch, Counts(int(landed), 0, 0), rows)
    if fingerprint != expected:
        raise _not_the_same_rows(batch, rows)


def prove_places(client: Client, batch: Batch, rows: int) -> None:
    """Prove that the rows numbered 1 to `rows` are the ones in the places, each in one.

    Counts alone would not see that one row is double and another one is missing. The sum of a 64-bit hash of every row
    number does, in one pass and without keeping the numbers.

    Raises:
        ReconciliationError: some row is not in exactly one place.
    """
    feed = batch.feed
    accepted, others, expected = client.query(
        f"SELECT (SELECT {_FINGERPRINT} FROM {feed.fact} WHERE batch_id = {{batch_id:UInt64}}), "
        f"(SELECT {_FINGERPRINT} FROM ({_latest_attempts(feed)}) WHERE mask != 0), {_EXPECTED_FINGERPRINT}",
        {"batch_id": batch.batch_id, "rows": rows},
    ).result_rows[0]
    if (accepted + others) % 2**64 != expected:
        raise _not_the_same_rows(batch, rows)


def _not_the_same_rows(batch: Batch, rows: int) -> ReconciliationError:
    return ReconciliationError(
        f"Batch {batch.batch_id} of {batch.source_file}: {rows} rows in the file and as many in their "
        f"places, but not the same ones: some row is double and another one is missing.",
        _REMEDY,
    )


def _latest_attempts(feed: Feed) -> str:
    return (
        f"SELECT row_number, argMax(reason_mask, attempt) AS mask FROM {feed.quarantine} "
        "WHERE batch_id = {batch_id:UInt64} GROUP BY row_number"
    )


def _count_rows(client: Client, table: str, batch_id: int) -> int:
    result = client.query(
        f"SELECT count() FROM {table} WHERE batch_id = {{batch_id:UInt64}}",
        {"batch_id": batch_id},
    )
    return int(result.result_rows[0][0])
