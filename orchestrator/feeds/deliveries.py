"""One delivery's bytes: hashed while they are read, unpacked, and kept where they cannot be had a second time."""

import hashlib
import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from orchestrator.exceptions import FeedError, FeedFileError
from orchestrator.feeds.sources import Source

_BLOCK_BYTES = 1 << 20
# What a damaged or vanished file raises, packed or not.
READ_ERRORS = (pa.ArrowException, OSError)
# A damaged Parquet or Arrow file, too, may have names that are no text, or lengths beyond all memory.
COLUMNAR_READ_ERRORS = (*READ_ERRORS, UnicodeDecodeError, MemoryError)

Fingerprint = tuple[int, int, int]


class Delivery:
    """An open delivery. It is read once, by `content` or by `file`; `sha256` is told when that is done."""

    def __init__(self, source: Source, raw: BinaryIO, copy: BinaryIO | None) -> None:
        self.source = source
        self._raw = raw
        self._copy = copy
        self._passing = _Passing(raw, copy)
        self._before = self._fingerprint()
        self._reopened = ExitStack()

    def content(self) -> BinaryIO:
        """The unpacked bytes; a read is short at the end only."""
        return unpacked(cast(BinaryIO, self._passing), self.source.compression)

    def file(self) -> BinaryIO:
        """The whole delivery, hashed already, as a file that can be read anywhere.

        Raises:
            FeedFileError: it cannot be read.
        """
        self._drain()
        self._passing.stop()
        return self._from_start()

    @contextmanager
    def again(self) -> Iterator[BinaryIO]:
        """The unpacked bytes from their start, for a fault that must be located; `content` ends here."""
        if self._copy is not None:
            self._drain()
        self._passing.stop()
        yield unpacked(self._from_start(), self.source.compression)

    def sha256(self) -> str:
        """SHA-256 of the bytes as delivered, 64 hexadecimal digits.

        Raises:
            FeedFileError: it cannot be read, or changed since it was opened.
        """
        self._drain()
        self.require_whole()
        return self._passing.digest.hexdigest()

    def require_whole(self) -> None:
        """Refuse a file that somebody writes to while it is read, and a copy that could not be kept.

        Raises:
            FeedFileError: the file changed since it was opened.
            FeedError: the copy of standard input could not be written.
        """
        if self._passing.copy_error is not None:
            raise FeedError(
                f"{self.source.place}: it cannot be kept: {in_words(self._passing.copy_error)}.",
                "Make room on the disk.",
            )
        if self._fingerprint() != self._before:
            raise FeedFileError(
                f"{self.source.place}: the file changed while it was loaded.", "Load it again when it is complete."
            )

    def close(self) -> None:
        """Let no thread read on. One that waits for standard input is not waited for."""
        self._passing.stop(wait=self._copy is None)
        self._reopened.close()

    def _drain(self) -> None:
        try:
            self._passing.drain()
        except OSError as error:
            raise FeedFileError(
                f"{self.source.place}: this cannot be read: {in_words(error)}.", "Deliver it again."
            ) from error

    def _from_start(self) -> BinaryIO:
        """The same open file under a descriptor of its own, because Arrow closes what it was given."""
        file = self._raw if self._copy is None else self._copy
        again = self._reopened.enter_context(os.fdopen(os.dup(file.fileno()), "rb", buffering=0))
        again.seek(0)
        return again

    def _fingerprint(self) -> Fingerprint | None:
        """What changes when somebody writes to the file. One that is renamed or removed is read to its end."""
        if self._copy is not None:
            return None
        stat = os.fstat(self._raw.fileno())
        return stat.st_ino, stat.st_size, stat.st_mtime_ns


class _Passing(io.RawIOBase):
    """The bytes as delivered, each one passing once. Arrow reads ahead in a thread of its own, hence the lock."""

    def __init__(self, raw: BinaryIO, copy: BinaryIO | None) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self.copy_error: OSError | None = None
        self._raw = raw
        self._copy = copy
        self._lock = threading.Lock()
        self._is_stopped = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with self._lock:
            if self._is_stopped:
                return b""
            block = self._filled(size)
            self.digest.update(block)
            self._keep(block)
            return block

    def drain(self) -> None:
        while self.read(_BLOCK_BYTES):
            continue

    def stop(self, *, wait: bool = True) -> None:
        self._is_stopped = True
        if wait:
            with self._lock:
                return

    def _filled(self, size: int) -> bytes:
        """As many bytes as wanted, fewer at the end only: a pipe gives what it has."""
        parts: list[bytes] = []
        while size != 0 and (part := self._raw.read(size)) != b"":
            if part is None:
                raise BlockingIOError("it is not waited for: the descriptor is set to non-blocking")
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _keep(self, block: bytes) -> None:
        if self._copy is None:
            return
        left = memoryview(block)
        try:
            while left:
                left = left[self._copy.write(left) :]
        except OSError as error:
            self.copy_error = error
            raise


@contextmanager
def delivered(source: Source, folder: Path | None = None, stdin: BinaryIO | None = None) -> Iterator[Delivery]:
    """The source, open for reading.

    Args:
        source: a file or standard input.
        folder: where a copy of standard input is kept until it is read; needed for standard input only.
        stdin: read instead of this process's standard input.

    Raises:
        FeedFileError: the file cannot be opened, or a fault was told that a change of the file explains.
        FeedError: the copy of standard input could not be written.
    """
    with ExitStack() as stack:
        if source.path is None:
            if folder is None:
                raise FeedError(f"{source.place}: it cannot be kept.", "Name a folder for it.")
            copy = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile(buffering=0, dir=folder)))
            delivery = Delivery(source, stdin or sys.stdin.buffer, copy)
        else:
            delivery = Delivery(source, stack.enter_context(_opened(source.path)), None)
        try:
            yield delivery
        except FeedFileError:
            delivery.require_whole()
            raise
        finally:
            delivery.close()


def unpacked(raw: BinaryIO, compression: str) -> BinaryIO:
    """The bytes without their compression; what is cut off or damaged raises one of `READ_ERRORS` when it is read."""
    # Arrow's stream, because zstandard's reader takes a frame that is cut off for one that ends.
    return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), compression)) if compression else raw


def in_words(error: Exception) -> str:
    """What Arrow, Python or the operating system says, for the middle of a sentence."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise FeedFileError(f"{path}: this cannot be read: {error.strerror}.", "Check the file's rights.") from error
