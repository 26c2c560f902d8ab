"""The engine in this process: chdb opened on one folder, and the handles that requests work on.

chdb allows one folder per process and any number of handles; `SET`, `USE` and temporary tables belong to a handle,
calls on one handle are serialized, and handles may hop threads. Nothing here may run in the main thread while that
has to react to signals, because a running query blocks its thread.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import chdb

from orchestrator.embedded.errors import BAD_QUERY_PARAMETER, QueryError, from_engine

# The engine picks its own query ids; this setting carries the client's, so that one query can be found and killed.
QUERY_ID_SETTING: Final = "log_comment"


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

    def __init__(self, path: Path) -> None:
        try:
            self._connection = chdb.connect(str(path))  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise from_engine(error) from error

    def query(
        self, sql: bytes | str, output_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> EngineResult:
        """chdb's result object of a statement that is run to its end."""
        try:
            result: EngineResult = self._connection.query(sql, output_format, params=dict(params or {}))
        except UnicodeEncodeError as error:
            raise QueryError(BAD_QUERY_PARAMETER, "A query parameter is not UTF-8.") from error
        except Exception as error:
            raise from_engine(error) from error
        return result

    def text(self, sql: str, params: Mapping[str, str] | None = None) -> str:
        """The only value of a one-row, one-column answer."""
        return str(self.query(sql, "RawBLOB", params).bytes().decode())

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of an answer, numbers and texts as JSON gives them."""
        lines = self.query(sql, "JSONCompactEachRow").bytes().splitlines()
        return [json.loads(line) for line in lines]

    def stream(self, sql: bytes, output_format: str, params: Mapping[str, str]) -> EngineStream:
        """chdb's stream of a SELECT; nothing runs before its first fetch()."""
        try:
            stream: EngineStream = self._connection.send_query(sql, output_format, params=dict(params))
        except UnicodeEncodeError as error:
            raise QueryError(BAD_QUERY_PARAMETER, "A query parameter is not UTF-8.") from error
        except Exception as error:
            raise from_engine(error) from error
        return stream

    def set(self, settings: Iterable[tuple[str, str]]) -> None:
        """Change settings of this handle, all in one statement."""
        if changes := ", ".join(f"{quoted_name(name)} = {quoted(value)}" for name, value in settings):
            self.query(f"SET {changes}".encode(errors="surrogateescape"))

    def use(self, database: str) -> None:
        """Change the current database; 81 UNKNOWN_DATABASE leaves it as it was."""
        self.query(f"USE {quoted_name(database)}".encode(errors="surrogateescape"))

    def close(self) -> None:
        """Give the handle back; waits for what runs on it."""
        self._connection.close()


class Engine:
    """chdb opened on one data folder.

    Raises:
        QueryError: the folder cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = Handle(path)
        version, timezone, display_name = self._root.rows("SELECT version(), timezone(), displayName()")[0]
        formats = self._root.rows("SELECT name, content_type FROM system.formats")
        # A handle of its own: settings of a request, such as limit or max_rows_to_read, would hold for the parser too.
        self._parser = self.new_handle([("max_query_size", str(1 << 40))])
        self._parser_lock = threading.Lock()
        self.facts = EngineFacts(version, timezone, display_name, {n.lower(): (n, c) for n, c in formats})

    def new_handle(self, settings: Iterable[tuple[str, str]] = ()) -> Handle:
        """A fresh handle with a server's defaults and these settings on top; costs about half a millisecond."""
        handle = Handle(self._path)
        try:
            handle.set([("implicit_select", "0"), *settings])
        except QueryError:
            handle.close()
            raise
        return handle

    def canonical(self, sql: bytes) -> bytes:
        """A statement as the engine's own parser writes it, in one line.

        Raises:
            QueryError: 62 for a syntax error, an empty text and more than one statement.
        """
        text = "SELECT formatQuerySingleLine(unhex({sql:String}))"
        with self._parser_lock:
            return self._parser.query(text, "RawBLOB", {"sql": sql.hex()}).bytes()

    def kill(self, query_id: str) -> None:
        """Stop the query with this client's id, from any thread; returns when the order is given."""
        self._root_query(f"KILL QUERY WHERE Settings[{quoted(QUERY_ID_SETTING)}] = {quoted(query_id)} ASYNC")

    def kill_all(self) -> None:
        """Stop whatever runs."""
        self._root_query("KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC")

    def close(self) -> None:
        """Close the engine; every other handle must be closed before."""
        self._parser.close()
        self._root.close()

    def _root_query(self, sql: str) -> None:
        handle = Handle(self._path)
        try:
            handle.query(sql.encode(errors="surrogateescape"))
        finally:
            handle.close()


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted_name(name: str) -> str:
    """A SQL identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
