"""HTTP sessions: one engine handle each, which keeps SET, USE and temporary tables between requests.

Used from the event loop only, so nothing here locks or blocks; opening and closing handles is the caller's work in a
thread. A session runs one query at a time: a second request is refused, not queued, as by the ClickHouse server.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.embedded.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, QueryError
from orchestrator.embedded.execution.engine import Handle


@dataclass
class Session:
    """What lasts from one request to the next.

    Attributes:
        handle: opened by the first request.
        timezone: set by SET session_timezone, empty for the engine's own.
        output_format: set by SET output_format, None when it was not.
        database: the current one, changed by USE.
        sticky_settings: names changed by SET statements.
        is_broken: its settings could not be put back, so it must not be used again.
    """

    key: tuple[str, str]
    seconds: int
    expires_at: float
    handle: Handle | None = None
    is_busy: bool = True
    is_broken: bool = False
    database: str = "default"
    timezone: str = ""
    output_format: str | None = None
    sticky_settings: set[str] = field(default_factory=set)


class Sessions:
    """The sessions of one server, by user and session id."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[tuple[str, str], Session] = {}
        self._expired: list[Handle] = []

    def acquire(self, user: str, session_id: str, seconds: int, must_exist: bool) -> Session:
        """The session, busy from now on.

        Args:
            seconds: how long it lives without a request.

        Raises:
            QueryError: 373 when it runs a query already, 372 when it must exist and does not.
        """
        key = (user, session_id)
        session = self._sessions.get(key)
        if session is not None and session.is_busy:
            raise QueryError(SESSION_IS_LOCKED, f"Session {session_id} is locked by a concurrent client.")
        if session is None or session.expires_at <= self._clock():
            if must_exist:
                raise QueryError(SESSION_NOT_FOUND, f"Session {session_id} not found.")
            if session is not None and session.handle is not None:
                self._expired.append(session.handle)
            session = Session(key, seconds, self._clock() + seconds)
            self._sessions[key] = session
        session.is_busy = True
        session.seconds = seconds
        return session

    def release(self, session: Session, close: bool) -> Handle | None:
        """End of a request. Returns the handle for the caller to close when the session is over."""
        session.is_busy = False
        session.expires_at = self._clock() + session.seconds
        if close or session.is_broken:
            self._sessions.pop(session.key, None)
            return session.handle
        return None

    def sweep(self) -> list[Handle]:
        """Forget the sessions whose time is over; their handles are the caller's to close."""
        return self._forget(lambda session: not session.is_busy and session.expires_at <= self._clock())

    def close_all(self) -> list[Handle]:
        """Forget every session; their handles are the caller's to close."""
        return self._forget(lambda _: True)

    def _forget(self, is_over: Callable[[Session], bool]) -> list[Handle]:
        over = [key for key, session in self._sessions.items() if is_over(session)]
        sessions = [self._sessions.pop(key) for key in over]
        expired, self._expired = self._expired, []
        return expired + [session.handle for session in sessions if session.handle is not None]
