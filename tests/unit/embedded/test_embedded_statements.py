"""Telling statements apart, and finding where an INSERT's data starts."""

import pytest

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.statements import ensure_single, find_insert_data, statement, tokens


@pytest.mark.parametrize(
    ("sql", "head", "input_format", "data"),
    [
        (b"INSERT INTO t VALUES (1)", b"INSERT INTO t ", "Values", b" (1)"),
        (b"insert into db.t (a, b) values(1,2)", b"insert into db.t (a, b) ", "Values", b"(1,2)"),
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"INSERT INTO t ", "CSV", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV\n\n1,2\n", b"INSERT INTO t ", "CSV", b"\n1,2\n"),
        (b"INSERT INTO t FORMAT CSV \r\n1", b"INSERT INTO t ", "CSV", b"1"),
        (b"INSERT INTO t FORMAT CSV abc,1", b"INSERT INTO t ", "CSV", b"abc,1"),
        (b"INSERT INTO t FORMAT Native", b"INSERT INTO t ", "Native", b""),
        (b"INSERT t FORMAT Native\n\x01\n\n\x00", b"INSERT t ", "Native", b"\x01\n\n\x00"),
        (
            b"INSERT INTO t SETTINGS a = 'FORMAT x' FORMAT TSV\n1",
            b"INSERT INTO t SETTINGS a = 'FORMAT x' ",
            "TSV",
            b"1",
        ),
        (b"INSERT INTO values VALUES (1)", b"INSERT INTO values ", "Values", b" (1)"),
        (b"INSERT INTO TABLE format.format FORMAT TSV\n1", b"INSERT INTO TABLE format.format ", "TSV", b"1"),
        (b"INSERT INTO t (format, values) FORMAT TSV\n1", b"INSERT INTO t (format, values) ", "TSV", b"1"),
        (b"INSERT INTO {t:Identifier} FORMAT TSV\n1", b"INSERT INTO {t:Identifier} ", "TSV", b"1"),
        (
            b"INSERT INTO {d:Identifier}.{t:Identifier} VALUES",
            b"INSERT INTO {d:Identifier}.{t:Identifier} ",
            "Values",
            b"",
        ),
        (b"INSERT INTO `a``b` VALUES (1)", b"INSERT INTO `a``b` ", "Values", b" (1)"),
        (b"INSERT INTO FUNCTION null('x Int8') VALUES (1)", b"INSERT INTO FUNCTION null('x Int8') ", "Values", b" (1)"),
        (
            b"/* VALUES */ INSERT -- VALUES\nINTO t VALUES (1)",
            b"/* VALUES */ INSERT -- VALUES\nINTO t ",
            "Values",
            b" (1)",
        ),
        (b"WITH 1 AS x INSERT INTO t VALUES (1)", b"WITH 1 AS x INSERT INTO t ", "Values", b" (1)"),
    ],
)
def test_data_starts_right_behind_the_statement(sql, head, input_format, data):
    found = find_insert_data(sql)
    assert found is not None
    assert (found.sql, found.format, sql[found.data_start :]) == (head, input_format, data)


@pytest.mark.parametrize(
    "sql",
    [
        b"",
        b"SELECT 1",
        b"INSERT INTO t SELECT 1",
        b"INSERT INTO t (a) SELECT 1 FORMAT Values",
        b"INSERT INTO t WITH 1 AS x SELECT x",
        b"INSERT INTO t (SELECT 1)",
        b"WITH 1 AS x INSERT INTO t SELECT x",
        b"INSERT INTO t SELECT * FROM VALUES('a Int8', 1)",
        b"INSERT INTO t FROM INFILE 'f' FORMAT CSV",
        b"EXPLAIN INSERT INTO t VALUES (1)",
        b"CREATE TABLE t (a Int8 DEFAULT 1) ENGINE = Memory",
        b"INSERT INTO t",
        b"INSERT INTO t FORMAT",
        b"INSERT",
        b"INSERT INTO",
        b"INSERT INTO t (a, 'unfinished",
    ],
)
def test_a_statement_without_data_is_left_to_the_parser(sql):
    assert find_insert_data(sql) is None


def test_a_call_of_input_is_found_with_its_arguments():
    sql = b"INSERT INTO t SELECT lower(a) FROM input('a String, b Array(Int8)') WHERE b != [] FORMAT CSV\nX,[]\n"
    found = find_insert_data(sql)
    assert found.format == "CSV"
    assert sql[found.data_start :] == b"X,[]\n"
    start, end = found.input_span
    assert found.sql[start:end] == b"input('a String, b Array(Int8)')"
    assert found.input_arguments == b"'a String, b Array(Int8)'"


def test_data_is_not_looked_at():
    data = b"'\"`(((" * 400_000
    found = find_insert_data(b"INSERT INTO t FORMAT RowBinary\n" + data)
    assert found.data_start == len(b"INSERT INTO t FORMAT RowBinary\n")


def test_strings_comments_and_heredocs_are_one_token_or_none():
    sql = b"SELECT 'a''b\\'c' /* x */, $tag$ ' $tag$ -- y\n, `q` # z\n"
    assert [token.text for token in tokens(sql)] == [b"SELECT", b"'a''b\\'c'", b",", b"$tag$ ' $tag$", b",", b"`q`"]


@pytest.mark.parametrize(
    ("canonical", "kind", "has_result", "only_reads", "output_format"),
    [
        (b"SELECT 1", "SELECT", True, True, None),
        (b"WITH 1 AS x SELECT x FORMAT JSON", "SELECT", True, True, "JSON"),
        (b"(SELECT 1) UNION ALL (SELECT 2) FORMAT CSV", "SELECT", True, True, "CSV"),
        (b"SELECT 1 FORMAT TSV SETTINGS max_threads = 1", "SELECT", True, True, "TSV"),
        (b"SELECT 1 SETTINGS max_threads = 1 FORMAT TSV", "SELECT", True, True, "TSV"),
        (b"SELECT format FROM t", "SELECT", True, True, None),
        (b"SELECT 1 AS FORMAT SETTINGS max_threads = 1", "SELECT", True, True, None),
        (b"SELECT 'FORMAT CSV'", "SELECT", True, True, None),
        (b"SHOW TABLES", "SHOW", True, True, None),
        (b"DESCRIBE TABLE t", "DESCRIBE", True, True, None),
        (b"EXISTS TABLE t", "EXISTS", True, True, None),
        (b"KILL QUERY WHERE 1 ASYNC", "KILL", True, False, None),
        (b"CREATE TABLE t AS SELECT 1", "CREATE", False, False, None),
        (b"INSERT INTO t SELECT 1", "INSERT", False, False, None),
        (b"SET a = 1", "SET", False, True, None),
        (b"USE x", "USE", False, True, None),
        (b"OPTIMIZE TABLE t", "OPTIMIZE", False, False, None),
    ],
)
def test_kinds_tell_whether_there_is_a_result_and_whether_something_is_written(
    canonical, kind, has_result, only_reads, output_format
):
    parsed = statement(canonical, canonical)
    assert (parsed.kind, parsed.has_result, parsed.only_reads, parsed.format) == (
        kind,
        has_result,
        only_reads,
        output_format,
    )


@pytest.mark.parametrize(
    ("canonical", "code"),
    [
        (b"SELECT 1 INTO OUTFILE 'x'", 358),
        (b"INSERT INTO t FROM INFILE 'x' FORMAT CSV", 78),
        (b"CREATE TABLE t (a int) ENGINE = Kafka SETTINGS x = 1", 344),
        (b"ATTACH TABLE t ENGINE = Kafka('a', 'b')", 344),
        (b"SET default_table_engine = 'Kafka'", 344),
        (b"SYSTEM SHUTDOWN", 344),
        (b"SYSTEM KILL", 344),
    ],
)
def test_what_must_not_run_for_a_client_is_refused(canonical, code):
    with pytest.raises(QueryError) as caught:
        statement(canonical, canonical)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "canonical",
    [
        b"SELECT 'ENGINE = Kafka', 'INTO OUTFILE'",
        b"SYSTEM RELOAD DICTIONARIES",
        b"CREATE TABLE kafka (a int) ENGINE = Memory",
    ],
)
def test_words_alone_refuse_nothing(canonical):
    assert statement(canonical, canonical).sql == canonical


def test_a_second_statement_behind_values_is_refused_and_a_last_semicolon_is_not():
    for values in (b"(1)", b"(1);", b"(1) ; \n", b"('a;b'), (2);", b"(1); -- the end", b"(1);;"):
        ensure_single(values)
    for values in (b"(1); SELECT 5", b"('a'); DROP TABLE t;"):
        with pytest.raises(QueryError, match="Multi-statements"):
            ensure_single(values)
