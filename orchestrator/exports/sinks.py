"""What becomes of written files: files by name for CSV and Parquet, a snapshot for Iceberg."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol

import pyarrow as pa

from orchestrator.exports.iceberg import IcebergTable
from orchestrator.exports.manifests import FileEntry, TableEntry
from orchestrator.exports.specs import ExportFormat, ExportSpec
from orchestrator.exports.targets import Target


class Sink(Protocol):
    """A format at a target.

    Attributes:
        target: where files are put.
        schema: of the files.
        keeps_empty: whether a relation without rows is a file.
        folder: of the files, relative to the target.
    """

    target: Target
    schema: pa.Schema
    keeps_empty: bool
    folder: str

    @property
    def table(self) -> TableEntry | None:
        """Where the Iceberg table stands; None for files."""

    @property
    def days(self) -> set[date | None]:
        """Days that the Iceberg table has; none for files, whose manifest knows them."""

    def conforming(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches in the columns of the files."""

    def path_of(self, day: date | None, sha256: str) -> str:
        """Where the file of a day belongs, relative to the target."""

    def finish(
        self, entries: Mapping[date | None, FileEntry], gone: Sequence[date | None], facts: Mapping[str, str]
    ) -> bool:
        """Publish what was put; True when the table is another one than before."""

    def clear(self, entry: FileEntry | None) -> None:
        """Remove a file whose day has no rows any more, once no manifest names it."""


class FileSink:
    """Files that are named by export and day."""

    keeps_empty = True

    def __init__(self, target: Target, spec: ExportSpec, kind: ExportFormat, schema: pa.Schema) -> None:
        self.target = target
        self.schema = schema
        self.folder = spec.name
        self._kind = kind

    @property
    def table(self) -> TableEntry | None:
        """See Sink."""
        return None

    @property
    def days(self) -> set[date | None]:
        """See Sink."""
        return set()

    def conforming(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """See Sink."""
        return batches

    def path_of(self, day: date | None, sha256: str) -> str:  # noqa: ARG002 files are named by their day
        """See Sink."""
        day_folder = f"day={day}/" if day else ""
        return f"{self.folder}/{day_folder}{self.folder}.{self._kind}"

    def finish(
        self,
        entries: Mapping[date | None, FileEntry],  # noqa: ARG002 they are in place
        gone: Sequence[date | None],
        facts: Mapping[str, str],  # noqa: ARG002 no table keeps them
    ) -> bool:
        """See Sink."""
        return bool(gone)

    def clear(self, entry: FileEntry | None) -> None:
        """See Sink."""
        if entry:
            self.target.remove(entry.path)


class TableSink:
    """Data files of a table, which are its content once a snapshot has them. Old ones stay for older snapshots."""

    keeps_empty = False

    def __init__(self, target: Target, table: IcebergTable) -> None:
        self.target = target
        self.schema = table.schema
        self.folder = table.folder
        self._table = table

    @property
    def table(self) -> TableEntry | None:
        """See Sink."""
        return TableEntry(name=self._table.name, metadata=self._table.metadata, snapshot=self._table.snapshot)

    @property
    def days(self) -> set[date | None]:
        """See Sink."""
        return self._table.days

    def conforming(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """See Sink."""
        return self._table.conforming(batches)

    def path_of(self, day: date | None, sha256: str) -> str:
        """See Sink."""
        return self._table.path_of(day, sha256)

    def finish(
        self, entries: Mapping[date | None, FileEntry], gone: Sequence[date | None], facts: Mapping[str, str]
    ) -> bool:
        """See Sink."""
        paths: dict[date | None, str | None] = dict.fromkeys(gone)
        paths |= {day: entry.path for day, entry in entries.items()}
        return self._table.replace(paths, facts)

    def clear(self, entry: FileEntry | None) -> None:
        """See Sink."""
