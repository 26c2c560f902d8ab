"""Sources: what a name says about its file, and which files a pattern names."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.sources import Source, files_matching, is_readable, source_of, standard_input


@pytest.mark.parametrize(
    ("name", "format_", "compression"),
    [
        ("a.csv", "csv", ""),
        ("a.CSV.GZ", "csv", "gzip"),
        ("a.csv.zst", "csv", "zstd"),
        ("a.b.tsv", "tsv", ""),
        ("a.tsv.gz", "tsv", "gzip"),
        ("a.jsonl", "jsonl", ""),
        ("a.ndjson.zst", "jsonl", "zstd"),
        ("a.parquet", "parquet", ""),
        ("A.Parquet", "parquet", ""),
        ("a.arrow", "arrow", ""),
        ("a.arrows", "arrow", ""),
        ("a.feather", "arrow", ""),
    ],
)
def test_a_name_tells_format_and_compression(
    written: Callable[..., Path], name: str, format_: str, compression: str
) -> None:
    path = written(b"", name)
    assert source_of(path) == Source(name, path, format_, compression)
    assert is_readable(path)


def test_a_format_that_is_given_counts_more_than_the_name(written: Callable[..., Path]) -> None:
    path = written(b"", "prices.txt.gz")
    assert source_of(path, "tsv") == Source("prices.txt.gz", path, "tsv", "gzip")
    assert source_of(written(b"", ".hidden"), "csv").format == "csv"
    assert source_of(written(b"", "a.csv"), "tsv").format == "tsv"


def test_standard_input_is_called_stdin() -> None:
    assert standard_input("jsonl", "zstd") == Source("stdin", None, "jsonl", "zstd")
    assert standard_input("csv").place == "stdin"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.csv", r"nowhere\.csv: there is no such file\. Check the name"),
        ("folder.csv", r"folder\.csv: this is a folder\. Name the files in it"),
        ("a.xlsx", r"a\.xlsx: no reader for this kind of file\. Give one of \.csv, \.tsv, .*\.gz or \.zst"),
        ("a.csv.bz2", r"a\.csv\.bz2: no reader"),
        ("csv", r"csv: no reader"),
        (".a.csv", r"\.a\.csv: no reader"),
        ("a.parquet.gz", r"a\.parquet\.gz: parquet compresses by itself .* gzip\. Unpack it first"),
        ("a.arrow.zst", r"a\.arrow\.zst: arrow compresses by itself"),
    ],
)
def test_what_is_no_feed_file_is_refused(tmp_path: Path, written: Callable[..., Path], name: str, message: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    if name not in {"nowhere.csv", "folder.csv"}:
        assert not is_readable(written(b"", name))
    with pytest.raises(FeedFileError, match=message) as refused:
        source_of(tmp_path / name)
    assert refused.value.remedy


def test_a_pipe_with_a_name_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(FeedFileError, match=r"a\.csv: this is no file that could be read again\. Pipe it into"):
        source_of(tmp_path / "a.csv")


def test_unknown_formats_and_compressions_are_refused(written: Callable[..., Path]) -> None:
    with pytest.raises(
        FeedFileError, match=r"a\.csv: there is no format 'xml'\. Formats are: csv, tsv, jsonl, parquet"
    ):
        source_of(written(b"", "a.csv"), "xml")
    with pytest.raises(FeedFileError, match="stdin: there is no format ''"):
        standard_input("")
    with pytest.raises(FeedFileError, match=r"stdin: there is no compression 'bz2'\. Compressions are: gzip, zstd"):
        standard_input("csv", "bz2")
    with pytest.raises(FeedFileError, match="stdin: parquet compresses by itself"):
        standard_input("parquet", "gzip")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "a.tsv", "2024/c.csv", "2024/01/d.csv", "2024/01/.hidden.csv", "odd[1].csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        pytest.param(["*.tsv"], ["a.tsv"], id="star"),
        pytest.param(["?.csv"], ["a.csv", "b.csv"], id="question mark"),
        pytest.param(["[ab].csv"], ["a.csv", "b.csv"], id="bracket"),
        pytest.param(
            ["**/*.csv"], ["2024/01/d.csv", "2024/c.csv", "a.csv", "b.csv", "odd[1].csv"], id="folders in folders"
        ),
        pytest.param(["2024/*"], ["2024/c.csv"], id="folders are no files"),
        pytest.param(["b.csv", "a.csv"], ["b.csv", "a.csv"], id="names keep their order"),
        pytest.param(["b.csv", "?.csv", "./b.csv"], ["b.csv", "a.csv"], id="each file once"),
        pytest.param(["odd[1].csv"], ["odd[1].csv"], id="a name with a bracket"),
        pytest.param(["nowhere.csv"], ["nowhere.csv"], id="a name is kept, there or not"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_patterns_are_expanded(tree: Path, patterns: list[str], names: list[str]) -> None:
    assert files_matching(patterns) == [Path(name) for name in names]
    assert files_matching([str(tree / pattern) for pattern in patterns]) == [tree / name for name in names]


@pytest.mark.parametrize("pattern", ["*.parquet", "nowhere/*", "202?"])
def test_a_pattern_without_a_file_is_refused(tree: Path, pattern: str) -> None:
    with pytest.raises(FeedFileError, match=r": no file matches\. Check the pattern") as refused:
        files_matching(["a.csv", pattern])
    assert refused.value.message.startswith(pattern)
