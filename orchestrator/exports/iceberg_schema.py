"""The schema of an Iceberg table: which type of Arrow becomes which, and what a table gains when its relation did."""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
from pyiceberg.exceptions import ValidationError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from orchestrator.exceptions import ExportTypeError
from orchestrator.exports.columns import MICROSECONDS, ExportColumn
from orchestrator.exports.specs import ExportSpec

_FIRST_PARTITION_FIELD: Final = 1000
# digits of 2^64 - 1
_WIDE: Final = DecimalType(20, 0)
_TYPES: Final[dict[pa.DataType, IcebergType]] = {
    pa.bool_(): BooleanType(),
    **dict.fromkeys((pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()), IntegerType()),
    # an unsigned 64-bit number above 2^63 - 1 is refused when it comes, unless its column is declared wide
    **dict.fromkeys((pa.int64(), pa.uint32(), pa.uint64()), LongType()),
    pa.float32(): FloatType(),
    pa.float64(): DoubleType(),
    pa.string(): StringType(),
    pa.date32(): DateType(),
    MICROSECONDS: TimestamptzType(),
}


def iceberg_schema(spec: ExportSpec, columns: Iterable[ExportColumn]) -> Schema:
    """The schema of a new table.

    Raises:
        ExportTypeError: Iceberg has no type for a column; names it.
    """
    return Schema(
        *(
            NestedField(number, column.name, _type_of(spec, column), required=not column.is_nullable)
            for number, column in enumerate(columns, start=1)
        )
    )


def partition_spec(spec: ExportSpec, schema: Schema) -> PartitionSpec:
    """A partition per day of the day column; none for a relation that is exported whole."""
    if spec.day is None:
        return PartitionSpec()
    source = schema.find_field(spec.day).field_id
    return PartitionSpec(PartitionField(source, _FIRST_PARTITION_FIELD, DayTransform(), f"{spec.day}_day"))


def evolve(table: Table, wanted: Schema, name: str) -> None:
    """Give the table what the relation has now: further columns, wider types, columns that may be null.

    A column that the relation lost stays, null from now on. Rows from before have no value in a new column, so it may
    always be null.

    Raises:
        ExportTypeError: a column has a type that the one of before cannot become; names it.
    """
    has = {field.name: field for field in table.schema().fields}
    wants = {field.name: field for field in wanted.fields}
    try:
        with table.update_schema() as update:
            for field in wanted.fields:
                if field.name not in has:
                    update.add_column(field.name, field.field_type)
                elif has[field.name].field_type != field.field_type:
                    update.update_column(field.name, field_type=field.field_type)
            for field in has.values():
                may_lack = field.name not in wants or wants[field.name].optional
                if field.required and may_lack:
                    update.update_column(field.name, required=False)
    except ValidationError as error:
        raise ExportTypeError(
            f"The Iceberg table {name} cannot become what its relation is now: {error}",
            "Give the export another name in exports.yml, or drop the table and export again.",
        ) from error


def _type_of(spec: ExportSpec, column: ExportColumn) -> IcebergType:
    if column.name in spec.wide:
        return _WIDE
    if pa.types.is_decimal128(column.arrow):
        return DecimalType(column.arrow.precision, column.arrow.scale)
    if column.arrow not in _TYPES:
        raise ExportTypeError(
            f"Column {column.name} has the type {column.clickhouse}, which Iceberg cannot hold.",
            "Export a view that narrows it: 38 digits and microseconds are the most.",
        )
    return _TYPES[column.arrow]
