"""Loading deliveries exactly once: read, land, place, reconcile, commit. Whatever fails, loading again completes it."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.exceptions import FeedFileError, MigrationsMissingError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.sources import Source, is_delivery, source_of
from orchestrator.feeds.spool import Spooled, spooled
from orchestrator.helpers import get_logger, sha256_hex
from orchestrator.settings import Settings
from orchestrator.warehouse.batches import (
    COMMITTED,
    FAILED,
    LANDED,
    STARTED,
    Batch,
    Counts,
    KnownBatch,
    count,
    find,
    identify,
    is_current,
    is_name_known,
    prove_landed,
    prove_places,
    reconcile,
    record,
    was_landed,
)
from orchestrator.warehouse.landing import land
from orchestrator.warehouse.locks import Lease
from orchestrator.warehouse.placing import place_batch, placing_lock
from orchestrator.warehouse.quarantine.recovery import recover
from orchestrator.warehouse.quarantine.thresholds import thresholds_exceeded

log = get_logger(__name__)

CHUNK_ROWS = 500_000
READING: Final = "reading"
LANDING: Final = "landing"
PLACING: Final = "placing"
_MESSAGE_CHARACTERS: Final = 2000
_HASH_CHUNK: Final = 1 << 20
# a chunk goes through the chain as one block, on one core; two of them keep the engine and this process busy
_STATEMENTS: Final = 2

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class LoadResult:
    """What became of one delivery; `was_known` when its content had been committed before and nothing was done.

    Attributes:
        file: what the delivery is called.
        over: thresholds of the feed that the batch is over, in words; empty for a batch that is not red.
    """

    file: str
    batch_id: int
    counts: Counts
    was_known: bool
    over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Circumstances:
    """How a load is done.

    Attributes:
        dagster_run_id: the run that loads, if any.
        progress: told the phase and the number of rows after each chunk.
        spool_dir: where deliveries are kept while they are loaded; the system's temporary folder if None.
        lock_wait_seconds: how long to wait for somebody else who places rows of the same feed.
        statements: how many chunks are landed or placed at once.
        stdin: where standard input comes from, if it is loaded.
    """

    dagster_run_id: str = ""
    progress: Progress = lambda _phase, _rows: None
    spool_dir: Path | None = None
    lock_wait_seconds: float = 600
    statements: int = 1
    stdin: BinaryIO | None = None


DEFAULTS: Final = Circumstances()


def circumstances_of(
    settings: Settings, *, progress: Progress = lambda _phase, _rows: None, dagster_run_id: str = ""
) -> Circumstances:
    """How this house loads: where deliveries are kept meanwhile, and how long others are waited for."""
    return Circumstances(
        dagster_run_id=dagster_run_id,
        progress=progress,
        spool_dir=settings.spool_dir,
        lock_wait_seconds=settings.touchstone_lock_wait_seconds,
        statements=_STATEMENTS,
    )


def files_of(feed: Feed, drop_dir: Path) -> list[Path]:
    """The feed's files in the drop folder (`<drop_dir>/<feed>/`), by name, without those that are said to be half."""
    folder = drop_dir / feed.name
    return sorted(path for path in folder.glob("**/*") if is_delivery(path.relative_to(folder), _size_of(path)))


def _size_of(path: Path) -> int:
    """Of a file; nothing for what is none, or is gone already."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def load_file(client: Client, feed: Feed, source: Source | Path, circumstances: Circumstances = DEFAULTS) -> LoadResult:
    """Land one delivery and place its rows exactly once, however often it is tried.

    It is read to its end first: of a delivery with a fault in it nothing is landed. Rows reach facts and quarantine
    only once all of them are landed.

    Args:
        client: connected to the warehouse's database.
        feed: what the delivery is.
        source: a file, or standard input.
        circumstances: progress, folders, patience.

    Raises:
        FeedFileError: it cannot be read; nothing of it counts as loaded.
        MigrationsMissingError: the feed's tables are not there.
        ReconciliationError: rows are missing or double after the load.
        WriterLockError: somebody else loads or replays this feed for longer than the wait.
    """
    source = source if isinstance(source, Source) else source_of(source)
    _require_landing(client, feed)
    known = _known_by_its_hash(client, feed, source, circumstances)
    if known is not None:
        return known
    folder = circumstances.spool_dir or Path(tempfile.gettempdir()) / "touchstone-spool"
    words = feed.words if feed.has_chain else ()
    with spooled(
        source,
        feed.columns,
        folder,
        CHUNK_ROWS,
        codes=words,
        may_lack=feed.may_lack_columns,
        progress=lambda rows: circumstances.progress(READING, rows),
        stdin=circumstances.stdin,
    ) as delivery:
        return _load(client, feed, delivery, circumstances)


def _known_by_its_hash(client: Client, feed: Feed, source: Source, circumstances: Circumstances) -> LoadResult | None:
    """A file of a name that was loaded before is likely the same one: then hashing it spares reading it."""
    if source.path is None or not is_name_known(client, feed, source.name):
        return None
    batch = identify(feed, _hash_of(source.path), source.name, circumstances.dagster_run_id, source.version)
    return _committed_before(client, batch)


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return sha256_hex(iter(lambda: stream.read(_HASH_CHUNK), b""))
    except OSError as error:
        raise FeedFileError(f"{path}: this cannot be read: {error}.", "Check the file's permissions.") from error


def _committed_before(client: Client, batch: Batch) -> LoadResult | None:
    known = find(client, batch)
    if known is None or known.state != COMMITTED:
        return None
    if batch.version or (batch.feed.is_catalogue and not is_current(client, batch)):
        record(client, batch, COMMITTED, known.counts, message=batch.version or "current again")
    log.info(
        "already loaded",
        feed=batch.feed.name,
        file=batch.source_file,
        batch_id=batch.batch_id,
        first_as=known.source_file,
    )
    return LoadResult(batch.source_file, batch.batch_id, known.counts, was_known=True)


def _load(client: Client, feed: Feed, delivery: Spooled, circumstances: Circumstances) -> LoadResult:
    source = delivery.source
    batch = identify(feed, delivery.content_sha256, source.name, circumstances.dagster_run_id, source.version)
    holder = f"load of {batch.source_file}"
    with placing_lock(client, feed, wait_seconds=circumstances.lock_wait_seconds, holder=holder) as lease:
        known = _committed_before(client, batch)
        if known is not None:
            return known
        batch = _dated_by_first_try(batch, find(client, batch))
        record(client, batch, STARTED)
        try:
            _tell(circumstances, LANDING, land(client, batch, delivery, lease, circumstances.statements))
            prove_landed(client, batch, delivery.rows)
            counts = _placed(client, batch, delivery.rows, circumstances, lease)
        except Exception as error:
            _record_failure(client, batch, error)
            raise
    return _told(batch, counts)


def complete(client: Client, batch: Batch, rows: int, circumstances: Circumstances) -> Counts:
    """Place what is not in its place of a batch that is landed, reconcile, and commit it.

    Args:
        client: connected to the warehouse's database.
        batch: one of a feed with a chain that is wholly landed.
        rows: how many rows its delivery has.
        circumstances: progress and patience.

    Raises:
        ReconciliationError: rows are missing or double afterwards.
        WriterLockError: somebody else loads or replays this feed for longer than the wait.
    """
    holder = f"backfill of {batch.source_file}"
    with placing_lock(client, batch.feed, wait_seconds=circumstances.lock_wait_seconds, holder=holder) as lease:
        return _placed(client, batch, rows, circumstances, lease)


def _placed(client: Client, batch: Batch, rows: int, circumstances: Circumstances, lease: Lease) -> Counts:
    feed = batch.feed
    if feed.has_chain:
        recover(client, feed, lease)
        is_fresh = not was_landed(client, batch)
        record(client, batch, LANDED, Counts(rows, 0, 0))
        statements = circumstances.statements
        chunks = place_batch(
            client, feed, batch.batch_id, rows, CHUNK_ROWS, lease, is_fresh=is_fresh, statements=statements
        )
        _tell(circumstances, PLACING, chunks)
    counts = count(client, batch)
    reconcile(batch, counts, rows)
    if feed.has_chain:
        prove_places(client, batch, rows)
    record(client, batch, COMMITTED, counts, message=batch.version)
    return counts


def _told(batch: Batch, counts: Counts) -> LoadResult:
    named = {"feed": batch.feed.name, "file": batch.source_file, "batch_id": batch.batch_id}
    if counts.landed == 0:
        log.warning("no rows in the file, only a header", **named)
    log.info("loaded", landed=counts.landed, accepted=counts.accepted, rejected=counts.rejected, **named)
    over = thresholds_exceeded(batch.feed, counts.landed, counts.rejected)
    if over:
        log.error("a batch is red", over=list(over), **named)
    return LoadResult(batch.source_file, batch.batch_id, counts, was_known=False, over=over)


def _tell(circumstances: Circumstances, phase: str, chunks: Iterable[int]) -> None:
    for rows in chunks:
        circumstances.progress(phase, rows)


def _require_landing(client: Client, feed: Feed) -> None:
    database = client.database
    if not client.command("EXISTS TABLE {landing:Identifier}", {"landing": feed.landing}):
        raise MigrationsMissingError(
            f"The database {database} has no table {feed.landing}.", "Run `touchstone migrate`, then load again."
        )


def _dated_by_first_try(batch: Batch, first: KnownBatch | None) -> Batch:
    """A retry's rows must be those of the first try to the byte, and in its partition: tokens are remembered there."""
    return batch if first is None else replace(batch, received_at=first.received_at)


def _record_failure(client: Client, batch: Batch, failure: Exception) -> None:
    """Put the failure into the audit trail if the engine still answers; the failure itself is what must be told."""
    try:
        record(client, batch, FAILED, message=str(failure)[:_MESSAGE_CHARACTERS])
    except ClickHouseError as error:
        log.warning("the failure could not be recorded", batch_id=batch.batch_id, error=str(error))
