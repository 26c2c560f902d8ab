"""Starting, finding, stopping and losing the engine process."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from orchestrator.constants import DEFAULT_HTTP_PORT, PROJECT_ROOT
from orchestrator.embedded import engine_state, start_engine, stop_engine
from orchestrator.exceptions import (
    EngineError,
    EnginePathError,
    EnginePathInUseError,
    EnginePortInUseError,
    EngineStartError,
)


@pytest.fixture
def engine_dir(tmp_path):
    folder = tmp_path / "engine"
    yield folder
    stop_engine(folder)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An engine for the tests that leave it alone."""
    folder = tmp_path_factory.mktemp("running")
    yield start_engine(folder, free_port()).state
    stop_engine(folder)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def ask(port: int, sql: str, *, timeout: float = 60, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("POST", "/", sql.encode(), headers or {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def wait_until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("the condition did not come true in time")


def is_running(port: int, beginning: str) -> bool:
    sql = f"SELECT count() FROM system.processes WHERE startsWith(query, '{beginning}')"
    return ask(port, sql)[1] == b"1\n"


def test_importing_the_package_loads_neither_engine_nor_server():
    heavy = {"chdb", "starlette", "uvicorn", "dagster", "dbt", "pandas"}
    code = f"import sys, orchestrator.embedded; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert done.stdout.strip() == "set()"


def test_a_start_gives_an_engine_that_can_be_found_and_stopped(engine_dir):
    port = free_port()
    started = start_engine(engine_dir, port)
    assert (started.was_running, started.note, started.state.port) == (False, None, port)
    assert started.state.path == engine_dir / "data"
    assert started.state.log == engine_dir / "engine.log"
    assert engine_state(engine_dir) == started.state
    assert ask(port, "SELECT version()")[1].decode().strip() == started.state.version
    assert stop_engine(engine_dir) == started.state
    assert engine_state(engine_dir) is None
    assert not (engine_dir / "engine.json").exists()
    assert stop_engine(engine_dir) is None


def test_a_second_start_finds_the_first(running):
    second = start_engine(running.log.parent, running.port)
    assert (second.was_running, second.state, second.note) == (True, running, None)


def test_a_second_start_for_another_port_finds_the_first_and_says_so(running):
    second = start_engine(running.log.parent, free_port())
    assert second.state == running
    assert str(running.port) in second.note


def test_starts_at_the_same_time_end_with_one_engine_for_all(engine_dir):
    port = free_port()
    with ThreadPoolExecutor(4) as pool:
        started = [future.result() for future in [pool.submit(start_engine, engine_dir, port) for _ in range(4)]]
    assert len({one.state for one in started}) == 1
    assert [one.was_running for one in started].count(False) == 1


def test_a_busy_port_that_was_asked_for_is_an_error_that_names_it_and_its_owner(engine_dir):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            EnginePortInUseError, match=rf"Port {port} is in use by .*pid {os.getpid()}.*--port N.*CLICKHOUSE_PORT"
        ):
            start_engine(engine_dir, port)
    assert engine_state(engine_dir) is None
    assert start_engine(engine_dir, port).state.port == port


def test_a_busy_default_port_gives_the_next_free_one_and_says_so(engine_dir):
    try:
        other = socket.create_server(("127.0.0.1", DEFAULT_HTTP_PORT))
    except OSError:
        other = None
    started = start_engine(engine_dir, None)
    assert started.state.port > DEFAULT_HTTP_PORT
    assert str(DEFAULT_HTTP_PORT) in started.note
    assert str(started.state.port) in started.note
    if other is not None:
        other.close()


def test_a_folder_below_a_file_cannot_be_an_engine_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(EnginePathError, match=r"cannot write to .*file/engine.*TOUCHSTONE_HOME"):
        start_engine(file / "engine", free_port())


def test_a_data_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path, engine_dir):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(EnginePathError, match="file/data"):
        start_engine(engine_dir, free_port(), data_path=file / "data")


def test_a_data_folder_of_another_engine_is_an_error_that_names_its_process(running, tmp_path):
    with pytest.raises(EnginePathInUseError, match=rf"belongs to process {running.pid}"):
        start_engine(tmp_path / "other", free_port(), data_path=running.path)
    assert ask(running.port, "SELECT 1")[1] == b"1\n"


def test_a_stale_state_file_does_not_hinder(engine_dir):
    engine_dir.mkdir()
    for text in ("", "not json", '{"pid": 1}'):
        (engine_dir / "engine.json").write_text(text)
        assert engine_state(engine_dir) is None
    (engine_dir / "engine.json").write_text("not json")
    assert not start_engine(engine_dir, free_port()).was_running


def test_a_state_file_with_the_pid_of_a_living_stranger_is_stale(engine_dir):
    engine_dir.mkdir()
    values = {"pid": os.getpid(), "port": 1, "path": "/x", "log": "/y", "version": "1"}
    values["started_at"] = "2026-01-01T00:00:00+00:00"
    (engine_dir / "engine.json").write_text(json.dumps(values))
    (engine_dir / "engine.lock").write_text(f"{os.getpid()}\n")
    assert engine_state(engine_dir) is None
    assert not (engine_dir / "engine.json").exists()
    assert stop_engine(engine_dir) is None


def test_a_crash_during_an_insert_keeps_every_acknowledged_row(engine_dir):
    port = free_port()
    state = start_engine(engine_dir, port).state
    assert ask(port, "CREATE TABLE t (batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY (batch, n)")[0] == 200
    acknowledged: list[int] = []

    def insert() -> None:
        rows = 5_000
        for batch in range(10_000):
            data = "".join(f"{batch}\t{n}\n" for n in range(rows))
            try:
                status, _ = ask(port, f"INSERT INTO t FORMAT TSV\n{data}")
            except (OSError, http.client.HTTPException):
                return
            if status == 200:
                acknowledged.append(batch)

    writer = threading.Thread(target=insert)
    writer.start()
    wait_until(lambda: len(acknowledged) >= 10)
    os.kill(state.pid, signal.SIGKILL)
    writer.join()
    wait_until(lambda: engine_state(engine_dir) is None)

    again = start_engine(engine_dir, port)
    assert not again.was_running
    sql = "SELECT batch FROM t GROUP BY batch HAVING count() = 5000 ORDER BY batch"
    complete = {int(line) for line in ask(port, sql)[1].split()}
    assert complete >= set(acknowledged)


def test_a_stop_lets_a_running_query_finish_and_takes_no_new_ones(engine_dir):
    port = free_port()
    state = start_engine(engine_dir, port).state
    answers: list[tuple[int, bytes]] = []
    sql = "SELECT sum(sleepEachRow(0.1)) + 42 FROM numbers(20)"
    running = threading.Thread(target=lambda: answers.append(ask(port, sql)))
    running.start()
    wait_until(lambda: is_running(port, "SELECT sum(sleepEachRow(0.1)) + 42"))
    os.kill(state.pid, signal.SIGTERM)
    wait_until(lambda: _refuses(port))
    assert not answers
    running.join()
    assert answers == [(200, b"42\n")]
    assert stop_engine(engine_dir) in (state, None)
    assert not (engine_dir / "engine.json").exists()


def test_a_stop_cancels_a_query_that_outlasts_the_drain(tmp_path):
    port = free_port()
    process = _serve_by_hand(tmp_path / "engine", port, "--drain-seconds", "1")
    answers: list[tuple[int, bytes]] = []
    sql = "SELECT count() FROM numbers(1000000000000)"
    running = threading.Thread(target=lambda: answers.append(ask(port, sql)))
    running.start()
    wait_until(lambda: is_running(port, "SELECT count() FROM numbers(1000000000000)"))
    process.send_signal(signal.SIGTERM)
    running.join()
    assert answers[0][0] == 500
    assert b"QUERY_WAS_CANCELLED" in answers[0][1]
    assert process.wait(timeout=30) == 0


def test_a_server_by_hand_ends_with_status_0_on_either_signal(tmp_path):
    for number in (signal.SIGTERM, signal.SIGINT):
        port = free_port()
        process = _serve_by_hand(tmp_path / "engine", port)
        assert ask(port, "SELECT 1", headers={"Connection": "keep-alive"})[1] == b"1\n"
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert not (tmp_path / "engine" / "engine.json").exists()


def test_an_engine_that_does_not_end_in_time_is_reported_and_not_killed(engine_dir):
    port = free_port()
    state = start_engine(engine_dir, port).state
    running = threading.Thread(target=lambda: ask(port, "SELECT sum(sleepEachRow(0.1)) FROM numbers(15)"))
    running.start()
    wait_until(lambda: is_running(port, "SELECT sum(sleepEachRow"))
    with pytest.raises(EngineError, match=rf"process {state.pid}, did not end.*engine\.log"):
        stop_engine(engine_dir, wait_seconds=0.3)
    running.join()


def test_the_password_is_asked_for_and_is_in_no_process_list(engine_dir):
    state = start_engine(engine_dir, free_port(), user="ann", password="s3cret-word").state
    assert ask(state.port, "SELECT 1")[0] == 403
    login = {"X-ClickHouse-User": "ann", "X-ClickHouse-Key": "s3cret-word"}
    assert ask(state.port, "SELECT 1", headers=login)[1] == b"1\n"
    assert b"s3cret" not in Path(f"/proc/{state.pid}/cmdline").read_bytes()
    assert b"s3cret" not in Path(f"/proc/{state.pid}/environ").read_bytes()
    assert "s3cret" not in state.log.read_text()


def test_an_engine_that_cannot_open_its_data_says_so_and_names_the_file_that_says_why(engine_dir):
    (engine_dir / "data" / "metadata").mkdir(parents=True)
    (engine_dir / "data" / "metadata" / "broken.sql").write_text("this is no SQL")
    with pytest.raises(EngineStartError, match=r"cannot open .*engine/data.*engine\.stderr"):
        start_engine(engine_dir, free_port())
    assert "broken" in (engine_dir / "engine.stderr").read_text()


def test_a_start_that_is_given_up_leaves_no_engine_behind(engine_dir):
    port = free_port()
    with pytest.raises(EngineStartError, match=r"did not come up in time.*engine\.log"):
        start_engine(engine_dir, port, wait_seconds=0)
    wait_until(lambda: not any(str(engine_dir) in " ".join(_arguments(pid)) for pid in psutil.pids()))
    assert engine_state(engine_dir) is None
    assert not start_engine(engine_dir, port).was_running


def test_data_outlives_a_stop_and_a_data_folder_elsewhere_is_used(engine_dir, tmp_path):
    port = free_port()
    state = start_engine(engine_dir, port, data_path=tmp_path / "tables").state
    assert state.path == tmp_path / "tables"
    assert any((tmp_path / "tables").iterdir())
    ask(port, "CREATE DATABASE d")
    ask(port, "CREATE TABLE d.t (a Int8) ENGINE = MergeTree ORDER BY a")
    ask(port, "INSERT INTO d.t VALUES (1), (2)")
    stop_engine(engine_dir)
    start_engine(engine_dir, port, data_path=tmp_path / "tables")
    assert ask(port, "SELECT count() FROM d.t")[1] == b"2\n"


def _serve_by_hand(engine_dir: Path, port: int, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "orchestrator.embedded.server", "--home", str(engine_dir), "--port", str(port)]
    process = subprocess.Popen([*command, "--foreground", *arguments], cwd=PROJECT_ROOT, stderr=subprocess.DEVNULL)
    wait_until(lambda: engine_state(engine_dir) is not None)
    return process


def _arguments(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False
