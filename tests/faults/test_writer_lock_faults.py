"""The writer lock when its holder is killed, paused or cut off, and when the engine is killed under it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from house import OWN_VARIABLES, free_port, variables_of

from orchestrator.constants import PROJECT_ROOT
from orchestrator.embedded import engine_state, stop_engine
from orchestrator.exceptions import WriterLockError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.locks import Lease, Timing, writer_lock
from orchestrator.warehouse.locks.holders import is_gone, left_running, this_process

DEADLINE_SECONDS = 60
QUICK = Timing(poll_seconds=0.02)
PAUSED = Timing(lease_seconds=0.3, heartbeat_seconds=600, poll_seconds=0.02)
BEATING = Timing(lease_seconds=0.6, heartbeat_seconds=0.1, poll_seconds=0.02)
# Says what happens to it, a line each; begins and ends when it is told to, by a line each.
HOLDER = """
import subprocess, sys
from orchestrator.exceptions import WriterLockError
from orchestrator.helpers import configure_logging
from orchestrator.settings import get_settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.locks import Timing, writer_lock

def tell(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

lease_seconds, heartbeat_seconds, has_child = (float(argument) for argument in sys.argv[1:])
timing = Timing(lease_seconds, heartbeat_seconds, 0.02)
configure_logging("INFO", "json")
settings = get_settings()
client = connect(settings)
tell("ready")
sys.stdin.readline()
try:
    with writer_lock(client, settings.clickhouse_database, wait_seconds=0, holder="a child", timing=timing) as lease:
        child = subprocess.Popen(["sleep", "600"]) if has_child else None
        tell(f"got {lease.generation} {child.pid if child else 0}")
        sys.stdin.readline()
        lease.require()
    tell("done")
except WriterLockError as error:
    tell(f"refused {error}")
"""


class Holder:
    """A process of its own, with a process group of its own, that takes the lock and keeps it."""

    def __init__(self, settings: Settings, timing: Timing = QUICK, *, has_child: bool = False) -> None:
        variables = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
        given = (timing.lease_seconds, timing.heartbeat_seconds, float(has_child))
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, *map(str, given)],
            cwd=PROJECT_ROOT,
            env=variables | variables_of(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._is_ready = False

    def await_ready(self) -> None:
        self._is_ready = self._is_ready or self.hears() == "ready"
        assert self._is_ready

    def tell(self) -> None:
        self.await_ready()
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def hears(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def takes(self) -> list[int]:
        """Generation, and the pid of its child or 0."""
        self.tell()
        word, *numbers = self.hears().split()
        assert word == "got"
        return [int(number) for number in numbers]

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def new_holder(locked_settings: Settings) -> Iterator[Callable[..., Holder]]:
    made: list[Holder] = []

    def make(timing: Timing = QUICK, **options) -> Holder:
        made.append(Holder(locked_settings, timing, **options))
        return made[-1]

    yield make
    for holder in made:
        holder.end()


@pytest.fixture
def locked_settings(settings: Settings) -> Settings:
    """Settings of a database that is there, and empty."""
    connect(settings).command(f"CREATE DATABASE {settings.clickhouse_database}")
    return settings


def lock(
    settings: Settings, timing: Timing = QUICK, *, wait_seconds: float = 0, holder: str = "a test", **options
) -> AbstractContextManager[Lease]:
    client, database = connect(settings), settings.clickhouse_database
    return writer_lock(client, database, wait_seconds=wait_seconds, holder=holder, timing=timing, **options)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def test_an_expired_lock_is_recovered_and_its_paused_holder_learns_it(locked_settings: Settings) -> None:
    successor = lock(locked_settings, wait_seconds=DEADLINE_SECONDS, holder="the successor")
    told = r"no longer held by 'a test': 'the successor' .* took over"
    with pytest.raises(WriterLockError, match=told), lock(locked_settings, PAUSED) as first, successor as second:
        assert second.generation == first.generation + 1
        assert not first.is_lost
        with pytest.raises(WriterLockError, match=told):
            first.require()
        assert first.is_lost
        second.require()


def test_a_paused_holder_goes_on_when_nobody_took_over(locked_settings: Settings) -> None:
    with lock(locked_settings, PAUSED) as lease:
        client = connect(locked_settings)
        expired = "SELECT now64(3) > toDateTime64('{}', 3) + INTERVAL 300 MILLISECOND"
        statement = expired.format(client.command("SELECT now64(3)"))
        wait_until(lambda: client.command(statement))
        lease.require()
    assert not lease.is_lost


def test_a_stopped_process_that_wakes_up_finds_the_lock_gone(
    locked_settings: Settings, new_holder: Callable[..., Holder]
) -> None:
    holder = new_holder(BEATING)
    assert holder.takes() == [1, 0]
    os.kill(holder.process.pid, signal.SIGSTOP)
    with lock(locked_settings, wait_seconds=DEADLINE_SECONDS) as lease:
        assert lease.generation == 2
        os.kill(holder.process.pid, signal.SIGCONT)
        holder.tell()
        told = holder.hears()
        lease.require()
    assert told.startswith("refused The lock 'dimensions' of")
    assert "is no longer held by 'a child': 'a test'" in told


@pytest.mark.parametrize("is_reaped", [False, True])
def test_the_lock_of_a_killed_process_of_this_machine_is_free_at_once(
    locked_settings: Settings, new_holder: Callable[..., Holder], is_reaped: bool
) -> None:
    holder = new_holder()
    holder.takes()
    with pytest.raises(WriterLockError, match=f"'a child' .*pid {holder.process.pid}"), lock(locked_settings):
        pytest.fail("two hold the lock")
    holder.process.kill()
    if is_reaped:
        holder.process.wait()
    wait_until(lambda: is_reaped or psutil.Process(holder.process.pid).status() == psutil.STATUS_ZOMBIE)
    with lock(locked_settings) as lease:
        assert lease.generation == 2


def test_what_a_killed_process_left_running_keeps_the_lock_and_is_named(
    locked_settings: Settings, new_holder: Callable[..., Holder]
) -> None:
    holder = new_holder(has_child=True)
    _, orphan = holder.takes()
    holder.process.kill()
    holder.process.wait()
    told = rf"is gone, but left running: sleep \(pid {orphan}\)"
    with pytest.raises(WriterLockError, match=told), lock(locked_settings):
        pytest.fail("its child may still write")
    os.kill(orphan, signal.SIGKILL)
    with lock(locked_settings, wait_seconds=DEADLINE_SECONDS) as lease:
        assert lease.generation == 2


def test_of_two_processes_that_race_for_a_stale_lock_exactly_one_wins(
    locked_settings: Settings, new_holder: Callable[..., Holder]
) -> None:
    dead, *racers = (new_holder() for _ in range(3))
    dead.takes()
    dead.process.kill()
    dead.process.wait()
    for racer in racers:
        racer.await_ready()
    for racer in racers:
        racer.tell()
    told = sorted(racer.hears().partition(" (")[0] for racer in racers)
    assert told[0] == "got 2 0"
    assert told[1].startswith(f"refused The lock 'dimensions' of {locked_settings.clickhouse_database}: ")


def test_a_successor_waits_for_statements_that_a_holder_left_in_the_engine(locked_settings: Settings) -> None:
    client = connect(locked_settings, database=locked_settings.clickhouse_database)
    client.command("CREATE TABLE slow (n UInt32) ENGINE = MergeTree ORDER BY n")
    mine = f"current_database = '{locked_settings.clickhouse_database}' AND query LIKE 'INSERT INTO slow%'"
    running = f"SELECT count() FROM system.processes WHERE {mine}"

    def insert_slowly() -> None:
        with suppress(ClickHouseError):
            client.command(
                "INSERT INTO slow SELECT number + sleepEachRow(0.1) FROM numbers(600) SETTINGS max_block_size = 1"
            )

    slow = threading.Thread(target=insert_slowly)
    with pytest.raises(ZeroDivisionError), lock(locked_settings):
        slow.start()
        wait_until(lambda: client.command(running))
        raise ZeroDivisionError
    told = "left running in the engine: INSERT INTO slow"
    for _ in range(2):
        with pytest.raises(WriterLockError, match=told), lock(locked_settings):
            pytest.fail("its statement still writes")
    heard: list[str] = []

    def end_it(message: str) -> None:
        heard.append(message)
        client.command(f"KILL QUERY WHERE {mine} ASYNC")

    with lock(locked_settings, wait_seconds=DEADLINE_SECONDS, on_wait=end_it) as lease:
        assert lease.generation == 4
        assert client.command(running) == 0
    slow.join()
    assert told in heard[0]


def test_a_process_is_gone_only_when_that_is_known() -> None:
    here = this_process()
    assert not is_gone(here)
    assert is_gone(replace(here, birth=here.birth - 1)), "another process has got its pid"
    assert not is_gone(replace(here, machine="elsewhere", birth=here.birth - 1))
    assert left_running(replace(here, group=0)) == []


@pytest.fixture
def own_settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an engine of the test's own, which it may kill."""
    settings = Settings(touchstone_home=tmp_path / "home", clickhouse_port=free_port())
    yield settings
    stop_engine(settings.engine_dir)


def test_the_lock_outlives_kill_9_of_the_engine(own_settings: Settings) -> None:
    client = connect(own_settings)
    client.command(f"CREATE DATABASE {own_settings.clickhouse_database}")
    with lock(own_settings, Timing(heartbeat_seconds=0.1), holder="before the crash") as lease:
        state = engine_state(own_settings.engine_dir)
        assert state is not None
        os.kill(state.pid, signal.SIGKILL)
        wait_until(lambda: engine_state(own_settings.engine_dir) is None)
        with pytest.raises(ClickHouseError):
            lease.require()
        connect(own_settings)
        with pytest.raises(WriterLockError, match="held by 'before the crash'"), lock(own_settings):
            pytest.fail("two hold the lock")
        lease.require()
    with lock(own_settings) as lease:
        assert lease.generation == 2
