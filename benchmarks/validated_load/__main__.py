"""How long a load takes whose every row is landed, resolved and checked, beside the least it could take.

Five million trades with the codes of 100,000 instruments, 2,700 venues, 180 currencies and 10 product types come in one
CSV file, and the same in one Parquet file with natural types; one row in a thousand has a code that nobody knows. The
floor is a file of the same trades with IDs that somebody has resolved already, in one INSERT into a table that checks
nothing; all ratios are of rows a second, to the floor of the same format. The ways take turns in rounds, after one that
does not count.

The engine works without merges, as they would go on into the next way's turn. Clients have a process of their own.
Memory is the most that engine and client held, over what they held before, in the round that does not count: there the
engine gives back first what its allocator has in store. PostgreSQL loads the first million rows, and
its seconds are those times the rest; it is left out where there is no initdb (Debian: package postgresql).
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.embedded.setting import parser as parser_of_engine
from benchmarks.embedded.setting import show
from benchmarks.identity.postgres import find_initdb, new_cluster
from benchmarks.validated_load.data import CSV, FORMATS, Files, dimensions, write_files
from benchmarks.validated_load.floors import BARE, floors
from benchmarks.validated_load.joins import joined
from benchmarks.validated_load.ours import ours
from benchmarks.validated_load.peers import new_duckdb
from benchmarks.validated_load.postgres import postgres_ways
from benchmarks.validated_load.setting import Outcome, Taken, Way, new_trade_engine
from orchestrator.helpers import configure_logging, stderr_console

_HEAD_ROWS: Final = 1_000_000
_GROUPS: Final = ("floor", "ours", "joins", "duckdb", "postgres")
_NO_POSTGRES: Final = "PostgreSQL is left out: there is no initdb (Debian's package postgresql has it)."

# what was measured, by format and by name of the way; of each the first does not count
Found = dict[str, dict[str, list[Taken]]]


def main() -> None:
    """Measure and print a table for each format."""
    arguments = _arguments()
    configure_logging("WARNING", "console")
    with TemporaryDirectory(prefix="benchmark-trades-") as folder:
        files = write_files(Path(folder), arguments.rows, _HEAD_ROWS)
        with _all_ways(files, arguments.formats, {"floor", *arguments.only}) as ways:
            found = _measure(files, ways, arguments.rounds)
    for input_format, measured in found.items():
        _show(f"{arguments.rows:,} trades from {input_format}", files.rows, ways[input_format], measured)


@contextmanager
def _all_ways(files: Files, formats: Sequence[str], groups: set[str]) -> Iterator[dict[str, list[Way]]]:
    known = dimensions()
    ways: dict[str, list[Way]] = {name: [] for name in formats}
    with ExitStack() as stack:
        engine = stack.enter_context(new_trade_engine(known))
        for name, made in ways.items():
            made.extend(floors(engine, files, known, name))
            if "ours" in groups:
                made.append(ours(engine, files, known, name))
            if "joins" in groups:
                made.append(joined(engine, files, known, name))
        if "duckdb" in groups:
            duckdb_ways = stack.enter_context(new_duckdb(known))
            for name, made in ways.items():
                made.extend(duckdb_ways(files, name))
        initdb = find_initdb()
        if "postgres" in groups and CSV in ways:
            if initdb is None:
                stderr_console().print(_NO_POSTGRES)
            else:
                ways[CSV].extend(postgres_ways(stack.enter_context(new_cluster(initdb)), files, known))
        yield ways


def _measure(files: Files, ways: Mapping[str, Sequence[Way]], rounds: int) -> Found:
    found: Found = {name: {way.name: [] for way in made} for name, made in ways.items()}
    outcomes: set[Outcome] = set()
    for _ in range(rounds + 1):
        for name, made in ways.items():
            for way in made:
                taken = way.load()
                outcome = way.outcome()
                _require(files, way, outcome)
                outcomes.add(outcome)
                found[name][way.name].append(taken)
        for made in ways.values():
            for way in made:
                way.clear()
    _require_same(outcomes)
    return found


def _require(files: Files, way: Way, outcome: Outcome) -> None:
    """Every row is in one place; how many are rejected of the whole file is known."""
    if outcome == Outcome(0, 0):
        return  # kept nothing
    is_rejected_known = way.rows == files.rows and outcome.rejected > 0
    expected = files.rejected if is_rejected_known else outcome.rejected
    if (outcome.accepted, outcome.rejected) != (way.rows - expected, expected):
        raise RuntimeError(f"{way.name}: {outcome} of {way.rows} rows, {expected} of them to be rejected")


def _require_same(outcomes: Iterable[Outcome]) -> None:
    """Whoever accepts as many rows of the same file accepts the same ones, typed alike."""
    seen: dict[int, int] = {}
    for outcome in outcomes:
        if (
            outcome.fingerprint is not None
            and seen.setdefault(outcome.accepted, outcome.fingerprint) != outcome.fingerprint
        ):
            raise RuntimeError(f"two ways accept {outcome.accepted} rows, but not the same ones")


def _show(title: str, rows: int, ways: Sequence[Way], measured: Mapping[str, Sequence[Taken]]) -> None:
    loaded = {way.name: way.rows for way in ways}
    rates = {name: loaded[name] / median(each.seconds for each in counted) for name, (_, *counted) in measured.items()}
    lines = []
    for name, (first, *counted) in measured.items():
        seconds = [each.seconds * rows / loaded[name] for each in counted]
        is_part = loaded[name] < rows
        lines.append(
            (
                f"{name} (from {loaded[name]:,} rows)" if is_part else name,
                f"{median(seconds):.2f}",
                f"{min(seconds):.2f}-{max(seconds):.2f}",
                f"{rates[name]:,.0f}",
                f"{rates[name] / rates[BARE]:.2f}",
                f"{(rates[BARE] / rates[name] - 1) * 100:+,.0f} %",
                f"{first.engine_megabytes:,.0f}",
                "" if first.client_megabytes is None else f"{first.client_megabytes:,.0f}",
            )
        )
    columns = ("way", "seconds", "range", "rows/s", "x floor", "time over floor", "engine MB", "client MB")
    show(title, columns, lines)


def _arguments() -> argparse.Namespace:
    takes = parser_of_engine("", (__doc__ or "").partition("\n\n")[0])
    takes.prog = "python -m benchmarks.validated_load"
    takes.add_argument("--rows", type=int, default=5_000_000, metavar="N", help="trades in the file")
    takes.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds, after one that does not count")
    takes.add_argument(
        "--formats", type=_formats, default=",".join(FORMATS), metavar="A,B", help="of the files: csv, parquet or both"
    )
    takes.add_argument(
        "--only",
        nargs="+",
        choices=_GROUPS,
        default=list(_GROUPS),
        help="these ways; the floor is always measured, as all ratios are to it",
    )
    return takes.parse_args()


def _formats(text: str) -> list[str]:
    wanted = text.split(",")
    if unknown := set(wanted) - set(FORMATS):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(FORMATS)}")
    return wanted


if __name__ == "__main__":
    main()
