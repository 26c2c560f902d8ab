"""Reading what is exported: what each day holds, and its rows as a stream in a fixed order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import ExportDeclarationError, ExportReadError, ExportTypeError
from orchestrator.exports.columns import ExportColumn, column_of, schema_of
from orchestrator.exports.specs import ExportSpec

_ROW_HASH: Final = "__row_hash"
_DAY: Final = "__day"
# text as Arrow's strings; no dictionaries, so that every batch has the same schema
_ARROW_SETTINGS: Final = {
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
}
_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(2299, 12, 30)
_AGAIN: Final = "Export it again."


@dataclass(frozen=True)
class Content:
    """What a day holds, or the relation as a whole.

    Attributes:
        rows: how many rows.
        checksum: sum of the rows' hashes, modulo 2^64; the same for the same rows in any order.
        first, last: of the day column, as ClickHouse writes them; None without one.
    """

    rows: int
    checksum: int
    first: str | None = None
    last: str | None = None


class Source:
    """A relation that is exported."""

    def __init__(self, client: Client, spec: ExportSpec) -> None:
        self._client = client
        self._spec = spec
        self.columns = _columns(client, spec)
        self.schema = schema_of(self.columns)
        # a tuple, as the hash of a NULL alone would be NULL
        self._hash = f"cityHash64(tuple({_quoted([column.name for column in self.columns])}))"

    def contents(self, first: date | None, last: date | None) -> Mapping[date | None, Content]:
        """What each day from `first` to `last` holds, of days that have rows; for a whole relation the key is None."""
        if self._spec.day is None:
            [(rows, checksum)] = self._ask(f"SELECT count(), sum({self._hash}) FROM {self._spec.relation}")
            return {None: Content(int(rows), int(checksum))}
        day = f"`{self._spec.day}`"
        found = self._ask(
            f"SELECT toDate32({self._column_of_day().expression}) AS {_DAY}, count(), sum({self._hash}), "
            f"toString(min({day})), toString(max({day})) FROM {self._spec.relation} "
            f"WHERE {self._within(first or _FIRST_DAY, last or _LAST_DAY)} GROUP BY {_DAY} ORDER BY {_DAY}"
        )
        return {row[0]: Content(int(row[1]), int(row[2]), row[3], row[4]) for row in found}

    def stream(self, day: date | None, expected: Content) -> Iterator[pa.RecordBatch]:
        """The rows of a day in the order of the key, in batches of the schema.

        Args:
            day: None for the whole relation.
            expected: what `contents` said of it; other rows than those are not taken for the day.

        Raises:
            ExportReadError: the stream broke off, or rows changed after they were counted.
            ExportTypeError: a text is not UTF-8; names the column.
        """
        rows, checksum = 0, np.uint64(0)
        try:
            with self._client.query_arrow_stream(self._select(day), settings=_ARROW_SETTINGS) as batches:
                for batch in batches:
                    hashes = batch.column(batch.num_columns - 1).to_numpy()
                    checksum += hashes.sum(dtype=np.uint64)
                    rows += batch.num_rows
                    yield self._conforming(batch)
        except (pa.ArrowException, OSError) as error:
            raise ExportReadError(f"{self._named(day)} could not be read to its end: {error}", _AGAIN) from error
        if (rows, int(checksum)) != (expected.rows, expected.checksum):
            raise ExportReadError(
                f"{self._named(day)} gave {rows:,} rows where {expected.rows:,} were counted, or other ones: rows came "
                "in between, or the answer broke off.",
                _AGAIN,
            )

    def _select(self, day: date | None) -> str:
        names = [column.name for column in self.columns]
        where = "" if day is None else f" WHERE {self._within(day, day)}"
        # rows that tie in the key still have one order
        order = [*self._spec.key, *(name for name in names if name not in self._spec.key)]
        as_arrow = ", ".join(f"{column.expression} AS `{column.name}`" for column in self.columns)
        rows = f"SELECT {_quoted(names)}, {self._hash} AS {_ROW_HASH} FROM {self._spec.relation}{where}"
        return f"SELECT {as_arrow}, {_ROW_HASH} FROM ({rows}) ORDER BY {_quoted(order)}"

    def _within(self, first: date, last: date) -> str:
        column = f"`{self._spec.day}`"
        if self._column_of_day().arrow == pa.date32():
            return f"{column} >= toDate32('{first}') AND {column} <= toDate32('{last}')"
        since, until = (f"toDateTime64('{day} 00:00:00', 6, 'UTC')" for day in (first, last + timedelta(days=1)))
        return f"{column} >= {since} AND {column} < {until}"

    def _column_of_day(self) -> ExportColumn:
        return next(column for column in self.columns if column.name == self._spec.day)

    def _conforming(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for index, column in enumerate(self.columns):
            array = batch.column(index)
            try:
                array.validate(full=True)
            except pa.ArrowInvalid as error:
                raise ExportTypeError(
                    f"Column {column.name} of {self._spec.relation} holds text that is not UTF-8: {error}",
                    "Export a view that encodes it, for instance with hex() or base64Encode().",
                ) from error
            arrays.append(array.cast(column.arrow))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _named(self, day: date | None) -> str:
        return self._spec.relation if day is None else f"{self._spec.relation} of {day}"

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._client.query(query).result_rows]


def _columns(client: Client, spec: ExportSpec) -> tuple[ExportColumn, ...]:
    found = client.query(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {relation:String} "
        "ORDER BY position",
        {"relation": spec.relation},
    ).result_rows
    if not found:
        raise ExportDeclarationError(
            f"Export {spec.name}: the warehouse has no relation {spec.relation}.", "Build it with `touchstone run`."
        )
    columns = tuple(column_of(name, kind) for name, kind in found)
    names = {column.name for column in columns}
    for wanted in filter(None, (spec.day, *spec.key, *spec.wide)):
        if wanted not in names:
            raise ExportDeclarationError(
                f"Export {spec.name}: {spec.relation} has no column {wanted}.", "Mend dbt_project/exports.yml."
            )
    if spec.day and not _has_days(next(column for column in columns if column.name == spec.day)):
        raise ExportDeclarationError(
            f"Export {spec.name}: the day column {spec.day} is no date or time, or may be NULL.",
            "Mend dbt_project/exports.yml.",
        )
    return columns


def _has_days(column: ExportColumn) -> bool:
    return not column.is_nullable and (pa.types.is_timestamp(column.arrow) or pa.types.is_date(column.arrow))


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
