"""Typed Arrow columns, written out as the text that a vendor would have put into a CSV."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.chunks import in_order_of_appearance
from orchestrator.feeds.columns import CODES, TEXT, Columns
from orchestrator.feeds.deliveries import in_words
from orchestrator.helpers import at_once

_SLICE_ROWS = 1 << 16
_SLICES_AT_ONCE: Final = 3


def texts_of(
    place: str, batches: Iterable[pa.RecordBatch], present: tuple[str, ...], columns: Columns
) -> Iterator[pa.RecordBatch]:
    """The batches' wanted columns as text, in their order, null as ''; a time with a zone carries its offset.

    Args:
        place: the file, for the error.
        batches: rows of a Parquet or Arrow file; a large one is cut, so that it is not held twice.
        present: the wanted columns that they have.
        columns: tells which of them are codes; these stay dictionary arrays where they are such already.

    Raises:
        FeedFileError: a column that is no text, not UTF-8, damaged, or has a NUL byte; names file, column and value.
    """
    slices = (partial(_text, place, part, present, columns) for batch in batches for part in _slices(batch))
    return at_once(slices, _SLICES_AT_ONCE)


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, _SLICE_ROWS):
        yield batch.slice(start, _SLICE_ROWS)


def _text(place: str, part: pa.RecordBatch, present: tuple[str, ...], columns: Columns) -> pa.RecordBatch:
    arrays = [_as_wanted(place, name, part.column(name), columns.type_of(name)) for name in present]
    return pa.record_batch(arrays, names=list(present))


def _as_wanted(place: str, name: str, column: pa.Array, wanted: pa.DataType) -> pa.Array:
    try:
        # Neither Parquet nor Arrow files are checked when they are read: an offset or a byte may be anything.
        column.validate(full=True)
        text = _as_codes(column) if wanted == CODES and pa.types.is_dictionary(column.type) else None
        if text is None:
            text = pc.fill_null(column.cast(TEXT), "")
    except pa.ArrowException as error:
        raise FeedFileError(
            f"{place}: column {name!r} of type {column.type} cannot be written as text: {in_words(error)}.",
            "Give it a plain type, such as string.",
        ) from error
    values = text.dictionary if pa.types.is_dictionary(text.type) else text
    if _may_have_nul(values):
        _refuse_nul(place, name, values)
    return text


def _as_codes(column: pa.DictionaryArray) -> pa.DictionaryArray | None:
    """The column with int32 indices into distinct texts; None where its dictionary is not one of those."""
    texts = column.dictionary.cast(TEXT)
    if texts.null_count or pc.count_distinct(texts).as_py() != len(texts):
        return None
    indices = column.indices.cast(pa.int32())
    if indices.null_count:
        blank = texts.index("").as_py()
        if blank < 0:
            blank, texts = len(texts), pa.concat_arrays([texts, pa.array([""], TEXT)])
        indices = pc.fill_null(indices, pa.scalar(blank, pa.int32()))
    return in_order_of_appearance(pa.DictionaryArray.from_arrays(indices, texts))


def _may_have_nul(text: pa.StringArray) -> bool:
    """True if the texts' bytes have a NUL: forty times as fast as a look at each."""
    if len(text) == 0:
        return False
    _, offsets, data = text.buffers()
    ends = memoryview(offsets)[4 * text.offset : 4 * (text.offset + len(text) + 1)].cast("i")
    start, end = ends[0], ends[-1]
    return end > start and b"\0" in data.slice(start, end - start).to_pybytes()


def _refuse_nul(place: str, name: str, text: pa.StringArray) -> None:
    value = text.filter(pc.match_substring(text, "\0"))[0].as_py()
    raise FeedFileError(f"{place}: column {name!r} has a NUL byte in {value!r}.", "Write the file without it.")
