"""Parquet files, with every column written out as the text that a vendor would have put into a CSV."""

from collections.abc import Generator

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.deliveries import COLUMNAR_READ_ERRORS, Delivery, in_words
from orchestrator.feeds.texts import texts_of

# Read a column's pages piece by piece: a file may be one large row group.
_BUFFER_BYTES = 1 << 20


def parquet_batches(delivery: Delivery, columns: Columns) -> Generator[pa.RecordBatch, None, None]:
    """The rows in order, in batches of any size, with the columns that are there.

    Raises:
        FeedFileError: no Parquet file, another header, or a column that is no text; names file and column.
    """
    place = delivery.source.place
    file = delivery.file()
    try:
        with pq.ParquetFile(file) as plain:
            present = columns.found_in(place, "header", plain.schema_arrow.names)
            codes = [name for name in columns.codes if name in present and _is_text(plain.schema_arrow, name)]
            metadata = plain.metadata
        with pq.ParquetFile(file, metadata=metadata, read_dictionary=codes, buffer_size=_BUFFER_BYTES) as reader:
            yield from texts_of(place, reader.iter_batches(columns=list(present)), present, columns)
    except COLUMNAR_READ_ERRORS as error:
        raise FeedFileError(
            f"{place}: this cannot be read as Parquet: {in_words(error)}.",
            "Write the file anew, or name it for what it is.",
        ) from error


def _is_text(schema: pa.Schema, name: str) -> bool:
    type_ = schema.field(name).type
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_binary(type_))
