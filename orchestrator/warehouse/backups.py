"""Backups of the warehouse's database, by ClickHouse's own BACKUP and RESTORE, in one folder of the embedded engine."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import BackupError
from orchestrator.helpers import utc_now
from orchestrator.settings import Settings

ARCHIVE_SUFFIX: Final = ".tar.gz"
_POLL_SECONDS: Final = 0.1
_RUNNING: Final = ("CREATING_BACKUP", "RESTORING")
_STATE: Final = (
    "SELECT toString(status), num_files, files_read, total_size, error FROM system.backups WHERE id = {id:String}"
)
_MARK: Final = ".backup"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Backup:
    """A backup that is there: a folder, or an archive when its name ends in .tar.gz.

    Attributes:
        size: bytes on disk.
        written_at: aware, UTC.
    """

    name: str
    path: Path
    size: int
    written_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What a backup or a restore has moved: tables, files, and bytes before compression."""

    tables: int
    files: int
    size: int


@dataclass(frozen=True)
class Restore:
    """What is to be restored, and where to.

    Attributes:
        name: of the backup.
        source: the database's name in the backup.
        target: the name it gets; references of its objects to each other follow.
        replaces: drop what is there under that name. It is dropped only after the backup was restored elsewhere, so
            a backup that does not hold costs nothing.
    """

    name: str
    source: str
    target: str
    replaces: bool


def default_name(database: str) -> str:
    """A name by database and moment, for an archive."""
    return f"{database}-{utc_now():%Y%m%dT%H%M%SZ}{ARCHIVE_SUFFIX}"


def list_backups(settings: Settings) -> list[Backup]:
    """The backups of the folder, newest first."""
    folder = settings.backup_dir
    found = [_described(path) for path in folder.iterdir() if _is_backup(path)] if folder.is_dir() else []
    return sorted(found, key=lambda backup: (backup.written_at, backup.name), reverse=True)


def write_backup(client: Client, settings: Settings, name: str, base: str | None, progress: Progress) -> Outcome:
    """Back the database up.

    Args:
        name: of the new backup in the folder.
        base: of an earlier one: only what differs from it is written.
        progress: called with files done and files in all.

    Raises:
        BackupError: the name cannot be used or is taken, the base is missing, or the engine refuses.
    """
    path = _path(settings, name)
    if path.exists():
        raise BackupError(f"There is a backup named {name!r} already.", "Take another name, or remove it.")
    based = f" SETTINGS base_backup = File('{_existing(settings, base)}')" if base is not None else ""
    database = settings.clickhouse_database
    tables = _count_tables(client, database)
    if tables == 0:
        raise BackupError(f"The database {database!r} has no tables.", "See `touchstone status`.")
    files, size = _run(client, f"BACKUP DATABASE `{database}` TO File('{path}'){based}", progress)
    return Outcome(tables, files, size)


def restore_backup(client: Client, settings: Settings, wanted: Restore, progress: Progress) -> Outcome:
    """Restore a database from a backup.

    Raises:
        BackupError: there is no such backup, the target has tables and is not to be replaced, or the engine refuses.
    """
    path = _existing(settings, wanted.name)
    has_tables = _count_tables(client, wanted.target) > 0
    if has_tables and not wanted.replaces:
        raise BackupError(
            f"The database {wanted.target!r} has tables.", "Give --replace to drop them, or --into another database."
        )
    restore = f"RESTORE DATABASE `{wanted.source}` AS `%s` FROM File('{path}')"
    if has_tables:
        trial = f"{wanted.target}_restore_trial"
        client.command(f"DROP DATABASE IF EXISTS `{trial}` SYNC")
        try:
            _run(client, restore % trial, progress)
        finally:
            client.command(f"DROP DATABASE IF EXISTS `{trial}` SYNC")
        client.command(f"DROP DATABASE `{wanted.target}` SYNC")
    files, size = _run(client, restore % wanted.target, progress)
    if wanted.source != wanted.target:
        _rename_in_dictionaries(client, wanted)
    return Outcome(_count_tables(client, wanted.target), files, size)


def _rename_in_dictionaries(client: Client, wanted: Restore) -> None:
    """Have dictionaries read from the restored database: their queries are strings, which RESTORE leaves alone."""
    statements = client.query(
        "SELECT create_table_query FROM system.tables WHERE database = {target:String} AND engine = 'Dictionary'",
        parameters={"target": wanted.target},
    ).result_rows
    qualified = re.compile(rf"(?<![\w.`]){re.escape(wanted.source)}\.")
    for (statement,) in statements:
        changed = qualified.sub(f"{wanted.target}.", statement)
        if changed == statement:
            continue
        if "[HIDDEN]" in changed:
            raise BackupError(
                f"A dictionary of {wanted.target!r} still reads from {wanted.source!r}, and has a password in it.",
                f"Apply the migrations to {wanted.target!r} anew.",
            )
        client.command(changed.replace("CREATE DICTIONARY", "CREATE OR REPLACE DICTIONARY", 1))


def _count_tables(client: Client, database: str) -> int:
    return int(str(client.command(f"SELECT count() FROM system.tables WHERE database = '{database}'")))


def _run(client: Client, statement: str, progress: Progress) -> tuple[int, int]:
    """Run a BACKUP or RESTORE in the engine's background, and tell how far it is. Files and bytes at its end."""
    started = client.query(f"{statement} ASYNC")
    identity = started.result_rows[0][0]
    while True:
        status, files, read, size, error = client.query(_STATE, parameters={"id": identity}).result_rows[0]
        progress(int(read), int(files))
        if status not in _RUNNING:
            break
        time.sleep(_POLL_SECONDS)
    if error:
        raise BackupError(f"The engine refuses: {error.partition(', Stack trace')[0]}")
    return int(files), int(size)


def _path(settings: Settings, name: str) -> Path:
    if not settings.is_embedded:
        raise BackupError(
            f"Backups of the server {settings.host} are its own.", "Use BACKUP ... TO Disk(...) or S3(...) there."
        )
    if not name or name.startswith(".") or not set(name).isdisjoint("/\\'\0"):
        raise BackupError(f"{name!r} cannot be the name of a backup.", f"It is a plain name in {settings.backup_dir}.")
    return settings.backup_dir / name


def _existing(settings: Settings, name: str) -> Path:
    path = _path(settings, name)
    if not _is_backup(path):
        known = ", ".join(backup.name for backup in list_backups(settings)) or "none"
        raise BackupError(f"There is no backup {name!r} in {settings.backup_dir}.", f"There are: {known}.")
    return path


def _is_backup(path: Path) -> bool:
    return (path / _MARK).is_file() or (path.is_file() and path.name.endswith(ARCHIVE_SUFFIX))


def _described(path: Path) -> Backup:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Backup(path.name, path, sum(file.stat().st_size for file in files), written_at)
