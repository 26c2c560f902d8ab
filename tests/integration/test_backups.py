"""Backups: the whole database to a file or folder and back, and every refusal in words."""

from collections.abc import Iterator

import pytest

from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.client import connect


def _rows(settings: Settings, database: str, table: str) -> list[tuple]:
    return connect(settings).query(f"SELECT * FROM {database}.{table} ORDER BY ALL").result_rows


@pytest.fixture
def filled(shared: Settings) -> Iterator[Settings]:
    """A migrated database with some rows."""
    yield from _with_keepsake(shared)


@pytest.fixture
def small(settings: Settings) -> Iterator[Settings]:
    """A database with some rows and nothing else."""
    connect(settings).command(f"CREATE DATABASE {settings.clickhouse_database}")
    yield from _with_keepsake(settings)


def _with_keepsake(settings: Settings) -> Iterator[Settings]:
    client = connect(settings, database=settings.clickhouse_database)
    client.command("CREATE TABLE keepsake (id UInt32, note String) ENGINE = MergeTree ORDER BY id")
    _insert(settings, 1, "first")
    yield settings
    client.command("DROP TABLE keepsake SYNC")


def _insert(settings: Settings, identity: int, note: str) -> None:
    connect(settings, database=settings.clickhouse_database).insert("keepsake", [[identity, note]])


@pytest.mark.parametrize("name", ["as_folder", "as_archive.tar.gz"])
def test_a_backup_restores_every_object_and_row(filled, shared_touchstone, name):
    database = filled.clickhouse_database
    objects = "SELECT name, engine FROM system.tables WHERE database = '{}' ORDER BY name"
    before = connect(filled).query(objects.format(database)).result_rows
    name = f"{database}_{name}"
    written = shared_touchstone("backup", name)
    assert written.exit_code == 0, written.output
    assert f"{len(before)} tables" in written.stdout
    _insert(filled, 2, "after the backup")
    again = shared_touchstone("restore", name, "--replace", "--yes")
    assert again.exit_code == 0, again.output
    assert connect(filled).query(objects.format(database)).result_rows == before
    assert _rows(filled, database, "keepsake") == [(1, "first")]


def test_a_restored_database_under_another_name_refers_to_itself(filled, shared_touchstone):
    database = filled.clickhouse_database
    other = f"{database}_other"
    assert shared_touchstone("backup", f"{database}_b").exit_code == 0
    assert shared_touchstone("restore", f"{database}_b", "--into", other).exit_code == 0
    client = connect(filled)
    try:
        statements = client.query(
            f"SELECT name, create_table_query FROM system.tables WHERE database = '{other}'"
        ).result_rows
        assert len(statements) > 10
        assert [name for name, text in statements if f"{database}." in text] == []
        client.command(f"SYSTEM RELOAD DICTIONARY {other}.dict_source")
    finally:
        client.command(f"DROP DATABASE {other}")


def test_a_later_backup_needs_only_what_is_new(small, touchstone):
    database = small.clickhouse_database
    assert touchstone("backup", f"{database}_base").exit_code == 0
    _insert(small, 2, "second")
    assert touchstone("backup", f"{database}_next", "--base", f"{database}_base").exit_code == 0
    sizes = {
        name: sum(file.stat().st_size for file in (small.backup_dir / name).rglob("*.bin"))
        for name in (f"{database}_base", f"{database}_next")
    }
    assert 0 < sizes[f"{database}_next"] < sizes[f"{database}_base"] * 2
    assert touchstone("restore", f"{database}_next", "--replace", "--yes").exit_code == 0
    assert _rows(small, database, "keepsake") == [(1, "first"), (2, "second")]


def test_a_backup_gets_a_name_and_is_listed(small, touchstone):
    assert touchstone("backup").exit_code == 0
    listed = touchstone("backup", "--list").stdout.splitlines()
    assert any(f"{small.clickhouse_database}-" in line and line.endswith(".tar.gz") for line in listed)


def test_a_broken_archive_costs_nothing(small, touchstone):
    database = small.clickhouse_database
    name = f"{database}_broken.tar.gz"
    assert touchstone("backup", name).exit_code == 0
    archive = small.backup_dir / name
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    failed = touchstone("restore", name, "--replace", "--yes")
    assert failed.exit_code == 1
    assert "The engine refuses" in failed.stderr
    assert _rows(small, database, "keepsake") == [(1, "first")]


def test_refusals_name_the_culprit_and_the_remedy(small, touchstone):
    name = f"{small.clickhouse_database}_once"
    assert touchstone("backup", name).exit_code == 0
    for arguments, told in (
        (("backup", name), "a backup named"),
        (("backup", "../escape"), "cannot be the name of a backup"),
        (("backup", "x", "--base", "none-such"), "no backup 'none-such'"),
        (("restore", "none-such"), "There are: "),
        (("restore", name), "--replace"),
        (("restore", name, "--from", "nix", "--into", "nix_2"), "nix not found in backup"),
    ):
        refused = touchstone(*arguments)
        assert refused.exit_code == 1, arguments
        assert told in refused.stderr, (arguments, refused.stderr)


def test_an_empty_database_is_not_backed_up(settings, touchstone):
    refused = touchstone("backup", "nothing")
    assert refused.exit_code == 1
    assert "has no tables" in refused.stderr


def test_a_server_s_backups_are_its_own(settings, touchstone, monkeypatch):
    monkeypatch.setenv("CLICKHOUSE_HOST", "127.0.0.1")
    get_settings.cache_clear()
    assert "are its own" in touchstone("restore", "x").stderr
