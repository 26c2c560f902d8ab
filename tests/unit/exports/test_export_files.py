"""Files of exports: the same rows are the same bytes, and a target never shows half a file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from orchestrator.exceptions import ExportTargetError, ExportTypeError
from orchestrator.exports.columns import column_of
from orchestrator.exports.files import regrouped, write_file
from orchestrator.exports.specs import ExportFormat
from orchestrator.exports.targets import FolderTarget, open_target
from orchestrator.settings import Settings

FILES = (ExportFormat.CSV, ExportFormat.PARQUET)
SCHEMA = pa.schema([pa.field("number", pa.int64(), nullable=False), pa.field("text", pa.string())])
ROWS = pa.table({"number": range(1000), "text": [f"row {n}" if n % 3 else None for n in range(1000)]}, SCHEMA)


def cut(rows: int) -> Iterator[pa.RecordBatch]:
    """The rows in batches of this size."""
    return iter(ROWS.to_batches(max_chunksize=rows))


@pytest.mark.parametrize("kind", FILES)
def test_how_rows_arrive_leaves_no_trace(tmp_path: Path, kind: ExportFormat) -> None:
    written = [write_file(tmp_path / str(size), kind, SCHEMA, cut(size)) for size in (1000, 1, 7, 333)]
    assert len(set(written)) == 1
    content = (tmp_path / "7").read_bytes()
    assert (written[0].rows, written[0].bytes) == (1000, len(content))
    assert written[0].sha256 == hashlib.sha256(content).hexdigest()


def test_groups_of_rows_have_one_size_but_for_the_last() -> None:
    groups = list(regrouped(SCHEMA, cut(7), rows_of_group=300))
    assert [group.num_rows for group in groups] == [300, 300, 300, 100]
    assert pa.Table.from_batches(groups) == ROWS


@pytest.mark.parametrize("kind", FILES)
def test_no_rows_are_a_file_with_columns(tmp_path: Path, kind: ExportFormat) -> None:
    assert write_file(tmp_path / "empty", kind, SCHEMA, iter(())).rows == 0
    read = pa_csv.read_csv if kind is ExportFormat.CSV else pq.read_table
    assert read(tmp_path / "empty").column_names == ["number", "text"]


def test_a_file_replaces_the_one_before_only_once_it_is_whole(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "out")
    target.put_bytes("a/day=2026-01-01/a.csv", b"before")
    with pytest.raises(RuntimeError), target.aside() as path:
        path.write_bytes(b"half")
        raise RuntimeError
    assert target.read("a/day=2026-01-01/a.csv") == b"before"
    target.put_bytes("a/day=2026-01-01/a.csv", b"after")
    assert target.read("a/day=2026-01-01/a.csv") == b"after"
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["a.csv"]


def test_removing_takes_the_folder_that_it_empties(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path)
    target.put_bytes("a/day=2026-01-01/a.csv", b"x")
    target.remove("a/day=2026-01-01/a.csv")
    target.remove("a/day=2026-01-01/a.csv")
    assert target.read("a/day=2026-01-01/a.csv") is None
    assert not (tmp_path / "a" / "day=2026-01-01").exists()


@pytest.mark.parametrize("spelled", ["{path}", "file://{path}", "file://localhost{path}", "{path}/"])
def test_a_folder_may_be_spelled_as_a_path_or_a_url(tmp_path: Path, spelled: str) -> None:
    target = open_target(Settings(), spelled.format(path=tmp_path / "a folder"))
    assert target.url == f"file://{tmp_path}/a folder"
    assert (tmp_path / "a folder").is_dir()


@pytest.mark.parametrize("url", ["gs://bucket/x", "s3://", "file://elsewhere/folder", "file://"])
def test_what_is_no_place_is_refused_with_those_that_are(url: str) -> None:
    with pytest.raises(ExportTargetError, match=r"no place for exports\. Give file:///folder, .* s3://bucket/prefix\."):
        open_target(Settings(), url)


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ExportTargetError, match=f"file://{tmp_path}/file/out cannot be used"):
        open_target(Settings(), str(tmp_path / "file" / "out"))


def test_the_place_of_exports_is_a_folder_at_home_unless_it_is_named(tmp_path: Path) -> None:
    assert Settings(touchstone_home=tmp_path).export_url == str(tmp_path / "exports")
    assert Settings(touchstone_export_url="s3://bucket/prefix").export_url == "s3://bucket/prefix"
    assert Path(Settings(touchstone_export_url="out").export_url).is_absolute()


@pytest.mark.parametrize("kind", ["Array(String)", "Map(String, UInt8)", "Tuple(UInt8)", "JSON", "Int256", "UInt128"])
def test_a_type_that_fits_nowhere_is_refused_by_its_column(kind: str) -> None:
    with pytest.raises(ExportTypeError, match="Column tags has the type"):
        column_of("tags", kind)


def test_types_are_unwrapped_whatever_they_are_wrapped_in() -> None:
    column = column_of("code", "LowCardinality(Nullable(String))")
    assert (column.arrow, column.is_nullable) == (pa.string(), True)
    assert column_of("paid", "Nullable(Decimal(76, 20))").arrow == pa.decimal256(76, 20)
