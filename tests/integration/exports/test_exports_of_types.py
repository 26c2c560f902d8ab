"""Every type that exports hold, with the values that break things: written, and read back as they were."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from pyiceberg.table import Table

from orchestrator.exceptions import ExportTargetError, ExportTypeError
from orchestrator.exports.exporting import ExportResult
from orchestrator.exports.specs import ExportFormat, ExportSpec
from orchestrator.settings import Settings

FORMATS = (ExportFormat.PARQUET, ExportFormat.CSV, ExportFormat.ICEBERG)
KINDS = ExportSpec(
    name="kinds",
    relation="kinds",
    description="One row per number.",
    day="day",
    key=("n",),
    formats=FORMATS,
    wide=("hash",),
)
COLUMNS = {
    "n": "UInt32",
    "day": "Date",
    "hash": "UInt64",
    "count": "UInt64",
    "small": "Nullable(Int8)",
    "ratio": "Nullable(Float64)",
    "half": "Float32",
    "price": "Nullable(Decimal(38, 10))",
    "text": "Nullable(String)",
    "code": "LowCardinality(String)",
    "side": "Enum8('buy' = 1, 'sell' = 2)",
    "id": "UUID",
    "fixed": "FixedString(3)",
    "flag": "Bool",
    "old": "Nullable(Date32)",
    "second": "DateTime('Europe/Oslo')",
    "micro": "DateTime64(6, 'UTC')",
}
UUID = "00000000-0000-0000-0000-0000000000ff"
MANY = "12345678901234567890.1234567891"
ROWS = [
    f"(1, '2026-01-05', 18446744073709551615, 9223372036854775807, -128, nan, 0.5, '{'9' * 28}.9999999999', 'größer \u4e16\u754c \U0001f680', "
    f"'a', 'buy', '{UUID}', 'xyz', true, '1900-01-01', '2026-07-01 12:00:00', '2026-01-05 23:59:59.999999')",
    f"(2, '2026-01-05', 0, 0, NULL, NULL, 0, NULL, NULL, '', 'sell', '{UUID}', 'abc', false, NULL, '2026-01-01 12:00:00', "
    "'1970-01-01 00:00:00')",
    f"(3, '2026-01-05', 1, 1, 127, -inf, -1, '-{MANY}', '', 'b,\"c\"\\nd', 'buy', '{UUID}', 'xyz', true, '2299-12-31', "
    "'2026-01-01 12:00:00', '2200-01-01 00:00:00.000001')",
]
TEXTS = ["größer \u4e16\u754c \U0001f680", None, ""]

Exported = Callable[..., ExportResult]


@pytest.fixture
def kinds(own_client: Client) -> Client:
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    own_client.command(f"CREATE TABLE kinds ({columns}) ENGINE = MergeTree ORDER BY n")
    own_client.command(f"INSERT INTO kinds VALUES {', '.join(ROWS)}")
    return own_client


def assert_values(table: pa.Table) -> None:
    found = {name: table[name].to_pylist() for name in table.column_names}
    assert list(found) == list(COLUMNS)
    assert found["hash"] == [18446744073709551615, 0, 1]
    assert found["count"] == [9223372036854775807, 0, 1]
    assert found["small"] == [-128, None, 127]
    assert math.isnan(found["ratio"][0])
    assert found["ratio"][1:] == [None, -math.inf]
    assert found["half"] == [0.5, 0, -1]
    assert found["price"] == [Decimal("9" * 28 + ".9999999999"), None, Decimal(f"-{MANY}")]
    assert found["text"] == TEXTS
    assert found["code"] == ["a", "", 'b,"c"\nd']
    assert found["side"] == ["buy", "sell", "buy"]
    assert found["id"] == [UUID] * 3
    assert found["fixed"] == ["xyz", "abc", "xyz"]
    assert found["flag"] == [True, False, True]
    assert found["day"] == [date(2026, 1, 5)] * 3
    assert found["old"] == [date(1900, 1, 1), None, date(2299, 12, 31)]
    assert found["second"] == [
        datetime(2026, month, 1, hour, tzinfo=UTC) for month, hour in ((7, 10), (1, 11), (1, 11))
    ]
    assert found["micro"][0] == datetime(2026, 1, 5, 23, 59, 59, 999999, tzinfo=UTC)
    assert found["micro"][2] == datetime(2200, 1, 1, 0, 0, 0, 1, tzinfo=UTC)


def test_parquet_holds_them(kinds: Client, own_exported: Exported, target: Path) -> None:
    own_exported(KINDS, ExportFormat.PARQUET)
    table = pq.read_table(target / "kinds/day=2026-01-05/kinds.parquet", partitioning=None)
    assert_values(table)
    assert table.schema.field("hash").type == pa.uint64()
    assert table.schema.field("price").type == pa.decimal128(38, 10)


def test_csv_holds_them(kinds: Client, own_exported: Exported, target: Path) -> None:
    own_exported(KINDS, ExportFormat.PARQUET)
    own_exported(KINDS, ExportFormat.CSV)
    schema = pq.read_schema(target / "kinds/day=2026-01-05/kinds.parquet")
    options = pa_csv.ConvertOptions(
        column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    assert_values(
        pa_csv.read_csv(target / "kinds/day=2026-01-05/kinds.csv", convert_options=options, parse_options=parse)
    )


def test_iceberg_holds_them(
    kinds: Client,
    own_exported: Exported,
    settings: Settings,
    iceberg_table: Callable[[str, str], Table],
    duck: duckdb.DuckDBPyConnection,
) -> None:
    own_exported(KINDS, ExportFormat.ICEBERG)
    table = iceberg_table(settings.clickhouse_database, "kinds")
    assert_values(table.scan().to_arrow())
    types = {field.name: str(field.field_type) for field in table.schema().fields}
    assert [types[name] for name in ("n", "hash", "count", "small")] == ["long", "decimal(20, 0)", "long", "int"]
    [path] = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    found = duck.sql(f"SELECT hash, price, text, isnan(ratio), second, micro FROM '{path}' WHERE n = 1").fetchall()
    assert found[0][:4] == (Decimal(2**64 - 1), Decimal("9" * 28 + ".9999999999"), TEXTS[0], True)


def test_a_number_that_iceberg_s_long_cannot_hold_is_refused_by_its_column(
    kinds: Client, own_exported: Exported, settings: Settings, iceberg_table: Callable[[str, str], Table]
) -> None:
    with pytest.raises(ExportTypeError, match=r"Column hash of kinds does not fit into int64.*`wide` of kinds"):
        own_exported(KINDS.model_copy(update={"wide": ()}), ExportFormat.ICEBERG)
    assert iceberg_table(settings.clickhouse_database, "kinds").current_snapshot() is None


def test_text_that_is_not_utf_8_is_refused_by_its_column(kinds: Client, own_exported: Exported, target: Path) -> None:
    kinds.command("INSERT INTO kinds (n, day, text) VALUES (4, '2026-01-06', unhex('ff'))")
    with pytest.raises(ExportTypeError, match="Column text of kinds holds text that is not UTF-8"):
        own_exported(KINDS, ExportFormat.CSV)
    assert [path.name for path in (target / "kinds").iterdir()] == ["day=2026-01-05"]


@pytest.mark.parametrize("kind", ["Decimal(76, 10)", "DateTime64(9, 'UTC')"])
def test_what_iceberg_cannot_hold_parquet_and_csv_do(
    own_client: Client, own_exported: Exported, target: Path, kind: str
) -> None:
    value = "1" * 60 + ".5" if "Decimal" in kind else "2026-01-05 00:00:00.123456789"
    own_client.command(f"CREATE TABLE fine (n UInt8, value {kind}) ENGINE = MergeTree ORDER BY n")
    own_client.command(f"INSERT INTO fine VALUES (1, '{value}')")
    spec = ExportSpec(name="fine", relation="fine", description="One row.", key=("n",), formats=FORMATS)
    own_exported(spec, ExportFormat.CSV)
    own_exported(spec, ExportFormat.PARQUET)
    assert value in (target / "fine/fine.csv").read_text("utf-8")
    assert value in str(pq.read_table(target / "fine/fine.parquet")["value"][0])
    with pytest.raises(ExportTypeError, match=r"Column value has the type .*, which Iceberg cannot hold"):
        own_exported(spec, ExportFormat.ICEBERG)


@pytest.mark.parametrize("kind", FORMATS, ids=str)
def test_a_relation_without_rows_is_a_file_with_columns_and_a_table_without_files(
    kinds: Client, own_exported: Exported, target: Path, kind: ExportFormat
) -> None:
    kinds.command("TRUNCATE TABLE kinds")
    whole = KINDS.model_copy(update={"day": None})
    assert own_exported(whole, kind).rows == 0
    assert not own_exported(whole, kind, only_changed=True).is_new
    assert (target / f"kinds/kinds.{kind}").exists() == (kind is not ExportFormat.ICEBERG)
    assert own_exported(KINDS.model_copy(update={"name": "daily"}), kind).written == 0


def test_an_iceberg_table_that_is_split_otherwise_is_left_alone(kinds: Client, own_exported: Exported) -> None:
    own_exported(KINDS, ExportFormat.ICEBERG)
    with pytest.raises(ExportTargetError, match=r"kinds is not split by nothing, as exports\.yml says"):
        own_exported(KINDS.model_copy(update={"day": None}), ExportFormat.ICEBERG)
