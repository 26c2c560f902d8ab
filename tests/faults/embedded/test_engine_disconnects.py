"""Clients that go away, read slowly or write slowly: their statement ends, nobody else is held up, memory stays flat."""

import contextlib
import http.client
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from house import free_port

from orchestrator.embedded import EngineState, start_engine, stop_engine

ROWS = "SELECT number, toString(number) AS text, number * 3 AS more FROM numbers(1000000000000) FORMAT "
STREAMED = ("TSV", "Native", "JSONEachRow", "RowBinary")
DOCUMENTS = ("JSON", "Parquet", "ArrowStream", "CSVWithNames")
ENDLESS = {name: f"{ROWS}{name}" for name in (*STREAMED, *DOCUMENTS)}
# The engine makes up whole row groups, several at once: how large they are is the client's choice.
ENDLESS["Parquet"] += " SETTINGS output_format_parquet_row_group_size = 100000"
SILENT = {
    "a sleeping query": "SELECT sleepEachRow(0.2) FROM numbers(1500) SETTINGS max_block_size = 1",
    "a sleeping query for a document": "SELECT sleepEachRow(0.2) FROM numbers(1500) SETTINGS max_block_size = 1 FORMAT JSON",
    "a heavy aggregation": "SELECT uniqExact(number % 1000) FROM numbers(1000000000000)",
    "a heavy sort for a document": "SELECT number FROM numbers(1000000000000) ORDER BY -number LIMIT 3 FORMAT Parquet",
    "a heavy query without rows": "SELECT number FROM numbers(1000000000000) WHERE cityHash64(number) = 42",
}
GOES = {"closes": None, "resets": struct.pack("ii", 1, 0)}
INSERTS = {"chunked": "Transfer-Encoding: chunked", "with its length": "Content-Length: 100000000"}
MOST_MORE_MEGABYTES = 300


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[EngineState]:
    folder = tmp_path_factory.mktemp("engine")
    state = start_engine(folder, free_port()).state
    ask(state, "CREATE TABLE taken (n UInt64, text String) ENGINE = MergeTree ORDER BY n")
    yield state
    stop_engine(folder)


@pytest.fixture(autouse=True)
def empty_handed(engine: EngineState) -> Iterator[None]:
    """After every test the engine runs nothing, and has no pipe or file left."""
    yield
    wait_until(lambda: processes(engine) == 0)
    wait_until(lambda: not list(spool(engine).iterdir()))
    assert (spool(engine).parent / "engine.stderr").read_text() == ""


def spool(engine: EngineState) -> Path:
    return engine.log.parent / "tmp"


def ask(engine: EngineState, sql: str, **url: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=10)
    connection.request("POST", f"/?{urlencode(url)}", sql.encode())
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200, body
    return body


def processes(engine: EngineState, query_id: str | None = None) -> int:
    """How many statements run besides this one, under one client's id or at all."""
    ours = f"Settings['log_comment'] = '{query_id}'" if query_id else "query NOT LIKE '%system.processes%'"
    return int(ask(engine, f"SELECT count() FROM system.processes WHERE {ours}"))


def wait_until(condition, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def sent(engine: EngineState, body: bytes, *headers: str, **url: str) -> socket.socket:
    """A connection over which a request has been sent, by headers that tell its framing."""
    sock = socket.create_connection(("127.0.0.1", engine.port), timeout=10)
    # Small, so that a slow reader is felt by the engine soon.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    head = [f"POST /?{urlencode(url)} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    sock.sendall("\r\n".join(head).encode() + body)
    return sock


def asked(engine: EngineState, sql: str, **url: str) -> socket.socket:
    return sent(engine, sql.encode(), f"Content-Length: {len(sql.encode())}", **url)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def rows(count: int) -> bytes:
    return b"".join(b"%d\ttext\n" % number for number in range(count))


def leave(sock: socket.socket, how: str) -> None:
    if GOES[how] is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, GOES[how])
    sock.close()


def megabytes(engine: EngineState) -> int:
    return psutil.Process(engine.pid).memory_info().rss >> 20


@pytest.mark.parametrize("how", GOES)
@pytest.mark.parametrize("output_format", ENDLESS)
def test_a_client_that_goes_in_mid_result_stops_its_query(engine, output_format, how):
    sock = asked(engine, ENDLESS[output_format], query_id="left")
    assert sock.recv(1024).startswith(b"HTTP/1.1 200")
    assert processes(engine, "left") == 1
    leave(sock, how)
    wait_until(lambda: processes(engine, "left") == 0)


@pytest.mark.parametrize("how", GOES)
@pytest.mark.parametrize("query", SILENT)
def test_a_client_that_goes_before_the_first_byte_stops_its_query(engine, query, how):
    sock = asked(engine, SILENT[query], query_id="left")
    wait_until(lambda: processes(engine, "left") == 1)
    leave(sock, how)
    wait_until(lambda: processes(engine, "left") == 0)


@pytest.mark.parametrize("held_back", [{"wait_end_of_query": "1"}, {"buffer_size": str(1 << 40)}])
@pytest.mark.parametrize("output_format", ["TSV", "JSON"])
def test_a_client_that_goes_while_its_result_is_held_back_stops_its_query(engine, output_format, held_back):
    sock = asked(engine, ENDLESS[output_format], query_id="left", **held_back)
    wait_until(lambda: processes(engine, "left") == 1)
    leave(sock, "closes")
    wait_until(lambda: processes(engine, "left") == 0)


def test_a_client_that_goes_does_not_stop_what_it_writes(engine):
    sql = "INSERT INTO taken SELECT number, if(sleepEachRow(0.05) = 0, 'kept', '') FROM numbers(20)"
    sock = asked(engine, f"{sql} SETTINGS max_block_size = 1", query_id="left")
    wait_until(lambda: processes(engine, "left") == 1)
    leave(sock, "closes")
    wait_until(lambda: processes(engine, "left") == 0)
    assert ask(engine, "SELECT count() FROM taken WHERE text = 'kept'") == b"20\n"


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4", "br"])
def test_a_client_that_goes_in_mid_result_stops_its_query_when_it_is_compressed(engine, encoding):
    sql = ENDLESS["TSV"].encode()
    sock = sent(engine, sql, f"Accept-Encoding: {encoding}", f"Content-Length: {len(sql)}", query_id="left")
    assert sock.recv(1024).startswith(b"HTTP/1.1 200")
    leave(sock, "closes")
    wait_until(lambda: processes(engine, "left") == 0)


def test_a_client_that_goes_frees_its_session_for_the_next_one(engine):
    for sql in ENDLESS.values():
        sock = asked(engine, sql, session_id="shared")
        assert sock.recv(1024).startswith(b"HTTP/1.1 200")
        leave(sock, "closes")
        wait_until(lambda: is_free(engine, "shared"))


@pytest.mark.parametrize("how", GOES)
@pytest.mark.parametrize("framing", INSERTS)
@pytest.mark.parametrize("in_url", [True, False])
def test_an_insert_that_is_cut_off_ends_and_frees_its_session(engine, framing, how, in_url):
    insert = "INSERT INTO taken FORMAT TSV"
    url = {"session_id": "shared", "query_id": "left"} | ({"query": insert} if in_url else {})
    # More than the engine reads before it begins: the statement is told from the data by then.
    data = rows(400_000) if in_url else insert.encode() + b"\n" + rows(400_000)
    sock = sent(engine, chunk(data) if framing == "chunked" else data, INSERTS[framing], **url)
    wait_until(lambda: processes(engine, "left") == 1)
    sock.sendall(b"fff\r\n1\tthe next ch" if framing == "chunked" else b"1\tthe next r")
    leave(sock, how)
    wait_until(lambda: processes(engine, "left") == 0)
    wait_until(lambda: is_free(engine, "shared"))
    assert b"next" not in ask(engine, "SELECT groupUniqArray(text) FROM taken")


@pytest.mark.parametrize("how", GOES)
@pytest.mark.parametrize(
    "body", [b"", b"fff\r\nINSERT INTO", b"3\r\nINS\r\n", chunk(b"INSERT INTO taken FORMAT TSV\n1\tte")]
)
def test_an_insert_that_is_cut_off_at_its_beginning_frees_its_session(engine, body, how):
    before = ask(engine, "SELECT count() FROM taken")
    sock = sent(engine, body, "Transfer-Encoding: chunked", session_id="shared")
    wait_until(lambda: not is_free(engine, "shared"))
    leave(sock, how)
    wait_until(lambda: is_free(engine, "shared"))
    assert ask(engine, "SELECT count() FROM taken") == before


@pytest.mark.parametrize("output_format", ENDLESS)
def test_a_slow_reader_of_an_endless_result_does_not_make_memory_grow(engine, output_format):
    before = megabytes(engine)
    sock = asked(engine, ENDLESS[output_format], query_id="slow")
    most = 0
    for _ in range(12):
        assert sock.recv(1024)
        time.sleep(0.06)
        most = max(most, megabytes(engine))
    assert processes(engine, "slow") == 1
    leave(sock, "closes")
    assert most - before <= MOST_MORE_MEGABYTES


def test_slow_readers_and_slow_writers_do_not_hold_up_others(engine):
    with contextlib.ExitStack() as stack:
        for number in range(20):
            reader = stack.enter_context(asked(engine, ENDLESS["TSV"], query_id=f"reader {number}"))
            assert reader.recv(64).startswith(b"HTTP/1.1 200")
        writers = []
        for number in range(20):
            url = {"query": "INSERT INTO taken FORMAT TSV", "query_id": f"writer {number}"}
            writers.append(stack.enter_context(sent(engine, chunk(rows(200_000)), INSERTS["chunked"], **url)))
        for number in range(20):
            wait_until(lambda number=number: processes(engine, f"writer {number}") == 1)
        for number in range(200):
            assert ask(engine, f"SELECT {number}") == b"%d\n" % number
        ask(engine, "INSERT INTO taken VALUES (1, 'another')")
        before = int(ask(engine, "SELECT count() FROM taken"))
        for writer in writers:
            writer.sendall(chunk(rows(1000)) + b"0\r\n\r\n")
        for writer in writers:
            assert writer.recv(64).startswith(b"HTTP/1.1 200")
        assert int(ask(engine, "SELECT count() FROM taken")) == before + 20 * 201_000


def is_free(engine: EngineState, session: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=10)
    connection.request("POST", f"/?session_id={session}", b"SELECT 1")
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200 or b"SESSION_IS_LOCKED" in body, body
    return response.status == 200
