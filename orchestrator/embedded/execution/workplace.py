"""One request's place to work: a handle with the request's database and settings, and everything put back afterwards.

`database` and the settings of a URL hold for one request, SET and USE statements hold for the session. All methods
block and are called in threads, one at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from orchestrator.embedded.access.users import User
from orchestrator.embedded.errors import READONLY, UNKNOWN_SETTING, QueryError
from orchestrator.embedded.execution.engine import (
    DEFAULT_DATABASE,
    QUERY_ID_SETTING,
    Engine,
    Handle,
    quoted,
    quoted_name,
)
from orchestrator.embedded.execution.sessions import Session
from orchestrator.embedded.execution.statements import Statement
from orchestrator.embedded.execution.tokens import tokens
from orchestrator.embedded.interface.protocol import QueryRequest

FULLY_READONLY: Final = 1
_LEAVES_NOTHING: Final = frozenset(("SELECT", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "INSERT"))


@dataclass(frozen=True)
class Premises:
    """What all requests share below the HTTP interface.

    Attributes:
        spool_dir: a private folder for pipes and for what is too large for memory.
        user_files: the only folder that SQL may read files from and write files to.
        is_sandboxed: the kernel keeps the process to its folders, whatever SQL says.
        flush_logs: writes down what is remembered of queries.
    """

    engine: Engine
    spool_dir: Path
    user_files: Path
    is_sandboxed: bool
    flush_logs: Callable[[], None]


class Workplace:
    """A handle prepared for one request.

    Args:
        session: None for a request without one, which works on a handle of its own.
    """

    def __init__(self, premises: Premises, request: QueryRequest, user: User, session: Session | None) -> None:
        self._engine = premises.engine
        self._request = request
        self._user = user
        self._session = session
        self._handle: Handle | None = None
        self._undo: dict[str, str | None] = {}
        self._has_changed_database = False
        self._may_use_files = False
        self._is_readonly_set = False
        self._has_succeeded = False
        self.temporary_tables: list[str] = []
        self.statement: Statement | None = None

    @property
    def is_open(self) -> bool:
        """True between open() and close()."""
        return self._handle is not None

    @property
    def handle(self) -> Handle:
        """The handle; open() comes first."""
        if self._handle is None:
            raise RuntimeError("open() was not called")
        return self._handle

    @property
    def marker(self) -> str:
        """What the engine knows this request's statement by, so that it can be killed."""
        # A session of somebody who may not change settings got its marker when it was opened.
        is_marked = self._session is not None and self._user.readonly == FULLY_READONLY
        return f"session {self._session.key}" if is_marked and self._session else self._request.query_id

    @property
    def readonly(self) -> int:
        """0, or the readonly level that holds for this request."""
        return self._user.readonly or self._request.readonly

    @property
    def sticky_settings(self) -> frozenset[str]:
        """Names of the settings that differ from the user's defaults: the session's and the request's."""
        sticky = self._session.sticky_settings if self._session else ()
        return frozenset((*sticky, *self._request.settings))

    @property
    def output_format(self) -> str | None:
        """The setting output_format of the request or the session."""
        return self._request.settings.get("output_format") or (self._session.output_format if self._session else None)

    @property
    def database(self) -> str:
        """The current database when this request's statement begins."""
        of_session = self._session.database if self._session and self._session.handle else None
        return self._request.database or of_session or self._user.database or DEFAULT_DATABASE

    @property
    def timezone(self) -> str:
        """The time zone this request's statement runs in."""
        own = self.statement.timezone if self.statement else None
        sticky = self._session.timezone if self._session else ""
        of_user = self._user.settings.get("session_timezone")
        return own or self._request.settings.get("session_timezone") or sticky or of_user or self._engine.facts.timezone

    def open(self) -> None:
        """Take the handle and apply the request's settings and database. Raises QueryError."""
        request = self._request
        for name in request.settings:
            if not name.replace(".", "_").isidentifier():
                raise QueryError(UNKNOWN_SETTING, f"Unknown setting {name!r}.")
            if self._user.readonly == FULLY_READONLY:
                raise QueryError(READONLY, f"Cannot modify '{name}' setting in readonly mode.")
        if self._session is None:
            self._handle = self._engine.new_handle()
            self._handle.set({**self._user.settings, QUERY_ID_SETTING: self.marker, **request.settings}.items())
            current = DEFAULT_DATABASE
        else:
            self._handle = self._session_handle(self._session)
            current = self._session.database
        wanted = request.database or (self._user.database if self._session is None else None)
        if wanted is not None and wanted != current:
            self._handle.use(wanted)
            self._has_changed_database = True

    def close(self) -> None:
        """Put a session back as it was, or give the handle back. May be called twice."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        handle.on_progress(None)
        if self._session is None:
            self._give_back(handle)
            return
        try:
            self._restore(handle, self._session)
        except QueryError:
            self._session.is_broken = True

    def has_succeeded(self) -> None:
        """Nothing failed here: what the statement left behind on the handle is known."""
        self._has_succeeded = True

    def allow_files(self) -> None:
        """Let this request's statement use files of the host."""
        self.handle.use_files(True)
        self._may_use_files = True

    def be_readonly(self) -> None:
        """Have the engine itself refuse what the request's level of readonly forbids."""
        # A session's handle could not be put back afterwards: there the kind of statement decides.
        if self._session is None and self.readonly and not self._is_readonly_set:
            self.handle.set([("readonly", str(self.readonly))])
            self._is_readonly_set = True

    def _give_back(self, handle: Handle) -> None:
        """To the engine for the next request, when this one cannot have left anything behind on the handle."""
        kind = self.statement.kind if self.statement else "INSERT"
        is_clean = self._has_succeeded and kind in _LEAVES_NOTHING and not self._is_readonly_set
        is_plain = not (self._request.settings or self._request.params or self._user.settings or self.temporary_tables)
        if not (is_clean and is_plain) or self._may_use_files:
            handle.close()
            return
        if self._has_changed_database:
            handle.use(DEFAULT_DATABASE)
        self._engine.take_back(handle)

    def _session_handle(self, session: Session) -> Handle:
        is_fixed = self._user.readonly == FULLY_READONLY
        if session.handle is None:
            session.handle = self._engine.new_handle()
            marker = {QUERY_ID_SETTING: self.marker, "readonly": "1"} if is_fixed else {}
            session.handle.set({**self._user.settings, **marker}.items())
            if self._user.database is not None:
                session.handle.use(self._user.database)
                session.database = self._user.database
        if is_fixed:
            return session.handle
        self._remember(session.handle, session)
        marker = {} if QUERY_ID_SETTING in session.sticky_settings else {QUERY_ID_SETTING: self.marker}
        session.handle.set({**marker, **self._request.settings}.items())
        return session.handle

    def _remember(self, handle: Handle, session: Session) -> None:
        for name in self._request.settings:
            is_sticky = name in session.sticky_settings or name in self._user.settings
            self._undo[name] = handle.text(f"SELECT toString(getSetting({quoted(name)}))") if is_sticky else None

    def _restore(self, handle: Handle, session: Session) -> None:
        kind = self.statement.kind if self.statement else ""
        changed_by_set = _names_set(self.statement) if self.statement and kind == "SET" else set()
        if self._may_use_files:
            handle.use_files(False)
        for name in self.temporary_tables:
            handle.query(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        for name, value in self._undo.items():
            if name not in changed_by_set:
                _put_back(handle, name, value)
        if kind == "USE":
            session.database = handle.text("SELECT currentDatabase()")
        elif self._has_changed_database:
            handle.use(session.database)
        session.sticky_settings |= changed_by_set
        if self.statement and "output_format" in changed_by_set:
            session.output_format = self.statement.output_format
        if "session_timezone" in changed_by_set:
            session.timezone = handle.text("SELECT getSetting('session_timezone')")


def _put_back(handle: Handle, name: str, value: str | None) -> None:
    try:
        if value is None:
            handle.query(f"SET {quoted_name(name)} = DEFAULT")
        else:
            handle.set([(name, value)])
    except QueryError as error:
        # A name nobody knows was never set: that is what the request failed with.
        if error.code != UNKNOWN_SETTING:
            raise


def _names_set(parsed: Statement) -> set[str]:
    stream = list(tokens(parsed.canonical))
    return {
        name.text.decode(errors="replace").strip("`")
        for name, sign in pairwise(stream)
        if sign.text == b"=" and name.kind in ("word", "quoted")
    }
