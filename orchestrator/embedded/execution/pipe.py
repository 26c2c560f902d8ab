"""An INSERT that the engine reads from a pipe while its data is still coming.

chdb's own streaming insert reports success when the write fails behind it, at a CHECK constraint or in a
materialized view, and the rows are gone. `FROM INFILE` reports every failure. A named pipe makes it a stream:
bounded memory, no copy.
"""

import fcntl
import os
import select
import struct
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from orchestrator.embedded.errors import QUERY_WAS_CANCELLED, QueryError
from orchestrator.embedded.execution.engine import QUERY_ID_SETTING, EngineResult, Handle, quoted
from orchestrator.embedded.execution.tokens import settings_start

_PIPE_BYTES: Final = 1 << 20
_LOOK_SECONDS: Final = 0.05
_DRAINED_SECONDS: Final = 0.0005


class PipedInsert:
    """An INSERT into which the engine reads while pieces come. Blocks; each method raises QueryError.

    Args:
        sql: the statement without FORMAT, VALUES and data; may end in a SETTINGS clause.
        folder: a private folder for the pipe.
        query_id: marks the statement, so that `kill` finds it.
        kill: orders the engine to stop the statement with this id.
    """

    def __init__(  # noqa: PLR0917
        self, handle: Handle, sql: bytes, input_format: str, folder: Path, query_id: str, kill: Callable[[str], None]
    ) -> None:
        self._handle = handle
        self._query_id = query_id
        self._kill = kill
        self._path = folder / f"insert-{uuid4().hex}"
        self._statement = from_file(sql, input_format, self._path, query_id)
        self._done = threading.Event()
        self._result: EngineResult | None = None
        self._failure: QueryError | None = None
        self._reader: threading.Thread | None = None
        self._pipe = -1

    def append(self, data: bytes) -> None:
        """The next piece, cut anywhere; waits while the engine is behind."""
        if not data:
            return
        if self._reader is None:
            self._open()
        rest = memoryview(data)
        while rest:
            self._raise_failure()
            if self._done.is_set():
                return  # the engine has read as much as it wants
            with suppress(BlockingIOError):
                rest = rest[os.write(self._pipe, rest) :]
                continue
            select.select([], [self._pipe], [], _LOOK_SECONDS)

    def finish(self) -> EngineResult:
        """All data is there: wait for the end of the insert."""
        if self._reader is None:
            return self._insert_nothing()
        self._wait_until_read()
        self._close()
        self._raise_failure()
        if self._result is None:
            raise QueryError(QUERY_WAS_CANCELLED, "The insert was cancelled.")
        return self._result

    def cancel(self) -> None:
        """Insert nothing more; blocks that were written already stay, as on a server."""
        if self._pipe >= 0:
            self._wait_until_read()
            # First the order, then the end of the data: the other way round the engine would insert what it has.
            self._kill(self._query_id)
        self._close()

    def _open(self) -> None:
        os.mkfifo(self._path, 0o600)
        # Open for both directions, because opening for writing alone would wait for a reader that may never come.
        self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._reader = threading.Thread(target=self._run, name="insert", daemon=True)
        self._reader.start()

    def _wait_until_read(self) -> None:
        """Only once the engine has read the last byte has it surely begun, opened the pipe, and will see its end."""
        while not self._done.is_set() and _unread_bytes(self._pipe):
            self._done.wait(_DRAINED_SECONDS)

    def _run(self) -> None:
        try:
            self._result = self._handle.query(self._statement)
        except QueryError as error:
            self._failure = _without_file_name(error, self._path)
        finally:
            self._done.set()

    def _close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        if self._reader is not None:
            self._reader.join()
        self._path.unlink(missing_ok=True)

    def _insert_nothing(self) -> EngineResult:
        """No data at all: a pipe would never end, an empty file does, and the statement is judged all the same."""
        self._path.touch(0o600)
        try:
            return self._handle.query(self._statement)
        except QueryError as error:
            raise _without_file_name(error, self._path) from error
        finally:
            self._path.unlink(missing_ok=True)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def from_file(sql: bytes, input_format: str, path: Path, query_id: str) -> bytes:
    """The statement as one that reads a file: the file goes before the SETTINGS clause, the format behind it."""
    start = settings_start(sql)
    at = len(sql) if start is None else start
    settings = b"SETTINGS " if start is None else sql[at:].strip().rstrip(b",") + b", "
    return b"%s FROM INFILE %s COMPRESSION 'none' %s%s = %s FORMAT %s" % (
        sql[:at].rstrip(),
        quoted(str(path)).encode(),
        settings,
        QUERY_ID_SETTING.encode(),
        quoted(query_id).encode(errors="surrogateescape"),
        input_format.encode(),
    )


def _unread_bytes(pipe: int) -> int:
    (waiting,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, struct.pack("i", 0)))
    return int(waiting)


def _without_file_name(error: QueryError, path: Path) -> QueryError:
    return error.replaced(f": (in file/uri {path})", "").replaced(f"(in file/uri {path})", "")
