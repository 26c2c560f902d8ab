"""The engine in this process: chdb opened on one folder, and the handles that requests work on.

chdb allows one folder per process and any number of handles; `SET`, `USE` and temporary tables belong to a handle,
calls on one handle are serialized, and handles may hop threads. Nothing here may run in the main thread while that
has to react to signals, because a running query blocks its thread.
"""

import json
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import chdb

from orchestrator.embedded.errors import QueryError, from_engine
from orchestrator.embedded.execution.config import FILE_ROLE
from orchestrator.embedded.execution.statements import Statement, statement

# The engine picks its own query ids; this setting carries the client's, so that one query can be found and killed.
QUERY_ID_SETTING: Final = "log_comment"
DEFAULT_DATABASE: Final = "default"

_SPARE_HANDLES: Final = 16
_REMEMBERED_STATEMENTS: Final = 1024
_REMEMBERED_BYTES: Final = 8 * 1024


@dataclass(frozen=True)
class EngineFacts:
    """What the engine says about itself, read once: it cannot change while the process lives.

    Attributes:
        version: such as 26.9.2.1.
        timezone: of the process, such as Etc/UTC.
        display_name: what displayName() answers.
        formats: lower-case format name -> (its name, its content type).
    """

    version: str
    timezone: str
    display_name: str
    formats: dict[str, tuple[str, str]]

    def format_name(self, name: str) -> str:
        """The format's name as the engine writes it; an unknown one unchanged, for the engine to refuse."""
        return self.formats.get(name.lower(), (name, ""))[0]

    def content_type(self, name: str) -> str:
        """The Content-Type of a format."""
        return self.formats.get(name.lower(), ("", ""))[1] or "text/plain; charset=UTF-8"


class EngineMemory(Protocol):
    """Memory of the engine, alive as long as something views it."""

    def view(self) -> memoryview: ...


class EngineResult(Protocol):
    """chdb's result of a statement, or one block of a stream."""

    def bytes(self) -> bytes: ...
    def get_memview(self) -> EngineMemory: ...
    def size(self) -> int: ...
    def rows_read(self) -> int: ...
    def bytes_read(self) -> int: ...
    def storage_rows_read(self) -> int: ...
    def storage_bytes_read(self) -> int: ...
    def rows_written(self) -> int: ...
    def bytes_written(self) -> int: ...


class EngineStream(Protocol):
    """chdb's stream of a SELECT; nothing runs before the first fetch, which gives None at the end."""

    def fetch(self) -> EngineResult | None: ...
    def close(self) -> None: ...


class Handle:
    """One chdb connection, with quoting and typed answers; every error it raises is a QueryError."""

    def __init__(self, address: str) -> None:
        try:
            self._connection = chdb.connect(address)  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise from_engine(error) from error

    def query(
        self, sql: bytes | str, output_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> EngineResult:
        """chdb's result object of a statement that is run to its end."""
        try:
            result: EngineResult = self._connection.query(sql, output_format, params=self._passed(params))
        except Exception as error:
            raise from_engine(error) from error
        return result

    def text(self, sql: str, params: Mapping[str, str] | None = None) -> str:
        """The only value of a one-row, one-column SELECT, whatever output_format says on this handle."""
        return str(self.query(f"{sql} SETTINGS output_format = 'RawBLOB'", "RawBLOB", params).bytes().decode())

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of an answer, numbers and texts as JSON gives them."""
        lines = self.query(sql, "JSONCompactEachRow").bytes().splitlines()
        return [json.loads(line) for line in lines]

    def stream(self, sql: bytes, output_format: str, params: Mapping[str, str]) -> EngineStream:
        """chdb's stream of a SELECT; nothing runs before its first fetch()."""
        try:
            stream: EngineStream = self._connection.send_query(sql, output_format, params=self._passed(params))
        except Exception as error:
            raise from_engine(error) from error
        return stream

    def _passed(self, params: Mapping[str, str] | None) -> dict[str, str]:
        """Parameters as chdb takes them; those that are not UTF-8 it takes by SET only, and then all of them."""
        given = dict(params or {})
        if all(value.isascii() or _is_utf8(value) for value in given.values()):
            return given
        self.set((f"param_{name}", value) for name, value in given.items())
        return {}

    def set(self, settings: Iterable[tuple[str, str]]) -> None:
        """Change settings of this handle, all in one statement."""
        if changes := ", ".join(f"{quoted_name(name)} = {quoted(value)}" for name, value in settings):
            self.query(f"SET {changes}".encode(errors="surrogateescape"))

    def use(self, database: str) -> None:
        """Change the current database; 81 UNKNOWN_DATABASE leaves it as it was."""
        self.query(f"USE {quoted_name(database)}".encode(errors="surrogateescape"))

    def on_progress(self, listener: Callable[[dict[str, int]], None] | None) -> None:
        """Have a function called about every 100 ms while a statement runs, with the counters of the summary."""
        self._connection.set_progress_callback(listener)

    def use_files(self, may_use: bool) -> None:
        """Give this handle the right to read and write files of the host, or take it away."""
        self.query(f"SET ROLE {FILE_ROLE if may_use else 'NONE'}")

    def close(self) -> None:
        """Give the handle back; waits for what runs on it."""
        self._connection.close()


class Engine:
    """chdb opened on one data folder.

    Args:
        path: the data folder.
        config: its configuration, from `write_config`; its folder becomes the current one, because chdb takes
            some signs in a path for its own, and the name of the file has none.

    Raises:
        QueryError: the folder cannot be opened.
    """

    def __init__(self, path: Path, config: Path) -> None:
        os.chdir(config.parent)
        self._address = f"{path}?config-file={config.name}"
        self._root = Handle(self._address)
        self._spare: deque[Handle] = deque()
        # Handles of their own: settings of a request, such as limit or max_rows_to_read, would hold for the parser too.
        self._parsers: deque[Handle] = deque()
        self._statements: OrderedDict[bytes, Statement] = OrderedDict()
        _make_default_atomic(self._root, path)
        version, timezone, display_name = self._root.rows("SELECT version(), timezone(), displayName()")[0]
        formats = self._root.rows("SELECT name, content_type FROM system.formats")
        self.facts = EngineFacts(version, timezone, display_name, {n.lower(): (n, c) for n, c in formats})

    def new_handle(self) -> Handle:
        """A fresh handle with a server's defaults, without the right to use files."""
        try:
            return self._spare.popleft()
        except IndexError:
            return self._open_handle()

    def take_back(self, handle: Handle) -> None:
        """A handle from `new_handle` that is as it was then, or differs in the query id only."""
        if len(self._spare) < _SPARE_HANDLES:
            self._spare.append(handle)
        else:
            handle.close()

    def canonical(self, sql: bytes) -> bytes:
        """A statement as the engine's own parser writes it, in one line.

        Raises:
            QueryError: 62 for a syntax error, an empty text and more than one statement.
        """
        text = "SELECT formatQuerySingleLine(unhex({sql:String}))"
        try:
            parser = self._parsers.popleft()
        except IndexError:
            parser = self._open_handle()
            parser.set([("max_query_size", str(1 << 40))])
        try:
            return parser.query(text, "RawBLOB", {"sql": sql.hex()}).bytes()
        finally:
            self._parsers.append(parser)

    def statement(self, sql: bytes) -> Statement:
        """A statement, parsed; short ones are remembered. Raises QueryError, see `canonical` and `statement`."""
        known = self._statements.get(sql)
        if known is not None:
            return known
        parsed = statement(sql, self.canonical(sql))
        if len(sql) <= _REMEMBERED_BYTES:
            self._statements[sql] = parsed
            if len(self._statements) > _REMEMBERED_STATEMENTS:
                self._statements.popitem(last=False)
        return parsed

    def prepare(self, *statements: str) -> None:
        """Run statements that make what the server itself needs. Raises QueryError."""
        for sql in statements:
            self._root.query(sql)

    def kill(self, query_id: str) -> None:
        """Stop the query with this client's id, from any thread; returns when the order is given."""
        self._root_query(f"KILL QUERY WHERE Settings[{quoted(QUERY_ID_SETTING)}] = {quoted(query_id)} ASYNC")

    def kill_all(self) -> None:
        """Stop whatever runs."""
        self._root_query("KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC")

    def close(self) -> None:
        """Close the engine; every handle that was given out must be closed before."""
        for handles in (self._spare, self._parsers):
            while handles:
                handles.popleft().close()
        self._root.close()

    def _open_handle(self) -> Handle:
        handle = Handle(self._address)
        try:
            handle.use_files(False)
        except QueryError:
            handle.close()
            raise
        return handle

    def _root_query(self, sql: str) -> None:
        handle = Handle(self._address)
        try:
            handle.query(sql.encode(errors="surrogateescape"))
        finally:
            handle.close()


def _make_default_atomic(handle: Handle, path: Path) -> None:
    """Make `default` what it is on a server; chdb lays a database of the host's files over it at every start."""
    engine, uuid = handle.rows(f"SELECT engine, uuid FROM system.databases WHERE name = '{DEFAULT_DATABASE}'")[0]
    if engine != "Overlay":
        return
    handle.query(f"DETACH DATABASE {DEFAULT_DATABASE} SETTINGS check_table_dependencies = 0")
    # The tables are where the overlay's UUID says; what the file of the last start says may be another one.
    (path / "metadata" / f"{DEFAULT_DATABASE}.sql").unlink(missing_ok=True)
    handle.query(f"ATTACH DATABASE {DEFAULT_DATABASE} UUID '{uuid}' ENGINE = Atomic")


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted_name(name: str) -> str:
    """A SQL identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
