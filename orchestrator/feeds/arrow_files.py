"""Arrow IPC, as a file and as a stream, with every column written out as text."""

import io
from collections.abc import Generator, Iterator
from typing import BinaryIO

import pyarrow as pa

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.deliveries import COLUMNAR_READ_ERRORS, Delivery, in_words
from orchestrator.feeds.texts import texts_of

_FILE_BEGINS = b"ARROW1"


def arrow_batches(delivery: Delivery, columns: Columns) -> Generator[pa.RecordBatch, None, None]:
    """The rows in order, in batches of any size, with the columns that are there. A record batch is read as a whole.

    Raises:
        FeedFileError: no Arrow file, a stream that breaks off or is followed by anything, another header, or a column
            that is no text; names file and column.
    """
    place = delivery.source.place
    file = delivery.file()
    try:
        is_file = file.read(len(_FILE_BEGINS)) == _FILE_BEGINS
        file.seek(0)
        batches = _batches_of_file(file) if is_file else _batches_of_stream(place, file)
        present = columns.found_in(place, "header", next(batches).schema.names)
        yield from texts_of(place, batches, present, columns)
    except COLUMNAR_READ_ERRORS as error:
        raise FeedFileError(
            f"{place}: this cannot be read as Arrow: {in_words(error)}.",
            "Write the file anew, or name it for what it is.",
        ) from error


def _batches_of_file(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_file(file) as reader:
        yield _no_rows(reader.schema)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def _batches_of_stream(place: str, file: BinaryIO) -> Iterator[pa.RecordBatch]:
    watched = _Watched(file)
    with pa.ipc.open_stream(watched) as reader:
        yield _no_rows(reader.schema)
        yield from reader
    if watched.is_at_end:
        raise FeedFileError(f"{place}: the stream has no end mark.", "Deliver the whole stream again.")
    if file.read(1):
        raise FeedFileError(f"{place}: the stream goes on after its end mark.", "Deliver each stream by itself.")


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    """What comes first: its header is checked even if no batch follows."""
    return pa.RecordBatch.from_pylist([], schema)


class _Watched(io.RawIOBase):
    """The stream, and whether it was asked for more than it has: a stream that is whole says itself where it ends."""

    def __init__(self, content: BinaryIO) -> None:
        super().__init__()
        self._content = content
        self.is_at_end = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        self.is_at_end = self.is_at_end or len(block) < size
        return block
