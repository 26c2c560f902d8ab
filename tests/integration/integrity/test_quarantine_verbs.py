"""`touchstone load --dry-run` and stdin, `quarantine`, `reconcile`, `backfill`, as typed: what is told, and exit codes."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver.client import Client
from house import variables_of
from known_codes import GOOD_ROW
from observation_files import OBSERVATIONS, file_of, teach_instrument

from orchestrator.cli import main
from orchestrator.settings import Settings, get_settings

ROWS = [GOOD_ROW, (*GOOD_ROW[:2], "TYPED", *GOOD_ROW[3:]), (*GOOD_ROW[:-1], "x")]
Touchstone = Callable[..., Result]


@pytest.fixture
def typed(world: Client, shared: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Touchstone]:
    """The command on the module's database."""
    for name, value in variables_of(shared).items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    runner = CliRunner()
    yield lambda *arguments, **options: runner.invoke(main, [str(argument) for argument in arguments], **options)
    get_settings.cache_clear()


def told(result: Result) -> list[str]:
    return [re.sub(r"\d{10,}", "N", line) for line in result.stdout.splitlines()]


def test_from_the_dry_run_to_the_last_row_with_a_place(typed: Touchstone, world: Client, tmp_path: Path) -> None:
    """One story in order, as a person would type it."""
    path = file_of(tmp_path / "typed.csv", ROWS)
    rehearsed = typed("load", "observations", "--dry-run", path)
    assert rehearsed.exit_code == 1
    assert told(rehearsed)[0] == (
        "typed.csv: dry run: 3 rows, 1 would be in fct_observations, 2 in quarantine; nothing was written"
    )
    assert "typed.csv, line 3: unknown_instrument" in rehearsed.stdout
    assert "instrument='TYPED'" in rehearsed.stdout

    # a glob for the file, and the same content through standard input
    assert told(typed("load", "observations", tmp_path / "ty*.csv")) == [
        "typed.csv: loaded: 3 rows landed, 1 in facts, 2 in quarantine (batch N)"
    ]
    again = typed("load", "observations", "-", input=path.read_bytes())
    assert told(again) == ["stdin: already loaded, nothing done: 3 rows landed, 1 in facts, 2 in quarantine (batch N)"]

    listed = typed("quarantine", "list").stdout
    assert listed.startswith("observations: 2 rows open\n")
    assert re.search(r"unknown_instrument +1 +1 +Load it\.", listed)
    shown = told(typed("quarantine", "show", "observations", "--limit", "1"))
    assert shown[0] == "typed.csv row 2 (batch N): unknown_instrument"
    assert shown[-1] == "and 1 row more; --limit shows them"

    nothing = typed("quarantine", "replay", "observations", "--all", "--acceptable")
    assert nothing.stdout == "No row of quarantine fits; nothing done.\n"
    teach_instrument(world, 31, "TYPED")
    replayed = typed("quarantine", "replay", "observations", "--code", "instrument=TYPED")
    assert told(replayed) == ["1 row replayed: 1 in fct_observations now, 0 still open (replay N)"]
    given_up = typed("quarantine", "discard", "observations", "--reason", "bad_value", "--note", "no number")
    assert told(given_up) == ["1 row given up (discard N)"]
    assert typed("quarantine", "list", "--discarded").stdout.startswith("observations: 1 row discarded\n")

    settled = typed("reconcile")
    assert settled.exit_code == 0
    assert told(settled) == [
        "observations: 1 batch, 3 rows landed = 2 in facts + 0 in open quarantine + 1 discarded",
        "fct_observations: no orphans in 2 rows",
    ]


def test_what_does_not_hold_is_told_with_exit_1_and_a_backfill_mends_what_lacks_a_place(
    typed: Touchstone, world: Client, tmp_path: Path
) -> None:
    assert typed("load", "observations", file_of(tmp_path / "lost.csv", [(*GOOD_ROW[:-1], "7")])).exit_code == 0
    world.command("ALTER TABLE fct_observations DELETE WHERE value_number = 7", settings={"mutations_sync": 2})
    found = typed("reconcile", "observations")
    assert found.exit_code == 1
    assert "1 of them do not add up:" in found.stdout
    assert "lost.csv" in found.stdout
    mended = typed("backfill", "observations")
    assert told(mended) == ["lost.csv: 1 row landed, 1 in facts, 0 in quarantine, 0 discarded (batch N)"]
    assert typed("backfill", "observations").stdout == "Every landed row has its place; nothing done.\n"

    world.command("ALTER TABLE fct_observations DROP CONSTRAINT fk_field")
    world.command(
        "INSERT INTO fct_observations SELECT * REPLACE (999 AS field_id) FROM fct_observations WHERE value_number = 7"
    )
    orphaned = typed("reconcile")
    assert orphaned.exit_code == 1
    assert "fct_observations: 1 row breaks fk_field" in orphaned.stdout
    assert "2 batches, 4 rows landed = 4 in facts + 0 in open quarantine + 1 discarded" in orphaned.stdout
    drifted = typed("feeds", "check")
    assert drifted.exit_code == 1
    assert "constraint fk_field is missing" in drifted.stderr


@pytest.mark.parametrize("ending", ["tsv", "jsonl", "csv.zst"])
def test_other_formats_are_told_by_their_names(typed: Touchstone, tmp_path: Path, ending: str) -> None:
    import json  # noqa: PLC0415

    import zstandard  # noqa: PLC0415

    row = (*GOOD_ROW[:-1], str(len(ending)))
    content = {
        "tsv": "\t".join(OBSERVATIONS.columns) + "\n" + "\t".join(row) + "\n",
        "jsonl": json.dumps(dict(zip(OBSERVATIONS.columns, row, strict=True))) + "\n",
        "csv.zst": ",".join(OBSERVATIONS.columns) + "\n" + ",".join(row) + "\n",
    }[ending].encode()
    path = tmp_path / f"given.{ending}"
    path.write_bytes(zstandard.compress(content) if ending.endswith("zst") else content)
    loaded = typed("load", "observations", path)
    assert told(loaded) == [f"given.{ending}: loaded: 1 row landed, 1 in facts, 0 in quarantine (batch N)"]
