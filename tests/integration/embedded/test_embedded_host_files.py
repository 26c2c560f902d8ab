"""Files of the host: those of the user files folder are read and written, no other is, by whatever SQL."""

from pathlib import Path

import pytest


@pytest.fixture
def user_files(embedded_engine) -> Path:
    return embedded_engine.log.parent / "user_files"


@pytest.fixture
def secret(embedded_engine) -> Path:
    """A file beside the user files folder, which the engine's user can read."""
    file = embedded_engine.log.parent.parent / "secret.txt"
    file.write_text("top-secret\n")
    return file


def test_files_of_the_folder_are_read_and_written(http_client, user_files, database):
    assert http_client(b"INSERT INTO FUNCTION file('out.csv', 'CSV', 'a UInt8') SELECT 7").status == 200
    assert (user_files / "out.csv").read_text() == "7\n"
    (user_files / "in.csv").write_text("1,a\n2,b\n")
    assert http_client(b"SELECT sum(c1) FROM file('in.csv')").body == b"3\n"
    assert http_client(f"SELECT sum(c1) FROM file('{user_files}/in.csv')".encode()).body == b"3\n"
    assert http_client(b"SELECT file('in.csv')").body == b"1,a\\n2,b\\n\n"
    assert http_client(b"SELECT sum(c1) FROM file({p:String}, CSV)", param_p="in.csv").body == b"3\n"
    made = f"CREATE TABLE {database}.t ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('in.csv')"
    assert http_client(made.encode()).status == 200
    assert http_client(f"SELECT count() FROM {database}.t".encode()).body == b"2\n"


def test_a_session_that_used_a_file_may_use_no_other_afterwards(http_client, user_files, secret):
    (user_files / "one.csv").write_text("1\n")
    assert http_client(b"SELECT * FROM file('one.csv')", session_id="f").body == b"1\n"
    assert http_client(f"SELECT * FROM `{secret}`".encode(), session_id="f").status != 200
    assert http_client(f"SELECT * FROM file('{secret}')".encode(), session_id="f").status != 200


ATTEMPTS = [
    "SELECT * FROM file('{s}', 'LineAsString')",
    "SELECT file('{s}')",
    "SELECT `file`('{s}')",
    "SELECT /* */ file /* */ ('{s}')",
    "SELECT file(concat('{s}', ''))",
    "SELECT file('\\x2f{tail}')",
    "SELECT * FROM `{s}`",
    'SELECT * FROM "{s}"',
    "SELECT * FROM default.`{s}`",
    "SELECT * FROM url('file://{s}', 'LineAsString')",
    "SELECT * FROM url(concat('fi', 'le://{s}'), 'LineAsString', 'a String')",
    "SELECT * FROM fileCluster('default', '{s}', 'LineAsString')",
    "SELECT * FROM executable('cat {s}', 'LineAsString', 'a String')",
    "SELECT * FROM filesystem('{s}')",
    "SELECT * FROM sqlite('{s}', 't')",
    "SELECT * FROM icebergLocal('{s}')",
    "SELECT * FROM deltaLakeLocal('{s}')",
    "SELECT * FROM python('secret')",
    "SELECT * FROM s3('file://{s}')",
    "DESCRIBE TABLE file('{s}', 'LineAsString')",
    "CREATE TABLE {d}.t (a String) ENGINE = File(LineAsString, '{s}')",
    "CREATE TABLE {d}.t AS file('{s}', 'LineAsString')",
    "CREATE TABLE {d}.t (a String) ENGINE = URL('file://{s}', 'LineAsString')",
    "CREATE TABLE {d}.t (a String) ENGINE = FileLog('{s}', 'LineAsString')",
    "CREATE TABLE {d}.t ENGINE = SQLite('{s}', 't')",
    "CREATE TABLE {d}.t (a String) ENGINE = Executable('cat {s}', LineAsString)",
    "CREATE DATABASE fs_{d} ENGINE = Filesystem('/')",
    "CREATE DATABASE fs_{d} ENGINE = SQLite('{s}')",
    "CREATE FUNCTION f_{d} AS x -> file(x)",
    "CREATE DICTIONARY {d}.t (a String, b String) PRIMARY KEY a "
    "SOURCE(CLICKHOUSE(QUERY 'SELECT file(\\'{s}\\') AS a, a AS b')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)",
    "CREATE DICTIONARY {d}.t (a String, b String) PRIMARY KEY a "
    "SOURCE(FILE(PATH '{s}' FORMAT 'LineAsString')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)",
    "INSERT INTO {d}.kept VALUES (file('{s}'))",
    "INSERT INTO {d}.kept VALUES (`file`('{s}'))",
    "INSERT INTO {d}.kept FROM INFILE '{s}' FORMAT LineAsString",
    "INSERT INTO {d}.kept SELECT * FROM file('{s}', 'LineAsString')",
    "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = '{s}'",
    "SELECT 1 AS a FORMAT Template SETTINGS format_template_resultset = '{s}'",
    "SET format_template_row = '{s}'",
    "ATTACH TABLE {d}.t FROM '{s}' (a String) ENGINE = MergeTree ORDER BY a",
    "RESTORE DATABASE x FROM File('{s}')",
    "SET ROLE touchstone_files",
    "SET ROLE ALL",
    "SET ROLE DEFAULT",
    "INSERT INTO {d}.kept SELECT a FROM input('a String') UNION ALL "
    "SELECT * FROM url('file://{s}', 'LineAsString', 'a String') FORMAT CSV\nx\n",
    "INSERT INTO {d}.kept SELECT a FROM input('a String') UNION ALL "
    "SELECT * FROM file('{s}', 'LineAsString', 'a String') FORMAT CSV\nx\n",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_file_of_the_host_is_read(http_client, database, secret, attempt):
    http_client(f"CREATE TABLE {database}.kept (a String) ENGINE = Memory".encode())
    sql = attempt.format(s=secret, d=database, tail=str(secret)[1:])
    answer = http_client(sql.encode())
    assert b"top-secret" not in answer.body
    assert answer.status != 200, answer.body
    kept = http_client(f"SELECT * FROM {database}.kept".encode())
    assert kept.status == 200
    assert b"top-secret" not in kept.body


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT 1 INTO OUTFILE '{s}' TRUNCATE",
        "INSERT INTO FUNCTION file('{s}', 'CSV', 'a UInt8') SELECT 1",
        "SELECT 1 AS a FORMAT Protobuf SETTINGS output_format_schema = '{s}', format_protobuf_use_autogenerated_schema = 1",
        "SET output_format_schema = '{s}'",
        "SET input_format_record_errors_file_path = '{s}'",
        "BACKUP TABLE default.ops_query_log TO File('{s}')",
    ],
)  # fmt: skip
def test_no_file_of_the_host_is_written(http_client, secret, attempt):
    assert http_client(attempt.format(s=secret).encode()).status != 200
    assert secret.read_text() == "top-secret\n"


def test_values_that_come_in_a_stream_cannot_read_files_either(http_client, database, secret):
    http_client(f"CREATE TABLE {database}.kept (a String) ENGINE = Memory".encode())

    def body():
        yield f"INSERT INTO {database}.kept VALUES ('x')".encode()
        for _ in range(40):
            yield b"," + b",".join(b"('%s')" % (b"y" * 1000) for _ in range(50))
        yield f", (file('{secret}'))".encode()

    answer = http_client(body(), headers={"Transfer-Encoding": "chunked"}, chunked=True)
    assert answer.status != 200
    kept = http_client(f"SELECT countIf(a LIKE '%secret%') FROM {database}.kept".encode())
    assert kept.body == b"0\n"


def test_text_that_only_looks_like_a_file_goes_in(http_client, database):
    http_client(f"CREATE TABLE {database}.notes (file String, n UInt8) ENGINE = Memory".encode())
    sql = f"INSERT INTO {database}.notes (file, n) VALUES ('see file(''/etc/passwd'')', 1 + 1), ('profile (2)', 3)"
    assert http_client(sql.encode()).status == 200
    rows = http_client(f"SELECT file, n FROM {database}.notes ORDER BY n".encode()).body
    assert rows == b"see file(\\'/etc/passwd\\')\t2\nprofile (2)\t3\n"


def test_the_engine_is_in_the_sandbox_or_its_log_says_why_not(embedded_engine):
    said = "no sandbox" in embedded_engine.log.read_text()
    status = Path(f"/proc/{embedded_engine.pid}/status")
    is_inside = status.exists() and "NoNewPrivs:\t1" in status.read_text()
    assert is_inside != said
