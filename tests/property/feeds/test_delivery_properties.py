"""Deliveries of arbitrary tables: whatever the rows were written as, the same chunks come back, or a fault is told."""

import csv
import gzip
import hashlib
import io
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds import delimited_files, json_lines, lines
from orchestrator.feeds.lines import lines_of_rows
from orchestrator.feeds.sources import source_of, standard_input
from orchestrator.feeds.spool import spooled

COLUMNS = ("instrument", "field", "value")
# A cell's NUL is refused, a lone surrogate is no text; quotes, delimiters and newlines are what a reader stumbles over.
CELLS = st.text(
    st.one_of(st.sampled_from('",\n\r \t\\{}[]:'), st.characters(exclude_characters="\0", codec="utf-8")), max_size=8
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=40)
TEXTS = (".csv", ".tsv", ".jsonl")
SUFFIXES = (*TEXTS, *(f"{text}{pack}" for text in TEXTS for pack in (".gz", ".zst")), ".parquet", ".arrow", ".arrows")
CODES = st.sets(st.sampled_from(COLUMNS))

# where only cells that need it are quoted, or none does, slabs are read side by side
PLAIN_CELLS = st.text(st.characters(exclude_characters='\0",\t\n\r', codec="utf-8"), max_size=8)
PLAIN_ROWS = st.lists(st.tuples(PLAIN_CELLS, PLAIN_CELLS, PLAIN_CELLS), max_size=40)
QUOTING = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])

Quoting = Literal[0, 1]
Rows = Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Reading:
    """One way of reading a delivery."""

    codes: set[str]
    chunk_rows: int
    block_bytes: int
    slab_bytes: int
    is_piped: bool


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deliveries")


def bytes_of(suffix: str, rows: Rows, quoting: Quoting = csv.QUOTE_ALL, group_rows: int = 7) -> bytes:
    """The rows as a file with this suffix would have them."""
    if suffix.endswith(".gz"):
        return gzip.compress(bytes_of(suffix[:-3], rows, quoting), compresslevel=1)
    if suffix.endswith(".zst"):
        return zstandard.compress(bytes_of(suffix[:-4], rows, quoting))
    if suffix == ".jsonl":
        # Every other line has its keys the other way round, and its letters as they are.
        objects = (list(zip(COLUMNS, row, strict=True))[:: (-1) ** number] for number, row in enumerate(rows))
        texts = (json.dumps(dict(pairs), ensure_ascii=pairs[0][0] == COLUMNS[0]) for pairs in objects)
        return "".join(f"{text}\n" for text in texts).encode()
    if suffix in TEXTS:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter={".csv": ",", ".tsv": "\t"}[suffix], quoting=quoting)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        return text.getvalue().encode()
    sink, table = io.BytesIO(), table_of(rows)
    if suffix == ".parquet":
        pq.write_table(table, sink, row_group_size=group_rows)
    else:
        with (pa.ipc.new_file if suffix == ".arrow" else pa.ipc.new_stream)(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=group_rows)
    return sink.getvalue()


def table_of(rows: Rows, codes: Sequence[str] = ()) -> pa.Table:
    arrays = [pa.array([row[number] for row in rows], pa.string()) for number in range(len(COLUMNS))]
    arrays = [
        array.dictionary_encode() if name in codes else array for name, array in zip(COLUMNS, arrays, strict=True)
    ]
    return pa.table(arrays, pa.schema([pa.field(n, a.type, False) for n, a in zip(COLUMNS, arrays, strict=True)]))


def given_rows(path: Path, folder: Path) -> list[tuple[str, ...]]:
    with spooled(source_of(path), COLUMNS, folder / "spool", 100, codes=("field",)) as spool:
        rows = [tuple(row.values()) for chunk in spool.chunks() for row in chunk.to_pylist()]
    assert list((folder / "spool").iterdir()) == []
    return rows


@settings(deadline=None, derandomize=True, max_examples=250)
@given(
    rows=st.one_of(ROWS, PLAIN_ROWS, st.builds(operator.add, PLAIN_ROWS, ROWS)),
    suffix=st.sampled_from(SUFFIXES),
    quoting=QUOTING,
    reading=st.builds(Reading, CODES, st.integers(1, 50), st.integers(600, 2000), st.integers(30, 500), st.booleans()),
)
def test_the_same_chunks_come_back_whatever_the_rows_were_written_as(
    folder: Path, rows: Rows, suffix: str, quoting: Quoting, reading: Reading
) -> None:
    content = bytes_of(suffix, rows, quoting)
    codes = reading.codes
    path = folder / f"feed{suffix}"
    path.write_bytes(content)
    source = source_of(path)
    if reading.is_piped:
        source = standard_input(source.format, source.compression)
    with (
        patch.object(delimited_files, "_BLOCK_BYTES", reading.block_bytes),
        patch.object(delimited_files, "_SLAB_BYTES", reading.slab_bytes),
        patch.object(delimited_files, "_HEADER_BYTES", reading.slab_bytes),
        patch.object(json_lines, "_BLOCK_BYTES", reading.block_bytes),
        spooled(source, COLUMNS, folder / "spool", reading.chunk_rows, codes=codes, stdin=io.BytesIO(content)) as spool,
    ):
        chunks = list(spool.chunks())
    assert (spool.rows, spool.content_sha256) == (len(rows), hashlib.sha256(content).hexdigest())
    starts = range(0, len(rows), reading.chunk_rows)
    expected = [table_of(rows[start : start + reading.chunk_rows], list(codes)) for start in starts]
    assert [chunk.to_pylist() for chunk in chunks] == [chunk.to_pylist() for chunk in expected]
    assert all(chunk.equals(wanted) for chunk, wanted in zip(chunks, expected, strict=True))
    for name in codes:
        assert [c[name].chunk(0).dictionary for c in chunks] == [c[name].chunk(0).dictionary for c in expected]


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=10),
    suffix=st.sampled_from(SUFFIXES),
    data=st.data(),
)
def test_a_file_cut_off_is_refused_or_lacks_nothing_but_its_end(
    folder: Path, rows: Rows, suffix: str, data: st.DataObject
) -> None:
    whole = bytes_of(suffix, rows)
    path = folder / f"cut{suffix}"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        found = given_rows(path, folder)
    except FeedFileError:
        return
    assert suffix in TEXTS or not found
    *complete, last = found or [()]
    assert complete == rows[: len(complete)]
    # Cut off just before its last cell, a row cannot be told from one that ends with an empty cell.
    assert not last or last in {rows[len(complete)], (*rows[len(complete)][:-1], "")}


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=10),
    suffix=st.sampled_from(SUFFIXES),
    quoting=QUOTING,
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    folder: Path, rows: Rows, suffix: str, quoting: Quoting, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(bytes_of(suffix, rows, quoting))
    for place, byte in changes:
        content[place % len(content)] = byte
    path = folder / f"damaged{suffix}"
    path.write_bytes(content)
    try:
        found = given_rows(path, folder)
    except FeedFileError as error:
        assert str(path) in error.message
        assert error.remedy
    else:
        assert all(len(row) == len(COLUMNS) and "\0" not in "".join(row) for row in found)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=10),
    suffix=st.sampled_from(TEXTS),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\n\r\n"]), min_size=11, max_size=11),
    block_bytes=st.integers(1, 40),
)
def test_a_row_begins_on_the_line_where_it_was_written(
    folder: Path, rows: Rows, suffix: str, ends: list[str], block_bytes: int
) -> None:
    path = folder / f"lines{suffix}"
    header, expected = bytes_of(suffix, []).strip(), []
    with path.open("wb") as file:
        file.write(header + ends[0].encode() if header else b"")
        for row, end in zip(rows, ends[1:], strict=False):
            expected.append(1 + len(path_lines(file, path)))
            file.write(bytes_of(suffix, [row])[len(bytes_of(suffix, [])) :].rstrip(b"\r\n") + end.encode())
    assert given_rows(path, folder) == rows
    with patch.object(lines, "_BLOCK_BYTES", block_bytes):
        assert lines_of_rows(source_of(path), range(1, 20)) == dict(enumerate(expected, start=1))


def path_lines(file: io.BufferedWriter, path: Path) -> list[bytes]:
    file.flush()
    return path.read_bytes().splitlines()
