"""Seconds of dbt and of Dagster beside the bare SQL that they have run, for projects of several sizes.

The work is the same each time: so many small tables made anew, and one test of each. Bare, it is sent over one
connection. dbt and Dagster start as processes, as they do for a person; dbt finds its project parsed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from rich.table import Table

from benchmarks.embedded.setting import ask, new_connection, new_engine
from benchmarks.orchestration.projects import NAME, statements, write_project
from orchestrator.helpers import stdout_console
from orchestrator.settings import inherited_environment
from orchestrator.warehouse.dbt import DBT_EXECUTABLE

_SIZES: Final = (50, 150, 500)


@dataclass(frozen=True)
class Seconds:
    """Medians of one size.

    Attributes:
        models: how many there are.
        bare: the statements alone.
        dbt, dbt_nothing: `dbt build` of all, and of nothing.
        load: Dagster's definitions, read and resolved.
        nothing: a Dagster run of one asset that does nothing.
        dagster: a Dagster run of all models and tests, with the dbt in it.
    """

    models: int
    bare: float
    dbt: float
    dbt_nothing: float
    load: float
    nothing: float
    dagster: float


def main() -> None:
    """Measure and print a table."""
    arguments = _arguments()
    table = Table(
        "models, one test each", "bare SQL", "dbt", "of it without models", "Dagster", "definitions", "empty run"
    )
    table.add_column("dbt, ms a model")
    table.add_column("Dagster beyond dbt, ms a model")
    with new_engine() as engine:
        for models in arguments.models:
            found = _measure(models, engine.port, arguments.rounds)
            of_dbt = (found.dbt - found.dbt_nothing) / models * 1000
            of_dagster = (found.dagster - found.dbt) / models * 1000
            shown = (found.bare, found.dbt, found.dbt_nothing, found.dagster, found.load, found.nothing)
            table.add_row(str(models), *(f"{value:.2f} s" for value in shown), f"{of_dbt:.0f}", f"{of_dagster:.0f}")
    stdout_console().print(table)


def _measure(models: int, port: int, rounds: int) -> Seconds:
    with tempfile.TemporaryDirectory(prefix="benchmark-orchestration-") as name:
        folder = Path(name) / "project"
        ask(new_connection(port), f"CREATE DATABASE IF NOT EXISTS {NAME}")
        write_project(folder, models, port)
        _dbt(folder, "build")  # parses
        taken = [_round(folder, models, port, Path(name) / f"instance_{number}") for number in range(rounds)]
    values = zip(*taken, strict=True)
    return Seconds(models, *(median(each) for each in values))


def _round(folder: Path, models: int, port: int, home: Path) -> tuple[float, ...]:
    bare = _bare(models, port)
    dbt = _dbt(folder, "build")
    nothing = _dbt(folder, "build", "--select", "tag:none")
    command = [sys.executable, "-m", "benchmarks.orchestration.dagster_run", str(folder), str(home)]
    answer = subprocess.run(command, capture_output=True, check=True, env=_environment(folder)).stdout
    of_dagster = json.loads(answer.splitlines()[-1])
    return bare, dbt, nothing, of_dagster["load"], of_dagster["nothing"], of_dagster["everything"]


def _bare(models: int, port: int) -> float:
    connection = new_connection(port)
    start = time.perf_counter()
    for statement in statements(models):
        ask(connection, statement, f"/?database={NAME}")
    return time.perf_counter() - start


def _dbt(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    command = [DBT_EXECUTABLE, *arguments, "--project-dir", str(folder), "--profiles-dir", str(folder)]
    subprocess.run(command, capture_output=True, check=True, env=_environment(folder))
    return time.perf_counter() - start


def _environment(folder: Path) -> dict[str, str]:
    return inherited_environment() | {"DO_NOT_TRACK": "1", "DBT_PROFILES_DIR": str(folder)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orchestration",
        description=__doc__,
        epilog="Figures for the documentation are taken on a machine that has nothing else to do.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=int, nargs="+", default=list(_SIZES), help=f"sizes of projects, {_SIZES}")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the median counts, 3")
    return parser.parse_args()


if __name__ == "__main__":
    main()
