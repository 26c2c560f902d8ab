"""The writer lock between threads and commands that behave: one at a time, in order, with clear words for the others."""

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import MigrationsMissingError, WriterLockError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.locks import Lease, Timing, writer_lock
from orchestrator.warehouse.locks.registers import Register, TableStore, has_keeper

QUICK = Timing(lease_seconds=60, heartbeat_seconds=15, poll_seconds=0.02, tell_seconds=0.05)
CROWDED = Timing(poll_seconds=0.1)
THREADS = 6
ROUNDS = 2
DEADLINE_SECONDS = 60

Locked = Callable[..., AbstractContextManager[Lease]]


@pytest.fixture
def database(settings: Settings) -> str:
    connect(settings).command(f"CREATE DATABASE {settings.clickhouse_database}")
    return settings.clickhouse_database


@pytest.fixture
def locked(settings: Settings, database: str) -> Locked:
    """Holds the lock of the test's database."""
    client = connect(settings)

    def lock(name: str = "dimensions", *, wait_seconds: float = 0, holder: str = "a test", **options) -> object:
        return writer_lock(
            client, database, name, wait_seconds=wait_seconds, holder=holder, **{"timing": QUICK, **options}
        )

    return lock


def lock_tables(client: Client, database: str) -> list[str]:
    return [
        name
        for (name,) in client.query(
            f"SELECT name FROM system.tables WHERE database = '{database}' AND name LIKE 'ops%lock%' ORDER BY name"
        ).result_rows
    ]


def test_no_update_is_lost_when_many_threads_read_modify_and_write(settings: Settings, database: str) -> None:
    connect(settings).command(f"CREATE TABLE {database}.counter (value UInt32) ENGINE = MergeTree ORDER BY value")
    generations: list[int] = []

    def increment(thread: int) -> None:
        client = connect(settings, database=database)
        for _ in range(ROUNDS):
            with writer_lock(
                client, database, wait_seconds=DEADLINE_SECONDS, holder=f"thread {thread}", timing=CROWDED
            ) as lease:
                value = int(str(client.command("SELECT max(value) FROM counter")))
                client.command(f"INSERT INTO counter VALUES ({value + 1})")
                generations.append(lease.generation)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(increment, range(THREADS)))
    values = connect(settings, database=database).query("SELECT value FROM counter ORDER BY value").result_columns[0]
    assert list(values) == list(range(1, THREADS * ROUNDS + 1))
    assert generations == list(range(1, THREADS * ROUNDS + 1))


def test_who_comes_second_is_told_what_it_waits_for_and_then_gets_the_lock(locked: Locked) -> None:
    told: list[str] = []
    was_told = threading.Event()
    order: list[str] = []

    def hear(message: str) -> None:
        told.append(message)
        was_told.set()

    def second() -> int:
        with locked(wait_seconds=DEADLINE_SECONDS, holder="the second", on_wait=hear) as lease:
            order.append("second in")
            return lease.generation

    with ThreadPoolExecutor(1) as pool:
        with locked(holder="the first") as lease:
            waiting = pool.submit(second)
            assert was_told.wait(DEADLINE_SECONDS)
            order.append("first out")
        assert waiting.result(DEADLINE_SECONDS) == lease.generation + 1
    assert order == ["first out", "second in"]
    assert "held by 'the first'" in told[0]


def test_a_wait_that_is_over_names_the_holder_and_the_remedy(locked: Locked, database: str) -> None:
    with locked(holder="touchstone build"), pytest.raises(WriterLockError) as caught, locked(wait_seconds=0.1):
        pytest.fail("two hold the lock")
    message = str(caught.value)
    assert f"The lock 'dimensions' of {database}: held by 'touchstone build'" in message
    assert f"host {socket.gethostname()}, pid {os.getpid()}, since 2" in message
    assert "if it is not renewed. Waited 0.1 seconds for it." in message
    assert caught.value.remedy == "Wait until it is done and run the command again, or end what it names."


def test_a_body_that_fails_lets_the_next_one_in_and_its_own_error_out(locked: Locked) -> None:
    with pytest.raises(ZeroDivisionError), locked() as first:
        raise ZeroDivisionError
    with locked() as second:
        assert second.generation == first.generation + 1


def test_locks_of_other_names_and_databases_are_other_locks(
    locked: Locked, new_settings: Callable[..., Settings], settings: Settings
) -> None:
    other = f"{settings.clickhouse_database}_other"
    client = connect(settings)
    client.command(f"CREATE DATABASE {other}")
    try:
        with locked(), locked("dimensions_of_feeds"), writer_lock(client, other, wait_seconds=0, holder="a test") as it:
            assert it.generation == 1
    finally:
        client.command(f"DROP DATABASE {other}")


def test_a_holder_that_lives_keeps_the_lock_for_longer_than_a_lease(locked: Locked) -> None:
    beating = Timing(lease_seconds=1, heartbeat_seconds=0.1, poll_seconds=0.05)
    with locked(timing=beating) as lease:
        with pytest.raises(WriterLockError, match="held by 'a test'"), locked(wait_seconds=1.4, timing=beating):
            pytest.fail("two hold the lock")
        lease.require()


def test_a_lease_that_was_given_back_is_no_longer_held(locked: Locked) -> None:
    with locked() as lease:
        lease.require()
    with pytest.raises(WriterLockError, match="was given back"):
        lease.require()
    assert not lease.is_lost


def test_without_a_database_the_migrations_are_missing(settings: Settings) -> None:
    with (
        pytest.raises(MigrationsMissingError, match=f"no database {settings.clickhouse_database}.*touchstone migrate"),
        writer_lock(connect(settings), settings.clickhouse_database, wait_seconds=0, holder="a test"),
    ):
        pytest.fail("there is nothing to lock")


@pytest.mark.parametrize("name", ["", "Dimensions", "dimensions_2", "a'b", "ünits", "_"])
def test_a_name_that_could_be_another_lock_s_record_is_refused(locked: Locked, name: str) -> None:
    with pytest.raises(ValueError, match="small letters"), locked(name):
        pytest.fail("such a lock cannot be")


def test_a_holder_s_name_may_have_any_character(locked: Locked) -> None:
    with locked(holder="O'Neill's \\ {build:String} \"ü\" %s"), pytest.raises(WriterLockError) as caught, locked():
        pytest.fail("two hold the lock")
    assert "build:String" in str(caught.value)


def test_the_embedded_engine_has_no_keeper_and_gets_no_table_for_it(settings: Settings, database: str) -> None:
    assert not has_keeper(connect(settings), database)
    assert lock_tables(connect(settings), database) == []


def test_records_are_dropped_a_while_after_their_successor_was_written(
    settings: Settings, database: str, locked: Locked
) -> None:
    client = connect(settings)
    for _ in range(2):
        with locked():
            pass
    assert lock_tables(client, database) == [f"ops_lock_dimensions_{n}" for n in (1, 2, 3, 4)]
    impatient = Register(TableStore(client, database, "dimensions"), keep=timedelta(0))
    last = impatient.read().record
    assert last is not None
    assert impatient.replace(last, replace(last, revision=5))
    assert lock_tables(client, database) == ["ops_lock_dimensions_5"]
    with locked() as lease:
        assert lease.generation == 3


def test_only_the_first_replaces_a_record_and_one_that_is_too_slow_by_far_does_not(
    settings: Settings, database: str, locked: Locked
) -> None:
    register = Register(TableStore(connect(settings), database, "dimensions"), keep=timedelta(0))
    with locked():
        pass
    seen = register.read().record
    assert seen is not None
    third, fourth = replace(seen, revision=3), replace(seen, revision=4)
    assert register.replace(seen, third)
    assert register.replace(seen, third), "the driver had sent it again"
    assert not register.replace(seen, replace(third, owner="the loser"))
    assert register.replace(third, fourth)
    assert not register.replace(seen, replace(third, owner="the third was dropped by now"))
    assert not register.replace(None, replace(seen, revision=1))
    assert register.read().record == fourth


def test_a_record_that_cannot_be_understood_is_named(settings: Settings, database: str, locked: Locked) -> None:
    connect(settings).command(
        f"CREATE TABLE {database}.ops_lock_dimensions_7 (x UInt8) ENGINE = Null COMMENT '{{\"revision\": 7}}'"
    )
    with pytest.raises(WriterLockError, match="ops_lock_dimensions_7 cannot be understood"), locked():
        pytest.fail("whose lock is it?")


def test_a_holder_whose_record_was_removed_learns_it(settings: Settings, database: str, locked: Locked) -> None:
    client = connect(settings)
    with pytest.raises(WriterLockError, match="its record was removed"), locked():
        for name in lock_tables(client, database):
            client.command(f"DROP TABLE {database}.{name} SYNC")


def test_what_this_process_could_not_give_back_as_the_engine_was_away_it_takes_again_at_once(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(settings)
    with monkeypatch.context() as away:
        away.setattr("orchestrator.warehouse.locks.leases.Lease.give_back", lambda _lease, **_how: None)
        with writer_lock(client, database, wait_seconds=0, holder="cut off"):
            pass
    with writer_lock(client, database, wait_seconds=0, holder="again") as lease:
        assert lease.generation == 2
        with (
            pytest.raises(WriterLockError, match="held by 'again'"),
            writer_lock(client, database, wait_seconds=0, holder="another one"),
        ):
            pass
