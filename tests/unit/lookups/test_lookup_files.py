"""The desk on disk: reading its files, replacing the ledger in one step, refusing a desk with errors."""

from pathlib import Path

import pytest
from lookup_desk import clean_desk, unminted

from orchestrator.exceptions import LedgerError, LookupFileError
from orchestrator.lookups import read_desk, require_clean_desk, write_ledger


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_the_files_of_the_desk_are_read_as_they_stand(tmp_path: Path) -> None:
    put(tmp_path, clean_desk())
    (tmp_path / "_seeds.yml").write_text("version: 2\n")
    assert read_desk(tmp_path) == clean_desk()


def test_a_missing_ledger_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, unminted())
    assert read_desk(tmp_path) == unminted()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LookupFileError, match="no folder"):
        read_desk(tmp_path / "nowhere")


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lookups.csv").mkdir()
    with pytest.raises(LookupFileError, match=r"lookups\.csv cannot be read"):
        read_desk(tmp_path)


def test_the_ledger_is_replaced_and_nothing_is_left_behind(tmp_path: Path) -> None:
    put(tmp_path, clean_desk())
    (tmp_path / "lookup_ids.csv").chmod(0o664)
    write_ledger(tmp_path, b"domain,parent_key,key,id\n")
    assert (tmp_path / "lookup_ids.csv").read_bytes() == b"domain,parent_key,key,id\n"
    assert (tmp_path / "lookup_ids.csv").stat().st_mode & 0o777 == 0o664
    assert {path.name for path in tmp_path.iterdir()} == set(clean_desk())


def test_a_ledger_that_cannot_be_replaced_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "lookup_ids.csv").mkdir()
    with pytest.raises(LedgerError, match="cannot be written"):
        write_ledger(tmp_path, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["lookup_ids.csv"]


def test_a_missing_folder_takes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written"):
        write_ledger(tmp_path / "nowhere", b"x")


def test_a_clean_desk_is_counted(tmp_path: Path) -> None:
    put(tmp_path, clean_desk())
    assert require_clean_desk(tmp_path) == 4 + 1 + 14


def test_a_desk_with_errors_is_refused_and_the_first_one_is_named(tmp_path: Path) -> None:
    put(tmp_path, unminted())
    with pytest.raises(LookupFileError, match=r"14 errors; the first is lookups\.csv:2"):
        require_clean_desk(tmp_path)
