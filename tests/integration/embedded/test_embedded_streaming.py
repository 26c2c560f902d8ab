"""Results and inserts far larger than the memory they may cost, and what a client hears when a stream breaks off."""

import http.client
import itertools
import json
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import lz4.frame
import psutil
import pytest
import zstandard
from house import free_port

from orchestrator.embedded import EngineState, start_engine, stop_engine

GIGABYTE = 10**9
# Measured above the idle engine's 300 to 360 MB: 40 to 270 for results; for inserts 420 to 540 into Null and 410 to 700
# into MergeTree, because the engine makes blocks of a million rows and has several at hand.
MOST_FOR_A_RESULT_MEGABYTES = 400
MOST_FOR_AN_INSERT_MEGABYTES = 900
PIECE = 1 << 20
# Parquet in row groups of a tenth of the usual size, because the engine makes up several of them at once, and without
# the bloom filters that take three quarters of its time.
NUMBERS = ", ".join(f"rand64({n}) AS n{n}" for n in range(8))
LARGE = {
    "Native": (NUMBERS, 15_625_000, ""),
    "TSV": ("number, repeat('a', 100) AS text", 9_500_000, ""),
    "JSON": ("number, repeat('a', 100) AS text", 7_000_000, ""),
    "CSVWithNames": ("number, repeat('a', 100) AS text", 9_500_000, ""),
    "ArrowStream": (NUMBERS, 15_625_000, ""),
    "Parquet": (
        NUMBERS,
        15_625_000,
        "SETTINGS output_format_parquet_row_group_size = 100000, output_format_parquet_max_dictionary_size = 0, "
        "output_format_parquet_compression_method = 'none', output_format_parquet_write_bloom_filter = 0",
    ),
}
LATE = "SELECT number, throwIf(number = 600000, 'too late') AS x FROM numbers(1000000)"
FRAME = re.compile(rb"\r\n__exception__\r\n([a-z]{16})\r\n(Code: .*)\n(\d+) \1\r\n__exception__\r\n\Z", re.DOTALL)
DECODE = {
    "identity": bytes,
    "gzip": lambda body: zlib.decompress(body, 31),
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `is_whole` unless the connection ended before it did."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    is_whole: bool


class Peak:
    """The most memory an engine has while this is entered, in megabytes above what it has when idle."""

    def __init__(self, engine: EngineState) -> None:
        # Or what the allocator keeps from what ran before would count as idle.
        assert ask(engine, "SYSTEM JEMALLOC PURGE").status == 200
        self._process = psutil.Process(engine.pid)
        self._is_over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._before = self._most = self._process.memory_info().rss

    def __enter__(self) -> "Peak":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._sampler.join()

    @property
    def megabytes(self) -> int:
        return (self._most - self._before) >> 20

    def _sample(self) -> None:
        while not self._is_over.wait(0.02):
            self._most = max(self._most, self._process.memory_info().rss)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[EngineState]:
    """An engine of its own, because others would count in its memory."""
    folder = tmp_path_factory.mktemp("engine")
    yield start_engine(folder, free_port()).state
    stop_engine(folder)


def response_to(engine: EngineState, sql: str, headers: dict[str, str] | None = None, body: object = None, **url: str):
    """The answer, its body unread; the statement is in the URL when there is a body."""
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
    target = f"/?{urlencode(url | ({'query': sql} if body is not None else {}))}"
    data = sql.encode() if body is None else body
    connection.request("POST", target, data, headers or {}, encode_chunked=body is not None)
    return connection.getresponse()


def ask(
    engine: EngineState, sql: str, headers: dict[str, str] | None = None, body: object = None, **url: str
) -> Answer:
    response = response_to(engine, sql, headers, body, **url)
    try:
        return Answer(response.status, response.headers, response.read(), is_whole=True)
    except http.client.IncompleteRead as error:
        return Answer(response.status, response.headers, error.partial, is_whole=False)


def repeated(block: bytes, size: int) -> Iterator[bytes]:
    """At least `size` bytes, in pieces that hold the block again and again."""
    piece = block * max(1, PIECE // len(block))
    return itertools.repeat(piece, -(-size // len(piece)))


@pytest.mark.parametrize("output_format", LARGE)
def test_a_result_of_a_gigabyte_costs_bounded_memory(engine, output_format):
    columns, rows, settings = LARGE[output_format]
    size = 0
    buffer = memoryview(bytearray(PIECE))
    with Peak(engine) as peak:
        sql = f"SELECT {columns} FROM numbers({rows}) {settings} FORMAT {output_format}"
        response = response_to(engine, sql)
        assert response.status == 200
        while count := response.readinto(buffer):
            size += count
    assert size >= GIGABYTE
    assert peak.megabytes <= MOST_FOR_A_RESULT_MEGABYTES


@pytest.mark.parametrize("input_format", ["Native", "TSV"])
def test_an_insert_of_two_gigabytes_costs_bounded_memory(engine, input_format):
    ask(engine, "CREATE OR REPLACE TABLE nothing (a UInt64, b UInt64, text String) ENGINE = Null")
    columns = "rand64(1) AS a, rand64(2) AS b, repeat('a', 100) AS text"
    block = ask(engine, f"SELECT {columns} FROM numbers(8192) FORMAT {input_format}").body
    with Peak(engine) as peak:
        answer = ask(engine, f"INSERT INTO nothing FORMAT {input_format}", body=repeated(block, 2 * GIGABYTE))
    assert answer.status == 200, answer.body
    assert int(json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"]) >= 2 * GIGABYTE / len(block) * 8192
    assert peak.megabytes <= MOST_FOR_AN_INSERT_MEGABYTES


def test_an_insert_into_a_merge_tree_costs_bounded_memory(engine):
    ask(
        engine,
        f"CREATE OR REPLACE TABLE kept ({', '.join(f'n{n} UInt64' for n in range(8))}) ENGINE = MergeTree ORDER BY n0",
    )
    block = ask(engine, f"SELECT {NUMBERS} FROM numbers(65409) FORMAT Native").body
    with Peak(engine) as peak:
        answer = ask(engine, "INSERT INTO kept FORMAT Native", body=repeated(block, 500_000_000))
    assert answer.status == 200, answer.body
    written = json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"]
    assert ask(engine, "SELECT count() FROM kept").body.strip() == written.encode()
    assert int(written) * 64 >= 499_000_000
    assert peak.megabytes <= MOST_FOR_AN_INSERT_MEGABYTES


@pytest.mark.parametrize("output_format", ["TSV", "JSONEachRow", "Native", "JSON", "CSVWithNames"])
@pytest.mark.parametrize("encoding", DECODE)
def test_a_failure_in_mid_stream_ends_in_a_frame_with_the_tag_of_the_headers(engine, output_format, encoding):
    answer = ask(engine, f"{LATE} FORMAT {output_format}", {"Accept-Encoding": encoding})
    assert (answer.status, answer.is_whole) == (200, False)
    assert answer.headers["Content-Encoding"] == (None if encoding == "identity" else encoding)
    body = DECODE[encoding](answer.body)
    tag, text, length = FRAME.search(body).groups()
    assert tag.decode() == answer.headers["X-ClickHouse-Exception-Tag"]
    assert int(length) == len(text)
    assert text.startswith(b"Code: 395. DB::Exception: too late")
    assert b"(FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)" in text
    if output_format == "TSV":
        numbers = [line.split(b"\t")[0] for line in body[: -len(text)].splitlines()[:1000]]
        assert numbers == [b"%d" % number for number in range(1000)]


@pytest.mark.parametrize("output_format", ["TSV", "Native", "JSON", "Parquet"])
def test_waiting_for_the_end_gives_the_true_status_of_a_late_failure(engine, output_format):
    answer = ask(engine, f"{LATE} FORMAT {output_format}", wait_end_of_query="1")
    assert (answer.status, answer.is_whole) == (500, True)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "395"
    assert answer.body.startswith(b"Code: 395. DB::Exception: too late")


@pytest.mark.parametrize("output_format", ["TSV", "Native", "JSON", "Parquet"])
def test_waiting_for_the_end_gives_an_exact_summary(engine, output_format):
    sql = f"SELECT number FROM numbers(3000000) WHERE number % 30 = 0 FORMAT {output_format}"
    for _ in range(10):
        answer = ask(engine, sql, wait_end_of_query="1")
        summary = json.loads(answer.headers["X-ClickHouse-Summary"])
        assert (summary["read_rows"], summary["read_bytes"]) == ("3000000", "24000000")
        assert (summary["result_rows"], summary["total_rows_to_read"]) == ("100000", "3000000")


def test_a_failure_within_the_bytes_held_back_gets_a_status_and_one_behind_them_a_frame(engine):
    early = "SELECT number, throwIf(number = 300000, 'too late') FROM numbers(1000000) FORMAT TSV"
    assert ask(engine, early, buffer_size="10000000").status == 500
    late = ask(engine, early, buffer_size="100000")
    assert (late.status, late.is_whole) == (200, False)
    assert FRAME.search(late.body)


def test_a_result_longer_than_the_bytes_held_back_is_streamed_whole(engine):
    answer = ask(engine, "SELECT number FROM numbers(1000000) FORMAT TSV", buffer_size="100000")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.body == b"".join(b"%d\n" % number for number in range(1_000_000))


def test_the_first_rows_come_while_the_query_goes_on(engine):
    sql = "SELECT number, sleepEachRow(0.05) FROM numbers(30) SETTINGS max_block_size = 1"
    for first, rest in first_and_rest(engine, sql, ["TSV", "CSV", "JSONEachRow", "Native", "RowBinary"]):
        assert len(rest) > len(first) > 0


def test_a_document_begins_while_its_query_goes_on(engine):
    settings = "SETTINGS max_block_size = 1, output_format_arrow_compression_method = 'none'"
    sql = f"SELECT repeat('a', 100000) AS text, sleepEachRow(0.02) FROM numbers(100) {settings}"
    for first, rest in first_and_rest(engine, sql, ["JSON", "CSVWithNames", "ArrowStream"]):
        assert first
        assert len(rest) > 9_000_000


def first_and_rest(engine: EngineState, sql: str, formats: list[str]) -> list[tuple[bytes, bytes]]:
    """What comes first of each format, while all of their queries go on, and what comes until they are over."""
    going_on = "SELECT count() FROM system.processes WHERE startsWith(Settings['log_comment'], 'going on')"
    responses = [response_to(engine, f"{sql} FORMAT {name}", query_id=f"going on in {name}") for name in formats]
    first = [response.read1(65536) for response in responses]
    assert ask(engine, going_on).body == b"%d\n" % len(formats)
    rest = [response.read() for response in responses]
    assert ask(engine, going_on).body == b"0\n"
    return list(zip(first, rest, strict=True))
