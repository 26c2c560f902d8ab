"""The lookup desk at sizes far beyond an analyst's: check, mint and diff of files, and the ledger's load.

Each figure of `touchstone lookups` is the whole command in a process of its own, with Python's start, and its peak
memory. The desk has a lookup file in which every row has a field of its own, and no line in
the ledger: minting gives each field its ID. The catalogue has the shape of a large vendor's list of fields, by sector,
and goes beside the project's own desk. The ledger is loaded over HTTP into a migrated warehouse: once from nothing,
once again with nothing new, and once with new lines behind.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.embedded.setting import show
from benchmarks.identity import loading
from benchmarks.identity.desks import Desk, edit, fill, ledger_of, new_desk, write_catalogue
from benchmarks.identity.setting import Measured, Warehouse, clean_environment, figures, new_warehouse, parser, watched
from orchestrator.helpers import plural

# what was measured, by its name in the table
Figures = dict[str, list[Measured]]
_COLUMNS = ("command", "seconds", "range", "MB")


def main() -> None:
    """Measure and print three tables."""
    arguments = _arguments()
    _show(f"A desk of {plural(arguments.rows, 'row')}", _desk(arguments.rows, arguments.changes, arguments.rounds))
    title, found = _catalogue(arguments.fields, arguments.rounds)
    _show(title, found)
    _show_ledger(arguments.rows, arguments.changes, arguments.rounds)


def _desk(rows: int, changes: int, rounds: int) -> Figures:
    with new_desk() as desk:
        fill(desk, rows)
        found = _minted(desk, rounds, ())
        desk.commit()
        found["check --base HEAD"] = _repeated(rounds, lambda: desk.measure("check", "--base", "HEAD"))
        edit(desk, rows, changes)
        desk.measure("mint")
        name = "diff --base HEAD of a change"
        found[name] = _repeated(rounds, lambda: desk.measure("diff", "--base", "HEAD"))
        name = "check --base HEAD of the same"
        found[name] = _repeated(rounds, lambda: desk.measure("check", "--base", "HEAD"))
    return found


def _catalogue(fields: int, rounds: int) -> tuple[str, Figures]:
    with new_desk() as desk:
        path, rows = write_catalogue(desk, fields)
        found = _minted(desk, rounds, ("--with", str(path)))
    return f"A catalogue of {plural(fields, 'field')} in ten sectors, {plural(rows, 'row')}", found


def _minted(desk: Desk, rounds: int, options: tuple[str, ...]) -> Figures:
    """Mint from the ledger as it is, again and again; then check what is minted."""
    before = desk.ledger()
    # the first command compiles what it imports, and brings files into memory
    desk.measure("mint", *options)

    def mint() -> Measured:
        desk.write_ledger(before)
        return desk.measure("mint", *options)

    return {
        "mint": _repeated(rounds, mint),
        "mint again, nothing new": _repeated(rounds, lambda: desk.measure("mint", *options)),
        "check": _repeated(rounds, lambda: desk.measure("check", *options)),
    }


def _show_ledger(lines: int, changes: int, rounds: int) -> None:
    before, after = ledger_of(lines), ledger_of(lines + changes)
    names = (plural(lines, "line"), "the same, nothing new", f"{plural(changes, 'line')} behind")
    loader: Figures = {name: [] for name in names}
    engine: Figures = {name: [] for name in names}
    with new_warehouse() as warehouse:
        for _ in range(rounds):
            warehouse.run("TRUNCATE TABLE ops_ledger")
            for name, content in zip(names, (before, before, after), strict=True):
                warehouse.give_memory_back()
                of_loader, megabytes = watched(warehouse.pid, partial(_load, warehouse, content))
                loader[name].append(of_loader)
                engine[name].append(Measured(of_loader.seconds, megabytes))
            if warehouse.number("SELECT count() FROM ops_ledger") != lines + changes:
                raise RuntimeError("the ledger in the warehouse has not all lines")
    rows = [(name, *figures(loader[name]), figures(engine[name])[2]) for name in names]
    show("The ledger's load into ops_ledger", ("lines", "seconds", "range", "MB", "MB of engine"), rows)


def _load(warehouse: Warehouse, content: bytes) -> Measured:
    settings = warehouse.settings
    with TemporaryDirectory(prefix="benchmark-ledger-") as name:
        ledger = Path(name) / "lookup_ids.csv"
        ledger.write_bytes(content)
        command = [sys.executable, "-m", loading.__name__, str(settings.clickhouse_port), str(ledger)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as process:
            (said, _), megabytes = watched(process.pid, process.communicate)
        if process.returncode != 0:
            raise RuntimeError("the ledger was not loaded")
    return Measured(float(said), megabytes)


def _repeated(rounds: int, measure: Callable[[], Measured]) -> list[Measured]:
    return [measure() for _ in range(rounds)]


def _show(title: str, found: Figures) -> None:
    show(title, _COLUMNS, [(name, *figures(measured)) for name, measured in found.items()])


def _arguments() -> argparse.Namespace:
    takes = parser("desk", (__doc__ or "").partition("\n\n")[0])
    takes.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="rows of the desk, lines of the ledger")
    takes.add_argument("--fields", type=int, default=36_000, metavar="N", help="fields of the catalogue")
    takes.add_argument("--changes", type=int, default=1_000, metavar="N", help="of each kind, for diff")
    takes.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured")
    return takes.parse_args()


if __name__ == "__main__":
    main()
