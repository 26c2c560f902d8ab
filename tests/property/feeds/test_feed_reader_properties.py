"""Readers on arbitrary tables: any chunk size, any block size, any kind of file gives the same rows in the same order."""

import csv
import gzip
import io
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds import csv_files
from orchestrator.feeds.readers import read_chunks

COLUMNS = ("instrument", "field", "value")
# A cell's NUL is refused, a lone surrogate is no text; quotes, commas and newlines are what a reader stumbles over.
CELLS = st.text(
    st.one_of(st.sampled_from('",\n\r \t'), st.characters(exclude_characters="\0", codec="utf-8")), max_size=8
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feeds")


def as_csv(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def chunks_of(path: Path, chunk_rows: int) -> list[list[tuple[str, ...]]]:
    return [[tuple(row.values()) for row in table.to_pylist()] for table in read_chunks(path, COLUMNS, chunk_rows)]


def cut(rows: list[tuple[str, ...]], chunk_rows: int) -> list[list[tuple[str, ...]]]:
    return [rows[start : start + chunk_rows] for start in range(0, len(rows), chunk_rows)]


@settings(deadline=None, derandomize=True, max_examples=150)
@given(rows=ROWS, chunk_rows=st.integers(1, 50), block_bytes=st.integers(600, 2000))
def test_chunks_put_together_are_the_whole_file_at_any_chunk_and_block_size(
    folder: Path, rows: list[tuple[str, ...]], chunk_rows: int, block_bytes: int
) -> None:
    path = folder / "feed.csv"
    path.write_bytes(as_csv(rows))
    with patch.object(csv_files, "_BLOCK_BYTES", block_bytes):
        assert chunks_of(path, chunk_rows) == cut(rows, chunk_rows)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(rows=ROWS, chunk_rows=st.integers(1, 50), group_rows=st.integers(1, 20))
def test_csv_gzip_and_parquet_of_the_same_rows_give_the_same_chunks(
    folder: Path, rows: list[tuple[str, ...]], chunk_rows: int, group_rows: int
) -> None:
    plain, zipped, parquet = (folder / f"feed{suffix}" for suffix in (".csv", ".csv.gz", ".parquet"))
    plain.write_bytes(as_csv(rows))
    zipped.write_bytes(gzip.compress(as_csv(rows), compresslevel=1))
    columns = [pa.array([row[number] for row in rows], pa.string()) for number in range(len(COLUMNS))]
    pq.write_table(pa.table(columns, names=list(COLUMNS)), parquet, row_group_size=group_rows)
    expected = cut(rows, chunk_rows)
    assert [chunks_of(path, chunk_rows) for path in (plain, zipped, parquet)] == [expected] * 3


@settings(deadline=None, derandomize=True, max_examples=100)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=10), data=st.data())
def test_a_file_cut_off_is_refused_or_lacks_nothing_but_its_end(
    folder: Path, rows: list[tuple[str, ...]], data: st.DataObject
) -> None:
    whole = as_csv(rows)
    path = folder / "cut.csv"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        found = [row for chunk in chunks_of(path, 100) for row in chunk]
    except FeedFileError:
        return
    *complete, last = found or [()]
    assert complete == rows[: len(complete)]
    # Cut off just before its last cell, a row cannot be told from one that ends with an empty cell.
    assert not last or last in {rows[len(complete)], (*rows[len(complete)][:-1], "")}
