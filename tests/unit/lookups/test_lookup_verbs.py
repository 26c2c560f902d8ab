"""The verbs of `touchstone lookups` on a project of their own: options, formats, exit codes, a warehouse that is down."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lookup_desk import HEADER, ROW, clean_desk

from orchestrator import cli_lookups
from orchestrator.cli import main
from orchestrator.lookups import write_ledger
from orchestrator.settings import get_settings

FIELDS = "field,field_type,field_description\n"


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A clean desk, committed."""
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for name, content in clean_desk().items():
        (seeds / name).write_bytes(content)
    own = ["-c", "user.name=Desk", "-c", "user.email=desk@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init"], ["add", "."], ["commit", "-m", "desk"]):
        subprocess.run(["git", "-C", str(tmp_path), *own, *arguments], check=True, capture_output=True)
    monkeypatch.setattr(cli_lookups, "SEEDS_DIR", seeds)
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield seeds
    get_settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["lookups", *arguments])


def test_a_clean_desk_passes_in_every_format(seeds: Path) -> None:
    for output_format in ("text", "json", "github", "markdown"):
        assert run("check", "--base", "HEAD", "--format", output_format).exit_code == 0


def test_a_ledger_that_moved_fails_against_its_base_only(seeds: Path) -> None:
    ledger = seeds / "lookup_ids.csv"
    ledger.write_text(ledger.read_text().replace("source,,yahoo,1", "source,,yahoo,7"))
    assert run("check").exit_code == 0
    failed = run("check", "--base", "HEAD", "--format", "github")
    assert failed.exit_code == 1
    assert failed.stdout.startswith("::error file=seeds/lookup_ids.csv,line=15,title=ledger-line-changed::")


def test_a_base_that_does_not_exist_is_one_line(seeds: Path) -> None:
    failed = run("check", "--base", "v9")
    assert failed.exit_code == 1
    assert "There is no revision 'v9'" in failed.stderr


def test_a_catalogue_is_checked_and_minted_with_the_desk(seeds: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "vendor.csv"
    catalogue.write_text(FIELDS + "PX_OPEN,number,first price\n")
    failed = run("check", "--with", str(catalogue), "--format", "json")
    assert failed.exit_code == 1
    [finding] = json.loads(failed.stdout)["findings"]
    assert (finding["file"], finding["rule"]) == (str(catalogue), "key-without-id")
    assert run("mint", "--with", str(catalogue)).stdout == "field,,PX_OPEN,3\n1 ID minted\n"
    assert run("check", "--with", str(catalogue)).exit_code == 0
    assert (seeds / "lookup_ids.csv").read_text().endswith("source,,yahoo,1\nfield,,PX_OPEN,3\n")


def test_many_new_ids_are_told_in_part_and_counted(seeds: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "vendor.csv"
    catalogue.write_text(FIELDS + "".join(f"N{number},text,x\n" for number in range(1200)))
    told = run("mint", "--with", str(catalogue)).stdout.splitlines()
    assert len(told) == 1002
    assert told[-2:] == ["and 200 more", "1,200 IDs minted"]


def test_a_diff_without_a_warehouse_says_so_in_one_line_and_starts_none(seeds: Path, tmp_path: Path) -> None:
    (seeds / "lookups.csv").write_text(HEADER + ROW)
    told = run("diff")
    assert told.exit_code == 0
    assert "lookup desk compared with HEAD" in told.stdout
    assert "Retired codes: " in told.stdout
    assert told.stdout.splitlines()[-1].startswith("facts: not counted: No engine is running")
    assert not (tmp_path / "home" / "engine").exists()


def test_a_diff_in_markdown_of_no_change_is_short(seeds: Path) -> None:
    assert run("diff", "--base", "HEAD", "--format", "markdown").stdout.splitlines()[-1] == "No code changes."


def test_a_write_that_is_cut_off_leaves_the_old_ledger_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lookup_ids.csv").write_bytes(b"old")

    def cut(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.lookups.desk.os.fsync", cut)
    with pytest.raises(KeyboardInterrupt):
        write_ledger(tmp_path, b"new" * 1000)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("lookup_ids.csv", b"old")]
