"""Ten thousand malformed requests: each is answered or its connection closed, and the engine is as it was before."""

import json
import select
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h11
import psutil
import pytest
from house import free_port
from malformed import FORMATS, KINDS, ODD, Case, Malformed

from orchestrator.embedded import EngineState, engine_state, start_engine, stop_engine

SEED = 20_260_117
WARM_UP = 1_000
REQUESTS = 10_000
WORKERS = 4
HANG_SECONDS = 10
STATUSES = {200, 204, 400, 403, 404, 405, 411, 413, 415, 500, 501}
PYTHON = (b"Traceback (most", b"codec can't")
SPEAKS_PYTHON = "speaks Python"
DOCUMENT = "SELECT toInt8(number) AS a, toString(number) AS b FROM numbers(50) FORMAT"


@dataclass(frozen=True)
class Use:
    """What the engine's process holds; it keeps files of /proc open for each of its threads, which do not count."""

    descriptors: int
    threads: int
    megabytes: int

    @classmethod
    def of(cls, pid: int) -> "Use":
        process = psutil.Process(pid)
        return cls(len(descriptors(pid)), process.num_threads(), process.memory_info().rss >> 20)

    def is_about(self, before: "Use") -> bool:
        """Descriptors as before, and threads as ClickHouse's pools breathe; one leaked in 200 requests would show."""
        is_leaking = self.descriptors - before.descriptors > 10 or self.threads - before.threads > REQUESTS / 200
        return not is_leaking and self.megabytes - before.megabytes <= 300


@dataclass(frozen=True)
class Aftermath:
    """An engine that has been through it, and what was wrong with its answers."""

    folder: Path
    state: EngineState
    before: Use
    faults: list[str]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    state = start_engine(folder, free_port()).state
    make = Malformed(SEED)
    ask(state.port, make.request(b"CREATE TABLE odd (a Int8, b String) ENGINE = Null"))
    documents = {name: ask(state.port, make.request(f"{DOCUMENT} {name}".encode())) for name in FORMATS}
    probe(state.port, SEED - WORKERS, WARM_UP, documents)
    before = Use.of(state.pid)
    yield Aftermath(folder, state, before, probe(state.port, SEED, REQUESTS, documents))
    stop_engine(folder)


def descriptors(pid: int) -> list[str]:
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return [link for link in links if not link.startswith("/proc/")]


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def test_every_malformed_request_is_answered_or_its_connection_closed(aftermath):
    faults = [fault for fault in aftermath.faults if SPEAKS_PYTHON not in fault]
    assert not faults, "\n".join([f"{len(faults)} faults", *faults[:20]])


def test_no_answer_speaks_of_python(aftermath):
    faults = [fault for fault in aftermath.faults if SPEAKS_PYTHON in fault]
    assert not faults, "\n".join([f"{len(faults)} faults", *sorted(faults, key=len)[:3]])


def test_the_engine_is_the_same_process_and_answers(aftermath):
    assert engine_state(aftermath.folder) == aftermath.state
    assert ask(aftermath.state.port, Malformed(SEED).request(b"SELECT 1")) == b"1\n"


def test_descriptors_threads_and_memory_are_about_what_they_were(aftermath):
    wait_until(lambda: Use.of(aftermath.state.pid).is_about(aftermath.before))
    now = Use.of(aftermath.state.pid)
    assert now.is_about(aftermath.before), (aftermath.before, now)


def test_no_file_stays_in_the_folder_for_temporary_files(aftermath):
    assert list((aftermath.folder / "tmp").iterdir()) == []


def test_no_query_runs_on_and_no_session_stays_busy(aftermath):
    make = Malformed(SEED)
    processes = make.request(b"SELECT count() FROM system.processes")
    wait_until(lambda: ask(aftermath.state.port, processes) == b"1\n")
    assert ask(aftermath.state.port, processes) == b"1\n"
    for name in ODD:
        assert ask(aftermath.state.port, make.request(b"SELECT 1", [("session_id", name)])) == b"1\n"


def test_nothing_unexpected_is_logged(aftermath):
    lines = [json.loads(line) for line in aftermath.state.log.read_text().splitlines()]
    assert len(lines) > REQUESTS / 3
    assert [line for line in lines if line["event"] == "request failed" or line["level"] != "info"] == []


def test_nothing_is_said_outside_the_log(aftermath):
    assert (aftermath.folder / "engine.stderr").read_text() == ""


class Prober:
    """Sends cases over one connection while that lives, and keeps what is wrong with the answers."""

    def __init__(self, port: int, seed: int, documents: dict[str, bytes]) -> None:
        self._port = port
        self._malformed = Malformed(seed)
        self._malformed.documents = documents
        self._sock: socket.socket | None = None

    def run(self, cases: int) -> list[str]:
        faults = [self._probe(KINDS[number % len(KINDS)]) for number in range(cases)]
        self._close()
        return [fault for fault in faults if fault]

    def _probe(self, kind) -> str:
        case = kind(self._malformed)
        try:
            fault = self._fault(case)
        except TimeoutError:
            fault = f"no answer within {HANG_SECONDS} seconds"
        except (OSError, h11.ProtocolError) as error:
            fault = repr(error) if case.is_http else ""
        if fault or not case.is_http:
            self._close()
        return fault and f"{kind.__name__}: {fault}; {len(case.wire)} bytes sent: {case.wire[:300]!r}"

    def _fault(self, case: Case) -> str:
        if self._sock is None:
            self._sock = socket.create_connection(("127.0.0.1", self._port), timeout=HANG_SECONDS)
        self._sock.sendall(case.wire)
        if not case.is_http and not select.select([self._sock], [], [], 0.01)[0]:
            self._sock.shutdown(socket.SHUT_WR)
        status, headers, body, is_alive = answer_on(self._sock, case.method)
        if status not in STATUSES:
            return f"answered {status}: {body!r}"
        if any(text in body for text in PYTHON):
            return f"{SPEAKS_PYTHON}: {body[:200]!r}"
        if case.is_http and not is_alive:
            return f"connection closed after {status}: {body[:200]!r}"
        is_readable = body.startswith(b"Code: ") or case.method == "HEAD" or b"compress=" in case.wire
        is_told = b"x-clickhouse-exception-code" in headers and is_readable
        return "" if not case.is_http or status == 200 or is_told else f"no exception in {status}: {headers} {body!r}"

    def _close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def answer_on(sock: socket.socket, method: str = "POST") -> tuple[int, dict[bytes, bytes], bytes, bool]:
    """Status, headers and body as h11 reads them, and whether the connection may go on. Raises h11.ProtocolError."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    response, body = h11.Response(status_code=500, headers=[]), b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            connection.receive_data(sock.recv(65536))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.ConnectionClosed):
            raise h11.RemoteProtocolError("closed without an answer")
    is_alive = connection.their_state is h11.DONE and not connection.trailing_data[0]
    return response.status_code, dict(response.headers), body, is_alive


def ask(port: int, case: Case) -> bytes:
    """The body of the answer on a new connection, which must be a success."""
    with socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS) as sock:
        sock.sendall(case.wire)
        status, _, body, _ = answer_on(sock)
    assert status == 200, body
    return body


def probe(port: int, seed: int, cases: int, documents: dict[str, bytes]) -> list[str]:
    """What is wrong with the answers to this many malformed requests, over several connections at once."""
    probers = [Prober(port, seed + number, documents) for number in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        return [fault for faults in pool.map(Prober.run, probers, [cases // WORKERS] * WORKERS) for fault in faults]
