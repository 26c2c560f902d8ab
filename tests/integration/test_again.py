"""Running again, stopping in between, and changing the lookup desk: what must not move does not move."""

import csv
from collections.abc import Callable
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


def counts(checkout: Checkout) -> list[list[object]]:
    union = " UNION ALL ".join(f"SELECT '{name}' AS name, count() FROM {name}" for name in COUNTED)
    return checkout.rows(f"SELECT * FROM ({union}) ORDER BY name")


def dimensions(checkout: Checkout) -> dict[str, list[list[object]]]:
    return {
        name: checkout.rows(f"SELECT * EXCEPT (recorded_at, valid_from) FROM dim_{name} ORDER BY {name}_id, version")
        for name in ("product_type", "data_class", "field", "asset_class", "sub_asset_class", "source")
    }


@pytest.fixture
def built(run_checkout: Callable[[], Checkout]) -> Checkout:
    """A checkout after its first run, for the test alone."""
    return run_checkout()


def test_a_second_run_with_the_desk_reordered_brings_no_row_and_no_id_and_says_so(built: Checkout) -> None:
    before, ids_before = counts(built), dimensions(built)
    assert "engine stopped" in built.touchstone("down").stdout
    assert built.touchstone("status", must_succeed=False).returncode == 1
    assert "engine started" in built.touchstone("up").stdout
    assert counts(built) == before
    header, *rows = lookups(built).read_text(encoding="utf-8").splitlines()
    lookups(built).write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    assert "0 IDs minted" in built.touchstone("lookups", "mint").stdout
    printed = built.touchstone("run").stdout
    assert "Nothing new: no row landed, no ID minted." in printed
    assert "0 failed" in printed
    assert counts(built) == before
    assert dimensions(built) == ids_before


def build_dimensions(checkout: Checkout, **options: object) -> str:
    selection = (
        "--select",
        "+dim_field",
        "+dim_sub_asset_class",
        "+dim_product_type",
        "+dim_data_class",
        "+dim_source",
    )
    done = checkout.touchstone("build", *selection, "--exclude", "resource_type:test", **options)  # type: ignore[arg-type]
    return done.stdout + done.stderr


def lookups(checkout: Checkout) -> Path:
    return checkout.folder / "seeds" / "lookups.csv"


def ledger(checkout: Checkout) -> str:
    return (checkout.folder / "seeds" / "lookup_ids.csv").read_text(encoding="utf-8")


def test_minting_a_new_field_appends_exactly_one_id_and_moves_no_other(built: Checkout) -> None:
    before, ledger_before = dimensions(built), ledger(built)
    built.add_lookup(**NEW_FIELD)

    found = built.touchstone("lookups", "check", must_succeed=False)
    assert found.returncode == 1
    assert "ID_COMMON" in found.stdout
    assert "touchstone lookups mint" in found.stdout

    refused = build_dimensions(built, must_succeed=False)
    assert "has no ID for field ID_COMMON. Run `touchstone lookups mint`" in refused
    assert dimensions(built) == before

    minted = built.touchstone("lookups", "mint").stdout
    assert "ID_COMMON" in minted
    assert "1 ID minted" in minted
    highest = max(int(row["id"]) for row in csv.DictReader(ledger_before.splitlines()) if row["domain"] == "field")
    assert ledger(built) == ledger_before + f"field,,ID_COMMON,{highest + 1}\n"

    build_dimensions(built)
    after = dimensions(built)
    added = [row for row in after["field"] if row not in before["field"]]
    assert [[str(value) for value in row] for row in added] == [
        [str(highest + 1), "ID_COMMON", "identifier", "common code of the security", "True", "1", "0"]
    ]
    assert [row for row in before["field"] if row not in after["field"]] == []
    assert {name: rows for name, rows in after.items() if name != "field"} == {
        name: rows for name, rows in before.items() if name != "field"
    }


def test_an_id_that_moved_in_the_ledger_is_refused_before_anything_is_appended(built: Checkout) -> None:
    before = dimensions(built)
    path = built.folder / "seeds" / "lookup_ids.csv"
    path.write_text(ledger(built).replace("field,,PX_LAST,", "field,,PX_LAST,9"), encoding="utf-8")
    refused = build_dimensions(built, must_succeed=False)
    assert "IDs never move" in refused
    assert "PX_LAST" in refused
    assert dimensions(built) == before


def test_a_changed_attribute_and_a_retired_code_are_appended_as_versions(built: Checkout) -> None:
    text = lookups(built).read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if ",PX_OPEN," not in line]
    lookups(built).write_text("\n".join(kept) + "\n", encoding="utf-8")
    changed = lookups(built).read_text(encoding="utf-8")
    [[description]] = built.rows("SELECT description FROM dim_field WHERE code = 'PX_LAST'")
    lookups(built).write_text(changed.replace(str(description), "another description"), encoding="utf-8")

    build_dimensions(built)
    versions = built.rows(
        "SELECT code, uniqExact(field_id), groupArray(version), groupArray(is_active), argMax(description, version) "
        "FROM (SELECT * FROM dim_field ORDER BY version) WHERE code IN ('PX_LAST', 'PX_OPEN') GROUP BY code ORDER BY code"
    )
    assert [[row[0], int(row[1]), [int(v) for v in row[2]], row[3]] for row in versions] == [
        ["PX_LAST", 1, [1, 2], [True, True]],
        ["PX_OPEN", 1, [1, 2], [True, False]],
    ]
    assert versions[0][4] == "another description"

    lookups(built).write_text(text, encoding="utf-8")
    build_dimensions(built)
    [[versions_of_open, active]] = built.rows(
        "SELECT count(), argMax(is_active, version) FROM dim_field WHERE code = 'PX_OPEN'"
    )
    assert (int(versions_of_open), active) == (3, True)


def test_dbt_build_without_migrations_names_the_command_to_run(new_checkout: Callable[[], Checkout]) -> None:
    checkout = new_checkout()
    checkout.touchstone("sql", "CREATE DATABASE touchstone")
    failed = checkout.touchstone("build", must_succeed=False)
    assert failed.returncode != 0
    assert "Run `touchstone migrate`" in failed.stderr
    assert checkout.rows("SELECT count() FROM system.tables WHERE database = 'touchstone'") in ([[0]], [["0"]])


def test_a_run_with_a_faulty_desk_fails_names_the_culprit_and_touches_no_dimension(built: Checkout) -> None:
    before = dimensions(built)
    built.add_lookup(data_class="")
    line = len(lookups(built).read_text(encoding="utf-8").splitlines())
    failed = built.touchstone("run", must_succeed=False)
    assert failed.returncode == 1
    assert "FAILED step lookup_desk" in failed.stdout
    assert f"lookups.csv:{line}" in failed.stdout
    assert "run.log" in failed.stdout
    assert "Next:" not in failed.stdout
    assert dimensions(built) == before


def test_where_it_is_allowed_the_warehouse_mints_the_id_that_the_ledger_would(built: Checkout) -> None:
    before = dimensions(built)
    built.add_lookup(**NEW_FIELD)
    build_dimensions(built, TOUCHSTONE_MINT_IN_WAREHOUSE="true")
    minted = dimensions(built)
    [added] = [row for row in minted["field"] if row not in before["field"]]
    assert added[1] == "ID_COMMON"
    assert int(added[0]) == max(int(row[0]) for row in before["field"]) + 1

    built.touchstone("lookups", "mint")
    assert f"field,,ID_COMMON,{added[0]}\n" in ledger(built)
    build_dimensions(built)
    assert dimensions(built) == minted
