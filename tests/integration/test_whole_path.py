"""One run from the lookup CSV to dictionary-checked facts, on the sample data, judged against the files themselves."""

import csv
import gzip
import io
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus
from house import Checkout, FirstRun

from orchestrator.lookups.domains import DOMAINS

FACT_IDS = ("instrument", "field", "data_class", "product_type", "asset_class", "sub_asset_class", "source")


@pytest.fixture(scope="module")
def checkout(first_run: FirstRun) -> Checkout:
    return first_run.checkout


@pytest.fixture(scope="module")
def sample_rows(checkout: Checkout) -> dict[str, int]:
    """Rows per observation file, read without the project's own reader."""
    folder = checkout.folder / "sample_data" / "observations"
    return {path.name: len(read_rows(path)) for path in folder.iterdir() if path.suffix in (".csv", ".gz", ".parquet")}


def read_rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def test_every_row_of_the_sample_files_is_landed(checkout: Checkout, sample_rows: dict[str, int]) -> None:
    landed = checkout.rows(
        "SELECT source_file, count() FROM landing_observations INNER JOIN "
        "(SELECT batch_id, any(source_file) AS source_file FROM ops_batches GROUP BY batch_id) AS b USING (batch_id) "
        "GROUP BY source_file"
    )
    assert {name: int(rows) for name, rows in landed} == sample_rows
    assert sum(sample_rows.values()) >= 20_000


def test_quarantine_holds_exactly_the_broken_rows_each_with_all_its_reasons(checkout: Checkout) -> None:
    oracle = checkout.folder / "tests" / "fixtures" / "expected_quarantine.csv"
    expected = {
        (row["file"], int(row["row_number"])): row["reasons"] for row in csv.DictReader(oracle.read_text().splitlines())
    }
    found = checkout.rows(
        "SELECT source_file, row_number, arrayStringConcat(arraySort(reasons), '|') FROM quarantine_observations_open "
        "INNER JOIN (SELECT batch_id, any(source_file) AS source_file FROM ops_batches GROUP BY batch_id) AS b "
        "USING (batch_id)"
    )
    assert {(name, int(number)): reasons for name, number, reasons in found} == expected
    assert len(expected) > 200


def test_accepted_values_are_those_of_the_files(checkout: Checkout) -> None:
    rows = read_rows(checkout.folder / "sample_data" / "observations" / "bitstamp_daily.csv")
    found = {
        int(number): (instrument, field, float(value))
        for number, instrument, field, value in checkout.rows(
            "SELECT row_number, dictGet('touchstone.dict_instrument', 'code', toUInt64(instrument_id)), "
            "dictGet('touchstone.dict_field', 'code', toUInt64(field_id)), value_number FROM fct_observations "
            "WHERE batch_id = (SELECT any(batch_id) FROM ops_batches WHERE source_file = 'bitstamp_daily.csv')"
        )
    }
    assert len(found) > 1000
    for number, (instrument, field, value) in found.items():
        row = rows[number - 1]
        assert (row["instrument"].strip(), row["field"].strip(), float(row["value"])) == (instrument, field, value)


def test_facts_hold_no_text_to_join_on(checkout: Checkout) -> None:
    columns = dict(
        checkout.rows(
            "SELECT name, type FROM system.columns WHERE database = 'touchstone' AND table = 'fct_observations'"
        )
    )
    assert len(columns) == 14
    assert [name for name, kind in columns.items() if "String" in kind] == ["value_text"]


@pytest.mark.parametrize("domain", FACT_IDS)
def test_an_unknown_id_straight_into_the_fact_is_refused_by_clickhouse(checkout: Checkout, domain: str) -> None:
    columns = [f"{name}_id" for name in FACT_IDS]
    values = ["4000000" if name == domain else "1" for name in FACT_IDS]
    before = checkout.rows("SELECT count() FROM fct_observations")
    refused = checkout.touchstone(
        "sql",
        f"INSERT INTO fct_observations ({', '.join(columns)}, observed_at, known_at, value_number, batch_id, row_number) "
        f"VALUES ({', '.join(values)}, now(), now(), 1, 1, 1)",
        must_succeed=False,
    )
    assert refused.returncode == 1
    assert "Code: 469" in refused.stderr
    assert f"fk_{domain}" in refused.stderr
    assert checkout.rows("SELECT count() FROM fct_observations") == before


def test_a_sub_asset_class_of_another_asset_class_is_refused_by_clickhouse(checkout: Checkout) -> None:
    [[sub_asset_class, other]] = checkout.rows(
        "SELECT sub_asset_class_id, asset_class_id % 10 + 1 FROM dim_sub_asset_class ORDER BY sub_asset_class_id LIMIT 1"
    )
    columns = ", ".join(f"{name}_id" for name in FACT_IDS)
    refused = checkout.touchstone(
        "sql",
        f"INSERT INTO fct_observations ({columns}, observed_at, known_at, value_number, batch_id, row_number) "
        f"VALUES (1, 1, 1, 1, {other}, {sub_asset_class}, 1, now(), now(), 1, 1, 1)",
        must_succeed=False,
    )
    assert refused.returncode == 1
    assert "fk_sub_asset_class_of_asset_class" in refused.stderr


def test_a_fact_needs_exactly_one_value(checkout: Checkout) -> None:
    columns = ", ".join(f"{name}_id" for name in FACT_IDS)
    for values in ("NULL, NULL", "1, 'one'"):
        refused = checkout.touchstone(
            "sql",
            f"INSERT INTO fct_observations ({columns}, observed_at, known_at, batch_id, row_number, value_number, value_text)"
            f" VALUES (1, 1, 1, 1, 1, 1, 1, now(), now(), 1, 1, {values})",
            must_succeed=False,
        )
        assert "has_exactly_one_value" in refused.stderr


def test_ids_of_the_dimensions_are_the_ledgers_ids(checkout: Checkout) -> None:
    ledger = list(csv.DictReader((checkout.folder / "seeds" / "lookup_ids.csv").read_text().splitlines()))
    asset_classes = {row["key"]: int(row["id"]) for row in ledger if row["domain"] == "asset_class"}
    for domain in DOMAINS:
        parent = ", asset_class_id" if domain.parent else ""
        found = {tuple(row) for row in checkout.rows(f"SELECT code, {domain.name}_id{parent} FROM dim_{domain.name}")}
        expected = {
            (row["key"], int(row["id"]), *([asset_classes[row["parent_key"]]] if domain.parent else []))
            for row in ledger
            if row["domain"] == domain.name
        }
        assert found == expected
        assert expected


def test_instruments_are_numbered_in_the_order_of_landing(checkout: Checkout) -> None:
    rows = list(
        csv.DictReader((checkout.folder / "sample_data/instruments/instruments.csv").read_text("utf-8").splitlines())
    )
    found = checkout.rows("SELECT instrument_id, code FROM dim_instrument ORDER BY instrument_id")
    assert found == [[number, row["instrument"]] for number, row in enumerate(rows, start=1)]


def test_the_canonical_view_gives_names(checkout: Checkout) -> None:
    [[name, value]] = checkout.rows(
        "SELECT instrument_name, value_text FROM v_observations WHERE instrument = 'MMM' AND field = 'GICS_SECTOR_NAME'"
    )
    assert (name, value) == ("3M", "Industrials")


def test_the_mart_counts_what_the_facts_hold(checkout: Checkout) -> None:
    [[observations, fields]] = checkout.rows("SELECT sum(observations), count() FROM mart_field_coverage")
    [[facts]] = checkout.rows("SELECT count() FROM fct_observations")
    assert int(observations) == int(facts)
    assert int(fields) > 20


def test_the_report_tells_rows_reasons_ids_checks_seconds_and_what_to_do_next(first_run: FirstRun) -> None:
    printed = first_run.printed
    assert re.search(r"^fct_observations +0 +\+23,183 +23,183$", printed, re.MULTILINE)
    assert re.search(r"^unknown_instrument +0 +\+\d+ +\d+$", printed, re.MULTILINE)
    assert re.search(r"^field +0 +\+\d+ +\d+$", printed, re.MULTILINE)
    assert re.search(r"^Checks: [1-9]\d+ passed, 0 failed, 0 warned\.", printed, re.MULTILINE)
    assert re.search(r"^dbt_reference +\d+\.\d$", printed, re.MULTILINE)
    assert "Next:" in printed
    assert "Nothing new" not in printed


def test_the_run_is_recorded_where_the_page_will_look(checkout: Checkout) -> None:
    with DagsterInstance.from_config(str(checkout.home / "dagster")) as instance:
        runs = instance.get_runs()
        assert [run.status for run in runs if run.job_name == "everything"][-1] == DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(AssetKey("fct_observations")) is not None
        assert instance.get_latest_materialization_event(AssetKey("landing_observations")) is not None


def test_status_tells_engine_version_migrations_rows_and_open_quarantine(checkout: Checkout) -> None:
    printed = checkout.touchstone("status").stdout
    assert re.search(r"engine +embedded \(chdb\) at 127\.0\.0\.1:\d+, ClickHouse \d+\.\d+", printed)
    assert re.search(r"migrations +(\d+) of \1 applied", printed)
    assert re.search(r"^fct_observations +23,183$", printed, re.MULTILINE)
    assert "open quarantine of observations: 244 rows" in printed


def test_nothing_is_written_outside_home(first_run: FirstRun) -> None:
    written = {path.name for path in first_run.checkout.folder.iterdir()}
    assert not written & {"target", "logs", ".touchstone", "dbt_packages"}
    assert not (first_run.checkout.folder / "dbt_project" / "target").exists()
    assert not (first_run.checkout.folder / "dbt_project" / "logs").exists()
