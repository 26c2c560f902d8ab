"""Deliveries of the tests: written, and read through the spool."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from delivery_files import COLUMNS

from orchestrator.feeds.sources import Source, source_of
from orchestrator.feeds.spool import spooled


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file."""

    def write(content: bytes, name: str = "feed.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Path]:
    """The folder of the spool; whatever happens in a test, nothing stays there."""
    folder = tmp_path / "spool"
    yield folder
    assert list(folder.glob("*")) == []


@pytest.fixture
def tables_of(spool: Path) -> Callable[..., list[pa.Table]]:
    """Reads a delivery through the spool, in chunks."""

    def read(delivery: Path | Source, chunk_rows: int = 1000, **options: Any) -> list[pa.Table]:
        source = source_of(delivery) if isinstance(delivery, Path) else delivery
        with spooled(source, COLUMNS, spool, chunk_rows, **options) as given:
            tables = list(given.chunks())
        assert given.rows == sum(table.num_rows for table in tables)
        return tables

    return read


@pytest.fixture
def rows_of(tables_of: Callable[..., list[pa.Table]]) -> Callable[..., list[list[str]]]:
    """The rows of a delivery that has no code columns, read through the spool."""

    def read(delivery: Path | Source, chunk_rows: int = 1000, **options: Any) -> list[list[str]]:
        tables = tables_of(delivery, chunk_rows, **options)
        assert all(table.column_names == list(COLUMNS) for table in tables)
        assert all(field.type == pa.string() and not field.nullable for table in tables for field in table.schema)
        return [list(row.values()) for table in tables for row in table.to_pylist()]

    return read
