"""Thirty-two clients at once for ten seconds: nothing fails, nothing is lost or doubled, everything is given back."""

import http.client
import json
import time
from contextlib import closing

import psutil
import pytest
from house import free_port

from benchmarks.embedded.mix import HttpDoor, lost_or_doubled, prepare, run_mix
from orchestrator.embedded import start_engine, stop_engine

CLIENTS = 32
SECONDS = 10
# The other half of the clients does without.
SESSIONS = [f"session {number}" for number in range(CLIENTS // 2)]
MOST_MORE_MEGABYTES = 400


@pytest.fixture
def engine(tmp_path):
    yield start_engine(tmp_path / "engine", free_port()).state
    stop_engine(tmp_path / "engine")


def wait_until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_many_clients_at_once_neither_fail_nor_lose_rows_nor_leave_anything_behind(engine):
    process = psutil.Process(engine.pid)
    door = new_door(engine.port)
    prepare(door)
    before = process.memory_info().rss
    connections = len(process.net_connections())

    names = iter(SESSIONS)
    outcome = run_mix(lambda: new_door(engine.port, next(names, None)), CLIENTS, SECONDS)

    assert outcome.errors == []
    assert outcome.inserted
    assert lost_or_doubled(door, outcome) == []
    assert door.ask("SELECT count() FROM system.processes") == b"1\n"
    for session in SESSIONS:
        with closing(new_door(engine.port, session)) as again:
            assert again.ask("SELECT 1") == b"1\n"
    wait_until(lambda: (process.memory_info().rss - before) >> 20 <= MOST_MORE_MEGABYTES)
    assert (process.memory_info().rss - before) >> 20 <= MOST_MORE_MEGABYTES
    wait_until(lambda: len(process.net_connections()) <= connections)
    assert len(process.net_connections()) <= connections
    assert list((engine.log.parent / "tmp").iterdir()) == []
    assert (engine.log.parent / "engine.stderr").read_text() == ""
    lines = [json.loads(line) for line in engine.log.read_text().splitlines()]
    assert [line for line in lines if line["level"] != "info"] == []


def new_door(port: int, session: str | None = None) -> HttpDoor:
    return HttpDoor(http.client.HTTPConnection("127.0.0.1", port, timeout=60), session)
