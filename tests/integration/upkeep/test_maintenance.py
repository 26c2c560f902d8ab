"""Maintenance on the real engine: each task does what it says, refuses what it must, and none keeps the others back."""

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW, teach_codes
from observation_files import OBSERVATIONS, file_of

from orchestrator.jobs.maintenance import maintenance
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.maintenance.drills import back_up_and_drill, compare, contents_of, own_backups
from orchestrator.warehouse.maintenance.merges import crowded_partitions, merge_crowded_partitions
from orchestrator.warehouse.maintenance.retention import keep_and_remove
from orchestrator.warehouse.maintenance.tasks import TASKS
from orchestrator.warehouse.migrations import apply_migrations

AN_AGE = 1_600_000_000


@pytest.fixture(scope="module")
def settings(new_settings: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A database with a fact, a row in quarantine and dictionaries, shared by the tests of this file."""
    made = new_settings()
    apply_migrations(made)
    client = connect(made, database=made.clickhouse_database)
    teach_codes(client)
    file = file_of(tmp_path_factory.mktemp("files") / "a.csv", [GOOD_ROW, (*GOOD_ROW[:-1], "bad")])
    load_file(client, OBSERVATIONS, file)
    yield made
    connect(made).command(f"DROP DATABASE {made.clickhouse_database}")


def databases(client: Client, like: str) -> list[str]:
    return [
        str(name)
        for (name,) in client.query(
            "SELECT name FROM system.databases WHERE name LIKE {like:String}", {"like": like}
        ).result_rows
    ]


def an_old_backup(settings: Settings, name: str) -> Path:
    """Something that looks like a backup of long ago."""
    settings.backup_dir.mkdir(parents=True, exist_ok=True)
    path = settings.backup_dir / name
    with tarfile.open(path, "w:gz"):
        pass
    os.utime(path, (AN_AGE, AN_AGE))
    return path


def test_every_task_is_done_and_told_and_the_drill_leaves_nothing_behind(
    settings: Settings, client: Client, touchstone: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_KEEP_BACKUPS", "1")
    monkeypatch.setenv("TOUCHSTONE_MIN_FREE_SHARE", "0")
    get_settings.cache_clear()
    database = settings.clickhouse_database
    superseded = an_old_backup(settings, f"maintenance-{database}-20200101T000000Z.tar.gz")
    of_a_person = an_old_backup(settings, f"{database}-20200101T000000Z.tar.gz")
    done = touchstone("maintain")
    assert done.exit_code == 0, done.output
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert list(told) == list(TASKS)
    assert "rows of observations 2" in told["reconcile"]
    assert "facts of observations scanned for orphans 1" in told["reconcile"]
    assert f"old backups removed {superseded.name}" in told["backup"]
    assert [backup.name.startswith(f"maintenance-{database}-2") for backup in own_backups(settings)] == [True]
    assert not superseded.exists()
    assert of_a_person.exists()
    assert databases(client, f"{database}%") == [database]


def test_a_dry_run_does_nothing(settings: Settings, touchstone: Callable[..., Result]) -> None:
    before = own_backups(settings)
    done = touchstone("maintain", "--dry-run", "--only", "backup", "--only", "merges", "--only", "retention")
    assert done.exit_code == 0, done.output
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["merges", "retention", "backup"]
    assert own_backups(settings) == before


def test_a_task_that_nobody_knows_is_wrong_usage(touchstone: Callable[..., Result]) -> None:
    done = touchstone("maintain", "--only", "sweeping")
    assert done.exit_code == 2
    assert "There is no task sweeping. Tasks are: disk, merges, retention, reconcile, drift, backup." in done.stderr


def test_a_failed_task_fails_the_verb_and_the_job_but_keeps_no_other_back(
    settings: Settings, touchstone: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_MIN_FREE_SHARE", "0.9999")
    get_settings.cache_clear()
    by_hand = touchstone("maintain", "--only", "disk", "--only", "drift")
    assert by_hand.exit_code == 1
    first, second = by_hand.stdout.splitlines()
    assert first.startswith("disk: FAILED: Too little space: ")
    assert second.startswith("drift: objects as migrated ")
    result = maintenance.execute_in_process(resources={"warehouse": WarehouseResource()}, raise_on_error=False)
    assert not result.success
    ended = {
        event.step_key: event.is_step_success
        for event in result.all_events
        if event.is_step_success or event.is_step_failure
    }
    assert ended == {f"maintain_{name}": name != "disk" for name in TASKS}


def test_partitions_of_many_small_parts_are_merged_and_only_those(settings: Settings, client: Client) -> None:
    client.command("CREATE TABLE crumbs (month UInt8, n UInt32) ENGINE = MergeTree PARTITION BY month ORDER BY n")
    client.command("SYSTEM STOP MERGES crumbs")
    for number in range(6):
        client.command(f"INSERT INTO crumbs VALUES (1, {number})")
    client.command("INSERT INTO crumbs VALUES (2, 7)")
    crowded = crowded_partitions(client, many_parts=5)
    assert [(c.partition_id, c.parts) for c in crowded if c.table == "crumbs"] == [("1", 6)]
    looked = merge_crowded_partitions(settings, True, many_parts=5)
    assert "crumbs 1 (6 parts)" in looked["crowded_partitions"]
    assert looked["merges_to_ask_for"] == looked["still_crowded"] == len(crowded)
    client.command("SYSTEM START MERGES crumbs")
    merged = merge_crowded_partitions(settings, many_parts=5)
    assert merged["still_crowded"] == 0
    assert client.command("SELECT count() FROM crumbs") == 7


def test_leftovers_of_killed_loads_are_removed_and_those_of_living_ones_are_not(settings: Settings) -> None:
    left, living = (settings.spool_dir / f"delivery-{name}" for name in ("left", "living"))
    for folder in (left, living):
        folder.mkdir(parents=True)
        (folder / "0.arrows").write_bytes(b"rows")
    for path in (left / "0.arrows", left):
        os.utime(path, (AN_AGE, AN_AGE))
    assert keep_and_remove(settings, True)["leftovers"] == 1
    assert left.exists()
    assert keep_and_remove(settings)["leftovers_removed"] == 1
    assert (left.exists(), living.exists()) == (False, True)


def test_tables_that_grow_or_go_while_they_are_backed_up_are_no_fault(settings: Settings, client: Client) -> None:
    before = contents_of(client)
    later = before | {"landing_observations": (3, "another")}
    assert compare(client, before | {"passing": (1, "by")}, later) == len(before)


def test_a_server_is_backed_up_by_itself(settings: Settings) -> None:
    assert "skipped" in back_up_and_drill(settings.model_copy(update={"clickhouse_host": "127.0.0.1"}))
