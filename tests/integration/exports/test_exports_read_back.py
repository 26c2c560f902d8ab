"""Exports of the sample data, read back with pyarrow, pyiceberg and DuckDB, beside what ClickHouse answers."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from pyiceberg.table import Table

from orchestrator.exports.exporting import ExportResult
from orchestrator.exports.specs import ExportFormat, get_export

OBSERVATIONS = get_export("observations")
COVERAGE = get_export("field_coverage")
FIRST, LAST = date(2022, 12, 13), date(2023, 1, 31)
IN_RANGE = f"toDate(observed_at) BETWEEN '{FIRST}' AND '{LAST}'"
KEY = "instrument_id, field_id, observed_at, source_id"
SUMS = "count(*), sum(value_number), count(value_text), count(value_date), min(observed_at), max(known_at)"

Exported = Callable[..., ExportResult]
Manifest = Callable[[str, str], dict[str, Any]]
Open = Callable[[str, str], Table]


def plain(row: Iterable[Any]) -> tuple[Any, ...]:
    """Times without their zone, which is UTC: ClickHouse's client leaves it away, the other readers do not."""
    return tuple(
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for value in row
    )


def answered(client: Client, query: str) -> list[tuple[Any, ...]]:
    return [plain(row) for row in client.query(query).result_rows]


def as_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return [plain(row.values()) for row in table.to_pylist()]


def assert_same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    """Sums of floats differ in their last digits by the order of adding."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert [pytest.approx(value) if isinstance(value, float) else value for value in other] == list(plain(one))


@pytest.fixture
def expected(run_client: Client) -> list[tuple[Any, ...]]:
    """Every row of the range, in the order of the key within each day."""
    rows = answered(run_client, f"SELECT * FROM v_observations WHERE {IN_RANGE} ORDER BY toDate(observed_at), {KEY}")
    assert len(rows) > 700
    return rows


def test_parquet_has_every_row_in_order_with_its_types(
    exported: Exported, target: Path, expected: list[tuple[Any, ...]]
) -> None:
    result = exported(OBSERVATIONS, ExportFormat.PARQUET, first=FIRST, last=LAST)
    files = sorted(target.glob("observations/day=*/observations.parquet"))
    assert [path.parent.name for path in files] == sorted({f"day={row[14].date()}" for row in expected})
    table = pa.concat_tables(pq.read_table(path, partitioning=None) for path in files)
    assert as_rows(table) == expected
    assert (result.rows, result.written) == (len(expected), len(files))
    types = {field.name: field for field in table.schema}
    assert types["instrument_id"].type == pa.uint32()
    assert types["observed_at"].type == pa.timestamp("us", "UTC")
    assert types["value_date"].type == pa.date32()
    assert types["value_number"].nullable
    assert not types["instrument"].nullable


def test_csv_has_every_row_too(exported: Exported, target: Path, expected: list[tuple[Any, ...]]) -> None:
    exported(OBSERVATIONS, ExportFormat.PARQUET, first=FIRST, last=LAST)
    exported(OBSERVATIONS, ExportFormat.CSV, first=FIRST, last=LAST)
    [schema] = {pq.read_schema(path) for path in target.glob("observations/day=*/observations.parquet")}
    options = pa_csv.ConvertOptions(
        column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    files = sorted(target.glob("observations/day=*/observations.csv"))
    assert files
    table = pa.concat_tables(pa_csv.read_csv(path, convert_options=options) for path in files)
    assert as_rows(table) == expected


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_duckdb_reads_the_folder_of_days(
    exported: Exported, target: Path, run_client: Client, duck: duckdb.DuckDBPyConnection, kind: str
) -> None:
    exported(OBSERVATIONS, ExportFormat(kind), first=FIRST, last=LAST)
    read = "read_parquet" if kind == "parquet" else "read_csv"
    found = duck.sql(
        f"SELECT day, {SUMS} FROM {read}('{target}/observations/day=*/observations.{kind}', hive_partitioning = true) "
        "GROUP BY day ORDER BY day"
    ).fetchall()
    said = answered(
        run_client,
        f"SELECT toDate(observed_at) AS day, {SUMS} FROM v_observations WHERE {IN_RANGE} GROUP BY day ORDER BY day",
    )
    assert_same(found, said)


def test_the_whole_folder_is_one_data_set(exported: Exported, target: Path, run_client: Client) -> None:
    exported(OBSERVATIONS, ExportFormat.PARQUET)
    exported(OBSERVATIONS, ExportFormat.ICEBERG)
    files = ds.dataset(target / "observations", format="parquet", partitioning="hive", exclude_invalid_files=False)
    [(rows, days)] = answered(run_client, "SELECT count(), uniqExact(toDate(observed_at)) FROM v_observations")
    assert files.count_rows() == rows
    assert len(files.files) == days


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_relation_without_days_is_one_file(
    exported: Exported, target: Path, run_client: Client, duck: duckdb.DuckDBPyConnection, kind: str
) -> None:
    exported(COVERAGE, ExportFormat(kind))
    [path] = [path for path in (target / "field_coverage").iterdir() if path.suffix == f".{kind}"]
    said = answered(run_client, "SELECT * FROM mart_field_coverage ORDER BY asset_class_id, field_id")
    assert path.name == f"field_coverage.{kind}"
    assert_same(duck.sql(f"SELECT * FROM '{path}'").fetchall(), said)


def test_pyiceberg_reads_every_row_with_its_types(
    exported: Exported, iceberg_table: Open, expected: list[tuple[Any, ...]]
) -> None:
    exported(OBSERVATIONS, ExportFormat.ICEBERG, first=FIRST, last=LAST)
    table = iceberg_table("touchstone", "observations")
    found = as_rows(table.scan().to_arrow())
    assert sorted(found, key=lambda row: (row[14].date(), row[0], row[1], row[14], row[2])) == expected
    types = {field.name: (str(field.field_type), field.required) for field in table.schema().fields}
    assert types["instrument_id"] == ("long", True)
    assert types["observed_at"] == ("timestamptz", True)
    assert types["value_number"] == ("double", False)
    assert types["value_date"] == ("date", False)
    assert [str(field) for field in table.spec().fields] == ["1000: observed_at_day: day(15)"]
    one_day = table.scan(f"observed_at >= '{FIRST}T00:00:00+00:00' and observed_at < '2022-12-14T00:00:00+00:00'")
    assert len(list(one_day.plan_files())) == 1


def test_duckdb_reads_the_current_snapshot(
    exported: Exported, iceberg_table: Open, run_client: Client, duck: duckdb.DuckDBPyConnection
) -> None:
    """By what pyiceberg scanned, and by itself from exactly the files that the snapshot has."""
    exported(OBSERVATIONS, ExportFormat.ICEBERG, first=FIRST, last=LAST)
    scan = iceberg_table("touchstone", "observations").scan()
    said = answered(run_client, f"SELECT {SUMS} FROM v_observations WHERE {IN_RANGE}")
    assert_same(scan.to_duckdb("observations", duck).execute(f"SELECT {SUMS} FROM observations").fetchall(), said)
    files = [task.file.file_path.removeprefix("file://") for task in scan.plan_files()]
    assert len(files) == 4
    assert_same(duck.execute(f"SELECT {SUMS} FROM read_parquet($files)", {"files": files}).fetchall(), said)


def test_duckdb_reads_the_table_by_its_own_extension(
    exported: Exported, run_client: Client, duck: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    try:
        duck.execute("LOAD iceberg")
    except duckdb.Error as error:
        pytest.skip(f"DuckDB {duckdb.__version__} has no extension iceberg here, and none is downloaded: {error}")
    exported(OBSERVATIONS, ExportFormat.ICEBERG, first=FIRST, last=LAST)
    metadata = manifest("observations", "iceberg")["table"]["metadata"]
    said = answered(run_client, f"SELECT {SUMS} FROM v_observations WHERE {IN_RANGE}")
    assert_same(duck.execute(f"SELECT {SUMS} FROM iceberg_scan('{metadata}')").fetchall(), said)


def test_the_manifest_tells_what_each_file_is(
    exported: Exported, target: Path, manifest: Manifest, run_client: Client
) -> None:
    exported(OBSERVATIONS, ExportFormat.PARQUET, first=FIRST, last=LAST, run_id="run-1")
    said = manifest("observations", "parquet")
    assert (said["first_day"], said["last_day"]) == (
        str(FIRST),
        str(max(date.fromisoformat(f["day"]) for f in said["files"])),
    )
    assert said["columns"][14] == {
        "name": "observed_at",
        "clickhouse": "DateTime64(6, 'UTC')",
        "arrow": "timestamp[us, tz=UTC]",
        "nullable": False,
    }
    for file in said["files"]:
        path = target / file["path"]
        assert (path.stat().st_size, pq.read_metadata(path).num_rows) == (file["bytes"], file["rows"])
        assert (file["run_id"], file["code_version"]) == ("run-1", "0.1.0")
    [first] = answered(
        run_client,
        f"SELECT count(), toString(min(observed_at)), toString(max(observed_at)) FROM v_observations "
        f"WHERE toDate(observed_at) = '{FIRST}'",
    )
    assert (said["files"][0]["rows"], said["files"][0]["first"], said["files"][0]["last"]) == first
    assert said["rows"] == sum(file["rows"] for file in said["files"])
