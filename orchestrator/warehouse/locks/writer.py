"""Taking the writer lock: waiting for its holder, recovering it from one that is gone."""

import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import WriterLockError
from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks.holders import is_gone, left_running, this_process
from orchestrator.warehouse.locks.leases import Lease, Timing, renewed
from orchestrator.warehouse.locks.registers import Reading, Record, Register, open_register

log = get_logger(__name__)

DEFAULT_NAME: Final = "dimensions"
DEFAULT_TIMING: Final = Timing()
_REMEDY: Final = "Wait until it is done and run the command again, or end what it names."
# What may still write in the name of a holder before the last one: begun before we came.
_RUNNING_WRITES: Final = (
    "SELECT query_id, substring(replaceRegexpAll(query, '\\\\s+', ' '), 1, 60) FROM system.processes "
    "WHERE query_kind IN ('Insert', 'AsyncInsertFlush', 'Create') AND elapsed > {seconds:Float64} "
    "AND (current_database = {database:String} OR position(query, {database:String}) > 0)"
)


# Owners that this process holds a lock as. A record of this process with another one could not be given back.
_HELD: Final[set[str]] = set()


class _Wait:
    """A wait with a deadline, which tells now and then what it is for."""

    def __init__(self, seconds: float, timing: Timing, on_wait: Callable[[str], None], what: str) -> None:
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._timing = timing
        self._on_wait = on_wait
        self._what = what
        self._tell_at = 0.0

    def pause(self, obstacle: str) -> None:
        """Wait a little.

        Raises:
            WriterLockError: the time is over; names the obstacle.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise WriterLockError(f"{self._what}: {obstacle}. Waited {self._seconds:g} seconds for it.", _REMEDY)
        if time.monotonic() >= self._tell_at:
            log.info("waiting for a writer lock", lock=self._what, obstacle=obstacle, seconds_left=round(left, 1))
            self._on_wait(f"Waiting for {self._what}: {obstacle}")
            self._tell_at = time.monotonic() + self._timing.tell_seconds
        # Jitter, so that those who wait together do not ask together.
        time.sleep(min(left, self._timing.poll_seconds * random.uniform(0.5, 1)))


@contextmanager
def writer_lock(
    client: Client,
    database: str,
    name: str = DEFAULT_NAME,
    *,
    wait_seconds: float,
    holder: str,
    on_wait: Callable[[str], None] = lambda _message: None,
    timing: Timing = DEFAULT_TIMING,
) -> Iterator[Lease]:
    """Hold the lock of this name in this database.

    Args:
        client: without a session, as a thread of the lease uses it, too.
        name: small letters and underscores.
        wait_seconds: how long to wait for another holder; 0 tries once.
        holder: the command that asks, for the messages others get.
        on_wait: told what is waited for, at the start and every few seconds.
        timing: other than usual for tests.

    Raises:
        WriterLockError: somebody else has it for longer than the wait; or, at the end of a body that succeeded,
            somebody took over while it ran.
        MigrationsMissingError: there is no such database.
        ClickHouseError: the engine does not answer.
    """
    _require_name(name)
    what = f"The lock {name!r} of {database}"
    wait = _Wait(wait_seconds, timing, on_wait, what)
    register = open_register(client, database, name)
    record, before = _acquire(register, holder, timing, wait)
    since = time.monotonic()
    lease = Lease(register, record, timing, what)
    log.info("writer lock taken", lock=what, holder=holder, generation=lease.generation)
    try:
        with renewed(lease, timing):
            if before is not None and not before.released:
                log.warning("a stale writer lock was recovered", lock=what, of=before.described)
                _await_quiet(client, database, since, wait)
            yield lease
    except BaseException:
        lease.give_back(in_order=False)
        raise
    else:
        lease.give_back(in_order=True)
    finally:
        _HELD.discard(record.owner)
    lease.raise_if_lost()


def _acquire(register: Register, holder: str, timing: Timing, wait: _Wait) -> tuple[Record, Record | None]:
    """The new record, and the one it replaced."""
    owner = secrets.token_hex(8)
    _HELD.add(owner)
    while True:
        reading = register.read()
        obstacle = _obstacle(reading)
        if obstacle is None:
            record = _successor(reading, owner, holder, timing)
            if register.replace(reading.record, record):
                return record, reading.record
            obstacle = _obstacle(register.read()) or "another one was faster"
        wait.pause(obstacle)


def _successor(reading: Reading, owner: str, holder: str, timing: Timing) -> Record:
    before = reading.record
    return Record(
        revision=1 if before is None else before.revision + 1,
        generation=1 if before is None else before.generation + 1,
        owner=owner,
        holder=holder,
        process=this_process(),
        acquired_at=reading.now,
        written_at=reading.now,
        expires_at=reading.now + timing.lease,
    )


def _obstacle(reading: Reading) -> str | None:
    """Why the lock cannot be taken; None when it is free."""
    record = reading.record
    if record is None or record.released:
        return None
    if is_gone(record.process):
        orphans = left_running(record.process)
        return f"{record.described} is gone, but left running: {', '.join(orphans)}" if orphans else None
    if record.expires_at <= reading.now or (record.process == this_process() and record.owner not in _HELD):
        return None
    return f"held by {record.described}, until {record.expires_at:%H:%M:%S} if it is not renewed"


def _await_quiet(client: Client, database: str, since: float, wait: _Wait) -> None:
    """Wait until no write of the database runs that began before `since`, a moment of the monotonic clock."""
    while True:
        parameters = {"database": database, "seconds": time.monotonic() - since}
        running = client.query(_RUNNING_WRITES, parameters).result_rows
        if not running:
            return
        told = "; ".join(f"{text} (query {identity})" for identity, text in running)
        wait.pause(f"its last holder is gone, but left running in the engine: {told}")


def _require_name(name: str) -> None:
    """A digit at the end would make one lock's record another one's."""
    if not name.replace("_", "").isalpha() or not name.isascii() or not name.islower():
        raise ValueError(f"a lock's name has small letters and underscores only: {name!r}")
