"""Seconds and bytes of the package's single-column tests on a table of ten million rows that passes them.

dbt compiles the tests, and each is sent as dbt sends it, as a count of failing rows. The query condition cache is off:
with it a row test that passed reads next to nothing when it is sent again.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

import clickhouse_connect
import yaml
from clickhouse_connect.driver.client import Client

from benchmarks.embedded.setting import new_engine, show
from orchestrator.constants import DBT_PROJECT_DIR, LOOPBACK
from orchestrator.settings import inherited_environment
from orchestrator.warehouse.dbt import DBT_EXECUTABLE

_NAME: Final = "measured"
_PACKAGE: Final = DBT_PROJECT_DIR / "packages" / "dbt_expectations"
_TABLE: Final = """
CREATE TABLE {name}.prices ENGINE = MergeTree ORDER BY id AS
SELECT
    toUInt32(number) AS id,
    ['XNYS', 'XNAS', 'XLON', 'XPAR', 'XETR'][number % 5 + 1]::LowCardinality(String) AS mic,
    concat('US', leftPad(toString(number % 100000), 9, '0'), '5') AS isin,
    toDecimal64(10 + number % 1000 / 100, 4) AS close,
    if(number % 100 = 0, NULL, toInt64(number % 5000)) AS volume,
    (rand() % 1000000) / 1000 AS price,
    toDateTime('2024-01-01 00:00:00', 'UTC') + intDiv(number, 10) AS traded_at
FROM numbers({rows})
"""
_BETWEEN: Final = {"min_value": 0, "max_value": 1e12}
_MICS: Final = {"value_set": ["XNYS", "XNAS", "XLON", "XPAR", "XETR"]}
_MEASURED: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("expect_column_values_to_not_be_null", "price", {}),
    ("expect_column_values_to_be_null", "volume", {"row_condition": "volume is null"}),
    ("expect_column_values_to_be_unique", "id", {}),
    ("expect_column_values_to_have_consistent_casing", "isin", {}),
    ("expect_column_values_to_be_in_set", "mic", _MICS),
    ("expect_column_values_to_not_be_in_set", "mic", {"value_set": ["XTKS"]}),
    ("expect_column_values_to_be_between", "price", _BETWEEN),
    ("expect_column_values_to_be_increasing", "id", {"sort_column": "id"}),
    ("expect_column_values_to_be_decreasing", "id", {"sort_column": "-toInt64(id)"}),
    ("expect_column_value_lengths_to_equal", "isin", {"value": 12}),
    ("expect_column_values_to_match_regex", "isin", {"regex": "^[A-Z]{2}[A-Z0-9]{9}[0-9]$"}),
    ("expect_column_values_to_not_match_regex", "isin", {"regex": "[a-z]"}),
    ("expect_column_values_to_match_regex", "mic", {"regex": "^X[A-Z]{3}$"}),
    ("expect_column_values_to_match_like_pattern", "isin", {"like_pattern": "US%"}),
    ("expect_column_distinct_count_to_equal", "isin", {"value": 100000}),
    ("expect_column_distinct_count_to_be_greater_than", "id", {"value": 1}),
    ("expect_column_distinct_values_to_equal_set", "mic", _MICS),
    ("expect_column_distinct_values_to_contain_set", "mic", _MICS),
    ("expect_column_max_to_be_between", "price", _BETWEEN),
    ("expect_column_min_to_be_between", "price", _BETWEEN),
    ("expect_column_sum_to_be_between", "volume", _BETWEEN),
    ("expect_column_mean_to_be_between", "close", _BETWEEN),
    ("expect_column_median_to_be_between", "price", _BETWEEN),
    ("expect_column_quantile_values_to_be_between", "price", {"quantile": 0.95, **_BETWEEN}),
    ("expect_column_stdev_to_be_between", "price", _BETWEEN),
    ("expect_column_proportion_of_unique_values_to_be_between", "isin", {"min_value": 0.001}),
    ("expect_column_most_common_value_to_be_in_set", "mic", {"top_n": 1, **_MICS}),
    ("expect_column_values_to_be_within_n_stdevs", "price", {"sigma_threshold": 5}),
    ("expect_row_values_to_have_recent_data", "traded_at", {"datepart": "year", "interval": 90}),
    ("expect_row_values_to_have_data_for_every_n_datepart", "traded_at", {}),
]


def main() -> None:
    """Measure and print a table; `scans` are the bytes read in those of the test's column."""
    arguments = _arguments()
    rows = []
    with new_engine() as engine, clickhouse_connect.get_client(host=LOOPBACK, port=engine.port) as client:
        client.command(f"CREATE DATABASE {_NAME}")
        client.command(_TABLE.format(name=_NAME, rows=arguments.rows))
        sizes = _column_bytes(client)
        for number, sql in enumerate(_compiled(engine.port)):
            test, column, _ = _MEASURED[number]
            seconds, failures, read = _measure(client, sql, arguments.rounds)
            rows.append((test, column, f"{seconds:.2f} s", str(failures), f"{read / sizes[column]:.1f}"))
    show(f"{arguments.rows:,} rows", ("test", "column", "seconds", "failures", "scans"), rows)


def _measure(client: Client, sql: str, rounds: int) -> tuple[float, int, int]:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        answer = client.query(f"SELECT count() FROM ({sql})", settings={"use_query_condition_cache": 0})
        taken.append(time.perf_counter() - start)
    return median(taken), answer.result_rows[0][0], int(answer.summary["read_bytes"])


def _column_bytes(client: Client) -> dict[str, int]:
    """Bytes that a scan of each column reads, as the engine counts them."""
    columns = client.query(f"SELECT name FROM system.columns WHERE database = '{_NAME}'").result_columns[0]
    return {
        column: int(client.query(f"SELECT max(ignore({column})) FROM {_NAME}.prices").summary["read_bytes"])
        for column in columns
    }


def _compiled(port: int) -> list[str]:
    """The SQL of the measured tests, as dbt makes it."""
    with tempfile.TemporaryDirectory(prefix="benchmark-expectations-") as name:
        folder = Path(name)
        tests = []
        for number, (test, column, given) in enumerate(_MEASURED):
            names_column = "date_col" if "datepart" in test and "every" in test else "column_name"
            tests.append(
                {f"dbt_expectations.{test}": {"name": f"test_{number}", "arguments": {names_column: column, **given}}}
            )
        source = {"name": _NAME, "schema": _NAME, "tables": [{"name": "prices", "data_tests": tests}]}
        output = {"type": "clickhouse", "host": LOOPBACK, "port": port, "schema": _NAME, "threads": 1}
        files = {
            "dbt_project.yml": {"name": _NAME, "profile": _NAME, "packages-install-path": str(folder / "packages")},
            "profiles.yml": {_NAME: {"target": "engine", "outputs": {"engine": output}}},
            "models/sources.yml": {"version": 2, "sources": [source]},
        }
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(yaml.safe_dump(content), encoding="utf-8")
        (folder / "packages").mkdir()
        (folder / "packages" / "dbt_expectations").symlink_to(_PACKAGE)
        command = [DBT_EXECUTABLE, "compile", "--project-dir", str(folder), "--profiles-dir", str(folder)]
        environment = inherited_environment() | {"DBT_TARGET_PATH": str(folder / "target"), "DO_NOT_TRACK": "1"}
        subprocess.run(command, capture_output=True, check=True, env=environment)
        nodes = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
        by_name = {node["name"]: node["compiled_code"] for node in nodes}
    return [by_name[f"test_{number}"] for number in range(len(_MEASURED))]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.expectations",
        description=__doc__,
        epilog="Figures for the documentation are taken on a machine that has nothing else to do.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the table, 10,000,000")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the median counts, 3")
    return parser.parse_args()


if __name__ == "__main__":
    main()
