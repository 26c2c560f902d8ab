"""One request's place to work: a handle with the request's database and settings, and everything put back afterwards.

`database` and the settings of a URL hold for one request, SET and USE statements hold for the session. All methods
block and are called in threads, one at a time.
"""

from itertools import pairwise
from pathlib import Path
from typing import Final

from orchestrator.embedded.errors import READONLY, SYNTAX_ERROR, UNKNOWN_SETTING, QueryError
from orchestrator.embedded.execution.engine import QUERY_ID_SETTING, Engine, Handle, quoted, quoted_name
from orchestrator.embedded.execution.inserts import Insert, InsertFromFile, Sink
from orchestrator.embedded.execution.results import Result, SpooledResult, StreamedResult, timed
from orchestrator.embedded.execution.sessions import Session
from orchestrator.embedded.execution.statements import InsertWithData, Statement, statement, tokens
from orchestrator.embedded.interface.protocol import ExternalTable, QueryRequest

FALLBACK_FORMAT: Final = "TabSeparated"

# Formats whose blocks put together are the whole document; the others have a beginning or an end of their own.
_STREAMABLE: Final = frozenset(
    name.lower()
    for name in (
        "Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "CSV", "LineAsString", "JSONEachRow",
        "JSONLines", "JSONL", "NDJSON", "JSONCompactEachRow", "JSONStringsEachRow", "JSONCompactStringsEachRow",
        "RowBinary", "MsgPack", "BSONEachRow", "RawBLOB",
    )
)  # fmt: skip
# Either these rows are missing from a stream, or each block becomes a document of its own.
_NOT_STREAMABLE_WITH: Final = ("EXTREMES", "TOTALS", "OUTPUT_FORMAT_JSON_ARRAY_OF_ROWS")


class Workplace:
    """A handle prepared for one request.

    Args:
        session: None for a request without one, which works on a handle of its own.
        spool_dir: folder for what is too large for memory.
    """

    def __init__(self, engine: Engine, request: QueryRequest, session: Session | None, spool_dir: Path) -> None:
        self._engine = engine
        self._request = request
        self._session = session
        self._spool_dir = spool_dir
        self._handle: Handle | None = None
        self._undo: dict[str, str | None] = {}
        self._tables: list[str] = []
        self._has_changed_database = False
        self._statement: Statement | None = None

    @property
    def handle(self) -> Handle:
        """The handle; open() comes first."""
        if self._handle is None:
            raise RuntimeError("open() was not called")
        return self._handle

    @property
    def timezone(self) -> str:
        """The time zone this request's statement runs in."""
        own = self._statement.timezone if self._statement else None
        sticky = self._session.timezone if self._session else ""
        return own or self._request.settings.get("session_timezone") or sticky or self._engine.facts.timezone

    def open(self) -> None:
        """Take the handle and apply the request's settings and database. Raises QueryError."""
        request = self._request
        for name in request.settings:
            if not name.replace(".", "_").isidentifier():
                raise QueryError(UNKNOWN_SETTING, f"Unknown setting {name!r}.")
        marker = {QUERY_ID_SETTING: request.query_id}
        if self._session is None:
            self._handle = self._engine.new_handle({**marker, **request.settings}.items())
        else:
            if self._session.handle is None:
                self._session.handle = self._engine.new_handle()
            self._handle = self._session.handle
            self._remember(self._handle, self._session)
            if QUERY_ID_SETTING in self._session.sticky_settings:
                marker = {}
            self._handle.set({**marker, **request.settings}.items())
        current = self._session.database if self._session else "default"
        if request.database is not None and request.database != current:
            self._handle.use(request.database)
            self._has_changed_database = True

    def close(self) -> None:
        """Put a session back as it was, or give the handle back."""
        if self._handle is None:
            return
        if self._session is None:
            self._handle.close()
            return
        try:
            self._restore(self._handle, self._session)
        except QueryError:
            self._session.is_broken = True

    def add_table(self, table: ExternalTable) -> Sink:
        """Create an external table, temporary; the answer takes its data."""
        name = quoted_name(table.name)
        self.handle.query(f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory".encode())
        self._tables.append(name)
        return self._insert(InsertWithData(f"INSERT INTO {name}".encode(), table.format, 0))

    def parse(self, sql: bytes) -> Statement:
        """The statement, by the engine's own parser. Raises QueryError for what is wrong or refused."""
        parsed = statement(sql, self._engine.canonical(sql))
        self._statement = parsed
        if not parsed.only_reads:
            self._ensure_may_write(parsed.kind)
        if parsed.kind == "INSERT" and parsed.format and not parsed.mentions("SELECT"):
            raise QueryError(SYNTAX_ERROR, "Syntax error: cannot tell where the data of this INSERT starts.")
        return parsed

    def start_insert(self, insert: InsertWithData) -> Sink:
        """Begin an INSERT whose data comes in pieces. Raises QueryError."""
        self._ensure_may_write("INSERT")
        if self._request.params:
            self.handle.set((f"param_{name}", value) for name, value in self._request.params.items())
        if insert.input_span is not None:
            return InsertFromFile(self.handle, insert, self._spool_dir)
        return self._insert(insert)

    def run(self, parsed: Statement) -> tuple[Result, str]:
        """Run a statement.

        Returns:
            The result, to be closed before this place is, and the name of its format.
        """
        request = self._request
        asked = parsed.format or request.default_format or FALLBACK_FORMAT
        output_format = self._engine.facts.format_name(asked)
        if self._session is None and request.readonly:
            self.handle.set([("readonly", str(request.readonly))])
        if not self._is_streamable(parsed, output_format):
            return timed(lambda: self.handle.query(parsed.sql, output_format, request.params)), output_format
        result: Result = StreamedResult(self.handle.stream(parsed.sql, output_format, request.params))
        if request.wait_end_of_query:
            result = SpooledResult(result, str(self._spool_dir))
        return result, output_format

    def _insert(self, insert: InsertWithData) -> Insert:
        return Insert(self.handle, insert, self._spool_dir, self._request.query_id, self._engine.kill)

    def run_values(self, sql: bytes) -> Result:
        """Run an INSERT ... VALUES with its data and the request's parameters in one go."""
        self._ensure_may_write("INSERT")
        return timed(lambda: self.handle.query(sql, FALLBACK_FORMAT, self._request.params))

    def _is_streamable(self, parsed: Statement, output_format: str) -> bool:
        sticky = {name.upper() for name in self._session.sticky_settings} if self._session else set()
        changed = sticky | {name.upper() for name in self._request.settings}
        return (
            parsed.kind == "SELECT"
            and output_format.lower() in _STREAMABLE
            and changed.isdisjoint(_NOT_STREAMABLE_WITH)
            and not parsed.mentions(*_NOT_STREAMABLE_WITH)
        )

    def _ensure_may_write(self, kind: str) -> None:
        if self._request.readonly:
            raise QueryError(
                READONLY,
                f"Cannot execute {kind} query in readonly mode. For queries over HTTP, method GET implies readonly. "
                "You should use method POST for modifying queries.",
            )

    def _remember(self, handle: Handle, session: Session) -> None:
        for name in self._request.settings:
            is_sticky = name in session.sticky_settings
            self._undo[name] = handle.text(f"SELECT toString(getSetting({quoted(name)}))") if is_sticky else None

    def _restore(self, handle: Handle, session: Session) -> None:
        kind = self._statement.kind if self._statement else ""
        changed_by_set = _names_set(self._statement) if self._statement and kind == "SET" else set()
        for name in self._tables:
            handle.query(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        for name, value in self._undo.items():
            if name not in changed_by_set:
                _put_back(handle, name, value)
        if kind == "USE":
            session.database = handle.text("SELECT currentDatabase()")
        elif self._has_changed_database:
            handle.use(session.database)
        session.sticky_settings |= changed_by_set
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
