"""Metrics as a scraper gets them, held against what SQL and Dagster say of the same warehouse."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from click.testing import Result
from house import FirstRun, free_port
from known_codes import GOOD_ROW, reload_dictionaries, teach_codes
from observation_files import OBSERVATIONS, file_of
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.embedded import engine_state
from orchestrator.metrics.families import FAMILIES
from orchestrator.metrics.serving import metrics_text
from orchestrator.settings import Settings
from orchestrator.warehouse.census import take_census
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.quarantine import Selection, discard, summary

Scraped = dict[str, dict[tuple[str, ...], float]]
# a table may have none at the moment
MAY_LACK = {"touchstone_check_not_passed", "touchstone_table_mutations"}


def parsed(text: str) -> Scraped:
    """Values by metric and by the values of its labels, in the order of their declaration."""
    labels = {family.name: family.labels for family in FAMILIES}
    return {
        family.name: {tuple(s.labels[label] for label in labels[family.name]): s.value for s in family.samples}
        for family in text_string_to_metric_families(text)
    }


def by_name(rows: list[list[object]]) -> dict[tuple[str, ...], float]:
    return {tuple(map(str, names)): float(str(value)) for *names, value in rows}


@pytest.fixture(scope="module")
def address(first_run: FirstRun) -> Iterator[str]:
    """Where `touchstone metrics --serve` answers for the shared warehouse, whose dictionaries are loaded."""
    own = int(first_run.checkout.variables["CLICKHOUSE_PORT"])
    reload_dictionaries(
        connect(Settings(touchstone_home=first_run.checkout.home, clickhouse_port=own), database="touchstone")
    )
    port = free_port()
    server = first_run.checkout.start("metrics", "--serve", "--port", str(port), output=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    assert server.wait(timeout=60) in (0, -15)


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    patience = urllib3.Retry(connect=40, backoff_factor=0.5, backoff_max=1)
    return urllib3.request("GET", url, headers=headers, retries=patience, timeout=60)


@pytest.fixture(scope="module")
def scraped(address: str) -> Scraped:
    answer = get(f"{address}/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return parsed(answer.data.decode())


def test_every_declared_metric_is_there_and_nothing_else(scraped: Scraped) -> None:
    declared = {family.name for family in FAMILIES}
    assert set(scraped) <= declared
    assert declared - set(scraped) <= MAY_LACK
    assert scraped["touchstone_engine_up"] == {(): 1}
    assert set(scraped["touchstone_part_read"].values()) == {1}


def test_rows_and_ids_are_those_that_sql_counts(scraped: Scraped, first_run: FirstRun) -> None:
    ask = first_run.checkout.rows
    for table in ("landing_observations", "fct_observations", "quarantine_observations", "dim_field", "ops_batches"):
        assert scraped["touchstone_rows"][table,] == ask(f"SELECT count() AS rows FROM {table}")[0][0] > 0
    assert scraped["touchstone_ids"]["field",] == ask("SELECT uniqExact(field_id) FROM dim_field")[0][0]
    places = {place: rows for (feed, place), rows in scraped["touchstone_feed_rows"].items() if feed == "observations"}
    assert places["landing"] == places["fact"] + places["open"] + places["discarded"]
    assert places["open"] == int(ask("SELECT count() FROM quarantine_observations_open")[0][0]) > 0


def test_quarantine_is_told_by_reason(scraped: Scraped, first_run: FirstRun) -> None:
    wanted = "SELECT 'observations', arrayJoin(reasons) AS reason, toUInt32(count()) FROM quarantine_observations_open GROUP BY reason"
    assert scraped["touchstone_quarantine_open_rows"] == by_name(first_run.checkout.rows(wanted))


def test_batches_and_the_newest_file_and_event_are_those_of_the_audit_trail_and_the_fact(
    scraped: Scraped, first_run: FirstRun
) -> None:
    ask = first_run.checkout.rows
    batches = ask("SELECT feed, 'committed', toUInt32(uniqExact(batch_id)) FROM ops_batches GROUP BY feed")
    assert scraped["touchstone_batches"] == by_name(batches)
    newest = scraped["touchstone_feed_newest_timestamp_seconds"]
    [[event]] = ask("SELECT toUnixTimestamp(max(observed_at)) FROM fct_observations")
    [[file]] = ask(
        "SELECT toUnixTimestamp(max(recorded_at)) FROM ops_batches WHERE feed = 'observations' AND state = 'committed'"
    )
    assert newest["observations", "event"] == event
    assert int(newest["observations", "file"]) == file
    assert scraped["touchstone_feed_age_limit_seconds"]["observations", "file"] == 5 * 86400
    assert 0 < scraped["touchstone_feed_age_seconds"]["observations", "file"] < 86400


def test_dictionaries_are_loaded_with_as_many_elements_as_their_dimensions(
    scraped: Scraped, first_run: FirstRun
) -> None:
    [[fields]] = first_run.checkout.rows("SELECT uniqExact(field_id) FROM dim_field")
    assert scraped["touchstone_dictionary_elements"]["dict_field",] == fields
    [[dictionaries]] = first_run.checkout.rows("SELECT count() FROM system.dictionaries WHERE database = 'touchstone'")
    assert len(scraped["touchstone_dictionary_status"]) == len(scraped["touchstone_dictionary_failed"]) == dictionaries
    assert set(scraped["touchstone_dictionary_failed"].values()) == {0}
    assert {name for name, _status in scraped["touchstone_dictionary_status"]} >= {"dict_field", "dict_instrument_ids"}


def test_storage_is_that_of_the_engine(scraped: Scraped, first_run: FirstRun) -> None:
    tables = first_run.checkout.rows("SELECT DISTINCT table FROM system.parts WHERE active AND database = 'touchstone'")
    assert {table for (table,) in scraped["touchstone_table_bytes"]} == {str(table) for [table] in tables}
    assert all(parts >= 1 for parts in scraped["touchstone_table_partition_parts"].values())
    assert 0 < scraped["touchstone_disk_free_bytes"]["default",] < scraped["touchstone_disk_total_bytes"]["default",]


def test_runs_steps_and_checks_are_those_of_the_report(scraped: Scraped, first_run: FirstRun) -> None:
    assert scraped["touchstone_job_last_run_succeeded"]["everything",] == 1
    assert scraped["touchstone_job_runs"]["everything", "SUCCESS"] == 1
    assert scraped["touchstone_job_runs"]["everything", "FAILURE"] == 0
    steps = {step: seconds for (_job, step), seconds in scraped["touchstone_step_last_run_seconds"].items()}
    printed = dict(re.findall(r"^(\w+) +(\d+\.\d)$", first_run.printed, re.MULTILINE))
    assert {step: f"{seconds:.1f}" for step, seconds in steps.items()} == printed
    assert scraped["touchstone_job_last_run_seconds"]["everything",] >= max(steps.values())
    [(passed, failed, warned)] = re.findall(r"(\d+) passed, (\d+) failed, (\d+) warned", first_run.printed)
    checks = scraped["touchstone_checks"]
    assert [checks["passed",], checks["failed",], checks["warned",]] == [int(passed), int(failed), int(warned)]


def test_the_server_is_healthy_and_speaks_openmetrics_to_those_who_ask(address: str) -> None:
    assert get(f"{address}/-/healthy").data == b"ok\n"
    answer = get(f"{address}/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.data.endswith(b"# EOF\n")


def test_an_engine_that_is_down_is_told_and_not_started(new_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = new_settings(touchstone_home=tmp_path)
    scraped = parsed(metrics_text(settings).decode())
    assert scraped["touchstone_engine_up"] == {(): 0}
    assert scraped["touchstone_part_read"] == {("feeds",): 0, ("dictionaries",): 0, ("storage",): 0, ("runs",): 1}
    assert engine_state(settings.engine_dir) is None


def test_an_engine_without_the_database_is_up_and_nothing_of_it_can_be_read(settings: Settings) -> None:
    connect(settings)
    scraped = parsed(metrics_text(settings).decode())
    assert scraped["touchstone_engine_up"] == {(): 1}
    assert scraped["touchstone_part_read"]["feeds",] == 0
    assert "touchstone_rows" not in scraped


def test_rows_that_were_given_up_are_not_open(
    migrated: Settings, touchstone: Callable[..., Result], tmp_path: Path
) -> None:
    client = connect(migrated, database=migrated.clickhouse_database)
    teach_codes(client)
    bad = [(*GOOD_ROW[:-1], text) for text in ("bad", "worse")]
    load_file(client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW, *bad]))
    discard(client, OBSERVATIONS, Selection(codes={"value": "worse"}), "a test")
    printed = touchstone("metrics")
    assert printed.exit_code == 0, printed.output
    scraped = parsed(printed.stdout)
    places = {place: rows for (feed, place), rows in scraped["touchstone_feed_rows"].items() if feed == "observations"}
    assert places == {"landing": 3, "fact": 1, "open": 1, "discarded": 1}
    assert scraped["touchstone_quarantine_open_rows"] == {("observations", "bad_value"): 1}
    [reason] = summary(client, OBSERVATIONS)
    assert take_census(client, migrated.clickhouse_database).reasons["observations"] == {reason.reason: reason.rows}
