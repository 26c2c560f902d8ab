"""Who may come in and how much they may do, on engines with a users file and limits; and files nobody may read."""

import concurrent.futures
import socket
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from conftest import Http
from house import free_port

from orchestrator.embedded import EngineAccess, EngineState, start_engine, stop_engine
from orchestrator.exceptions import EngineUsersError

USERS = """<clickhouse>
  <profiles>
    <default><max_threads>1</max_threads></default>
    <reader><readonly>1</readonly></reader>
    <curious><readonly>2</readonly></curious>
  </profiles>
  <users>
    <default><password>owner</password></default>
    <ann><password>a</password><profile>reader</profile></ann>
    <bob><password>b</password><profile>curious</profile><default_database>system</default_database></bob>
    <eve><password>e</password><networks><ip>10.0.0.0/8</ip></networks></eve>
    <desk><password>d</password><grants><query>GRANT night_shift</query></grants></desk>
  </users>
</clickhouse>"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> EngineState:
    """An engine with five users, a limit of 4 queries at once, of 1 MB a request and of 2 seconds a query."""
    folder = tmp_path_factory.mktemp("guarded")
    users = folder / "users.xml"
    users.write_text(USERS)
    access = EngineAccess(
        users_file=users, max_concurrent_queries=4, max_request_bytes=1_000_000, max_execution_seconds=2
    )
    yield start_engine(folder / "engine", free_port(), password="owner", access=access).state
    stop_engine(folder / "engine")


@pytest.fixture
def http(guarded):
    client = Http(guarded.port)
    yield client
    client.close()


def ask(http: Http, sql: str, user="default", password="owner", **url):
    return http(sql.encode(), headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password}, **url)


def code(answer) -> str | None:
    return answer.headers.get("x-clickhouse-exception-code")


def test_every_user_comes_in_with_the_right_password_only(http):
    for user, password in (("default", "owner"), ("ann", "a"), ("bob", "b"), ("desk", "d")):
        assert ask(http, "SELECT 1", user, password).body == b"1\n"
        refused = ask(http, "SELECT 1", user, "wrong")
        assert (refused.status, code(refused)) == (403, "516")
    assert code(ask(http, "SELECT 1", "nobody", "")) == "516"
    assert code(ask(http, "SELECT 1", "eve", "e")) == "516"


def test_a_reader_reads_and_changes_nothing(http):
    assert ask(http, "SELECT count() > 100 FROM system.settings", "ann", "a").body == b"1\n"
    assert ask(http, "SELECT 1", "ann", "a", session_id="s").body == b"1\n"
    for url in ({}, {"session_id": "s"}):
        for sql in (
            "CREATE DATABASE x",
            "INSERT INTO default.ops_query_log (query) VALUES ('x')",
            "INSERT INTO default.ops_query_log (query) FORMAT CSV\nx\n",
            "SET max_threads = 4",
            "SELECT 1 SETTINGS max_threads = 4",
            "DROP TABLE default.ops_query_log",
            "SYSTEM FLUSH LOGS",
        ):
            assert code(ask(http, sql, "ann", "a", **url)) == "164", (sql, url)
        assert code(ask(http, "SELECT 1", "ann", "a", max_threads="4", **url)) == "164"


def test_a_reader_with_readonly_2_may_change_settings(http):
    assert ask(http, "SELECT getSetting('max_threads')", "bob", "b", max_threads="3").body == b"3\n"
    assert ask(http, "SET max_threads = 3", "bob", "b", session_id="s").status == 200
    assert ask(http, "SELECT getSetting('max_threads')", "bob", "b", session_id="s").body == b"3\n"
    assert code(ask(http, "CREATE DATABASE x", "bob", "b")) == "164"


def test_a_profile_and_a_default_database_hold(http):
    assert ask(http, "SELECT getSetting('max_threads'), currentDatabase()").body == b"1\tdefault\n"
    assert ask(http, "SELECT currentDatabase()", "bob", "b").body == b"system\n"
    assert ask(http, "SELECT currentDatabase()", "bob", "b", session_id="t").body == b"system\n"
    assert ask(http, "SELECT currentDatabase()", "bob", "b", database="default").body == b"default\n"


def test_sessions_of_two_users_are_two(http):
    assert ask(http, "CREATE TEMPORARY TABLE mine (a UInt8)", session_id="same").status == 200
    assert code(ask(http, "SELECT * FROM mine", "bob", "b", session_id="same")) == "60"


def test_a_role_the_user_has_is_accepted_and_another_refused(http):
    assert ask(http, "SELECT 1", "desk", "d", role="night_shift", quota_key="any").body == b"1\n"
    refused = ask(http, "SELECT 1", "desk", "d", role="admin")
    assert (refused.status, code(refused)) == (404, "511")


def test_clickhouse_connect_works_as_a_reader(guarded):
    client = clickhouse_connect.get_client(port=guarded.port, username="ann", password="a")
    assert client.query("SELECT number FROM numbers(3)").result_rows == [(0,), (1,), (2,)]
    with pytest.raises(DatabaseError, match="164"):
        client.command("CREATE DATABASE x")
    client.close()


def test_more_queries_at_once_than_allowed_are_refused(guarded):
    def slow(number: int):
        client = Http(guarded.port)
        try:
            return ask(client, "SELECT sleep(1)", query_id=f"slow-{number}")
        finally:
            client.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(slow, range(8)))
    assert sorted({code(answer) for answer in answers}, key=str) == ["202", None]
    assert sum(code(answer) is None for answer in answers) >= 4


def test_a_query_that_takes_too_long_is_ended(http):
    answer = ask(http, "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number))")
    assert (answer.status, code(answer)) == (408, "159")


def test_a_body_that_is_too_large_is_refused_and_the_connection_goes_on(http):
    answer = ask(http, "INSERT INTO FUNCTION null('a String') FORMAT LineAsString\n" + "x" * 1_100_000)
    assert (answer.status, code(answer)) == (413, "229")
    assert ask(http, "SELECT 1").body == b"1\n"


def test_an_engine_does_not_open_its_doors_without_passwords(tmp_path):
    for host in ("0.0.0.0", "::"):
        with pytest.raises(EngineUsersError, match="no password for default"):
            start_engine(tmp_path / "engine", free_port(), access=EngineAccess(host=host))


def test_an_engine_with_passwords_listens_beyond_loopback(tmp_path):
    port = free_port()
    outside = _own_address()
    state = start_engine(tmp_path / "engine", port, password="x", access=EngineAccess(host=outside)).state
    try:
        client = clickhouse_connect.get_client(host=outside, port=state.port, password="x")
        assert client.command("SELECT 1") == 1
        client.close()
    finally:
        stop_engine(tmp_path / "engine")


def test_a_users_file_without_our_own_login_is_refused_at_the_start(tmp_path):
    users = tmp_path / "users.xml"
    users.write_text(USERS)
    with pytest.raises(EngineUsersError, match="CLICKHOUSE_PASSWORD"):
        start_engine(tmp_path / "engine", free_port(), password="other", access=EngineAccess(users_file=users))


def _own_address() -> str:
    """An address of this machine that is not loopback, without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
            return str(sock.getsockname()[0])
        except OSError:
            return "0.0.0.0"


def test_the_paths_of_an_engine_may_have_odd_names(tmp_path):
    folder: Path = tmp_path / 'an engine & <its> folder\'s "data" #1 %41'
    state = start_engine(folder, free_port()).state
    try:
        (folder / "user_files" / "a.csv").write_text("1\n2\n")
        client = Http(state.port)
        assert client(b"SELECT sum(c1) FROM file('a.csv')").body == b"3\n"
        assert client(b"BACKUP TABLE default.ops_query_log TO File('b')").status == 200
        client.close()
    finally:
        stop_engine(folder)
