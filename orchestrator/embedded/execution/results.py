"""What a statement gave: its bytes, piece by piece, and its counters. Everything here blocks; use it in a thread."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from tempfile import SpooledTemporaryFile
from typing import Final, Protocol, Self

from orchestrator.embedded.errors import from_engine
from orchestrator.embedded.execution.engine import EngineResult, EngineStream

_PIECE: Final = 1024 * 1024
_SPOOL_IN_MEMORY: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Counters:
    """What X-ClickHouse-Summary tells; rows, bytes and nanoseconds."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    total_rows_to_read: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    @classmethod
    def of_progress(cls, progress: Mapping[str, int]) -> Self:
        """What the engine tells while a statement runs."""
        return cls(**{entry.name: progress.get(entry.name, 0) for entry in fields(cls)})

    def summary(self) -> str:
        """One JSON object, all values strings: clients call string methods on them."""
        return json.dumps({name: str(value) for name, value in asdict(self).items()}, separators=(",", ":"))


class Result(Protocol):
    """The answer to a statement."""

    @property
    def counters(self) -> Counters:
        """What is known so far, all of it once `read` has given None."""

    def read(self) -> bytes | memoryview | None:
        """The next piece, never empty; None at the end. Raises QueryError."""

    def close(self) -> None:
        """Give back what the result holds; may be called twice."""


class NoResult:
    """The answer to an INSERT: counters only."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters

    def read(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing to do."""


class WholeResult:
    """A result the engine has made up completely in memory."""

    def __init__(self, result: EngineResult, elapsed_ns: int, piece_bytes: int | None = _PIECE) -> None:
        self._piece_bytes = piece_bytes or max(result.size(), 1)
        self._result: EngineResult | None = result
        self._view: memoryview = result.get_memview().view() if result.size() else memoryview(b"")
        self._position = 0
        self.counters = counters_of(result, elapsed_ns)

    def read(self) -> memoryview | None:
        """The next piece, a view into the engine's memory."""
        if self._position >= len(self._view):
            return None
        piece = self._view[self._position : self._position + self._piece_bytes]
        self._position += len(piece)
        return piece

    def close(self) -> None:
        """Forget the engine's memory."""
        self._view = memoryview(b"")
        self._result = None


class StreamedResult:
    """A result the engine makes block by block while it is read.

    Args:
        progress: what the engine has told so far of the rows it reads; blocks leave out those behind the last one.
    """

    def __init__(self, stream: EngineStream, progress: Callable[[], Counters]) -> None:
        self._stream = stream
        self._progress = progress
        self._started = time.monotonic_ns()
        self._is_over = False
        self.counters = Counters()

    def read(self) -> bytes | None:
        """The next block, after waiting for it."""
        while not self._is_over:
            try:
                chunk = self._stream.fetch()
            except Exception as error:
                self._is_over = True
                raise from_engine(error) from error
            if chunk is None:
                self._is_over = True
                self._count_rest()
                break
            self._count(chunk)
            if data := chunk.bytes():
                return bytes(data)
        return None

    def close(self) -> None:
        """End the query; an abandoned stream would go on until its handle is used again."""
        self._is_over = True
        self._stream.close()

    def _count_rest(self) -> None:
        told = self._progress()
        seen = self.counters
        self.counters = replace(
            seen,
            read_rows=max(seen.read_rows, told.read_rows),
            read_bytes=max(seen.read_bytes, told.read_bytes),
            total_rows_to_read=max(seen.total_rows_to_read, told.total_rows_to_read, told.read_rows),
            elapsed_ns=time.monotonic_ns() - self._started,
        )

    def _count(self, chunk: EngineResult) -> None:
        # A chunk counts what was read since the one before.
        seen = self.counters
        read_rows = seen.read_rows + chunk.storage_rows_read()
        self.counters = replace(
            seen,
            read_rows=read_rows,
            read_bytes=seen.read_bytes + chunk.storage_bytes_read(),
            total_rows_to_read=read_rows,
            result_rows=seen.result_rows + chunk.rows_read(),
            result_bytes=seen.result_bytes + chunk.bytes_read(),
            elapsed_ns=time.monotonic_ns() - self._started,
        )


class RewrittenResult:
    """A result whose pieces are whole blocks, each rewritten on its way."""

    def __init__(self, result: Result, rewrite: Callable[[bytes | memoryview], bytes]) -> None:
        self._result = result
        self._rewrite = rewrite

    @property
    def counters(self) -> Counters:
        """See Result."""
        return self._result.counters

    def read(self) -> bytes | None:
        """The next piece, rewritten."""
        piece = self._result.read()
        return None if piece is None else self._rewrite(piece)

    def close(self) -> None:
        """See Result."""
        self._result.close()


class SpooledResult:
    """A result read to its end before the first byte leaves: exact counters and status, large ones on disk."""

    def __init__(self, result: Result, folder: str) -> None:
        self._file = SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY, dir=folder)  # noqa: SIM115  closed by close()
        try:
            while (piece := result.read()) is not None:
                self._file.write(piece)
        except BaseException:
            self._file.close()
            raise
        finally:
            result.close()
        self.counters = result.counters
        self._file.seek(0)

    def read(self) -> bytes | None:
        """The next megabyte."""
        return self._file.read(_PIECE) or None

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def counters_of(result: EngineResult, elapsed_ns: int) -> Counters:
    """The counters of a statement that has ended."""
    return Counters(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        total_rows_to_read=result.storage_rows_read(),
        result_rows=result.rows_read(),
        result_bytes=result.bytes_read(),
        elapsed_ns=elapsed_ns,
    )


def timed(run: Callable[[], EngineResult], piece_bytes: int | None = _PIECE) -> WholeResult:
    """Run something that gives chdb's result object, with the wall time it took.

    Args:
        piece_bytes: how much the result gives at once; None for all of it.
    """
    started = time.monotonic_ns()
    result = run()
    return WholeResult(result, time.monotonic_ns() - started, piece_bytes)
