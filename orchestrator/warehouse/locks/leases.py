"""A lock that is held: renewed by a thread, required before writing, given back at the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.exceptions import WriterLockError
from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks.registers import Reading, Record, Register

log = get_logger(__name__)

_LOST_REMEDY: Final = "Run the command again; its tests tell whether both have minted the same key."


@dataclass(frozen=True)
class Timing:
    """How long things take, in seconds.

    Attributes:
        lease_seconds: how long a lock outlives its holder's last sign of life.
        heartbeat_seconds: between two signs of life; several fit into a lease.
        poll_seconds: between two looks at somebody else's lock, at most; at least half of it.
        tell_seconds: between two messages while waiting.
    """

    lease_seconds: float = 60
    heartbeat_seconds: float = 15
    poll_seconds: float = 0.5
    tell_seconds: float = 5

    @property
    def lease(self) -> timedelta:
        """`lease_seconds`, to be added to a moment."""
        return timedelta(seconds=self.lease_seconds)


class Lease:
    """The right to write, for as long as it is renewed.

    Made by `writer_lock`; any thread may use it.
    """

    def __init__(self, register: Register, record: Record, timing: Timing, what: str) -> None:
        self._register = register
        self._record = record
        self._timing = timing
        self._what = what
        self._end: str | None = None
        self._is_lost = False
        self._one_change = threading.Lock()

    @property
    def generation(self) -> int:
        """The fencing token: higher than that of every holder before."""
        return self._record.generation

    @property
    def fence(self) -> str:
        """A condition for the WHERE of a statement, which then fails if another one took over before it began.

        What began before that, a successor waits for. So nothing of a holder that was paused arrives late.
        """
        later = f"{self._register.latest_generation()} != {self.generation}"
        return f"throwIf({later}, {format_str(f'{self._what} was taken over by another holder')}) = 0"

    @property
    def is_lost(self) -> bool:
        """True once another holder was seen; what is known already, without asking the engine."""
        return self._is_lost

    def require(self) -> None:
        """Renew the lease, or learn that it is lost. On return it is ours for another full lease.

        Raises:
            WriterLockError: another one took over meanwhile, or it was given back.
            ClickHouseError: the engine does not answer; the lease is perhaps still ours.
        """
        self._change(lambda record, reading: replace(record, expires_at=reading.now + self._timing.lease))
        if self._end is not None:
            raise WriterLockError(self._end, _LOST_REMEDY)

    def give_back(self, *, in_order: bool) -> None:
        """Let the next one in; a lease that is lost stays so. Engine trouble is logged: the lease then expires.

        Args:
            in_order: nothing of ours can still write; else the next one waits for what runs in the engine.
        """
        try:
            self._change(lambda record, reading: replace(record, released=in_order, expires_at=reading.now))
        except ClickHouseError as error:
            log.warning("a writer lock could not be given back and will expire", lock=self._what, error=str(error))
        self._end = self._end or f"{self._what} was given back by {self._record.holder!r}."

    def raise_if_lost(self) -> None:
        """Raises WriterLockError when another holder was seen."""
        if self._is_lost:
            raise WriterLockError(str(self._end), _LOST_REMEDY)

    def _change(self, change: Callable[[Record, Reading], Record]) -> None:
        """Replace our record, or learn that it is no longer there."""
        with self._one_change:
            if self._end is not None:
                return
            reading = self._register.read()
            seen = reading.record
            # Not the record we know of: a change whose answer was lost may be there, with our name on it.
            if seen is not None and seen.owner == self._record.owner:
                changed = replace(change(seen, reading), revision=seen.revision + 1, written_at=reading.now)
                if self._register.replace(seen, changed):
                    self._record = changed
                    return
                seen = self._register.read().record
            self._lose(seen)

    def _lose(self, seen: Record | None) -> None:
        by = "its record was removed" if seen is None else f"{seen.described} took over"
        self._is_lost = True
        self._end = f"{self._what} is no longer held by {self._record.holder!r}: {by}."
        log.error("a writer lock was lost", lock=self._what, holder=self._record.holder, by=by)


@contextmanager
def renewed(lease: Lease, timing: Timing) -> Iterator[None]:
    """Renew the lease from a thread, which does not keep the process alive."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(lease, timing, stop), name="writer-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(lease: Lease, timing: Timing, stop: threading.Event) -> None:
    while not stop.wait(timing.heartbeat_seconds):
        try:
            lease.require()
        except WriterLockError:
            return
        except Exception as error:
            # The next beat may succeed; a lease has room for several.
            is_bug = not isinstance(error, ClickHouseError)
            log.warning(
                "a writer lock was not renewed", seconds=timing.lease_seconds, error=str(error), exc_info=is_bug
            )
