"""Loading files: identify, land in chunks with content-addressed tokens, reconcile, commit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.exceptions import FeedFileError, MigrationsMissingError
from orchestrator.feeds.readers import is_readable, read_chunks, require_readable
from orchestrator.feeds.specs import Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.batches import (
    COMMITTED,
    FAILED,
    STARTED,
    Batch,
    Counts,
    KnownBatch,
    count,
    find,
    identify,
    is_current,
    prove_places,
    reconcile,
    record,
)

log = get_logger(__name__)

CHUNK_ROWS = 250_000
_MESSAGE_CHARACTERS = 2000
# One chunk is one block of one insert, so that its token stands for exactly its rows.
_INSERT_SETTINGS = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "parallel_view_processing": 1,
    "max_insert_block_size": CHUNK_ROWS,
    "min_insert_block_size_rows": CHUNK_ROWS,
    "min_insert_block_size_bytes": 0,
}


@dataclass(frozen=True)
class LoadResult:
    """What became of one file; `was_known` is True when its content had been committed before and nothing was done."""

    file: str
    batch_id: int
    counts: Counts
    was_known: bool


Progress = Callable[[int], None]
Fingerprint = tuple[int, int, int]


def files_of(feed: Feed, drop_dir: Path) -> list[Path]:
    """The feed's files in the drop folder (`<drop_dir>/<feed>/`), by name."""
    return sorted(path for path in (drop_dir / feed.name).glob("**/*") if path.is_file() and is_readable(path))


def load_file(
    client: Client, feed: Feed, path: Path, *, dagster_run_id: str = "", progress: Progress = lambda _rows: None
) -> LoadResult:
    """Land one file exactly once, however often it is tried.

    Args:
        client: connected to the warehouse's database.
        feed: what the file is.
        path: the file.
        dagster_run_id: the run that loads it, if any.
        progress: called with the number of rows after each chunk.

    Raises:
        FeedFileError: the file cannot be read, or is being written at the same time; nothing of it counts as loaded.
        MigrationsMissingError: the feed's tables are not there.
        ReconciliationError: rows are missing or double after the load.
    """
    require_readable(path)
    _require_landing(client, feed)
    before = _fingerprint(path)
    batch = identify(feed, path, dagster_run_id)
    known = find(client, batch)
    if known is not None and known.state == COMMITTED:
        if feed.is_catalogue and not is_current(client, batch):
            record(client, batch, COMMITTED, known.counts, message="current again")
        log.info("already loaded", feed=feed.name, file=path.name, batch_id=batch.batch_id, first_as=known.source_file)
        return LoadResult(path.name, batch.batch_id, known.counts, was_known=True)
    _check_readable_to_the_end(feed, path)
    batch = _dated_by_first_try(batch, known)
    record(client, batch, STARTED)
    # Somebody may have started the same content meanwhile.
    batch = _dated_by_first_try(batch, find(client, batch))
    try:
        rows_in_file = _land(client, batch, path, before, progress)
        counts = count(client, batch)
        reconcile(batch, counts, rows_in_file)
        prove_places(client, batch, rows_in_file)
    except Exception as error:
        _record_failure(client, batch, error)
        raise
    record(client, batch, COMMITTED, counts)
    if rows_in_file == 0:
        log.warning("no rows in the file, only a header", feed=feed.name, file=path.name, batch_id=batch.batch_id)
    log.info(
        "loaded",
        feed=feed.name,
        file=path.name,
        batch_id=batch.batch_id,
        landed=counts.landed,
        accepted=counts.accepted,
        rejected=counts.rejected,
    )
    return LoadResult(path.name, batch.batch_id, counts, was_known=False)


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


def _fingerprint(path: Path) -> Fingerprint | None:
    """What changes when somebody writes to the file, puts another in its place or takes it away."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _require_unchanged(path: Path, before: Fingerprint | None) -> None:
    """A batch is the content that was hashed: what was read is only used while the file is still the same."""
    if before is None or _fingerprint(path) != before:
        raise FeedFileError(f"{path}: the file changed while it was loaded.", "Load it again when it is complete.")


def _check_readable_to_the_end(feed: Feed, path: Path) -> None:
    """A file that breaks off at its last line must not be half landed."""
    for _chunk in read_chunks(path, feed.columns, CHUNK_ROWS, may_lack=feed.may_lack_columns):
        continue


def _land(client: Client, batch: Batch, path: Path, before: Fingerprint | None, progress: Progress) -> int:
    rows = 0
    feed = batch.feed
    for number, chunk in enumerate(read_chunks(path, feed.columns, CHUNK_ROWS, may_lack=feed.may_lack_columns)):
        _require_unchanged(path, before)
        token = f"{feed.name}:{batch.batch_id}:{CHUNK_ROWS}:{number}"
        client.insert_arrow(
            feed.landing,
            _with_lineage(chunk, batch, first_row=rows + 1),
            settings=_INSERT_SETTINGS | {"insert_deduplication_token": token},
        )
        rows += chunk.num_rows
        progress(chunk.num_rows)
    _require_unchanged(path, before)
    return rows


def _with_lineage(chunk: pa.Table, batch: Batch, first_row: int) -> pa.Table:
    rows = chunk.num_rows
    columns = {
        "batch_id": pa.repeat(pa.scalar(batch.batch_id, pa.uint64()), rows),
        "row_number": pa.array(range(first_row, first_row + rows), pa.uint64()),
        "received_at": pa.repeat(pa.scalar(batch.received_at, pa.timestamp("us", "UTC")), rows),
    }
    return pa.table({**columns, **{name: chunk.column(name) for name in chunk.column_names}}).combine_chunks()
