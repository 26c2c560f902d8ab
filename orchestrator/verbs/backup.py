"""`touchstone backup` and `touchstone restore`: the database to a file or folder and back, with progress."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from orchestrator.helpers import plural, stderr_console
from orchestrator.settings import Settings
from orchestrator.warehouse.backups import (
    Outcome,
    Progress,
    Restore,
    default_name,
    list_backups,
    restore_backup,
    write_backup,
)
from orchestrator.warehouse.client import connect


def print_backups(console: Console, settings: Settings) -> None:
    """One line per backup of the folder, newest first."""
    for backup in list_backups(settings):
        moment = backup.written_at.strftime("%Y-%m-%d %H:%M:%SZ")
        console.print(f"{moment}  {decimal(backup.size):>10}  {backup.name}", markup=False)


def back_up(console: Console, settings: Settings, name: str | None, base: str | None) -> None:
    """Write a backup and say what it holds."""
    name = name or default_name(settings.clickhouse_database)
    with _progress("backing up") as progress:
        outcome = write_backup(connect(settings), settings, name, base, progress)
    console.print(f"backed up {_told(outcome)} to {settings.backup_dir / name}", markup=False)


def restore(console: Console, settings: Settings, wanted: Restore) -> None:
    """Restore a backup and say what is there now."""
    with _progress("restoring") as progress:
        outcome = restore_backup(connect(settings), settings, wanted, progress)
    console.print(f"restored {_told(outcome)} into {wanted.target}", markup=False)


def _told(outcome: Outcome) -> str:
    return f"{plural(outcome.tables, 'table')}, {plural(outcome.files, 'file')}, {decimal(outcome.size)}"


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    console = stderr_console()
    columns = (SpinnerColumn(), TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
