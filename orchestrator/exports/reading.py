"""Reading what is exported: what each day holds, and its rows as a stream in a fixed order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
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
_ROWS_AT_ONCE: Final = 250_000
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

    def stream(self, contents: Mapping[date | None, Content]) -> Iterator[tuple[date | None, Iterator[pa.RecordBatch]]]:
        """The rows of each of these days in the order of the key, in batches of the schema.

        Small days share a query. A day's rows are to be taken before the next day is.

        Args:
            contents: what `contents` said of them, by day in order; other rows than those are not taken for a day.

        Raises:
            ExportReadError: the stream broke off, or rows changed after they were counted.
            ExportTypeError: a text is not UTF-8; names the column.
        """
        for days in _groups(contents):
            runs = groupby(self._runs(list(days)), key=itemgetter(0))
            for day, content in days.items():
                found, parts = next(runs, (day, ())) if content.rows else (day, ())
                if found != day:
                    raise self._changed(day, content, 0)
                yield day, self._counted(day, content, (batch for _, batch in parts))

    def _counted(
        self, day: date | None, content: Content, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        rows, checksum = 0, 0
        for batch in batches:
            checksum = (checksum + (pc.sum(batch.column(_ROW_HASH)).as_py() or 0)) % 2**64
            rows += batch.num_rows
            yield self._conforming(batch)
        if (rows, checksum) != (content.rows, content.checksum):
            raise self._changed(day, content, rows)

    def _runs(self, days: list[date | None]) -> Iterator[tuple[date | None, pa.RecordBatch]]:
        """Batches cut where a day ends, with that day."""
        try:
            with self._client.query_arrow_stream(self._select(days), settings=_ARROW_SETTINGS) as batches:
                for batch in batches:
                    yield from [(None, batch)] if days == [None] else _cut_by_day(batch)
        except (pa.ArrowException, OSError) as error:
            message = f"{self._spec.relation} could not be read to its end: {error}"
            raise ExportReadError(message, _AGAIN) from ConnectionError(str(error))

    def _changed(self, day: date | None, content: Content, rows: int) -> ExportReadError:
        named = f"{self._spec.relation} of {day}" if day else self._spec.relation
        return ExportReadError(
            f"{named} gave {rows:,} rows where {content.rows:,} were counted, or other ones: rows came in between, or "
            "the answer broke off.",
            _AGAIN,
        )

    def _select(self, days: list[date | None]) -> str:
        names = [column.name for column in self.columns]
        # rows that tie in the key still have one order
        order = [*self._spec.key, *(name for name in names if name not in self._spec.key)]
        as_arrow = ", ".join(f"{column.expression} AS `{column.name}`" for column in self.columns)
        rows = f"SELECT {_quoted(names)}, {self._hash} AS {_ROW_HASH} FROM {self._spec.relation}"
        wanted = [day for day in days if day]
        if not wanted:
            return f"SELECT {as_arrow}, {_ROW_HASH} FROM ({rows}) ORDER BY {_quoted(order)}"
        day = f"toDate32({self._column_of_day().expression})"
        listed = ", ".join(f"'{day}'" for day in wanted)
        return (
            f"SELECT {as_arrow}, {day} AS {_DAY}, {_ROW_HASH} FROM ({rows} WHERE "
            f"{self._within(wanted[0], wanted[-1])} AND {day} IN ({listed})) ORDER BY {_DAY}, {_quoted(order)}"
        )

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


def _groups(contents: Mapping[date | None, Content]) -> Iterator[dict[date | None, Content]]:
    """Days to be asked for at once: as many as have few rows together, or a single one."""
    group: dict[date | None, Content] = {}
    rows = 0
    for day, content in contents.items():
        if group and rows + content.rows > _ROWS_AT_ONCE:
            yield group
            group, rows = {}, 0
        group[day] = content
        rows += content.rows
    if group:
        yield group


def _cut_by_day(batch: pa.RecordBatch) -> Iterator[tuple[date | None, pa.RecordBatch]]:
    if batch.num_rows == 0:
        return
    days = pc.run_end_encode(batch.column(_DAY))
    start = 0
    for day, end in zip(days.values.to_pylist(), days.run_ends.to_pylist(), strict=True):
        yield day, batch.slice(start, end - start)
        start = end


def _has_days(column: ExportColumn) -> bool:
    return not column.is_nullable and (pa.types.is_timestamp(column.arrow) or pa.types.is_date(column.arrow))


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
