"""Exporting: the days of a relation that are wanted, each read, written and put in place; then the manifest."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import ExportDeclarationError
from orchestrator.exports.files import write_file
from orchestrator.exports.iceberg import open_table
from orchestrator.exports.manifests import (
    FileEntry,
    Section,
    column_entries,
    intact,
    read_manifest,
    section_of,
    write_manifest,
)
from orchestrator.exports.reading import Content, Source
from orchestrator.exports.sinks import FileSink, Sink, TableSink
from orchestrator.exports.specs import ExportFormat, ExportSpec
from orchestrator.exports.targets import Target, open_target
from orchestrator.helpers import get_logger, utc_now
from orchestrator.settings import Settings

log = get_logger(__name__)

# told after each day: how many days of how many are done, and the rows of this one
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    Attributes:
        spec: the export.
        kind: the format.
        first, last: days, both included; None for no limit. None of both for a relation that is exported whole.
        only_changed: leave days alone whose file has the rows that the warehouse has.
        run_id: of the run that exports, for the manifest.
    """

    spec: ExportSpec
    kind: ExportFormat
    first: date | None = None
    last: date | None = None
    only_changed: bool = False
    run_id: str = ""


@dataclass(frozen=True)
class ExportResult:
    """What an export did.

    Attributes:
        url: where its files are.
        written, removed, unchanged: files that were written, that went as their days have no rows any more, and that
            were left alone.
        rows, bytes: of what was written.
        is_new: whether anything at the target differs from before.
    """

    url: str
    written: int
    removed: int
    unchanged: int
    rows: int
    bytes: int
    is_new: bool


@dataclass
class _Done:
    entries: dict[date | None, FileEntry] = field(default_factory=dict)
    gone: list[date | None] = field(default_factory=list)


def export(
    client: Client,
    settings: Settings,
    request: ExportRequest,
    url: str | None = None,
    progress: Progress = lambda _done, _of, _rows: None,
) -> ExportResult:
    """Write the wanted days of a relation to a target.

    A day is whole or not there. Where it fails half-way, the days before it are in place, the one it failed at is as it
    was, and exporting again completes it. The manifest comes last.

    Args:
        client: of the warehouse's database.
        settings: how to reach the target.
        request: what is wanted.
        url: the target; None for that of the settings.
        progress: told after each day.

    Raises:
        ExportDeclarationError: the format is not declared, days of a whole relation are asked for, or the relation is
            not as declared.
        ExportTypeError: a column cannot be held by the format.
        ExportTargetError: the target cannot be reached or written.
        ExportReadError: the warehouse's answer broke off, or rows changed meanwhile.
    """
    _require_possible(request)
    target = open_target(settings, url or settings.export_url)
    source = Source(client, request.spec)
    manifest = read_manifest(target, request.spec)
    before = manifest.section(request.kind)
    contents = source.contents(request.first, request.last)
    with _sink(settings, target, request, source) as sink:
        days = _wanted(request, contents, {*before.by_day, *sink.days})
        is_known = before.columns == column_entries(source.columns) and before.table == sink.table
        todo = _changed(target, days, contents, before) if request.only_changed and is_known else days
        done = _Writing(source, sink, request, before).write({day: contents.get(day) for day in todo}, progress)
        is_new = sink.finish(done.entries, done.gone, _facts(request, done))
        kept = {day: entry for day, entry in before.by_day.items() if day not in todo}
        section = section_of(source.columns, [*kept.values(), *done.entries.values()], sink.table)
    is_new = write_manifest(target, request.spec, manifest.with_section(request.kind, section)) or is_new
    for day in done.gone:
        sink.clear(before.by_day.get(day))
    result = ExportResult(
        url=target.url_of(sink.folder),
        written=len(done.entries),
        removed=len(done.gone),
        unchanged=len(days) - len(todo),
        rows=sum(entry.rows for entry in done.entries.values()),
        bytes=sum(entry.bytes for entry in done.entries.values()),
        is_new=is_new,
    )
    log.debug(
        "exported",
        export=request.spec.name,
        format=request.kind,
        url=result.url,
        files=result.written,
        rows=result.rows,
    )
    return result


def _require_possible(request: ExportRequest) -> None:
    spec = request.spec
    if request.kind not in spec.formats:
        raise ExportDeclarationError(
            f"Export {spec.name} is not declared as {request.kind}.", f"It may be {', '.join(spec.formats)}."
        )
    if spec.day is None and (request.first or request.last):
        raise ExportDeclarationError(f"Export {spec.name} is not split by days.", "Export it without a range of days.")


@contextmanager
def _sink(settings: Settings, target: Target, request: ExportRequest, source: Source) -> Iterator[Sink]:
    if request.kind is not ExportFormat.ICEBERG:
        yield FileSink(target, request.spec, request.kind, source.schema)
        return
    with open_table(settings, target, request.spec, source.columns) as table:
        yield TableSink(target, table)


def _wanted(
    request: ExportRequest, contents: Mapping[date | None, Content], exported: set[date | None]
) -> list[date | None]:
    """Days that have rows, and days in range that had some when they were exported."""
    had = [day for day in exported if _is_in_range(request, day) and day not in contents]
    return sorted([*contents, *had], key=lambda day: day or date.min)


def _is_in_range(request: ExportRequest, day: date | None) -> bool:
    # a file of before the relation was split, or no longer is, belongs to nothing now
    if day is None or request.spec.day is None:
        return True
    return (request.first or date.min) <= day <= (request.last or date.max)


def _changed(
    target: Target, days: list[date | None], contents: Mapping[date | None, Content], before: Section
) -> list[date | None]:
    entries = before.by_day
    there = intact(target, [entries[day] for day in days if day in entries])
    return [day for day in days if not _is_up_to_date(entries.get(day), contents.get(day), there)]


def _is_up_to_date(entry: FileEntry | None, content: Content | None, there: set[str]) -> bool:
    if entry is None:
        return content is not None and content.rows == 0
    return content is not None and entry.path in there and entry.holds(content)


@dataclass(frozen=True)
class _Writing:
    source: Source
    sink: Sink
    request: ExportRequest
    before: Section

    def write(self, days: Mapping[date | None, Content | None], progress: Progress) -> _Done:
        """Write the files of these days; one without content has no rows any more."""
        there = {day: content for day, content in days.items() if content and (content.rows or self.sink.keeps_empty)}
        done = _Done(gone=[day for day in days if day not in there])
        for day, batches in self.source.stream(there):
            done.entries[day] = self._entry(day, there[day], batches)
            progress(len(done.entries), len(there), there[day].rows)
        return done

    def _entry(self, day: date | None, content: Content, batches: Iterator[pa.RecordBatch]) -> FileEntry:
        written = self._write_day(day, content, batches)
        before = self.before.by_day.get(day)
        # the same bytes at the same place are the file of before, whoever wrote them
        is_same = before is not None and (before.path, before.sha256) == (written.path, written.sha256)
        return before if before and is_same else written

    def _write_day(self, day: date | None, content: Content, batches: Iterator[pa.RecordBatch]) -> FileEntry:
        target = self.sink.target
        with target.aside() as path:
            file = write_file(path, self.request.kind, self.sink.schema, self.sink.conforming(batches))
            relative = self.sink.path_of(day, file.sha256)
            target.put(relative, path)
        return FileEntry(
            path=relative,
            day=day,
            rows=file.rows,
            bytes=file.bytes,
            sha256=file.sha256,
            checksum=content.checksum,
            first=content.first,
            last=content.last,
            run_id=self.request.run_id,
            exported_at=utc_now().isoformat(timespec="seconds"),
            code_version=code_version(),
        )


def _facts(request: ExportRequest, done: _Done) -> dict[str, str]:
    """For the summary of a snapshot: the manifest's word on what this export replaced."""
    entries = done.entries.values()
    days = [day for day in (*done.entries, *done.gone) if day]
    return {
        "export": request.spec.name,
        "relation": request.spec.relation,
        "rows": str(sum(entry.rows for entry in entries)),
        "bytes": str(sum(entry.bytes for entry in entries)),
        "days": str(len(days)),
        "first_day": str(min(days, default="")),
        "last_day": str(max(days, default="")),
        "checksum": str(sum(entry.checksum for entry in entries) % 2**64),
        "run_id": request.run_id,
        "code_version": code_version(),
    }


def code_version() -> str:
    """Version of this package."""
    return version("touchstone")
