"""Columns of ClickHouse as columns of Arrow: which type becomes which, and the SQL that makes it so.

Arrow, Parquet and Iceberg have fewer types than ClickHouse. What has no exact counterpart and is no number is text; a
type that fits nowhere is refused by its column's name rather than rounded.
"""

import re
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from orchestrator.exceptions import ExportTypeError

MICROSECONDS: Final = pa.timestamp("us", "UTC")
NANOSECONDS: Final = pa.timestamp("ns", "UTC")
_MICROSECOND_DIGITS: Final = 6
_DECIMAL128_DIGITS: Final = 38

_NUMBERS: Final = {
    "Bool": pa.bool_(),
    "Int8": pa.int8(),
    "Int16": pa.int16(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
}
_TEXTS: Final = ("FixedString", "Enum8", "Enum16", "UUID", "IPv4", "IPv6")


@dataclass(frozen=True)
class ExportColumn:
    """One column on its way.

    Attributes:
        name: the same everywhere.
        clickhouse: its type as ClickHouse names it.
        expression: the SQL that gives it in a type that Arrow has.
        arrow: that type.
        is_nullable: whether it may be NULL.
    """

    name: str
    clickhouse: str
    expression: str
    arrow: pa.DataType
    is_nullable: bool

    @property
    def field(self) -> pa.Field:
        """The column of an Arrow schema."""
        return pa.field(self.name, self.arrow, nullable=self.is_nullable)


def column_of(name: str, clickhouse: str) -> ExportColumn:
    """How a column travels.

    Raises:
        ExportTypeError: nothing can hold its type; names the column.
    """
    bare, is_nullable = _unwrapped(clickhouse)
    kind, _, arguments = bare.rstrip(")").partition("(")
    expression, arrow = _travelling(name, kind, [part.strip() for part in arguments.split(",")], clickhouse)
    return ExportColumn(name, clickhouse, expression, arrow, is_nullable)


def schema_of(columns: tuple[ExportColumn, ...]) -> pa.Schema:
    """The Arrow schema of the columns."""
    return pa.schema([column.field for column in columns])


def _unwrapped(clickhouse: str) -> tuple[str, bool]:
    bare = re.sub(r"^LowCardinality\((.*)\)$", r"\1", clickhouse)
    inner = re.sub(r"^Nullable\((.*)\)$", r"\1", bare)
    return inner, inner != bare


def _travelling(name: str, kind: str, arguments: list[str], clickhouse: str) -> tuple[str, pa.DataType]:
    if kind in _NUMBERS:
        return f"`{name}`", _NUMBERS[kind]
    if kind == "String":
        return f"`{name}`", pa.string()
    if kind in _TEXTS:
        return f"toString(`{name}`)", pa.string()
    if kind in ("Date", "Date32"):
        return f"toDate32(`{name}`)", pa.date32()
    if kind in ("DateTime", "DateTime64"):
        return _time(name, int(arguments[0]) if kind == "DateTime64" else 0)
    if kind == "Decimal":
        precision, scale = map(int, arguments)
        decimal = pa.decimal128 if precision <= _DECIMAL128_DIGITS else pa.decimal256
        return f"`{name}`", decimal(precision, scale)
    raise ExportTypeError(
        f"Column {name} has the type {clickhouse}, which exports cannot hold.",
        "Export a view that turns it into numbers, times or text.",
    )


def _time(name: str, digits: int) -> tuple[str, pa.DataType]:
    if digits <= _MICROSECOND_DIGITS:
        return f"toDateTime64(`{name}`, 6, 'UTC')", MICROSECONDS
    return f"toDateTime64(`{name}`, 9, 'UTC')", NANOSECONDS
