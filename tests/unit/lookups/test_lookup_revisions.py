"""The desk of a Git revision, in a real repository."""

import subprocess
from pathlib import Path

import pytest
from lookup_desk import LOOKUPS, ROW, clean_desk

from orchestrator.exceptions import LookupFileError
from orchestrator.lookups.revisions import default_base, read_base


def git(folder: Path, *arguments: str) -> None:
    own = ["-c", "user.name=Desk", "-c", "user.email=desk@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True)


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """seeds/ of a repository whose first commit has no desk, and whose second one, v1, has a clean one."""
    seeds = tmp_path / "project" / "seeds"
    seeds.mkdir(parents=True)
    git(seeds.parent, "init", "-b", "work")
    (seeds.parent / "README").write_text("x")
    git(seeds.parent, "add", ".")
    git(seeds.parent, "commit", "-m", "first")
    git(seeds.parent, "tag", "v0")
    for name, content in clean_desk().items():
        (seeds / name).write_bytes(content)
    git(seeds.parent, "add", ".")
    git(seeds.parent, "commit", "-m", "second")
    git(seeds.parent, "tag", "v1")
    return seeds


@pytest.mark.parametrize("revision", ["HEAD", "v1", "work", "HEAD~0"])
def test_the_files_of_a_revision_are_read_as_they_were(seeds: Path, revision: str) -> None:
    (seeds / "lookups.csv").write_text(LOOKUPS + ROW)
    assert read_base(seeds, revision).files == clean_desk()
    assert read_base(seeds, revision).revision == revision


def test_files_that_were_not_there_are_left_out(seeds: Path) -> None:
    assert read_base(seeds, "v0").files == {}


@pytest.mark.parametrize("revision", ["v9", "origin/main", "--output=x", "-h", "", "HEAD:seeds"])
def test_a_revision_that_does_not_exist_is_an_error_that_names_it(seeds: Path, revision: str) -> None:
    with pytest.raises(LookupFileError, match="no revision") as raised:
        read_base(seeds, revision)
    assert repr(revision) in str(raised.value)


def test_a_folder_without_repository_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(LookupFileError, match="not a git repository"):
        read_base(tmp_path, "HEAD")


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LookupFileError, match="no folder"):
        read_base(tmp_path / "nowhere", "HEAD")


def test_a_machine_without_git_is_an_error(seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(seeds))
    with pytest.raises(LookupFileError, match="Git cannot be run"):
        read_base(seeds, "HEAD")


def test_the_default_base_is_main_of_the_origin_where_there_is_one(seeds: Path) -> None:
    assert default_base(seeds) == "HEAD"
    git(seeds, "update-ref", "refs/remotes/origin/main", "v1")
    assert default_base(seeds) == "origin/main"
