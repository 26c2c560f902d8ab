"""The report at the end of a run and the answer of `status`, as tables for a person."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from orchestrator.helpers import plural
from orchestrator.jobs.runs import RunOutcome
from orchestrator.warehouse.census import Census

NEXT_COMMANDS = (
    ('{touchstone} sql "SELECT * FROM v_observations LIMIT 5"', "read facts with their names"),
    ('{touchstone} sql "SELECT * FROM quarantine_observations_open LIMIT 5"', "see what was kept out, and why"),
    ("{touchstone} status", "what is in the warehouse"),
    ("make ui", "this run and the asset graph in Dagster"),
    ("make docs", "the data model with its lineage"),
)


def print_run_report(console: Console, outcome: RunOutcome, before: Census, after: Census, log_file: Path) -> None:
    """Rows, IDs, checks and seconds of one run, and what to type next; or what failed, and where to read on."""
    console.print()
    console.print(_rows_table(before, after))
    for feed, reasons in after.reasons.items():
        if reasons:
            console.print(_reasons_table(feed, after.open_quarantine[feed], reasons, before.reasons.get(feed, {})))
    console.print(_ids_table(before, after))
    console.print(_seconds_table(outcome))
    console.print(
        f"Checks: {outcome.checks_passed} passed, {outcome.checks_failed} failed, {outcome.checks_warned} warned. "
        f"Assets materialised: {len(outcome.materialized)}. Run {outcome.run_id}."
    )
    for warning in outcome.warned:
        console.print(f"WARNING {warning}", style="yellow", markup=False)
    if outcome.succeeded:
        _print_success(console, before, after)
    else:
        _print_failure(console, outcome, log_file)


def _print_success(console: Console, before: Census, after: Census) -> None:
    if is_unchanged(before, after):
        console.print("Nothing new: no row landed, no ID minted.")
    console.print("\nNext:")
    for command, purpose in NEXT_COMMANDS:
        console.print(f"  {command.format(touchstone=_own_command()):<80} {purpose}", markup=False)


def _print_failure(console: Console, outcome: RunOutcome, log_file: Path) -> None:
    console.print()
    for failure in outcome.failed:
        console.print(f"FAILED {failure}", style="red", markup=False)
    console.print(
        f"What Dagster and dbt said is in {log_file}. Mend the cause and run again: what was done is not done twice.",
        markup=False,
    )


def is_unchanged(before: Census, after: Census) -> bool:
    """True when a run brought no row and no ID."""
    kept = [table for table in after.rows if table.startswith(("landing_", "fct_", "quarantine_", "dim_"))]
    return all(before.rows.get(table, 0) == after.rows[table] for table in kept) and before.ids == after.ids


def print_rows_per_table(console: Console, census: Census) -> None:
    """Rows per table and open quarantine, for `status`."""
    table = Table("table", _right("rows"), box=None, pad_edge=False)
    for name, rows in census.rows.items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    for feed, rows in census.open_quarantine.items():
        console.print(f"open quarantine of {feed}: {plural(rows, 'row')}")


def _rows_table(before: Census, after: Census) -> Table:
    table = Table(
        "rows", _right("before"), _right("new"), _right("now"), box=None, pad_edge=False, title_justify="left"
    )
    for name, rows in after.rows.items():
        if name.startswith(("landing_", "fct_", "mart_")):
            table.add_row(name, *_change(before.rows.get(name, 0), rows))
    for feed, rows in after.open_quarantine.items():
        table.add_row(f"open quarantine of {feed}", *_change(before.open_quarantine.get(feed, 0), rows))
    return table


def _reasons_table(feed: str, rows: int, reasons: Mapping[str, int], before: Mapping[str, int]) -> Table:
    table = Table(
        f"\nquarantine of {feed} by reason ({plural(rows, 'row')})",
        _right("before"),
        _right("new"),
        _right("now"),
        box=None,
        pad_edge=False,
    )
    for reason, count in reasons.items():
        table.add_row(reason, *_change(before.get(reason, 0), count))
    return table


def _ids_table(before: Census, after: Census) -> Table:
    table = Table("\nIDs", _right("before"), _right("minted"), _right("now"), box=None, pad_edge=False)
    for domain, ids in after.ids.items():
        table.add_row(domain, *_change(before.ids.get(domain, 0), ids))
    return table


def _seconds_table(outcome: RunOutcome) -> Table:
    table = Table("\nstep", _right("seconds"), box=None, pad_edge=False)
    for step, seconds in outcome.seconds.items():
        table.add_row(step, f"{seconds:.1f}")
    return table


def _change(before: int, now: int) -> tuple[str, str, str]:
    return f"{before:,}", f"{now - before:+,}" if now != before else "0", f"{now:,}"


def _own_command() -> str:
    """As a person has to type it here: a command of a virtual environment that is not active needs its path."""
    command = Path(sys.executable).parent / "touchstone"
    if shutil.which("touchstone") or not command.is_relative_to(Path.cwd()):
        return "touchstone"
    return str(command.relative_to(Path.cwd()))


def _right(header: str) -> Column:
    return Column(header, justify="right")
