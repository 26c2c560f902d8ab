"""Dimensions against what would move their IDs: a full refresh, an exchange, a hand, a second writer."""

import shutil
import subprocess
from typing import Any

import pytest

IDENTITY = "SELECT field_id, code, version FROM dim_field ORDER BY field_id, version"


@pytest.fixture(scope="module")
def desk(desk_of_checkout: Any) -> Any:
    return desk_of_checkout


def test_a_full_refresh_is_refused_and_says_why(desk: Any) -> None:
    before = desk.checkout.rows(IDENTITY)
    done = desk.checkout.touchstone("build", "--full-refresh", "--select", "dim_field", must_succeed=False)
    told = done.stdout
    assert "cannot be refreshed in full: its IDs are frozen" in told
    assert desk.checkout.rows(IDENTITY) == before


def test_a_dimension_exchanged_under_its_dictionary_is_found_before_anything_is_appended(desk: Any) -> None:
    execute = desk.checkout.execute
    execute("CREATE TABLE usurper AS dim_instrument")
    execute(
        "INSERT INTO usurper SELECT * REPLACE "
        "(toUInt32((SELECT max(instrument_id) FROM dim_instrument) + 1 - instrument_id) AS instrument_id) "
        "FROM dim_instrument"
    )
    execute("EXCHANGE TABLES dim_instrument AND usurper")
    try:
        done = desk.checkout.touchstone(
            "build", "--select", "dim_instrument", "--exclude", "resource_type:test", must_succeed=False
        )
        assert "dim_instrument` is not what its last append left" in done.stdout
        assert "and the table is another one" in done.stdout
    finally:
        execute("EXCHANGE TABLES dim_instrument AND usurper")
        execute("DROP TABLE usurper SYNC")


def test_two_builds_at_once_mint_each_key_once_and_one_waits(desk: Any, tmp_path: Any) -> None:
    [[known]] = desk.checkout.rows("SELECT count() FROM dim_instrument")
    for number in range(2):
        path = tmp_path / f"more_{number}.csv"
        rows = [f"NEW_{index:05d},Name {index}\n" for index in range(number * 10_000, 15_000 + number * 10_000)]
        path.write_text("instrument,name\n" + "".join(rows), encoding="utf-8")
        desk.checkout.touchstone("load", "instruments", str(path))
    selection = ("build", "--select", "dim_instrument", "--exclude", "resource_type:test")
    first, second = desk.checkout.start(*selection), desk.checkout.start(*selection)
    told = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], told
    assert sum("Waiting for" in text for text in told) == 1, told
    [[rows, ids, codes, highest]] = desk.checkout.rows(
        "SELECT count(), uniqExact(instrument_id), uniqExact(code), max(instrument_id) FROM dim_instrument"
    )
    assert int(rows) == int(ids) == int(codes) == int(highest) == int(known) + 25_000


def test_a_restore_keeps_ids_and_what_is_landed_again_gets_the_ids_it_had(desk: Any, tmp_path: Any) -> None:
    build = ("--select", "dim_instrument", "dict_instrument", "--exclude", "resource_type:test")
    known = "SELECT max(instrument_id), count(), sum(cityHash64(instrument_id, code)) FROM dim_instrument"
    late = "SELECT instrument_id, code FROM dim_instrument WHERE startsWith(code, 'LATE_') ORDER BY instrument_id"
    before = desk.checkout.rows(known)
    assert desk.checkout.rows(late) == []
    desk.checkout.touchstone("backup", "before_more")
    more = tmp_path / "after_the_backup.csv"
    more.write_text("instrument,name\nLATE_B,B\nLATE_A,A\n", encoding="utf-8")
    desk.checkout.touchstone("load", "instruments", str(more))
    desk.checkout.touchstone("build", *build)
    after = desk.checkout.rows(known)
    highest = int(before[0][0])
    assert desk.checkout.rows(late) == [[highest + 1, "LATE_B"], [highest + 2, "LATE_A"]]
    assert desk.checkout.rows(f"{known} WHERE instrument_id <= {highest}") == before

    desk.checkout.touchstone("restore", "before_more", "--replace", "--yes")
    assert desk.checkout.rows(known) == before
    desk.checkout.touchstone("load", "instruments", str(more))
    desk.checkout.touchstone("build", *build)
    assert desk.checkout.rows(known) == after
    answered = desk.checkout.rows(f"SELECT dictGet('touchstone.dict_instrument', 'code', toUInt64({highest + 2}))")
    assert answered == [["LATE_A"]]


def test_without_the_lock_the_table_itself_takes_one_of_two_appends_from_the_same_state(desk: Any) -> None:
    """Two dbt processes that know of no lock: whoever comes second is refused, or finds nothing left to do."""
    environment = desk.checkout.variables | {
        "DBT_PROFILES_DIR": str(desk.checkout.folder / "dbt_project"),
        "CLICKHOUSE_DATABASE": "touchstone",
        "DBT_PACKAGES_DIR": str(desk.checkout.home / "dbt" / "packages"),
    }
    desk.checkout.execute(
        "INSERT INTO landing_instruments SELECT 7, number + 1, now64(6), concat('RACE_', toString(number)), 'x' "
        "FROM numbers(300000)",
    )
    dbt = [desk.checkout.command()[0].replace("python", "dbt"), "run", "--select", "dim_instrument"]
    for number in range(2):  # what was parsed before, or each parses the whole project
        parsed = desk.checkout.home / "dbt" / "target" / "partial_parse.msgpack"
        (desk.checkout.home / f"race_{number}").mkdir(exist_ok=True)
        shutil.copy(parsed, desk.checkout.home / f"race_{number}")
    processes = [
        subprocess.Popen(
            [
                *dbt,
                "--target-path",
                f"{desk.checkout.home}/race_{number}",
                "--log-path",
                f"{desk.checkout.home}/race_{number}",
            ],
            cwd=desk.checkout.folder / "dbt_project",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(2)
    ]
    told = [process.communicate(timeout=120)[0] for process in processes]
    for process, text in zip(processes, told, strict=True):
        assert process.returncode == 0 or "was appended to by another run at the same time" in text, text
    assert any(process.returncode == 0 for process in processes), told
    [[ids, codes, highest]] = desk.checkout.rows(
        "SELECT uniqExact(instrument_id), uniqExact(code), max(instrument_id) FROM dim_instrument"
    )
    assert int(ids) == int(codes) == int(highest)
