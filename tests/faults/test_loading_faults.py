"""A load whose engine or whose own process is killed: the next load completes, and every row is in exactly one place."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from house import OWN_VARIABLES, free_port, variables_of
from known_codes import GOOD_ROW, teach_codes

from orchestrator.constants import PROJECT_ROOT
from orchestrator.embedded import engine_state, stop_engine
from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import CHUNK_ROWS, LANDING, Circumstances, load_file
from orchestrator.warehouse.migrations import apply_migrations

FEED = get_feed("observations")
# two chunks are landed at once; while the third one is, the load can be disturbed
ROWS = 3 * CHUNK_ROWS
DEADLINE_SECONDS = 60
POLL_SECONDS = 0.01
PLACES = """
SELECT
    (SELECT (count(), uniqExact(row_number)) FROM landing_observations),
    (SELECT (count(), uniqExact(row_number)) FROM fct_observations),
    (SELECT (count(), uniqExact(row_number)) FROM quarantine_observations)
"""
COMPLETE = [((ROWS, ROWS), (ROWS // 10 * 9, ROWS // 10 * 9), (ROWS // 10, ROWS // 10))]


@pytest.fixture(scope="module")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several chunks; every tenth row is for quarantine."""
    path = tmp_path_factory.mktemp("big") / "big.csv"
    row = ",".join(GOOD_ROW[:-1])
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(FEED.columns) + "\n")
        file.writelines(f"{row},{n if n % 10 else 'bad'}\n" for n in range(ROWS))
    return path


@pytest.fixture
def own_settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an engine of the test's own, which it may kill."""
    settings = Settings(touchstone_home=tmp_path / "home", clickhouse_port=free_port())
    yield settings
    stop_engine(settings.engine_dir)


def prepared(settings: Settings) -> Client:
    apply_migrations(settings)
    client = connect(settings, database=settings.clickhouse_database)
    teach_codes(client)
    return client


def start_load(settings: Settings, path: Path) -> subprocess.Popen[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator.cli", "load", FEED.name, str(path)],
        cwd=PROJECT_ROOT,
        env=variables | variables_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_rows(client: Client, load: subprocess.Popen[str], rows: int) -> None:
    """Wait until this many rows are landed, and not all."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        landed = int(str(client.command("SELECT count() FROM landing_observations")))
        if landed >= rows:
            assert landed < ROWS, "the load was over before it could be disturbed"
            return
        assert load.poll() is None, f"the load ended early: {load.communicate()}"
        time.sleep(POLL_SECONDS)
    pytest.fail(f"fewer than {rows} rows landed in {DEADLINE_SECONDS} seconds")


def test_after_kill_9_of_the_engine_during_a_load_a_retry_completes_every_table_with_single_rows(
    own_settings: Settings, big_file: Path
) -> None:
    client = prepared(own_settings)
    load = start_load(own_settings, big_file)
    wait_for_rows(client, load, CHUNK_ROWS)
    state = engine_state(own_settings.engine_dir)
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    _, errors = load.communicate(timeout=DEADLINE_SECONDS)
    assert load.returncode == 1
    assert "error: " in errors
    assert "Traceback" not in errors

    client = connect(own_settings, database=own_settings.clickhouse_database)
    for name in ("landing_observations", "fct_observations"):
        assert client.command(f"SELECT count() FROM {name}") < ROWS
    [(first_moment,)] = client.query("SELECT DISTINCT received_at FROM ops_batches").result_rows
    result = load_file(client, FEED, big_file)
    assert (result.was_known, result.counts.landed) == (False, ROWS)
    assert client.query(PLACES).result_rows == COMPLETE
    assert client.query("SELECT DISTINCT received_at FROM landing_observations").result_rows == [(first_moment,)]
    assert load_file(client, FEED, big_file).was_known


def test_after_kill_9_of_the_loading_process_a_retry_completes_while_its_last_insert_may_still_run(
    migrated: Settings, big_file: Path
) -> None:
    client = prepared(migrated)
    load = start_load(migrated, big_file)
    wait_for_rows(client, load, CHUNK_ROWS)
    load.kill()
    load.communicate()

    done = start_load(migrated, big_file)
    printed, errors = done.communicate(timeout=DEADLINE_SECONDS)
    assert done.returncode == 1, errors  # a tenth of the rows is more than the feed lets pass
    assert f"RED: {ROWS // 10:,} rejected rows" in printed
    assert f"loaded: {ROWS:,} rows landed" in printed
    assert client.query(PLACES).result_rows == COMPLETE
    states = client.query("SELECT toString(state) FROM ops_batches ORDER BY recorded_at").result_rows
    assert states == [("started",), ("started",), ("landed",), ("committed",)]


def test_a_failure_is_told_as_it_was_when_the_engine_is_gone_and_it_cannot_be_recorded(
    own_settings: Settings, tmp_path: Path
) -> None:
    client = prepared(own_settings)
    path = tmp_path / "a.csv"
    path.write_text(",".join(FEED.columns) + "\n" + ",".join(GOOD_ROW) + "\n", encoding="utf-8")

    def fail_after_the_engine(phase: str, _rows: int) -> None:
        if phase != LANDING:
            return
        state = engine_state(own_settings.engine_dir)
        assert state is not None
        os.kill(state.pid, signal.SIGKILL)
        raise NotImplementedError("the first failure")

    with pytest.raises(NotImplementedError, match="the first failure"):
        load_file(client, FEED, path, Circumstances(progress=fail_after_the_engine))
    with pytest.raises(ClickHouseError):
        client.command("SELECT 1")

    client = connect(own_settings, database=own_settings.clickhouse_database)
    result = load_file(client, FEED, path)
    assert (result.was_known, result.counts.landed, result.counts.accepted) == (False, 1, 1)
