"""The HTTP interface byte by byte, as curl and other plain clients see it."""

import base64
import gzip
import json
import re
import socket
import subprocess
import zlib

import brotli
import lz4.frame
import pytest
import zstandard

DECODE = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "lz4": lz4.frame.decompress,
}


def test_health_endpoints_answer_ok(http_client):
    for path in ("/", "/ping", "/replicas_status"):
        answer = http_client(method="GET", path=path)
        assert (answer.status, answer.body) == (200, b"Ok.\n")


def test_an_unknown_path_is_404_and_the_connection_goes_on(http_client):
    assert http_client(b"SELECT 1", path="/nowhere").status == 404
    assert http_client(b"SELECT 1").body == b"1\n"


def test_options_is_answered_without_a_body(http_client):
    answer = http_client(method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("url", "body"),
    [({"query": "SELECT 7"}, b""), ({}, b"SELECT 7"), ({"query": "SELECT"}, b"7"), ({}, b"SELECT 7 -- seven\n;")],
)
def test_a_query_comes_in_the_url_in_the_body_or_in_both(http_client, url, body):
    assert http_client(body, **url).body == b"7\n"


def test_a_form_content_type_does_not_make_sql_a_form(http_client):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert http_client(b"SELECT 'a=b&c+d'", headers=headers).body == b"a=b&c+d\n"


def test_the_headers_of_a_result_are_complete(http_client):
    answer = http_client(b"SELECT 1", query_id="my-own-id")
    assert answer.headers["x-clickhouse-query-id"] == "my-own-id"
    assert answer.headers["x-clickhouse-format"] == "TabSeparated"
    assert answer.headers["x-clickhouse-timezone"]
    assert answer.headers["x-clickhouse-server-display-name"]
    assert re.fullmatch("[a-z]{16}", answer.headers["x-clickhouse-exception-tag"])
    assert answer.headers["content-type"] == "text/tab-separated-values; charset=UTF-8"
    summary = json.loads(answer.headers["x-clickhouse-summary"])
    assert summary["read_rows"] == "1"
    assert summary["result_rows"] == "1"
    assert all(isinstance(value, str) for value in summary.values())


def test_an_empty_query_id_asks_for_a_new_one(http_client):
    assert len(http_client(b"SELECT 1", query_id="").headers["x-clickhouse-query-id"]) == 36


def test_a_query_id_with_control_characters_is_still_answered(http_client):
    assert http_client(b"SELECT 1", query_id="a\r\nX-Evil: 1").body == b"1\n"


@pytest.mark.parametrize("sql", ["CREATE TABLE {d}.t (a Int8) ENGINE = Memory", "SET max_threads = 1", "USE {d}"])
def test_a_statement_without_a_result_has_no_format_header_and_no_body(http_client, database, sql):
    answer = http_client(sql.format(d=database).encode())
    assert (answer.status, answer.body) == (200, b"")
    assert "x-clickhouse-format" not in answer.headers


@pytest.mark.parametrize("sql", ["SHOW TABLES FROM {d}", "EXISTS TABLE {d}.t", "EXPLAIN SELECT 1", "SELECT 1 WHERE 0"])
def test_a_statement_with_a_result_has_a_format_header_even_if_it_is_empty(http_client, database, sql):
    assert "x-clickhouse-format" in http_client(sql.format(d=database).encode()).headers


def test_the_format_clause_beats_the_header_and_the_header_beats_the_url(http_client):
    headers = {"X-ClickHouse-Format": "CSV"}
    clause = http_client(b"SELECT 'x' FORMAT JSONEachRow", headers=headers, default_format="XML")
    assert clause.headers["x-clickhouse-format"] == "JSONEachRow"
    assert http_client(b"SELECT 'x'", headers=headers, default_format="XML").body == b'"x"\n'
    assert http_client(b"SELECT 'x'", default_format="csv").body == b'"x"\n'


@pytest.mark.parametrize("output_format", ["JSON", "CSVWithNames", "Parquet", "Vertical", "JSONCompact", "Pretty"])
def test_formats_with_a_beginning_and_an_end_are_one_document(http_client, output_format):
    answer = http_client(f"SELECT number FROM numbers(200000) FORMAT {output_format}".encode())
    assert answer.status == 200
    if output_format == "JSON":
        assert json.loads(answer.body)["rows"] == 200_000
    if output_format == "CSVWithNames":
        assert answer.body.count(b'"number"') == 1


def test_a_json_array_of_rows_is_one_array(http_client):
    answer = http_client(b"SELECT number FROM numbers(200000) FORMAT JSONEachRow", output_format_json_array_of_rows="1")
    assert len(json.loads(answer.body)) == 200_000


def test_totals_are_part_of_the_result(http_client):
    answer = http_client(b"SELECT number % 2 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k")
    assert answer.body == b"0\t5\n1\t5\n\n0\t10\n"


def test_a_native_result_without_rows_is_an_empty_body(http_client):
    answer = http_client(b"SELECT 1 WHERE 0 FORMAT Native")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("coding", sorted(DECODE))
def test_every_response_coding_is_one_frame(http_client, coding):
    sql = b"SELECT number, toString(number) FROM numbers(300000)"
    plain = http_client(sql).body
    answer = http_client(sql, headers={"Accept-Encoding": coding})
    assert answer.headers["content-encoding"] == coding
    assert DECODE[coding](answer.body) == plain


def test_an_empty_answer_has_no_content_encoding(http_client):
    answer = http_client(b"SET max_threads = 1", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.body == b""


def test_a_client_can_switch_compression_off(http_client):
    answer = http_client(b"SELECT 1", headers={"Accept-Encoding": "gzip"}, enable_http_compression="0")
    assert answer.body == b"1\n"


def frames(coding: str, *parts: bytes) -> bytes:
    compress = {
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor().compress,
        "lz4": lz4.frame.compress,
        "deflate": zlib.compress,
    }[coding]
    return b"".join(compress(part) for part in parts)


@pytest.mark.parametrize("coding", ["gzip", "zstd", "lz4", "deflate"])
def test_a_chunked_body_of_many_frames_is_inserted_whole(http_client, database, coding):
    http_client(f"CREATE TABLE {database}.t (a UInt32) ENGINE = MergeTree ORDER BY a".encode())
    parts = [f"INSERT INTO {database}.t FORMAT TSV\n".encode()]
    parts += ["".join(f"{n}\n" for n in range(start, start + 50_000)).encode() for start in range(0, 500_000, 50_000)]
    body = frames(coding, *parts)
    pieces = [body[i : i + 1000] for i in range(0, len(body), 1000)]
    answer = http_client(
        iter(pieces), headers={"Content-Encoding": coding, "Transfer-Encoding": "chunked"}, chunked=True
    )
    assert answer.status == 200, answer.body
    assert json.loads(answer.headers["x-clickhouse-summary"])["written_rows"] == "500000"
    assert http_client(f"SELECT count(), sum(a) FROM {database}.t".encode()).body == b"500000\t124999750000\n"


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("", b"INSERT INTO {d}.t VALUES (1, 'a'), (1 + 1, concat('b', 'c')), (3, 'x');"),
        ("", b"INSERT INTO {d}.t VALUES (1, 'a'), (2, 'bc'), (3, DEFAULT)"),
        ("", b"INSERT INTO {d}.t (b, a) FORMAT CSV\na,1\nbc,2\nx,3\n"),
        ("", b"INSERT INTO {d}.t FORMAT CSV 1,a\n2,bc\n3,x\n"),
        ("", b'INSERT INTO {d}.t SETTINGS max_threads=1 FORMAT NDJSON\n{"a":1,"b":"a"}\n\n{"a":2,"b":"bc"} {"a":3}'),
        ("INSERT INTO {d}.t FORMAT TabSeparated", b"1\ta\n2\tbc\n3\tx\n"),
        ("INSERT INTO {d}.t VALUES", b"(1,'a'),(2,'bc'),(3,'x')"),
        ("INSERT INTO {d}.t SELECT * FROM VALUES('a UInt8, b String', (1,'a'), (2,'bc'), (3,'x'))", b""),
        ("", b"/**/ WITH 3 AS x INSERT INTO {d}.t SELECT number + 1, ['a','bc','x'][number + 1] FROM numbers(x)"),
        ("", b"INSERT INTO {d}.t SELECT a, b FROM input('a UInt8, b String') FORMAT CSV\n1,a\n2,bc\n3,x\n"),
    ],
)  # fmt: skip
def test_insert_takes_its_data_in_every_form(http_client, database, url, body):
    http_client(f"CREATE TABLE {database}.t (a UInt8, b String DEFAULT 'x') ENGINE = MergeTree ORDER BY a".encode())
    name = database.encode()
    query = {"query": url.replace("{d}", database)} if url else {}
    answer = http_client(body.replace(b"{d}", name), **query)
    assert answer.status == 200, answer.body
    assert "x-clickhouse-format" not in answer.headers
    assert json.loads(answer.headers["x-clickhouse-summary"])["written_rows"] == "3"
    assert http_client(b"SELECT * FROM %s.t ORDER BY a" % name).body == b"1\ta\n2\tbc\n3\tx\n"


def test_blank_lines_in_data_are_never_run_as_sql(http_client, database):
    http_client(f"CREATE TABLE {database}.t (a String) ENGINE = Memory".encode())
    answer = http_client(f"INSERT INTO {database}.t FORMAT TSV\nx\n\nDROP TABLE {database}.t\n".encode())
    assert answer.status == 200
    assert http_client(f"SELECT count() FROM {database}.t".encode()).body == b"3\n"


def test_values_take_parameters(http_client, database):
    http_client(f"CREATE TABLE {database}.t (a UInt8, b String) ENGINE = Memory".encode())
    answer = http_client(
        f"INSERT INTO {database}.t VALUES ({{a:UInt8}}, {{b:String}})".encode(), param_a="4", param_b="it's"
    )
    assert answer.status == 200, answer.body
    assert http_client(f"SELECT * FROM {database}.t".encode()).body == b"4\tit\\'s\n"


def test_the_table_of_an_insert_may_be_a_parameter(http_client, database):
    http_client(f"CREATE TABLE {database}.t (a UInt8) ENGINE = Memory".encode())
    for sql in (b"INSERT INTO {t:Identifier} FORMAT TSV\n1\n", b"INSERT INTO {t:Identifier} VALUES (2)"):
        answer = http_client(sql, param_t="t", database=database)
        assert answer.status == 200, answer.body
    assert http_client(f"SELECT sum(a) FROM {database}.t".encode()).body == b"3\n"


def test_a_parameter_is_escaped_text(http_client):
    assert (
        http_client(b"SELECT length({s:String}), {n:Nullable(Int8)}", param_s="a\\tb", param_n="\\N").body
        == b"3\t\\N\n"
    )
    assert http_client(b"SELECT {missing:Int8}").headers["x-clickhouse-exception-code"] == "456"
    assert http_client(b"SELECT {n:Int8}", param_n="x").headers["x-clickhouse-exception-code"] == "457"


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        (b"SELEC 1", 400, "62"),
        (b"", 400, "62"),
        (b" -- only a comment", 400, "62"),
        (b"SELECT 1; SELECT 2", 400, "62"),
        (b"1 + 1", 400, "62"),
        (b"SELECT * FROM nowhere", 404, "60"),
        (b"SELECT nothing", 404, "47"),
        (b"SELECT 1 FORMAT Nonsense", 404, "73"),
        (b"SELECT throwIf(1)", 500, "395"),
        (b"SELECT 1 INTO OUTFILE '/tmp/never'", 500, "358"),
        (b"INSERT INTO FUNCTION null('x Int8') FROM INFILE '/etc/hosts' FORMAT TSV", 404, "78"),
        (b"CREATE TABLE k (a Int8) ENGINE = Kafka SETTINGS kafka_broker_list = 'x'", 500, "344"),
        (b"SYSTEM SHUTDOWN", 500, "344"),
        (b"INSERT INTO FUNCTION null('x Int8') VALUES (1); SELECT 5", 400, "62"),
    ],
)
def test_each_class_of_error_has_its_status_and_code(http_client, sql, status, code):
    answer = http_client(sql)
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (status, code)
    assert re.match(
        rb"Code: %s\. DB::Exception: .+ \([A-Z_]+\) \(version [\d.]+ \(official build\)\)\n$" % code.encode(),
        answer.body,
        re.DOTALL,
    )
    assert b"formatQuerySingleLine" not in answer.body
    assert "x-clickhouse-query-id" in answer.headers
    assert http_client(b"SELECT 1").body == b"1\n"


def test_a_refused_kafka_table_is_not_there(http_client, database):
    http_client(f"CREATE TABLE {database}.k (a Int8) ENGINE = Kafka SETTINGS kafka_broker_list = 'x'".encode())
    assert http_client(f"EXISTS TABLE {database}.k".encode()).body == b"0\n"


def test_a_body_that_cannot_be_decoded_is_an_error_and_inserts_nothing(http_client, database):
    http_client(f"CREATE TABLE {database}.t (a Int8) ENGINE = MergeTree ORDER BY a".encode())
    body = frames("lz4", f"INSERT INTO {database}.t FORMAT TSV\n1\n".encode()) + b"INTERNAL EXCEPTION WHILE SERIALIZING"
    answer = http_client(body, headers={"Content-Encoding": "lz4"})
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (500, "618")
    assert http_client(f"SELECT count() FROM {database}.t".encode()).body == b"0\n"


def test_an_unknown_content_encoding_is_501(http_client):
    answer = http_client(b"SELECT 1", headers={"Content-Encoding": "rot13"})
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (501, "48")


def test_a_post_without_a_length_is_411(embedded_engine):
    with socket.create_connection(("127.0.0.1", embedded_engine.port), timeout=10) as sock:
        sock.sendall(b"POST /?query=SELECT+1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = sock.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 411")
    assert b"Code: 381" in answer


def test_get_reads_and_does_not_write(http_client, database):
    assert http_client(method="GET", query="SELECT 1").body == b"1\n"
    assert http_client(method="GET", query="SELECT 1", max_threads="1").body == b"1\n"
    for sql in (f"CREATE TABLE {database}.t (a Int8) ENGINE = Memory", f"INSERT INTO {database}.t VALUES (1)"):
        answer = http_client(method="GET", query=sql)
        assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (500, "164")
        assert b"POST" in answer.body


def test_head_has_headers_and_no_body(http_client):
    answer = http_client(method="HEAD", query="SELECT 1")
    assert (answer.status, answer.body) == (200, b"")


def test_an_unknown_setting_is_404_and_a_known_one_counts(http_client):
    answer = http_client(b"SELECT 1", no_such_setting="1")
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (404, "115")
    assert http_client(b"SELECT getSetting('max_threads')", max_threads="3").body == b"3\n"
    assert http_client(b"SELECT number FROM numbers(9)", limit="2", offset="1").body == b"1\n2\n"
    assert (
        http_client(b"SELECT sum(number) FROM numbers(9)", max_rows_to_read="5").headers["x-clickhouse-exception-code"]
        == "158"
    )


def test_the_database_of_a_request_comes_from_url_or_header(http_client, database):
    assert http_client(b"SELECT currentDatabase()", database=database).body.decode().strip() == database
    answer = http_client(b"SELECT currentDatabase()", headers={"X-ClickHouse-Database": database}, database="system")
    assert answer.body.decode().strip() == database
    assert http_client(b"SELECT 1", database="nowhere").headers["x-clickhouse-exception-code"] == "81"


def test_the_timezone_header_follows_the_query(http_client):
    assert http_client(b"SELECT 1", session_timezone="Asia/Tokyo").headers["x-clickhouse-timezone"] == "Asia/Tokyo"
    clause = http_client(b"SELECT 1 SETTINGS session_timezone = 'America/Lima'")
    assert clause.headers["x-clickhouse-timezone"] == "America/Lima"


def test_the_default_user_needs_no_password_in_any_form(http_client):
    basic = base64.b64encode(b"default:").decode()
    for headers in ({"Authorization": f"Basic {basic}"}, {"X-ClickHouse-User": "default", "X-ClickHouse-Key": ""}):
        assert http_client(b"SELECT 1", headers=headers).status == 200
    assert http_client(b"SELECT 1", user="default", password="").status == 200


def test_a_wrong_login_is_403_with_516(http_client):
    answers = [
        http_client(b"SELECT 1", user="default", password="wrong"),
        http_client(b"SELECT 1", headers={"X-ClickHouse-User": "nobody"}),
        http_client(b"SELECT 1", headers={"Authorization": "Bearer abc"}),
        http_client(b"SELECT 1", headers={"X-ClickHouse-User": "default"}, user="default"),
    ]
    assert {(a.status, a.headers["x-clickhouse-exception-code"]) for a in answers} == {(403, "516")}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_request_that_a_foreign_web_page_caused_is_refused(http_client, headers):
    assert http_client(b"SELECT 1", headers=headers).status == 403


def test_a_broken_host_header_is_refused_and_answered(http_client):
    assert http_client(b"SELECT 1", headers={"Host": "[broken"}).status == 403
    assert http_client(method="GET", path="/ping", headers={"Host": "evil.example"}).status == 403


def test_other_methods_are_refused_in_words(http_client):
    assert http_client(b"SELECT 1", method="DELETE").status == 405


def test_readonly_in_the_url_keeps_a_post_from_writing(http_client, database):
    assert http_client(b"SELECT 1", readonly="1").body == b"1\n"
    answer = http_client(f"CREATE TABLE {database}.t (a Int8) ENGINE = Memory".encode(), readonly="1")
    assert answer.headers["x-clickhouse-exception-code"] == "164"


def test_loopback_names_are_welcome(http_client):
    for host in ("localhost:8123", "127.0.0.1", "[::1]:8123", "127.1.2.3"):
        assert http_client(b"SELECT 1", headers={"Host": host}).body == b"1\n"


def multipart(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, dict[str, str]]:
    lines = []
    for name, filename, data in parts:
        file = f'; filename="{filename}"' if filename is not None else ""
        lines.append(f'--XX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n")
    return b"".join(lines) + b"--XX--\r\n", {"Content-Type": "multipart/form-data; boundary=XX"}


def test_a_form_carries_query_parameters_and_tables(http_client):
    body, headers = multipart(
        ("query", None, b"SELECT {x:UInt8}, sum(_1), '\xff' FROM a, b WHERE a._1 = b.n"),
        ("param_x", None, b"9"),
        ("a", "a.tsv", b"1\n2\n3\n"),
        ("b", "b.csv", b"2\n3\n"),
    )
    answer = http_client(body, headers=headers, a_types="UInt8", b_structure="n UInt8", b_format="CSV")
    assert answer.body == b"9\t5\t\xff\n", answer.body


def test_an_external_table_may_be_empty_but_needs_a_structure(http_client):
    body, headers = multipart(("e", "e", b""))
    assert http_client(body, headers=headers, query="SELECT count() FROM e", e_types="Int8").body == b"0\n"
    answer = http_client(body, headers=headers, query="SELECT count() FROM e")
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (400, "36")


def test_settings_whose_names_end_like_metadata_stay_settings_beside_a_form(http_client):
    body, headers = multipart(("e", "e", b"1\n"))
    answer = http_client(
        body,
        headers=headers,
        query="SELECT getSetting('date_time_input_format') FROM e",
        e_types="Int8",
        date_time_input_format="best_effort",
    )
    assert answer.body == b"best_effort\n"


def test_a_large_result_is_streamed_and_whole(http_client):
    answer = http_client(b"SELECT number FROM numbers(3000000)")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.body.count(b"\n") == 3_000_000


def test_wait_end_of_query_gives_exact_counters(http_client):
    answer = http_client(b"SELECT number FROM numbers(3000000)", wait_end_of_query="1")
    assert json.loads(answer.headers["x-clickhouse-summary"])["result_rows"] == "3000000"
    assert answer.body.count(b"\n") == 3_000_000


def test_a_failure_behind_the_first_block_has_a_real_status_when_the_client_waits_for_the_end(http_client):
    sql = b"SELECT throwIf(number = 2000000) FROM numbers(3000000)"
    answer = http_client(sql, wait_end_of_query="1")
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (500, "395")


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_a_failure_in_the_middle_is_a_tagged_frame_and_the_reply_stays_unfinished(embedded_engine, coding):
    sql = b"SELECT number, throwIf(number = 3000000, 'broken') FROM numbers(5000000)"
    with socket.create_connection(("127.0.0.1", embedded_engine.port), timeout=60) as sock:
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {coding}\r\nContent-Length: {len(sql)}\r\n\r\n"
        sock.sendall(head.encode() + sql)
        raw = sock.makefile("rb").read()
    assert raw.startswith(b"HTTP/1.1 200")
    head_text, _, rest = raw.partition(b"\r\n\r\n")
    tag = re.search(rb"x-clickhouse-exception-tag: (\w+)", head_text).group(1)
    assert not rest.endswith(b"0\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    body = DECODE.get(coding, bytes)(body)
    match = re.search(rb"\r\n__exception__\r\n%s\r\n(.+)\n(\d+) %s\r\n__exception__\r\n$" % (tag, tag), body, re.DOTALL)
    assert match
    assert b"Code: 395. DB::Exception: broken" in match.group(1)
    assert int(match.group(2)) == len(match.group(1))


def test_curl_works_with_data_from_a_file(embedded_engine, database, tmp_path):
    url = f"http://localhost:{embedded_engine.port}/"

    def curl(*arguments: str) -> str:
        done = subprocess.run(["curl", "-sS", "--fail", *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    data = tmp_path / "rows.csv"
    data.write_text("".join(f"{n},row {n}\n" for n in range(300_000)))
    curl(url, "--data-binary", f"CREATE TABLE {database}.t (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    insert = f"{url}?query=INSERT+INTO+{database}.t+FORMAT+CSV"
    curl(insert, "-H", "Expect: 100-continue", "--data-binary", f"@{data}")
    assert curl("--compressed", url, "-d", f"SELECT count() FROM {database}.t") == "300000\n"


def test_a_client_that_stops_sending_is_told_and_leaves_nothing(embedded_engine, http_client, database):
    http_client(f"CREATE TABLE {database}.t (a UInt8) ENGINE = Memory".encode())
    head = (
        f"POST /?http_receive_timeout=0.3&query=INSERT+INTO+{database}.t+FORMAT+CSV HTTP/1.1\r\n"
        "Host: localhost\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n1\n"
    )
    with socket.create_connection(("127.0.0.1", embedded_engine.port), timeout=20) as sock:
        sock.sendall(head.encode())
        answer = b"".join(iter(lambda: sock.recv(65536), b""))  # head and body may come one after the other
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"http_receive_timeout" in answer
    assert http_client(f"SELECT count() FROM {database}.t".encode()).body == b"0\n"
