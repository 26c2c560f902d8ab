"""What the tests of deliveries share: three columns, and the bytes of a delivery of each kind."""

import csv
import gzip
import io
import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

COLUMNS = ("instrument", "field", "value")
HEADER = b"instrument,field,value\n"
TEXT_SUFFIXES = (".csv", ".tsv", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz", ".csv.zst", ".tsv.zst", ".jsonl.zst")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".arrow", ".arrows")


def bytes_of(suffix: str, rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as a file with this suffix would have them."""
    if suffix.endswith(".gz"):
        return gzip.compress(bytes_of(suffix.removesuffix(".gz"), rows), compresslevel=1)
    if suffix.endswith(".zst"):
        return zstandard.compress(bytes_of(suffix.removesuffix(".zst"), rows))
    if suffix == ".jsonl":
        return "".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows).encode()
    if suffix in {".csv", ".tsv"}:
        return delimited(rows, {".csv": ",", ".tsv": "\t"}[suffix])
    columns = [pa.array([row[number] for row in rows], pa.string()) for number in range(len(COLUMNS))]
    return columnar(suffix, pa.table(columns, names=list(COLUMNS)))


def delimited(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def columnar(suffix: str, table: pa.Table) -> bytes:
    """A Parquet file, an Arrow file or an Arrow stream, with several groups of rows."""
    sink = io.BytesIO()
    if suffix == ".parquet":
        pq.write_table(table, sink, row_group_size=100)
        return sink.getvalue()
    with (pa.ipc.new_file if suffix == ".arrow" else pa.ipc.new_stream)(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    return sink.getvalue()
