"""`touchstone maintain`: the tasks of maintenance, one line each."""

from collections.abc import Sequence

import click
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console

from orchestrator.exceptions import TouchstoneError
from orchestrator.settings import Settings
from orchestrator.warehouse.maintenance.tasks import TASKS, Task


def maintain(console: Console, settings: Settings, names: Sequence[str], *, dry_run: bool) -> bool:
    """Do the named tasks, or all, and tell of each; True when none failed."""
    return all([_done(console, settings, task, dry_run=dry_run) for task in _chosen(names)])


def _chosen(names: Sequence[str]) -> list[Task]:
    if unknown := sorted(set(names) - set(TASKS)):
        raise click.UsageError(f"There is no task {', '.join(unknown)}. Tasks are: {', '.join(TASKS)}.")
    return [task for name, task in TASKS.items() if not names or name in names]


def _done(console: Console, settings: Settings, task: Task, *, dry_run: bool) -> bool:
    try:
        with console.status(task.means):
            report = task.do(settings, dry_run)
    except (TouchstoneError, ClickHouseError) as error:
        console.print(f"{task.name}: FAILED: {error}", style="red", markup=False)
        return False
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in report.items())
    console.print(f"{task.name}: {told}", markup=False)
    return True
