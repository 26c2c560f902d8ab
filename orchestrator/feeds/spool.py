"""The spool: a delivery is read to its end and kept on disk in chunks before anything of it is used."""

import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from orchestrator.exceptions import FeedError
from orchestrator.feeds.chunks import chunks_of
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.deliveries import delivered
from orchestrator.feeds.readers import batches_of
from orchestrator.feeds.sources import Source

_PREFIX = "delivery-"
_LEFTOVER_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Spooled:
    """A delivery that was read to its end without fault, kept on disk in chunks.

    Attributes:
        source: where it came from.
        content_sha256: of the bytes as delivered, compressed as they came; 64 hexadecimal digits.
        rows: how many it has.
        chunk_rows: rows a chunk.
        folder: has each chunk as an Arrow stream of one record batch; there until the spool is closed.
    """

    source: Source
    content_sha256: str
    rows: int
    chunk_rows: int
    folder: Path

    def chunks(self) -> Iterator[pa.Table]:
        """The rows in order, `chunk_rows` a table, the last one may have fewer; no table if there are no rows."""
        for number in range(-(-self.rows // self.chunk_rows)):
            with pa.memory_map(str(_path(self.folder, number))) as file, pa.ipc.open_stream(file) as reader:
                yield reader.read_all()


@contextmanager
def spooled(
    source: Source,
    columns: tuple[str, ...],
    folder: Path,
    chunk_rows: int,
    *,
    codes: Collection[str] = (),
    may_lack: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
    stdin: BinaryIO | None = None,
) -> Iterator[Spooled]:
    """Read a delivery once, from its first byte to its last, and give it when all of it is without fault.

    Args:
        source: what to read.
        columns: the wanted columns, in the wanted order; text, never null, as received.
        folder: where the chunks are kept meanwhile; it is made if it is missing, and nothing stays in it.
        chunk_rows: rows a chunk; the same content and number always give the same chunks.
        codes: the columns that are wanted as `dictionary<int32, string>`, with one dictionary a chunk.
        may_lack: the delivery may have some of the columns only; the others are '' in every row.
        progress: called with the number of rows after each chunk.
        stdin: read instead of this process's standard input.

    Raises:
        FeedFileError: the delivery cannot be read, or changed while it was; names file, line and value.
        FeedError: the folder cannot be written.
    """
    wanted = Columns(columns, frozenset(codes), may_lack)
    with own_folder(folder) as own:
        with delivered(source, own, stdin) as delivery:
            with closing(batches_of(delivery, wanted)) as batches:
                chunks = chunks_of(source.place, batches, wanted, chunk_rows)
                rows = _kept(chunks, own, progress)
            content_sha256 = delivery.sha256()
        yield Spooled(source, content_sha256, rows, chunk_rows, own)


def _kept(chunks: Iterable[pa.RecordBatch], folder: Path, progress: Callable[[int], None]) -> int:
    rows = 0
    try:
        for number, chunk in enumerate(chunks):
            with (
                pa.OSFile(str(_path(folder, number)), "wb") as file,
                pa.ipc.new_stream(file, chunk.schema) as writer,
            ):
                writer.write_batch(chunk)
            rows += chunk.num_rows
            progress(chunk.num_rows)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return rows


def _path(folder: Path, number: int) -> Path:
    """A chunk's own file: what was mapped of it is given back once it is landed."""
    return folder / f"{number}.arrows"


@contextmanager
def own_folder(folder: Path) -> Iterator[Path]:
    """A folder of one delivery's own below the spool's, which is made if it is missing; nothing of it stays.

    Raises:
        FeedError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        own = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def leftovers(folder: Path) -> list[Path]:
    """What processes left that were killed. One that is alive has written within a day."""
    eldest = time.time() - _LEFTOVER_SECONDS
    found = []
    for left in folder.glob(f"{_PREFIX}*"):
        # Another process may remove its own at any moment.
        with suppress(FileNotFoundError):
            if max(path.stat().st_mtime for path in (left, *left.iterdir())) < eldest:
                found.append(left)
    return found


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove what killed processes left; gives what that was."""
    found = leftovers(folder)
    for left in found:
        shutil.rmtree(left, ignore_errors=True)
    return found


def _unwritable(folder: Path, error: OSError) -> FeedError:
    return FeedError(f"{folder}: deliveries cannot be kept here: {error}.", "Make room, or give the right to write.")
