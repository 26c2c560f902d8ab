"""The manifest of an export: which files there are, what is in them, and where they come from. It is written last."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.exceptions import ExportTargetError
from orchestrator.exports.columns import ExportColumn
from orchestrator.exports.reading import Content
from orchestrator.exports.specs import ExportFormat, ExportSpec
from orchestrator.exports.targets import Target
from orchestrator.helpers import faults_of

MANIFEST: Final = "_manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileEntry(_Part):
    """One file of an export.

    Attributes:
        path: relative to the target.
        day: of its rows; None where the export is not split.
        rows, bytes, sha256: of the file.
        checksum: of the rows, as the warehouse computes it: by it a later export sees whether they changed.
        first, last: of the day column.
        run_id: of the export that wrote it: Dagster's run, or one made up for a command.
        exported_at: when, UTC.
        code_version: by which version of this package.
    """

    path: str
    day: date | None
    rows: int
    bytes: int
    sha256: str
    checksum: int
    first: str | None
    last: str | None
    run_id: str
    exported_at: str
    code_version: str

    def holds(self, content: Content) -> bool:
        """Whether the file has the rows that the warehouse has now."""
        return (self.rows, self.checksum) == (content.rows, content.checksum)


class ColumnEntry(_Part):
    """A column with its types."""

    name: str
    clickhouse: str
    arrow: str
    nullable: bool


class TableEntry(_Part):
    """Where an Iceberg table stands after the export."""

    name: str
    metadata: str
    snapshot: int | None


class Section(_Part):
    """The files of one format; `first_day` and `last_day` of a split export, `rows` and `bytes` over all files."""

    columns: tuple[ColumnEntry, ...] = ()
    rows: int = 0
    bytes: int = 0
    first_day: date | None = None
    last_day: date | None = None
    table: TableEntry | None = None
    files: tuple[FileEntry, ...] = ()

    @property
    def by_day(self) -> Mapping[date | None, FileEntry]:
        """The files by their day."""
        return {entry.day: entry for entry in self.files}


class Manifest(_Part):
    """All files of an export at a target, by format."""

    export: str
    relation: str
    description: str
    day_column: str | None
    formats: dict[ExportFormat, Section] = {}

    def with_section(self, kind: ExportFormat, section: Section) -> "Manifest":
        """The manifest with another section for this format."""
        return self.model_copy(update={"formats": {**self.formats, kind: section}})

    def section(self, kind: ExportFormat) -> Section:
        """The files of a format; none where it was never written."""
        return self.formats.get(kind, Section())


def manifest_path(spec: ExportSpec) -> str:
    """Where the manifest of an export is, relative to the target."""
    return f"{spec.name}/{MANIFEST}"


def read_manifest(target: Target, spec: ExportSpec) -> Manifest:
    """The manifest at the target, with what is declared now; one without files where there is none.

    Raises:
        ExportTargetError: what is there is no manifest.
    """
    content = target.read(manifest_path(spec))
    formats: Mapping[ExportFormat, Section] = {}
    if content is not None:
        try:
            formats = Manifest.model_validate_json(content).formats
        except ValidationError as error:
            raise ExportTargetError(
                f"{target.url_of(manifest_path(spec))} is no manifest of an export: {faults_of(error)}.",
                "Move it away: the next export writes a new one.",
            ) from error
    return Manifest(
        export=spec.name,
        relation=spec.relation,
        description=spec.description,
        day_column=spec.day,
        formats=dict(formats),
    )


def write_manifest(target: Target, spec: ExportSpec, manifest: Manifest) -> bool:
    """Put the manifest in place; False where it is there already, byte for byte."""
    content = (manifest.model_dump_json(indent=2) + "\n").encode()
    if target.read(manifest_path(spec)) == content:
        return False
    target.put_bytes(manifest_path(spec), content)
    return True


def section_of(
    columns: Iterable[ExportColumn], entries: Iterable[FileEntry], table: TableEntry | None = None
) -> Section:
    """The section of these files."""
    files = tuple(sorted(entries, key=lambda entry: (entry.day or date.min, entry.path)))
    days = [entry.day for entry in files if entry.day]
    return Section(
        columns=column_entries(columns),
        rows=sum(entry.rows for entry in files),
        bytes=sum(entry.bytes for entry in files),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        table=table,
        files=files,
    )


def column_entries(columns: Iterable[ExportColumn]) -> tuple[ColumnEntry, ...]:
    """Names and types of the columns."""
    return tuple(
        ColumnEntry(
            name=column.name, clickhouse=column.clickhouse, arrow=str(column.arrow), nullable=column.is_nullable
        )
        for column in columns
    )


def intact(target: Target, entries: Sequence[FileEntry]) -> set[str]:
    """Paths of those files that are there in the size that the manifest says."""
    sizes = target.sizes([entry.path for entry in entries])
    return {entry.path for entry in entries if sizes.get(entry.path) == entry.bytes}
