"""Which statements may touch files: those that name files of the folder, and no others."""

from pathlib import Path

import pytest

from orchestrator.embedded.access.files import is_inside, is_suspicious, uses_files
from orchestrator.embedded.errors import QueryError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "user_files"
    (made / "sub").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("s")
    (made / "link").symlink_to(tmp_path / "secret.csv")
    (made / "inner").symlink_to(made / "sub")
    return made


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('a.csv')",
        "SELECT * FROM file('sub/a.csv', 'CSV', 'a UInt8')",
        "SELECT * FROM file('*.csv')",
        "SELECT * FROM file('{a,b}/*.parquet')",
        "SELECT * FROM file('inner/a.csv')",
        "SELECT * FROM file('a.zip :: b.csv')",
        "SELECT file('a.txt')",
        "SELECT * FROM file({path:String}, 'CSV')",
        "INSERT INTO FUNCTION file('a.csv') SELECT 1",
        "DESCRIBE TABLE file('a.csv')",
        "CREATE TABLE t AS file('a.csv')",
        "CREATE TABLE t (a UInt8) ENGINE = File(CSV)",
        "CREATE TABLE t (a UInt8) ENGINE = File(CSV, 'a.csv')",
        "SELECT * FROM filesystem('sub')",
        "BACKUP DATABASE d TO File('/anywhere')",
    ],
)
def test_files_of_the_folder_may_be_used(folder, sql):
    assert uses_files(sql.encode(), {"path": "a.csv"}, folder)


def test_an_absolute_path_below_the_folder_may_be_used(folder):
    assert uses_files(f"SELECT * FROM file('{folder}/a.csv')".encode(), {}, folder)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM file('../secret.csv')",
        "SELECT * FROM file('sub/../../secret.csv')",
        "SELECT * FROM file('*/../../secret.csv')",
        "SELECT * FROM file('link')",
        "SELECT * FROM `file`('/etc/passwd')",
        "SELECT * FROM \"file\" ('/etc/passwd')",
        "SELECT file('/etc/passwd')",
        "SELECT file(concat('/etc', '/passwd'))",
        "SELECT file(path) FROM t",
        "SELECT * FROM file({path:String})",
        "SELECT * FROM file({unset:String})",
        "SELECT * FROM (SELECT * FROM file('a.csv') UNION ALL SELECT * FROM file('/etc/passwd'))",
        "SELECT * FROM file('file:///etc/passwd')",
        "INSERT INTO FUNCTION file('/tmp/x.csv') SELECT 1",
        "CREATE TABLE t (a UInt8) ENGINE = File(CSV, '/etc/passwd')",
        "CREATE TABLE t AS file('/etc/passwd')",
        "CREATE FUNCTION f AS x -> file(x)",
        "SELECT * FROM file('a.csv') AS a, url('file:///etc/passwd') AS b",
        "SELECT * FROM fileCluster('c', '/etc/passwd')",
        "SELECT * FROM filesystem('/')",
        "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(FILE(PATH '/etc/passwd' FORMAT 'TSV')) LAYOUT(FLAT())",
        "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a "
        "SOURCE(CLICKHOUSE(QUERY 'SELECT file(\\'/etc/passwd\\')')) LAYOUT(FLAT())",
        "CREATE NAMED COLLECTION c AS query = 'SELECT * FROM file/**/(\\'/etc/passwd\\')'",
        "VALUES (1, file('/etc/passwd'))",
    ],
)
def test_files_elsewhere_are_refused(folder, sql):
    with pytest.raises(QueryError) as caught:
        uses_files(sql.encode(), {"path": "/etc/passwd"}, folder)
    assert caught.value.code == 291


@pytest.mark.parametrize("sql", ["SELECT * FROM python(x)", "SELECT * FROM executable('a')", "SELECT * FROM eval('x')"])
def test_functions_that_run_other_things_are_refused(folder, sql):
    with pytest.raises(QueryError) as caught:
        uses_files(sql.encode(), {}, folder)
    assert caught.value.code == 344


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT file FROM t",
        "SELECT 'file(\\'/etc/passwd\\')'",
        "INSERT INTO file (a, b) FORMAT Values",
        "CREATE TABLE d.file (a UInt8) ENGINE = Memory",
        "SELECT count() FROM db.file",
        "SELECT a.file, `python` FROM a",
    ],
)
def test_names_and_strings_are_no_calls(folder, sql):
    assert not uses_files(sql.encode(), {}, folder)


def test_only_a_text_with_a_telling_word_is_looked_at():
    assert not is_suspicious(b"SELECT * FROM trades WHERE profile = 'x'")
    assert is_suspicious(b"select FILE('x')")
    assert is_suspicious(b"BACKUP TABLE t TO Disk('d', 'x')")


def test_a_nul_byte_is_never_inside(folder):
    assert not is_inside("a\0b", folder)
