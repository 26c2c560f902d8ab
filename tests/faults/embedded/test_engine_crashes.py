"""kill -9 in the middle of inserts, again and again on one folder: what was acknowledged is there, once."""

import gzip
import http.client
import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

import lz4.frame
import pytest
import zstandard
from house import free_port

from orchestrator.embedded import EngineState, engine_state, start_engine, stop_engine

SEED = 20_260_117
KILLS = 20
WRITERS = 4
ROWS = 2_000
REFUSED_EVERY = 10
ENCODERS = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstandard.compress}
TABLES = (
    "CREATE TABLE base (batch UInt32, n UInt32, text String, CONSTRAINT is_small CHECK n < 1000000) "
    "ENGINE = MergeTree ORDER BY (batch, n)",
    "CREATE TABLE target (batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY (batch, n)",
    "CREATE MATERIALIZED VIEW base_to_target TO target AS SELECT batch, n FROM base",
)
INSERT = "INSERT INTO base FORMAT TSV"


@pytest.fixture
def engine_dir(tmp_path):
    folder = tmp_path / "engine"
    yield folder
    stop_engine(folder)


def ask(port: int, sql: str, *, timeout: float = 60) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("POST", "/", sql.encode())
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("the condition did not come true in time")


def kill_and_start(engine_dir, state: EngineState) -> EngineState:
    os.kill(state.pid, signal.SIGKILL)
    wait_until(lambda: engine_state(engine_dir) is None)
    started = start_engine(engine_dir, state.port)
    assert not started.was_running
    assert ask(state.port, "SELECT count() >= 0 FROM system.query_log") == (200, b"1\n")
    return started.state


@dataclass
class Record:
    """What the writers know of their batches, by the engine's answers."""

    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    surprises: list[bytes] = field(default_factory=list)


class Writer(threading.Thread):
    """Inserts batches with ids of its own, each once, in ever other ways, whether the engine lives or not."""

    def __init__(self, port: int, number: int, record: Record) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self._port = port
        self._number = number
        self._record = record
        self._random = random.Random(SEED + number)
        self.is_over = threading.Event()

    def run(self) -> None:
        batch = self._number
        while not self.is_over.is_set():
            batch += WRITERS
            self._record.sent.add(batch)
            try:
                status, body = self._insert(batch)
            except (OSError, http.client.HTTPException):
                self.is_over.wait(0.05)
                continue
            if status == 200:
                self._record.acknowledged.add(batch)
            elif b"VIOLATED_CONSTRAINT" in body:
                self._record.refused.add(batch)
            else:
                self._record.surprises.append(body)

    def _insert(self, batch: int) -> tuple[int, bytes]:
        numbers = [*range(ROWS - 1), 1_000_000 if batch % REFUSED_EVERY == 0 else ROWS - 1]
        data = "".join(f"{batch}\t{n}\ttext of row {n}\n" for n in numbers).encode()
        url: dict[str, str] = {}
        headers: dict[str, str] = {}
        if self._random.random() < 0.5:
            url["session_id"] = self.name
        if self._random.random() < 0.5:
            url["query"] = INSERT
        else:
            data = INSERT.encode() + b"\n" + data
        if self._random.random() < 0.5:
            headers["Content-Encoding"] = self._random.choice(list(ENCODERS))
            data = ENCODERS[headers["Content-Encoding"]](data)
        is_chunked = self._random.random() < 0.5
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        body = pieces(data) if is_chunked else data
        connection.request("POST", f"/?{urlencode(url)}", body, headers, encode_chunked=is_chunked)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, answer


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 10_000):
        yield data[start : start + 10_000]


def counts(port: int, table: str) -> dict[int, tuple[int, int]]:
    """Rows and different rows of each batch."""
    sql = f"SELECT batch, count(), uniqExact(n) FROM {table} GROUP BY batch"
    status, body = ask(port, sql)
    assert status == 200, body
    lines = [[int(value) for value in line.split()] for line in body.splitlines()]
    return {batch: (rows, distinct) for batch, rows, distinct in lines}


def test_twenty_crashes_lose_and_double_no_acknowledged_row(engine_dir):
    state = start_engine(engine_dir, free_port()).state
    for sql in TABLES:
        assert ask(state.port, sql)[0] == 200
    moments = random.Random(SEED)
    record = Record()
    writers = [Writer(state.port, number, record) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        enough = len(record.acknowledged) + moments.randint(3, 12)
        wait_until(lambda enough=enough: len(record.acknowledged) >= enough)
        time.sleep(moments.uniform(0, 0.02))
        state = kill_and_start(engine_dir, state)
    for writer in writers:
        writer.is_over.set()
        writer.join()

    base, target = counts(state.port, "base"), counts(state.port, "target")
    whole = (ROWS, ROWS)
    unknown = record.sent - record.acknowledged - record.refused
    assert record.surprises == []
    assert len(record.acknowledged) >= KILLS * 5
    assert record.refused
    assert unknown, "no kill hit an insert"
    assert {batch: base.get(batch) for batch in record.acknowledged} == dict.fromkeys(record.acknowledged, whole)
    assert {batch: target.get(batch) for batch in record.acknowledged} == dict.fromkeys(record.acknowledged, whole)
    assert record.refused.isdisjoint(base.keys() | target.keys())
    assert {base[batch] for batch in unknown & base.keys()} <= {whole}
    assert {target[batch] for batch in unknown & target.keys()} <= {whole}
    assert base.keys() | target.keys() <= record.sent
    assert ask(state.port, "SELECT count() FROM base WHERE n >= 1000000") == (200, b"0\n")


def test_crashes_while_the_query_log_is_written_and_saved_do_not_hinder_the_next_start(engine_dir):
    state = start_engine(engine_dir, free_port()).state
    is_over = threading.Event()
    saved: list[str] = []

    def record(port: int) -> None:
        for number in itertools.count():
            if is_over.is_set():
                return
            with suppress(OSError, http.client.HTTPException):
                ask(port, "SYSTEM FLUSH LOGS")
                if ask(port, f"BACKUP TABLE default.ops_query_log TO File('{number}')")[0] == 200:
                    saved.append(str(number))

    recorder = threading.Thread(target=record, args=(state.port,), daemon=True)
    recorder.start()
    for _ in range(4):
        enough = len(saved) + 2
        wait_until(lambda enough=enough: len(saved) >= enough)
        state = kill_and_start(engine_dir, state)
    is_over.set()
    recorder.join()
    assert ask(state.port, "SELECT count() > 0 FROM system.query_log") == (200, b"1\n")
