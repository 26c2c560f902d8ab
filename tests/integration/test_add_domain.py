"""A further domain in a warehouse that is in use: one command, one column of the CSV, and everything else follows."""

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from house import Checkout

from orchestrator.lookups.domains import ALL_DOMAINS

# of dbt's tests those of the new domain and of what takes up its ID; that nothing else moved is asserted here
REFERENCE = (
    "build",
    "--select",
    "resource_type:seed",
    "+path:models/dictionaries,resource_type:model",
    "path:models/versions,resource_type:model",
    "resource_type:test,*hemisphere*",
    "resource_type:test,*bridge_combination*",
    "resource_type:test,*permitted_combinations*",
    "--indirect-selection",
    "empty",
)
OLD = tuple(domain.name for domain in ALL_DOMAINS)
COMBINATIONS = "SELECT count() FROM bridge_combination"
CODES = ("southern", "northern")


def code_of(asset_class: str) -> str:
    return CODES[asset_class not in {"Comdty", "Curncy"}]


def ids(checkout: Checkout) -> list[list[object]]:
    """Every version of every code of the domains that were there before."""
    parts = (f"SELECT '{name}' AS domain, {name}_id AS id, code, version FROM dim_{name}" for name in OLD)
    return checkout.rows(f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY ALL")


def add_column(path: Path) -> None:
    """Append the column hemisphere, and a row that differs from another one in its hemisphere only."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    asset_class = header.index("asset_class")
    rows = [[*row, code_of(row[asset_class])] for row in rows]
    rows.append([*rows[0][:-1], next(code for code in CODES if code != rows[0][-1])])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[*header, "hemisphere"], *rows])


def committed(folder: Path) -> None:
    own = ["-c", "user.name=Desk", "-c", "user.email=desk@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init"], ["add", "."], ["commit", "-m", "before"]):
        subprocess.run(["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class Story:
    """A warehouse before and after its new domain, and what the commands between them said."""

    checkout: Checkout
    ids_before: list[list[object]]
    combinations_before: list[list[object]]
    written: list[str]
    minted: str
    diff: str


@pytest.fixture(scope="module")
def story(run_checkout: Callable[[], Checkout]) -> Story:
    checkout = run_checkout()
    committed(checkout.folder)
    before, combinations = ids(checkout), checkout.rows(COMBINATIONS)

    told = checkout.touchstone(
        "lookups", "add-domain", "hemisphere", "--means", "half of the world, such as northern"
    ).stdout
    written = [line.removeprefix("wrote ") for line in told.splitlines() if line.startswith("wrote ")]
    assert "Next: put the column hemisphere into seeds/lookups.csv" in told
    refused = checkout.touchstone("lookups", "check", must_succeed=False)
    assert "The header lacks hemisphere" in refused.stdout
    add_column(checkout.folder / "seeds" / "lookups.csv")
    minted = checkout.touchstone("lookups", "mint").stdout
    diff = checkout.touchstone("lookups", "diff", "--base", "HEAD").stdout
    assert "0 errors, 0 warnings" in checkout.touchstone("lookups", "check", "--base", "HEAD").stdout
    checkout.touchstone("migrate")
    checkout.touchstone(*REFERENCE)
    return Story(checkout, before, combinations, written, minted, diff)


def test_the_command_wrote_models_yaml_a_migration_pair_and_the_schema(story: Story) -> None:
    stems = {Path(path).name for path in story.written}
    assert {
        *("domains.yml", "_domains.yml", "_lookups.yml", "_seeds.yml", "schema.sql", "stg_lookups.sql"),
        *(f"dim_hemisphere{suffix}.sql" for suffix in ("", "_latest", "_ranges", "_previous")),
        *(f"dict_hemisphere{suffix}.sql" for suffix in ("", "_ids", "_history")),
    } <= stems
    assert len([path for path in story.written if path.startswith("migrations/") and "_hemisphere" in path]) == 2
    assert story.checkout.touchstone("lookups", "render").stdout == "0 files changed\n"


def test_only_its_own_codes_are_minted_and_told(story: Story) -> None:
    assert story.minted.splitlines() == ["hemisphere,,northern,1", "hemisphere,,southern,2", "2 IDs minted"]
    told = story.diff.splitlines()
    assert told[1:4] == [
        "New codes: 2",
        "  domain 'hemisphere', code 'northern', ID '1'",
        "  domain 'hemisphere', code 'southern', ID '2'",
    ]
    assert not [line for line in told[4:] if not line.startswith("facts: ")]


def test_the_dimension_holds_what_the_ledger_says(story: Story) -> None:
    ledger = (story.checkout.folder / "seeds" / "lookup_ids.csv").read_text(encoding="utf-8").splitlines()
    expected = [[int(row["id"]), row["key"]] for row in csv.DictReader(ledger) if row["domain"] == "hemisphere"]
    assert len(expected) == len(CODES)
    found = story.checkout.rows("SELECT hemisphere_id, code FROM dim_hemisphere ORDER BY hemisphere_id")
    assert found == expected
    assert (
        story.checkout.rows("SELECT hemisphere_id, code FROM dim_hemisphere_latest WHERE is_active ORDER BY ALL")
        == expected
    )


def test_its_dictionaries_answer_both_ways_and_as_of_any_time(story: Story) -> None:
    [answers] = story.checkout.rows(
        "SELECT dictGet('touchstone.dict_hemisphere', 'code', toUInt64(2)), dictHas('touchstone.dict_hemisphere', toUInt64(3)), "
        "dictGet('touchstone.dict_hemisphere_ids', 'hemisphere_id', tuple('southern')), "
        "dictGet('touchstone.dict_hemisphere_ids', 'hemisphere_id', tuple('nowhere')), "
        "dictGet('touchstone.dict_hemisphere_history', 'code', toUInt64(1), toDateTime64('1995-06-01', 6, 'UTC'))"
    )
    assert answers == ["southern", 0, 2, 0, "northern"]


def test_no_id_of_the_other_domains_moved_and_no_version_or_combination_was_added(story: Story) -> None:
    assert {row[0] for row in story.ids_before} == set(OLD)
    assert ids(story.checkout) == story.ids_before
    assert story.checkout.rows(COMBINATIONS) == story.combinations_before != [[0]]


def test_the_schema_is_the_one_checked_in_and_the_migration_goes_back_and_forth(story: Story) -> None:
    touchstone = story.checkout.touchstone
    assert touchstone("migrate", "--check").returncode == 0
    [number] = [int(path.name[:4]) for path in (story.checkout.folder / "migrations").glob("*_hemisphere.sql")]
    other = {"CLICKHOUSE_DATABASE": "back_and_forth"}
    touchstone("migrate", **other)
    assert touchstone("migrate", "--down-to", str(number - 1), "--yes", **other).stdout == f"rolled back: {number}\n"
    left = "SELECT count() FROM system.columns WHERE database = 'back_and_forth' AND (table LIKE '%hemisphere%' OR name = 'hemisphere')"
    assert story.checkout.rows(left) in ([[0]], [["0"]])
    touchstone("migrate", **other)
    assert touchstone("migrate", "--check", **other).returncode == 0


def test_what_was_written_passes_the_linters(story: Story) -> None:
    models = [path for path in story.written if path.startswith("dbt_project") and path.endswith(".sql")]
    migrations = [Path(path).name for path in story.written if "_hemisphere" in path and path.startswith("migrations/")]
    yaml = [path for path in story.written if path.endswith(".yml")]
    assert models
    assert migrations
    assert yaml
    folder = story.checkout.folder
    for tool, cwd in (
        (["sqlfluff", "lint", "--disable-progress-bar", *models], folder),
        (["sqlfluff", "lint", "--disable-progress-bar", *migrations], folder / "migrations"),
        (["yamllint", "--strict", *yaml], folder),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *tool],
            cwd=cwd,
            env=story.checkout.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
