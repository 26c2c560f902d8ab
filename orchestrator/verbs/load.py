"""`touchstone load`: files of one feed, landed exactly once, with progress."""

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.specs import Feed, get_feed
from orchestrator.helpers import plural, stderr_console
from orchestrator.lookups import require_clean_catalogue
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import LoadResult, load_file


def load_files(settings: Settings, feed_name: str, files: tuple[Path, ...]) -> Iterator[str]:
    """Load the files one after the other; gives one line per file, as soon as it is committed.

    Raises:
        LookupFileError: a lookup file has errors.
        UnknownFeedError, FeedFileError, ReconciliationError: see `load_file`; files before the faulty one stay loaded.
    """
    feed = get_feed(feed_name)
    client = connect(settings, database=settings.clickhouse_database)
    console = stderr_console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    for path in files:
        if feed.is_catalogue:
            require_clean_catalogue(SEEDS_DIR, path)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            result = load_file(client, feed, path, progress=_advancing(progress, path.name))
        yield _told(feed, result)


def _advancing(progress: Progress, title: str) -> Callable[[int], None]:
    task = progress.add_task(title, total=None)
    return lambda rows: progress.advance(task, rows)


def _told(feed: Feed, result: LoadResult) -> str:
    counts = result.counts
    verb = "already loaded, nothing done" if result.was_known else "loaded"
    places = f", {counts.accepted:,} in facts, {counts.rejected:,} in quarantine" if feed.has_chain else ""
    return f"{result.file}: {verb}: {plural(counts.landed, 'row')} landed{places} (batch {result.batch_id})"
