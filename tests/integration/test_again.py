"""Running again, stopping in between, and changing the lookup desk: what must not move does not move.

The tests share one warehouse, because a build takes seconds; one story tells what
analysts do to the desk, and every other test puts back what it changed.
"""

import csv
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import pytest
from house import Checkout

COUNTED = (
    "landing_observations",
    "fct_observations",
    "quarantine_observations",
    "dim_field",
    "dim_instrument",
    "ops_batches",
)
NEW_FIELD = {
    "product_type": "Common Stock",
    "data_class": "Security Master",
    "field": "ID_COMMON",
    "asset_class": "Equity",
    "sub_asset_class": "Common Stock",
    "field_type": "identifier",
    "field_description": "common code of the security",
}
SECOND_FIELD = NEW_FIELD | {"field": "ID_LOCAL", "field_description": "local code of the security"}
CHANGED = ("PX_LAST", "PX_OPEN")
DIMENSIONS = ("product_type", "data_class", "field", "asset_class", "sub_asset_class", "source")
Dimensions = dict[str, list[list[object]]]


def counts(checkout: Checkout) -> list[list[object]]:
    union = " UNION ALL ".join(f"SELECT '{name}' AS name, count() FROM {name}" for name in COUNTED)
    return checkout.rows(f"SELECT * FROM ({union}) ORDER BY name")


def dimensions(checkout: Checkout) -> Dimensions:
    return {
        name: checkout.rows(f"SELECT * EXCEPT (recorded_at, valid_from) FROM dim_{name} ORDER BY {name}_id, version")
        for name in DIMENSIONS
    }


def build_dimensions(checkout: Checkout, *dimensions: str, must_succeed: bool = True, **variables: str) -> str:
    selection = ("build", "--select", *(f"+dim_{name}" for name in dimensions), "--exclude", "resource_type:test")
    done = checkout.touchstone(*selection, must_succeed=must_succeed, **variables)
    return done.stdout + done.stderr


def lookups(checkout: Checkout) -> Path:
    return checkout.folder / "seeds" / "lookups.csv"


def ledger(checkout: Checkout) -> str:
    return (checkout.folder / "seeds" / "lookup_ids.csv").read_text(encoding="utf-8")


def highest_id(ledger: str) -> int:
    return max(int(row["id"]) for row in csv.DictReader(ledger.splitlines()) if row["domain"] == "field")


def added(after: Dimensions, before: Dimensions) -> list[list[object]]:
    """Versions of fields that were appended; nothing else moved."""
    assert [row for row in before["field"] if row not in after["field"]] == []
    assert {**after, "field": []} == {**before, "field": []}
    return [row for row in after["field"] if row not in before["field"]]


@pytest.fixture(scope="module")
def built(run_checkout: Callable[[], Checkout]) -> Checkout:
    """A checkout after its first run."""
    return run_checkout()


@dataclass(frozen=True)
class Story:
    """A desk that gets a field, loses another one and gets it back, what the commands said, and the dimensions then."""

    before: Dimensions
    ledger_before: str
    checked: subprocess.CompletedProcess[str]
    refused: str
    after_refusal: Dimensions
    minted: str
    ledger_minted: str
    description_before: str
    after_changes: Dimensions
    after_return: Dimensions
    minted_after_warehouse: str
    ledger_at_end: str


@pytest.fixture(scope="module")
def story(built: Checkout) -> Story:
    before, ledger_before = dimensions(built), ledger(built)
    built.add_lookup(**NEW_FIELD)
    checked = built.touchstone("lookups", "check", must_succeed=False)
    refused = build_dimensions(built, "field", must_succeed=False)
    after_refusal = dimensions(built)
    minted = built.touchstone("lookups", "mint").stdout
    ledger_minted = ledger(built)

    text = lookups(built).read_text(encoding="utf-8")
    [[description]] = built.rows("SELECT description FROM dim_field WHERE code = 'PX_LAST'")
    assert ",PX_OPEN," in text
    kept = [line for line in text.splitlines() if ",PX_OPEN," not in line]
    lookups(built).write_text("\n".join(kept).replace(str(description), "another description") + "\n", encoding="utf-8")
    build_dimensions(built, *DIMENSIONS)
    after_changes = dimensions(built)

    lookups(built).write_text(text, encoding="utf-8")
    built.add_lookup(**SECOND_FIELD)
    build_dimensions(built, *DIMENSIONS, TOUCHSTONE_MINT_IN_WAREHOUSE="true")
    return Story(
        before,
        ledger_before,
        checked,
        refused,
        after_refusal,
        minted,
        ledger_minted,
        str(description),
        after_changes,
        dimensions(built),
        built.touchstone("lookups", "mint").stdout,
        ledger(built),
    )


@dataclass(frozen=True)
class Again:
    """A second run of the same desk in another order, on an engine that was stopped in between."""

    counts_before: list[list[object]]
    stopped: str
    status_when_stopped: int
    started: str
    counts_when_started: list[list[object]]
    minted: str
    printed: str
    counts: list[list[object]]
    dimensions: Dimensions


@pytest.fixture(scope="module")
def ran_again(built: Checkout, story: Story) -> Again:
    before = counts(built)
    stopped = built.touchstone("down").stdout
    status = built.touchstone("status", must_succeed=False).returncode
    started = built.touchstone("up").stdout
    counts_when_started = counts(built)
    header, *rows = lookups(built).read_text(encoding="utf-8").splitlines()
    lookups(built).write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    minted = built.touchstone("lookups", "mint").stdout
    printed = built.touchstone("run").stdout
    return Again(
        before, stopped, status, started, counts_when_started, minted, printed, counts(built), dimensions(built)
    )


def test_a_field_without_id_is_found_by_the_check_and_refused_by_the_build(story: Story) -> None:
    assert story.checked.returncode == 1
    assert "ID_COMMON" in story.checked.stdout
    assert "touchstone lookups mint" in story.checked.stdout
    assert "has no ID for field ID_COMMON. Run `touchstone lookups mint`" in story.refused
    assert story.after_refusal == story.before


def test_minting_a_new_field_appends_exactly_one_id_and_moves_no_other(story: Story) -> None:
    assert "ID_COMMON" in story.minted
    assert "1 ID minted" in story.minted
    highest = highest_id(story.ledger_before)
    assert story.ledger_minted == story.ledger_before + f"field,,ID_COMMON,{highest + 1}\n"
    new = [row for row in added(story.after_changes, story.before) if row[1] not in CHANGED]
    assert [[str(value) for value in row] for row in new] == [
        [str(highest + 1), "ID_COMMON", "identifier", "common code of the security", "True", "1", "0"]
    ]


def test_a_changed_attribute_and_a_retired_code_are_appended_as_versions(story: Story) -> None:
    [last] = [row for row in story.before["field"] if row[1] == "PX_LAST"]
    [opened] = [row for row in story.before["field"] if row[1] == "PX_OPEN"]
    assert (last[4:6], opened[4:6]) == ([True, 1], [True, 1])
    appended = [row for row in added(story.after_changes, story.before) if row[1] in CHANGED]
    assert sorted(appended, key=itemgetter(1)) == [
        [*last[:3], "another description", True, 2, *last[6:]],
        [*opened[:4], False, 2, *opened[6:]],
    ]
    returned = [row for row in added(story.after_return, story.after_changes) if row[1] in CHANGED]
    assert sorted(returned, key=itemgetter(1)) == [
        [*last[:5], 3, *last[6:]],
        [*opened[:5], 3, *opened[6:]],
    ]


def test_where_it_is_allowed_the_warehouse_mints_the_id_that_the_ledger_would(story: Story, ran_again: Again) -> None:
    [new] = [row for row in added(story.after_return, story.after_changes) if row[1] not in CHANGED]
    assert new[:2] == [highest_id(story.ledger_minted) + 1, "ID_LOCAL"]
    assert "1 ID minted" in story.minted_after_warehouse
    assert story.ledger_at_end == story.ledger_minted + f"field,,ID_LOCAL,{new[0]}\n"
    assert ran_again.dimensions == story.after_return


def test_an_engine_that_was_stopped_has_what_it_had(ran_again: Again) -> None:
    assert "engine stopped" in ran_again.stopped
    assert ran_again.status_when_stopped == 1
    assert "engine started" in ran_again.started
    assert ran_again.counts_when_started == ran_again.counts_before


def test_a_second_run_with_the_desk_reordered_brings_no_row_and_no_id_and_says_so(
    story: Story, ran_again: Again
) -> None:
    assert "0 IDs minted" in ran_again.minted
    assert "Nothing new: no row landed, no ID minted." in ran_again.printed
    assert "0 failed" in ran_again.printed
    assert ran_again.counts == ran_again.counts_before
    assert ran_again.dimensions == story.after_return


def test_an_id_that_moved_in_the_ledger_is_refused_before_anything_is_appended(built: Checkout) -> None:
    before, kept = dimensions(built), ledger(built)
    path = built.folder / "seeds" / "lookup_ids.csv"
    path.write_text(kept.replace("field,,PX_LAST,", "field,,PX_LAST,9"), encoding="utf-8")
    try:
        refused = build_dimensions(built, *DIMENSIONS, must_succeed=False)
    finally:
        path.write_text(kept, encoding="utf-8")
    assert "IDs never move" in refused
    assert "PX_LAST" in refused
    assert dimensions(built) == before


def test_dbt_build_without_migrations_names_the_command_to_run(built: Checkout) -> None:
    built.execute("CREATE DATABASE IF NOT EXISTS bare")
    failed = built.touchstone("build", must_succeed=False, CLICKHOUSE_DATABASE="bare")
    assert failed.returncode != 0
    assert "Run `touchstone migrate`" in failed.stderr
    assert built.rows("SELECT count() FROM system.tables WHERE database = 'bare'") in ([[0]], [["0"]])


def test_a_run_with_a_faulty_desk_fails_names_the_culprit_and_touches_no_dimension(built: Checkout) -> None:
    before, kept = dimensions(built), lookups(built).read_bytes()
    built.add_lookup(data_class="")
    line = len(lookups(built).read_text(encoding="utf-8").splitlines())
    try:
        failed = built.touchstone("run", must_succeed=False)
    finally:
        lookups(built).write_bytes(kept)
    assert failed.returncode == 1
    assert "FAILED step lookup_desk" in failed.stdout
    assert f"lookups.csv:{line}" in failed.stdout
    assert "run.log" in failed.stdout
    assert "Next:" not in failed.stdout
    assert dimensions(built) == before
