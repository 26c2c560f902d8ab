"""`touchstone load`: deliveries of a feed, landed and placed exactly once, with progress; or judged without a trace."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.buckets import fetched, objects_matching
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.sources import BUCKET_SCHEME, Source, files_matching, source_of, standard_input
from orchestrator.feeds.specs import chained_feed, get_feed
from orchestrator.feeds.spool import spooled
from orchestrator.helpers import get_logger, plural, stderr_console
from orchestrator.lookups import require_clean_catalogue
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.dry_run import DryRun, dry_run
from orchestrator.warehouse.loader import CHUNK_ROWS, LoadResult, circumstances_of, load_file

log = get_logger(__name__)

STANDARD_INPUT = "-"
_TELL_SECONDS = 5


@dataclass(frozen=True)
class Named:
    """A delivery that an argument names: `at_hand` gives it as a source, and fetches an object of a bucket for that."""

    name: str
    at_hand: Callable[[], AbstractContextManager[Source]]


def named_deliveries(
    settings: Settings, patterns: Sequence[str], file_format: str | None, compression: str
) -> list[Named]:
    """What the arguments name: files, objects of a bucket, globs of both, or standard input.

    Raises:
        FeedFileError: there is no such file or object, no reader for it, or nothing that a pattern fits.
        BucketError: the bucket cannot be listed.
    """
    named = []
    for pattern in patterns:
        if pattern == STANDARD_INPUT:
            named.append(_there(standard_input(file_format or "csv", compression)))
        elif pattern.startswith(BUCKET_SCHEME):
            named += [
                Named(stored.url, partial(fetched, settings, stored, file_format))
                for stored in objects_matching(settings, pattern)
            ]
        else:
            named += [_there(source_of(path, file_format)) for path in files_matching([pattern])]
    return named


def _there(source: Source) -> Named:
    return Named(source.name, lambda: nullcontext(source))


def load_files(settings: Settings, feed_name: str, deliveries: Sequence[Named]) -> Iterator[tuple[LoadResult, str]]:
    """Load the deliveries one after the other; gives each one's result and a line on it as soon as it is committed.

    Raises:
        LookupFileError: a lookup file has errors.
        BucketError: an object cannot be fetched.
        UnknownFeedError, FeedFileError, ReconciliationError, WriterLockError: see `load_file`; deliveries before the
            faulty one stay loaded.
    """
    feed = get_feed(feed_name)
    client = connect(settings, database=settings.clickhouse_database)
    for delivery in deliveries:
        with _progress(stderr_console(), delivery.name) as advance, delivery.at_hand() as source:
            if feed.is_catalogue and source.path is not None:
                require_clean_catalogue(SEEDS_DIR, source.path, called=source.place)
            result = load_file(client, feed, source, circumstances_of(settings, progress=advance))
        yield result, _told(feed, result)


def rehearse_files(
    console: Console, settings: Settings, feed_name: str, deliveries: Sequence[Named], examples: int
) -> bool:
    """Tell what each delivery's rows would come to; True when none would be rejected. Nothing is written.

    Raises:
        UnknownFeedError, FeedFileError, BucketError: as for `load_files`.
        FeedDriftError: the feed's chain is not there.
    """
    feed = chained_feed(feed_name)
    client = _session(settings)
    clean = True
    for named in deliveries:
        with (
            _progress(stderr_console(), named.name) as advance,
            named.at_hand() as source,
            spooled(
                source,
                feed.columns,
                settings.spool_dir,
                CHUNK_ROWS,
                codes=feed.words,
                progress=lambda rows, advance=advance: advance("reading", rows),  # type: ignore[misc]
            ) as delivery,
        ):
            found = dry_run(client, feed, delivery, examples=examples)
        _print_dry_run(console, feed, found)
        clean = clean and found.rejected == 0
    return clean


def _session(settings: Settings) -> Client:
    return connect(settings, database=settings.clickhouse_database, in_session=True)


class _Phases:
    """Progress of one delivery through its phases: a bar on a terminal, now and then a log line otherwise."""

    def __init__(self, progress: Progress, title: str, is_drawn: bool) -> None:
        self._progress = progress
        self._title = title
        self._is_drawn = is_drawn
        self._rows: dict[str, int] = {}
        self._told_at = time.monotonic()
        self._task = progress.add_task(title, total=None)

    def __call__(self, phase: str, rows: int) -> None:
        """Some more rows went through this phase. What was read is what is to be landed and placed."""
        self._rows[phase] = self._rows.get(phase, 0) + rows
        total = self._rows.get("reading") if phase != "reading" else None
        self._progress.update(
            self._task, description=f"{self._title}: {phase}", completed=self._rows[phase], total=total
        )
        if not self._is_drawn and time.monotonic() - self._told_at > _TELL_SECONDS:
            self._told_at = time.monotonic()
            log.info("progress", file=self._title, phase=phase, rows=self._rows[phase], of=total)


@contextmanager
def _progress(console: Console, title: str) -> Iterator[_Phases]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _Phases(progress, title, console.is_terminal)


def _told(feed: Feed, result: LoadResult) -> str:
    counts = result.counts
    verb = "already loaded, nothing done" if result.was_known else "loaded"
    places = f", {counts.accepted:,} in facts, {counts.rejected:,} in quarantine" if feed.has_chain else ""
    red = f"; RED: {'; '.join(result.over)}" if result.over else ""
    return f"{result.file}: {verb}: {plural(counts.landed, 'row')} landed{places} (batch {result.batch_id}){red}"


def _print_dry_run(console: Console, feed: Feed, found: DryRun) -> None:
    accepted = found.rows - found.rejected
    console.print(
        f"{found.file}: dry run: {plural(found.rows, 'row')}, {accepted:,} would be in {feed.fact}, {found.rejected:,} "
        "in quarantine; nothing was written",
        markup=False,
    )
    if not found.rejected:
        return
    by_reason = Table("reason", Column("rows", justify="right"), box=None, pad_edge=False)
    for reason, rows in found.by_reason.items():
        by_reason.add_row(reason, f"{rows:,}")
    console.print(by_reason)
    for row in found.examples:
        place = f"row {row.row_number:,}" if row.line is None else f"line {row.line:,}"
        console.print(f"{found.file}, {place}: {', '.join(row.reasons)}", markup=False)
        console.print("    " + " ".join(f"{column}={text!r}" for column, text in row.cells.items()), markup=False)
    if found.rejected > len(found.examples):
        console.print(f"and {found.rejected - len(found.examples):,} more; --examples shows them")
