"""Sessions, concurrency and cancelling."""

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def new_id() -> str:
    return secrets.token_hex(8)


def test_use_and_set_stick_while_database_and_settings_of_the_url_do_not(http_client, database):
    session = new_id()
    http_client(b"SET max_threads = 2", session_id=session)
    http_client(f"USE {database}".encode(), session_id=session)
    during = http_client(
        b"SELECT currentDatabase(), getSetting('max_threads')", session_id=session, database="system", max_threads="5"
    )
    assert during.body == b"system\t5\n"
    after = http_client(b"SELECT currentDatabase(), getSetting('max_threads')", session_id=session)
    assert after.body == f"{database}\t2\n".encode()


def test_a_failing_query_leaves_the_session_as_it_was(http_client):
    session = new_id()
    default = http_client(b"SELECT getSetting('max_threads')", session_id=session).body
    assert http_client(b"SELECT throwIf(1)", session_id=session, max_threads="7", database="system").status == 500
    assert http_client(b"SELECT 1", session_id=session, max_threads="7", nonsense="1").status == 404
    answer = http_client(b"SELECT currentDatabase(), getSetting('max_threads')", session_id=session)
    assert answer.body == b"default\t" + default


def test_a_set_statement_wins_over_the_same_setting_in_its_url(http_client):
    session = new_id()
    http_client(b"SET max_threads = 4", session_id=session, max_threads="9")
    assert http_client(b"SELECT getSetting('max_threads')", session_id=session).body == b"4\n"


def test_temporary_tables_live_as_long_as_the_session(http_client):
    session = new_id()
    http_client(b"CREATE TEMPORARY TABLE mine (a Int8)", session_id=session)
    http_client(b"INSERT INTO mine FORMAT CSV\n1\n2\n", session_id=session)
    assert http_client(b"SELECT count() FROM mine", session_id=session).body == b"2\n"
    assert http_client(b"SELECT count() FROM mine", session_id=session, close_session="1").body == b"2\n"
    assert http_client(b"SELECT count() FROM mine", session_id=session).status == 404


def test_a_busy_session_is_refused_and_not_queued(new_http, http_client):
    session, other = new_id(), new_http()
    slow = threading.Thread(target=other, args=(b"SELECT sleep(1.5)",), kwargs={"session_id": session})
    slow.start()
    sql = b"SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep(1.5)%'"
    assert wait_until(lambda: http_client(sql).body == b"1\n")
    started = time.monotonic()
    answer = http_client(b"SELECT 1", session_id=session)
    assert time.monotonic() - started < 1
    slow.join()
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (500, "373")
    assert http_client(b"SELECT 1", session_id=session).body == b"1\n"


def test_a_session_expires_after_its_idle_time(http_client):
    session = new_id()
    http_client(b"SELECT 1", session_id=session, session_timeout="1")

    def is_gone() -> bool:
        answer = http_client(b"SELECT 1", session_id=session, session_check="1", session_timeout="1")
        return answer.headers.get("x-clickhouse-exception-code") == "372"

    assert not is_gone()
    expired = threading.Event()
    expired.wait(1.2)
    assert is_gone()


def test_an_impossible_session_timeout_is_374(http_client):
    for value in ("abc", "-1", "3601"):
        answer = http_client(b"SELECT 1", session_id=new_id(), session_timeout=value)
        assert answer.headers["x-clickhouse-exception-code"] == "374"


def test_a_running_query_id_is_refused_a_second_time(new_http, http_client):
    query_id, other = new_id(), new_http()
    slow = threading.Thread(target=other, args=(b"SELECT sleep(1.4)",), kwargs={"query_id": query_id})
    slow.start()
    sql = b"SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep(1.4)%'"
    assert wait_until(lambda: http_client(sql).body == b"1\n")
    assert http_client(b"SELECT 1", query_id=query_id).headers["x-clickhouse-exception-code"] == "216"
    assert http_client(b"SELECT 2", query_id=query_id, replace_running_query="1").body == b"2\n"
    slow.join()


def test_a_hundred_queries_at_once_are_all_answered_while_ping_stays_quick(new_http):
    def ask(number: int) -> bytes:
        return new_http()(f"SELECT {number}, sleep(0.2)".encode()).body

    with ThreadPoolExecutor(100) as pool:
        answers = [pool.submit(ask, number) for number in range(100)]
        started = time.monotonic()
        pinging = new_http()
        assert pinging(method="GET", path="/ping").body == b"Ok.\n"
        assert time.monotonic() - started < 2
        assert [answer.result() for answer in answers] == [f"{n}\t0\n".encode() for n in range(100)]


def test_a_select_ends_when_its_client_leaves_and_asked_for_that(new_http, http_client):
    mark = f"mark_{new_id()}"
    sql = f"SELECT count() AS {mark} FROM numbers(1000000000000)"
    leaving = new_http()
    leaving.connection.request("POST", "/?cancel_http_readonly_queries_on_client_close=1", sql.encode())
    running = f"SELECT count() FROM system.processes WHERE query LIKE 'SELECT count() AS {mark}%'".encode()
    assert wait_until(lambda: http_client(running).body == b"1\n")
    leaving.close()
    assert wait_until(lambda: http_client(running).body == b"0\n")


def test_an_insert_whose_client_leaves_is_not_finished(new_http, http_client, database):
    http_client(f"CREATE TABLE {database}.t (a UInt32) ENGINE = MergeTree ORDER BY a".encode())
    leaving = new_http()
    connection = leaving.connection
    connection.putrequest("POST", f"/?query=INSERT+INTO+{database}.t+FORMAT+TSV")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send(b"4\r\n1\n2\n\r\n")
    leaving.close()
    running = f"SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO {database}%'".encode()
    assert wait_until(lambda: http_client(running).body == b"0\n")
    assert http_client(f"SELECT count() FROM {database}.t".encode()).body == b"0\n"
