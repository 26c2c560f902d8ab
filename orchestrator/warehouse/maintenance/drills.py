"""Backups that were tried: written, restored under another name, compared, and only then are old ones removed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import DictionaryGateError, RestoreDrillError
from orchestrator.helpers import get_logger
from orchestrator.settings import Settings
from orchestrator.warehouse.backups import Backup, Restore, default_name, list_backups, restore_backup, write_backup
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.gate import dictionaries_of, pass_gate
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.maintenance.retention import KEPT_FOR_EVER

log = get_logger(__name__)

_PREFIX: Final = "maintenance-"
_Content = tuple[int, str]


def back_up_and_drill(settings: Settings, dry_run: bool = False) -> dict[str, Any]:
    """Back the database up, prove that the backup holds, and keep the newest TOUCHSTONE_KEEP_BACKUPS of these.

    Backups that `touchstone backup` made are never removed. A server's backups are its own: there nothing is done.

    Raises:
        BackupError: the engine cannot write or restore it.
        RestoreDrillError: what was restored is not what was backed up; the backup stays, to be looked at.
    """
    if not settings.is_embedded:
        return {"skipped": "backups of a server are its own"}
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    if dry_run:
        return {"backups_kept": len(own_backups(settings)), "backups_to_keep": settings.touchstone_keep_backups}
    name = f"{_PREFIX}{default_name(settings.clickhouse_database)}"
    before, objects = contents_of(client), objects_of(client)
    outcome = write_backup(connect(settings), settings, name, None, _silent)
    after = contents_of(client)
    objects &= objects_of(client)
    with _restored(settings, name) as drill:
        compared = compare(drill, before, after)
        _require_objects(drill, objects)
        dictionaries = _require_dictionaries(settings, drill)
    removed = _remove_old(settings)
    log.info("backup tried", name=name, tables=compared, dictionaries=dictionaries, removed=removed)
    return {
        "backup": name,
        "bytes": outcome.size,
        "tables_compared": compared,
        "dictionaries_proven": dictionaries,
        "old_backups_removed": ", ".join(removed) or "none",
    }


def own_backups(settings: Settings) -> list[Backup]:
    """The backups of this database that maintenance made, newest first."""
    start = f"{_PREFIX}{settings.clickhouse_database}-"
    return [backup for backup in list_backups(settings) if backup.name.startswith(start)]


def contents_of(client: Client) -> dict[str, _Content]:
    """By table that keeps rows: how many, and a checksum over all columns that does not depend on their order."""
    names = client.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
    ).result_rows
    return {str(name): _content(client, str(name)) for (name,) in names}


def objects_of(client: Client) -> set[str]:
    """Engine and name of each object of the client's database."""
    result = client.query("SELECT engine || ' ' || name FROM system.tables WHERE database = currentDatabase()")
    return {str(described) for (described,) in result.result_rows}


def compare(drill: Client, before: dict[str, _Content], after: dict[str, _Content]) -> int:
    """Hold each restored table against what it was before the backup and after it; gives the number of tables.

    A table that was written to meanwhile is held to have as many rows as before or more, if its rows are kept for ever.

    Raises:
        RestoreDrillError: names each table that differs, or there is none to compare.
    """
    restored = contents_of(drill)
    faults = [
        fault for table in before if (fault := _fault(table, before[table], restored.get(table), after.get(table)))
    ]
    if not before:
        faults.append("there was no table to compare")
    if faults:
        raise _not_the_same(faults)
    return len(before.keys() & after.keys())


def _fault(table: str, before: _Content, restored: _Content | None, after: _Content | None) -> str:
    """What is wrong with a restored table; empty if nothing is, or if it went away while it was backed up."""
    if after is None:
        return ""
    if restored is None:
        return f"{table} is not there"
    if before == after and restored != before:
        return f"{table} has {restored[0]} rows with checksum {restored[1]}, not {before[0]} with {before[1]}"
    if table.startswith(KEPT_FOR_EVER) and restored[0] < before[0]:
        return f"{table} has {restored[0]} rows, fewer than the {before[0]} before the backup"
    return ""


def _content(client: Client, table: str) -> _Content:
    [(rows, checksum)] = client.query(
        f"SELECT count(), toString(sum(cityHash64(toString(tuple(*))))) FROM `{table}`"
    ).result_rows
    return int(rows), str(checksum)


@contextmanager
def _restored(settings: Settings, name: str) -> Iterator[Client]:
    """A client of a database made of the backup; it is dropped at the end."""
    database = f"{settings.clickhouse_database}_drill"
    client = connect(settings)
    client.command(f"DROP DATABASE IF EXISTS `{database}` SYNC")
    try:
        restore_backup(client, settings, Restore(name, settings.clickhouse_database, database, False), _silent)
        yield connect(settings, database=database)
    finally:
        client.command(f"DROP DATABASE IF EXISTS `{database}` SYNC")


def _require_objects(drill: Client, objects: set[str]) -> None:
    """Raises RestoreDrillError where a table, view or dictionary is missing or of another engine."""
    if missing := sorted(objects - objects_of(drill)):
        raise _not_the_same([f"{thing} is not there" for thing in missing])


def _require_dictionaries(settings: Settings, drill: Client) -> int:
    """Dictionaries of the restored database load from it, and hold what its dimensions hold."""
    names = dictionaries_of(drill)
    try:
        return len(pass_gate(drill, names, deadline_seconds=settings.touchstone_gate_seconds, reload=True))
    except DictionaryGateError as error:
        raise _not_the_same([error.message]) from error


def _remove_old(settings: Settings) -> list[str]:
    old = own_backups(settings)[settings.touchstone_keep_backups :]
    for backup in old:
        if backup.path.is_dir():
            shutil.rmtree(backup.path)
        else:
            backup.path.unlink()
    return [backup.name for backup in old]


def _not_the_same(faults: list[str]) -> RestoreDrillError:
    return RestoreDrillError(
        f"The restored backup is not what was backed up: {'; '.join(faults)}.",
        "Keep earlier backups, look at the disk, and back up again.",
    )


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""
