"""An export as an Iceberg table: one Parquet file per day, all days of an export replaced in one snapshot.

A data file is named by its content. The same rows make the same file, so an export that changes nothing has nothing to
commit, and one that broke off before its commit is completed by the next one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException, NoSuchTableError
from pyiceberg.io.pyarrow import parquet_file_to_data_file, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.exceptions import ExportTargetError, ExportTypeError
from orchestrator.exports.columns import ExportColumn
from orchestrator.exports.iceberg_schema import evolve, iceberg_schema, partition_spec
from orchestrator.exports.specs import ICEBERG_FOLDER, ExportSpec
from orchestrator.exports.targets import FolderTarget, Target
from orchestrator.settings import Settings

_CATALOG: Final = "touchstone"
_EPOCH: Final = date(1970, 1, 1)


class IcebergTable:
    """The table of an export, made or brought up to its columns when it is opened."""

    def __init__(
        self, catalog: SqlCatalog, namespace: str, spec: ExportSpec, columns: tuple[ExportColumn, ...], target: Target
    ) -> None:
        self._spec = spec
        self._target = target
        self.name = f"{namespace}.{spec.name}"
        # apart from files by day, which readers find by their folder
        self.folder = f"{ICEBERG_FOLDER}/{spec.name}"
        self._table = self._opened(catalog, namespace, columns)
        self.schema: pa.Schema = schema_to_pyarrow(self._table.schema())

    @property
    def metadata(self) -> str:
        """Location of the metadata file that says what the table is now."""
        return self._table.metadata_location

    @property
    def snapshot(self) -> int | None:
        """The current snapshot; None before the first one."""
        current = self._table.current_snapshot()
        return None if current is None else current.snapshot_id

    @property
    def days(self) -> set[date | None]:
        """Days that the current snapshot has; None for the content of a table that is not split."""
        return {self._day_of(entry) for entry in self._data_files()}

    def path_of(self, day: date | None, sha256: str) -> str:
        """Where a data file of this content belongs, relative to the target."""
        day_folder = f"day={day}/" if day else ""
        return f"{self.folder}/data/{day_folder}{sha256}.parquet"

    def conforming(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches in the columns of the table; a column that the relation has no longer is null.

        Raises:
            ExportTypeError: a number does not fit; names the column.
        """
        for batch in batches:
            arrays = [self._array(batch, field) for field in self.schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def replace(self, paths: Mapping[date | None, str | None], facts: Mapping[str, str]) -> bool:
        """Make these files the content of their days, in one snapshot; False where they are that already.

        Args:
            paths: by day, relative to the target; None for a day that has no rows.
            facts: for the summary of the snapshot.

        Raises:
            ExportTargetError: somebody else committed at the same time, or the catalog does not answer.
        """
        wanted = {day: self._target.url_of(path) for day, path in paths.items() if path}
        before = [entry for entry in self._data_files() if self._day_of(entry) in paths]
        present = {entry.file_path for entry in before}
        gone = [entry for entry in before if wanted.get(self._day_of(entry)) != entry.file_path]
        new = [path for path in wanted.values() if path not in present]
        if not gone and not new:
            return False
        with _told(self.name), self._table.transaction() as transaction:
            properties = {f"touchstone.{key}": value for key, value in facts.items()}
            with transaction.update_snapshot(snapshot_properties=properties).overwrite() as snapshot:
                for entry in gone:
                    snapshot.delete_data_file(entry)
                for path in new:
                    snapshot.append_data_file(
                        parquet_file_to_data_file(self._table.io, transaction.table_metadata, path)
                    )
        return True

    def _opened(self, catalog: SqlCatalog, namespace: str, columns: tuple[ExportColumn, ...]) -> Table:
        identifier = (namespace, self._spec.name)
        schema = iceberg_schema(self._spec, columns)
        location = self._target.url_of(self.folder)
        with _told(self.name):
            try:
                table = catalog.load_table(identifier)
            except NoSuchTableError:
                catalog.create_namespace_if_not_exists((namespace,))
                return catalog.create_table(
                    identifier,
                    schema,
                    location=location,
                    partition_spec=partition_spec(self._spec, schema),
                    properties={"comment": self._spec.description},
                )
            if table.location() != location:
                raise ExportTargetError(
                    f"The catalog has {self.name} at {table.location()}, not at {location}.",
                    "Give this place a catalog of its own (TOUCHSTONE_ICEBERG_CATALOG_URI).",
                )
            evolve(table, schema, self.name)
            if not table.spec().compatible_with(partition_spec(self._spec, table.schema())):
                raise ExportTargetError(
                    f"Iceberg table {self.name} is not split by {self._spec.day or 'nothing'}, as exports.yml says.",
                    "Give the export another name there, or drop the table and export again.",
                )
            return table

    def _array(self, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
        if field.name not in batch.schema.names:
            return pa.nulls(batch.num_rows, field.type)
        try:
            return batch.column(field.name).cast(field.type)
        except pa.ArrowInvalid as error:
            raise ExportTypeError(
                f"Column {field.name} of {self._spec.relation} does not fit into {field.type}: {error}",
                f"Name it under `wide` of {self._spec.name} in exports.yml, and drop the table if there is one.",
            ) from error

    def _data_files(self) -> list[DataFile]:
        if self.snapshot is None:
            return []
        with _told(self.name):
            return [task.file for task in self._table.scan().plan_files()]

    def _day_of(self, entry: DataFile) -> date | None:
        if self._spec.day is None:
            return None
        value: Any = entry.partition[0]
        return value if isinstance(value, date) else _EPOCH + timedelta(days=value)


@contextmanager
def open_table(
    settings: Settings, target: Target, spec: ExportSpec, columns: tuple[ExportColumn, ...]
) -> Iterator[IcebergTable]:
    """The Iceberg table of an export at a target, in the catalog that the settings name.

    Raises:
        ExportTargetError: the catalog does not answer, or has the table elsewhere.
        ExportTypeError: Iceberg cannot hold a column, or the table cannot become what the relation is now.
    """
    with _told(spec.name):
        catalog = SqlCatalog(_CATALOG, uri=catalog_uri(settings, target), warehouse=target.url, **_storage(settings))
    try:
        yield IcebergTable(catalog, settings.clickhouse_database, spec, columns, target)
    finally:
        catalog.close()


def catalog_uri(settings: Settings, target: Target) -> str:
    """The catalog that the settings name, else an SQLite file in the folder of the exports, or at home for a bucket."""
    if named := settings.touchstone_iceberg_catalog_uri.get_secret_value():
        return named
    folder = (target.folder if isinstance(target, FolderTarget) else settings.touchstone_home) / ICEBERG_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder}/catalog.db"


def _storage(settings: Settings) -> dict[str, str]:
    """How pyiceberg reaches S3; what is missing it takes from where AWS's tools take it."""
    given = {
        "s3.endpoint": settings.touchstone_s3_endpoint,
        "s3.region": settings.touchstone_s3_region,
        "s3.access-key-id": settings.touchstone_s3_access_key_id,
        "s3.secret-access-key": settings.touchstone_s3_secret_access_key.get_secret_value(),
    }
    return {"py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"} | {key: value for key, value in given.items() if value}


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (CommitFailedException, CommitStateUnknownException) as error:
        raise ExportTargetError(f"Iceberg table {name}: {error}", "Export it again.") from ConnectionError(str(error))
    except (SQLAlchemyError, OSError) as error:
        raise ExportTargetError(
            f"Iceberg table {name} or its catalog cannot be used: {error}",
            "Check TOUCHSTONE_ICEBERG_CATALOG_URI and the place of the exports.",
        ) from error
