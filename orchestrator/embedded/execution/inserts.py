"""INSERT statements whose data comes in pieces: nothing here holds more than one piece. Blocks; use it in a thread."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from orchestrator.embedded.execution.engine import Handle, quoted
from orchestrator.embedded.execution.pipe import PipedInsert
from orchestrator.embedded.execution.results import Counters, NoResult, timed
from orchestrator.embedded.execution.statements import InsertWithData


class Sink(Protocol):
    """Takes the data of an INSERT."""

    def append(self, data: bytes) -> None:
        """The next piece, cut anywhere; waits when the engine is behind. Raises QueryError."""

    def finish(self) -> NoResult:
        """All data is there: insert it. Raises QueryError when it cannot be read or does not fit."""

    def cancel(self) -> None:
        """Insert nothing more; blocks already written stay, as on a server. May be called after finish()."""


class Insert:
    """An INSERT into which the engine reads while pieces come. Raises QueryError."""

    def __init__(
        self, handle: Handle, insert: InsertWithData, folder: Path, query_id: str, kill: Callable[[str], None]
    ) -> None:
        self._started = time.monotonic_ns()
        self._pipe = PipedInsert(handle, insert.sql, insert.format, folder, query_id, kill)

    def append(self, data: bytes) -> None:
        """See Sink."""
        self._pipe.append(data)

    def finish(self) -> NoResult:
        """See Sink."""
        written = self._pipe.finish()
        rows, size = written.rows_written(), written.bytes_written()
        return NoResult(
            Counters(
                read_rows=rows,
                read_bytes=size,
                written_rows=rows,
                written_bytes=size,
                total_rows_to_read=rows,
                result_rows=rows,
                result_bytes=size,
                elapsed_ns=time.monotonic_ns() - self._started,
            )
        )

    def cancel(self) -> None:
        """See Sink."""
        self._pipe.cancel()


class InsertFromFile:
    """`INSERT ... SELECT ... FROM input('structure') FORMAT x`: the data goes to a file first.

    chdb loses inline data there without a word, so input() becomes file() over a spooled copy.
    """

    def __init__(self, handle: Handle, insert: InsertWithData, folder: Path) -> None:
        self._handle = handle
        self._insert = insert
        self._file = NamedTemporaryFile(dir=folder, prefix="input-", delete=False)  # noqa: SIM115  cancel() removes it

    def append(self, data: bytes) -> None:
        """See Sink."""
        self._file.write(data)

    def finish(self) -> NoResult:
        """See Sink."""
        self._file.close()
        if self._insert.input_span is None:
            raise RuntimeError("the statement does not call input()")
        start, end = self._insert.input_span
        arguments = [quoted(self._file.name).encode(), quoted(self._insert.format).encode()]
        if self._insert.input_arguments.strip():
            arguments.append(self._insert.input_arguments)
        sql = self._insert.sql[:start] + b"file(" + b", ".join(arguments) + b")" + self._insert.sql[end:]
        self._handle.use_files(True)
        try:
            return NoResult(timed(lambda: self._handle.query(sql)).counters)
        finally:
            self._handle.use_files(False)
            self.cancel()

    def cancel(self) -> None:
        """See Sink."""
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)
