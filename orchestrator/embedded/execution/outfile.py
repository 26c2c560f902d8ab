"""A result that the engine writes into a pipe while it is read: any format, whole as a file would be, bounded memory.

chdb streams blocks, and in a format with a beginning and an end (JSON, Parquet, Arrow, ...) each block is a document of
its own. Written to a file, a result is one document; a named pipe makes the file a stream.
"""

import fcntl
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.engine import EngineResult, Handle, quoted
from orchestrator.embedded.execution.results import Counters, counters_of
from orchestrator.embedded.execution.statements import Statement, output_clause

_PIPE_BYTES: Final = 1 << 20
_PIECE: Final = 1 << 20
_KILL_AGAIN_SECONDS: Final = 0.1


class PipedResult:
    """A SELECT whose answer comes through a pipe. Blocks; use it in a thread.

    Args:
        output_format: the format when the statement names none.
        folder: a private folder for the pipe.
        kill: orders the engine to stop this statement.
    """

    def __init__(  # noqa: PLR0917
        self,
        handle: Handle,
        parsed: Statement,
        output_format: str,
        params: Mapping[str, str],
        folder: Path,
        kill: Callable[[], None],
    ) -> None:
        self._handle = handle
        self._params = params
        self._kill = kill
        self._path = folder / f"result-{uuid4().hex}"
        self._sql = into_file(parsed.sql, output_format, self._path)
        self._started = time.monotonic_ns()
        self._failure: QueryError | None = None
        self._done = threading.Event()
        self._is_over = False
        self.counters = Counters()
        os.mkfifo(self._path, 0o600)
        # Opened before the engine opens it, which otherwise would wait for a reader.
        self._pipe = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._awake, self._wake = os.pipe2(os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._poll.register(self._awake, select.POLLIN)
        self._writer = threading.Thread(target=self._run, name="result", daemon=True)
        self._writer.start()

    def read(self) -> bytes | None:
        """The next piece, after waiting for it; None at the end. Raises QueryError."""
        while not self._is_over:
            is_written = self._done.is_set()
            if data := self._take():
                return data
            if is_written:
                self._is_over = True
                if self._failure is not None:
                    raise self._failure
            elif any(event & select.POLLHUP for _, event in self._poll.poll()):
                self._done.wait()
        return None

    def close(self) -> None:
        """End the query if it still runs. What it writes is read, because it may be waiting for that."""
        if self._pipe < 0:
            return
        self._is_over = True
        while not self._done.is_set():
            self._kill()
            kill_again = time.monotonic() + _KILL_AGAIN_SECONDS
            while not self._done.is_set() and time.monotonic() < kill_again:
                if not self._take():
                    self._done.wait(0.001)
        self._writer.join()
        for descriptor in (self._pipe, self._awake, self._wake):
            os.close(descriptor)
        self._pipe = -1
        self._path.unlink(missing_ok=True)

    def _take(self) -> bytes:
        try:
            return os.read(self._pipe, _PIECE)
        except BlockingIOError:
            return b""

    def _run(self) -> None:
        try:
            result: EngineResult = self._handle.query(self._sql, params=self._params)
            self.counters = counters_of(result, time.monotonic_ns() - self._started)
        except QueryError as error:
            self._failure = error.replaced(str(self._path), "the answer")
        finally:
            self._done.set()
            os.write(self._wake, b"!")


def into_file(sql: bytes, output_format: str, path: Path) -> bytes:
    """A SELECT as one that writes its result to a file, in its own format or in the one given."""
    start, end = output_clause(sql)
    own_format = sql[start:end] or b"FORMAT " + output_format.encode(errors="surrogateescape")
    return b"%s INTO OUTFILE %s APPEND COMPRESSION 'none' %s" % (sql[:start], quoted(str(path)).encode(), own_format)
