"""Chunks: a delivery's rows, cut after every so many, whatever the batches in which a reader gave them."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.columns import CODES, TEXT, Columns
from orchestrator.feeds.deliveries import in_words


def chunks_of(
    place: str, batches: Iterable[pa.RecordBatch], columns: Columns, chunk_rows: int
) -> Iterator[pa.RecordBatch]:
    """The rows in batches of `chunk_rows` rows, the last one may be shorter.

    Args:
        place: the delivery, for the error.
        batches: rows in order, of any size, with dictionaries in order of appearance; a column that all of them lack
            is '' in every row.
        columns: their names, order and types. A chunk's dictionaries are in order of appearance, too: it is the same
            whatever file its rows came in.
        chunk_rows: rows a chunk.

    Raises:
        FeedFileError: a chunk's column is more text than Arrow can address.
    """
    parts: list[pa.RecordBatch] = []
    room = chunk_rows
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            part = batch if batch.num_rows - start <= room and start == 0 else cut(batch, start, room)
            parts.append(part)
            start += part.num_rows
            room -= part.num_rows
            if room == 0:
                yield _joined(place, parts, columns)
                parts, room = [], chunk_rows
    if parts:
        yield _joined(place, parts, columns)


def cut(batch: pa.RecordBatch, start: int, rows: int) -> pa.RecordBatch:
    """At most so many of the batch's rows; its dictionaries have just their texts."""
    part = batch.slice(start, rows)
    columns = [in_order_of_appearance(c) if pa.types.is_dictionary(c.type) else c for c in part.columns]
    return pa.record_batch(columns, names=part.schema.names)


def in_order_of_appearance(codes: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same codes with a dictionary of just their texts, in the order in which they first appear."""
    used = pc.unique(codes.indices)
    numbers = pa.array(range(len(codes.dictionary)), pa.int32())
    if used.equals(numbers):
        return codes
    places = pc.index_in(numbers, value_set=used)
    return pa.DictionaryArray.from_arrays(places.take(codes.indices), codes.dictionary.take(used))


def _joined(place: str, parts: list[pa.RecordBatch], columns: Columns) -> pa.RecordBatch:
    try:
        arrays = [_joined_column(parts, name, columns.type_of(name)) for name in columns.names]
    except pa.ArrowException as error:
        raise FeedFileError(
            f"{place}: {sum(part.num_rows for part in parts):,} rows are too much text: {in_words(error)}.",
            "Look for cells of many kilobytes.",
        ) from error
    return pa.record_batch(arrays, schema=columns.schema)


def _joined_column(parts: list[pa.RecordBatch], name: str, wanted: pa.DataType) -> pa.Array:
    if name not in parts[0].schema.names:
        blank = pa.repeat(pa.scalar("", TEXT), sum(part.num_rows for part in parts))
        return blank.dictionary_encode() if wanted == CODES else blank
    arrays = [part.column(name) for part in parts]
    if wanted != CODES:
        return pa.concat_arrays(arrays)
    if not any(pa.types.is_dictionary(array.type) for array in arrays):
        return pa.concat_arrays(arrays).dictionary_encode()
    # Arrow puts the dictionaries together in their order, each text once.
    return pa.concat_arrays([a if pa.types.is_dictionary(a.type) else a.dictionary_encode() for a in arrays])
