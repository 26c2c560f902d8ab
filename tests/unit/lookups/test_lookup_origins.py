"""Where the ledger's IDs come from: lines of the file, and the commits of Git."""

import subprocess
from pathlib import Path

import pytest

from orchestrator.lookups.origins import origins_in_ledger

HEADER = "domain,parent_key,key,id\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A. Nalyst", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A ledger of two commits, and a line that is not committed."""
    folder = tmp_path / "project" / "seeds"
    folder.mkdir(parents=True)
    ledger = folder / "lookup_ids.csv"
    git(folder.parent, "init", "--quiet")
    ledger.write_text(HEADER + "field,,PX,1\n", encoding="utf-8")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "-m", "Add PX")
    ledger.write_text(HEADER + "field,,PX,1\nfield,,VOLUME,2\n", encoding="utf-8")
    git(folder.parent, "commit", "--quiet", "-am", "Add VOLUME")
    ledger.write_text(HEADER + "field,,PX,1\nfield,,VOLUME,2\nfield,,BID,3\n", encoding="utf-8")
    return folder


def test_a_line_has_the_commit_that_added_it(seeds: Path) -> None:
    wanted = [("field", number) for number in (1, 2, 3, 4)]
    origins = origins_in_ledger(seeds, wanted)
    assert {key: (origin.line, origin.text) for key, origin in origins.items()} == {
        ("field", 1): (2, "field,,PX,1"),
        ("field", 2): (3, "field,,VOLUME,2"),
        ("field", 3): (4, "field,,BID,3"),
    }
    commits = [origins["field", number].commit for number in (1, 2, 3)]
    assert [commit and commit.summary for commit in commits] == ["Add PX", "Add VOLUME", None]
    assert commits[1] is not None
    assert commits[1].sha == git(seeds, "rev-parse", "HEAD")
    assert commits[1].author == "A. Nalyst"


def test_a_shallow_clone_does_not_take_its_end_for_the_origin(seeds: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{seeds.parent}", "shallow")
    origins = origins_in_ledger(tmp_path / "shallow" / "seeds", [("field", 1)])
    assert origins["field", 1].line == 2
    assert origins["field", 1].commit is None


def test_without_a_repository_there_are_lines_and_no_commits(tmp_path: Path) -> None:
    assert origins_in_ledger(tmp_path, [("field", 1)]) == {}
    (tmp_path / "lookup_ids.csv").write_text(HEADER + "field,,PX,1\n", encoding="utf-8")
    assert origins_in_ledger(tmp_path, [("field", 1)])["field", 1].commit is None
