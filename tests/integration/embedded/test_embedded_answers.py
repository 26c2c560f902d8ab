"""Answers in every form: ClickHouse's own blocks, documents of any size, progress in headers, Native by revision."""

import http.client
import io
import json
import socket
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.embedded.interface.blocks import BlockDecoder, BlockEncoder


def unblocked(body: bytes) -> bytes:
    decoder = BlockDecoder()
    raw = b"".join(decoder.decode(body))
    decoder.finish()
    return raw


def unfinished(http_client, sql: bytes, url: str = "") -> tuple[int, dict[str, str], bytes]:
    """An answer that fails in the middle: the connection ends without a last chunk."""
    connection = http.client.HTTPConnection("127.0.0.1", http_client.port, timeout=60)
    try:
        connection.request("POST", f"/{url}", sql)
        response = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead) as caught:
            response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, caught.value.partial
    finally:
        connection.close()


def test_compress_1_answers_in_blocks(http_client):
    answer = http_client(b"SELECT number FROM numbers(300000)", compress="1")
    assert answer.status == 200
    assert unblocked(answer.body) == b"".join(b"%d\n" % number for number in range(300000))
    assert len(answer.body) < 1_500_000


def test_compress_1_tells_failures_in_blocks_too(http_client):
    early = http_client(b"SELEC 1", compress="1")
    assert early.headers["x-clickhouse-exception-code"] == "62"
    assert unblocked(early.body).startswith(b"Code: 62.")
    status, _, body = unfinished(
        http_client, b"SELECT throwIf(number = 2000000) FROM numbers(3000000) SETTINGS max_threads=1", "?compress=1"
    )
    assert status == 200
    assert b"__exception__" in unblocked(body)[-600:]


@pytest.mark.parametrize("method", ["lz4", "zstd", "none"])
@pytest.mark.parametrize("in_url", [True, False])
def test_decompress_1_takes_blocks(http_client, database, method, in_url):
    http_client(f"CREATE TABLE {database}.t (a UInt32) ENGINE = Memory".encode())
    sql = f"INSERT INTO {database}.t FORMAT TabSeparated\n".encode()
    data = b"".join(b"%d\n" % number for number in range(200_000))
    encoder = BlockEncoder(method)
    body = encoder.encode(data if in_url else sql + data) + encoder.finish()
    url = {"query": sql.decode().strip()} if in_url else {}
    answer = http_client(body, decompress="1", **url)
    assert answer.status == 200, answer.body
    assert http_client(f"SELECT count(), sum(a) FROM {database}.t".encode()).body == b"200000\t19999900000\n"


def test_a_damaged_block_is_refused_and_inserts_nothing(http_client, database):
    http_client(f"CREATE TABLE {database}.t (a UInt32) ENGINE = Memory".encode())
    encoder = BlockEncoder()
    body = bytearray(encoder.encode(f"INSERT INTO {database}.t FORMAT CSV\n1\n".encode()) + encoder.finish())
    body[-1] ^= 1
    answer = http_client(bytes(body), decompress="1")
    assert answer.headers["x-clickhouse-exception-code"] == "40"
    assert http_client(f"SELECT count() FROM {database}.t".encode()).body == b"0\n"


@pytest.mark.parametrize("output", ["JSON", "JSONCompact", "XML", "CSVWithNames", "Markdown", "Values"])
def test_documents_of_many_blocks_are_whole(http_client, output):
    """200,000 rows are several blocks; a stream of blocks would begin a document with each."""
    sql = f"SELECT number AS n, toString(number) AS s FROM numbers(200000) FORMAT {output}".encode()
    answer = http_client(sql)
    assert answer.status == 200
    assert answer.headers["x-clickhouse-format"] == output
    if output.startswith("JSON"):
        document = json.loads(answer.body)
        assert (document["rows"], len(document["data"])) == (200000, 200000)
    else:
        assert answer.body.count(b"199999") == 2
        assert answer.body.count(b'"n","s"') == (output == "CSVWithNames")


def test_parquet_and_arrow_of_many_blocks_are_whole(http_client):
    sql = b"SELECT number AS n, toString(number) AS s FROM numbers(300000) FORMAT "
    table = pq.read_table(io.BytesIO(http_client(sql + b"Parquet").body))
    assert table.num_rows == 300000
    with pa.ipc.open_stream(http_client(sql + b"ArrowStream").body) as reader:
        assert reader.read_all().num_rows == 300000
    with pa.ipc.open_file(http_client(sql + b"Arrow").body) as file:
        assert file.read_all().num_rows == 300000


def test_totals_and_extremes_are_there(http_client):
    totals = http_client(b"SELECT number % 2 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k")
    assert totals.body == b"0\t5\n1\t5\n\n0\t10\n"
    extremes = http_client(b"SELECT number FROM numbers(3)", extremes="1")
    assert extremes.body == b"0\n1\n2\n\n0\n2\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a FORMAT JSON",
        "SELECT 1 AS a FORMAT JSON SETTINGS max_threads = 1",
        "SELECT 1 AS a SETTINGS max_threads = 1 FORMAT JSON",
        "SELECT 1 AS a format JSON;",
        "SELECT 1 AS a FORMAT JSON -- the end",
        "SELECT 1 AS a /* FORMAT CSV */ FORMAT JSON /* x */ ;",
        "WITH 1 AS x SELECT x AS a FORMAT JSON",
        "(SELECT 1 AS a) FORMAT JSON",
        "SELECT 1 AS a UNION ALL SELECT 1 WHERE 0 FORMAT JSON",
        "FROM numbers(1) SELECT 1 AS a FORMAT JSON",
        "SELECT {v:UInt8} AS a FORMAT JSON",
    ],
)
def test_the_format_clause_is_found_wherever_it_stands(http_client, sql):
    answer = http_client(sql.encode(), param_v="1")
    assert answer.status == 200, answer.body
    assert json.loads(answer.body)["data"] == [{"a": 1}]


def test_the_setting_output_format_beats_the_clause(http_client):
    for sql, url in (
        (b"SELECT number AS a FROM numbers(70000) FORMAT CSV", {"output_format": "JSON"}),
        (b"SELECT number AS a FROM numbers(70000) SETTINGS output_format = 'JSON'", {}),
        (b"SET output_format = 'JSON'", {"session_id": "of"}),
        (b"SELECT number AS a FROM numbers(70000)", {"session_id": "of"}),
    ):
        answer = http_client(sql, **url)
        if sql.startswith(b"SET"):
            continue
        assert answer.headers["x-clickhouse-format"] == "JSON"
        assert json.loads(answer.body)["rows"] == 70000


def test_the_engine_s_own_class_of_error_is_told(http_client):
    answer = http_client(b"SELECT file('no-such-file')")
    assert answer.headers["x-clickhouse-exception-code"] == "107"
    assert answer.body.startswith(b"Code: 107. DB::ErrnoException: ")


def test_a_failure_within_a_document_is_told_after_it(http_client):
    sql = b"SELECT throwIf(number = 3000000) AS x FROM numbers(9000000) FORMAT JSON"
    status, headers, body = unfinished(http_client, sql)
    tag = headers["x-clickhouse-exception-tag"].encode()
    assert status == 200
    assert body.rstrip().endswith(b"%s\r\n__exception__" % tag)
    assert b"Code: 395." in body[-800:]


def test_a_failure_before_the_first_row_of_a_document_has_its_status(http_client):
    answer = http_client(b"SELECT nix FROM system.one FORMAT JSON")
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (404, "47")


def test_progress_comes_in_headers_before_the_answer(embedded_engine):
    def ask(sql: bytes) -> list[bytes]:
        url = b"/?send_progress_in_http_headers=1&http_headers_progress_interval_ms=50&wait_end_of_query=1"
        with socket.create_connection(("127.0.0.1", embedded_engine.port)) as sock:
            head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            sock.sendall(head % (url, len(sql)) + sql)
            return b"".join(iter(lambda: sock.recv(65536), b"")).partition(b"\r\n\r\n")[::2]

    head, body = ask(b"SELECT count() FROM numbers(2000000000) WHERE NOT ignore(number)")
    lines = head.split(b"\r\n")
    progress = [json.loads(line.partition(b": ")[2]) for line in lines if line.startswith(b"X-ClickHouse-Progress")]
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert sum(line.startswith(b"HTTP/1.1") for line in lines) == 1
    assert len(progress) >= 2
    assert int(progress[-1]["read_rows"]) > 0
    assert body == b"2000000000\n"
    head, body = ask(b"SELECT count(), throwIf(count() > 0) FROM numbers(2000000000) WHERE NOT ignore(number)")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nX-ClickHouse-Progress")
    assert b"x-clickhouse-exception-code: 395" in head
    assert body.startswith(b"Code: 395.")


def test_zones_come_back_over_native(client, database):
    client.command(
        "CREATE TABLE z (a DateTime('Asia/Tokyo'), s String, b DateTime('America/New_York')) ENGINE = Memory"
    )
    client.command("INSERT INTO z VALUES ('2026-01-02 03:04:05', 'x', '2026-07-01 00:00:00')")
    row = client.query("SELECT * FROM z").result_rows[0]
    assert row[0] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert row[2] == datetime(2026, 7, 1, tzinfo=ZoneInfo("America/New_York"))
    assert (row[0].utcoffset().total_seconds(), row[2].utcoffset().total_seconds()) == (32400, -14400)


def test_native_has_the_block_info_of_the_revision(http_client):
    assert http_client(b"SELECT 1 AS x FORMAT Native").body[:2] == b"\x01\x01"
    revised = http_client(b"SELECT 1 AS x FORMAT Native", client_protocol_version="54405")
    assert revised.body == b"\x01\x00\x02\xff\xff\xff\xff\x00\x01\x01\x01x\x05UInt8\x01"
    flagged = http_client(b"SELECT 1 AS x FORMAT Native", client_protocol_version="54454")
    assert flagged.body.endswith(b"\x01x\x05UInt8\x00\x01")
    refused = http_client(b"SELECT 1", client_protocol_version="x")
    assert refused.headers["x-clickhouse-exception-code"] == "36"
