"""Readers: a delivery of any format becomes Arrow batches of text, in its order."""

from collections.abc import Callable, Generator

import pyarrow as pa

from orchestrator.feeds.arrow_files import arrow_batches
from orchestrator.feeds.columns import Columns
from orchestrator.feeds.delimited_files import delimited_batches
from orchestrator.feeds.deliveries import Delivery
from orchestrator.feeds.json_lines import json_line_batches
from orchestrator.feeds.parquet_files import parquet_batches

Batches = Generator[pa.RecordBatch, None, None]

_READERS: dict[str, Callable[[Delivery, Columns], Batches]] = {
    "csv": delimited_batches,
    "tsv": delimited_batches,
    "jsonl": json_line_batches,
    "parquet": parquet_batches,
    "arrow": arrow_batches,
}


def batches_of(delivery: Delivery, columns: Columns) -> Batches:
    """The delivery's rows in order, in batches of any size, with those of the columns that it has.

    Raises:
        FeedFileError: the delivery cannot be read; names file, line and value.
    """
    return _READERS[delivery.source.format](delivery, columns)
