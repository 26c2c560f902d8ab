"""`touchstone export`: what can be exported, and exporting it with progress."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.exports import exporting
from orchestrator.exports.exporting import ExportRequest, ExportResult
from orchestrator.exports.specs import EXPORTS
from orchestrator.helpers import get_logger, plural, stderr_console
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect

log = get_logger(__name__)

_TELL_SECONDS = 5


def list_exports(console: Console) -> None:
    """Each export with its relation, how it is split, its formats, and what one row is."""
    for spec in EXPORTS:
        split = f" by day of {spec.day}" if spec.day else ""
        console.print(f"{spec.name}: {spec.relation}{split}, as {', '.join(spec.formats)}", markup=False)
        console.print(f"    {spec.description}", markup=False)


def export_days(console: Console, settings: Settings, request: ExportRequest, url: str | None) -> None:
    """Export, and tell what was written where. Raises as `exporting.export`."""
    client = connect(settings, database=settings.clickhouse_database)
    with _progress(stderr_console(), request.spec.name) as advance:
        result = exporting.export(client, settings, replace(request, run_id=str(uuid4())), url, advance)
    console.print(_told(request, result), markup=False)


def _told(request: ExportRequest, result: ExportResult) -> str:
    parts = [f"{plural(result.written, 'file')} written with {plural(result.rows, 'row')}, {result.bytes:,} bytes"]
    if result.unchanged:
        parts.append(f"{plural(result.unchanged, 'file')} unchanged")
    if result.removed:
        parts.append(f"{plural(result.removed, 'day')} removed, as no rows are left")
    news = "" if result.is_new else "; nothing new"
    return f"{request.spec.name} as {request.kind}: {', '.join(parts)}{news}: {result.url}"


class _Days:
    """Progress over days: a bar on a terminal, now and then a log line otherwise."""

    def __init__(self, progress: Progress, title: str, is_drawn: bool) -> None:
        self._progress = progress
        self._title = title
        self._is_drawn = is_drawn
        self._rows = 0
        self._told_at = time.monotonic()
        self._task = progress.add_task(title, total=None)

    def __call__(self, done: int, of: int, rows: int) -> None:
        """So many files of so many are done, the last one with these rows."""
        self._rows += rows
        self._progress.update(self._task, completed=done, total=of, description=f"{self._title}: {self._rows:,} rows")
        if not self._is_drawn and time.monotonic() - self._told_at > _TELL_SECONDS:
            self._told_at = time.monotonic()
            log.info("progress", export=self._title, files=done, of=of, rows=self._rows)


@contextmanager
def _progress(console: Console, title: str) -> Iterator[_Days]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _Days(progress, title, console.is_terminal)
