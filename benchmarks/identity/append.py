"""How long it takes to mint IDs for new keys and append them to a dimension, and how much memory the engine takes.

What is timed of the project is `dbt run` of the one model, as `touchstone build` calls dbt, on a migrated warehouse
of its own. Three figures are given of it: the INSERT alone (by the query log), all statements of the model with the
checks before and after (by the same log), and the model as dbt reports it, which adds dbt's Python. What dbt takes to
start is told apart. `dim_instrument` shows the policy that mints in the warehouse, `dim_field` the one that takes IDs
from the ledger; the ledger's lines are resolved once a build for all its domains, in `stg_lookup_codes`.

Beside it: the single statement that numbers the new keys of the same staging view, into a bare MergeTree of the same
columns; and the same in PostgreSQL and DuckDB, with a primary key and the natural key unique. Each reads all landed
keys, old and new ones. The ways take turns in rounds, after one that does not count. Ratios are of medians, to the
single statement. Memory is the most that the engine's process held, what it held before included.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

from benchmarks.embedded.setting import show
from benchmarks.identity.peers import PostgresWay, new_duckdb
from benchmarks.identity.postgres import find_initdb, new_cluster
from benchmarks.identity.setting import Measured, figures, new_warehouse, parser
from benchmarks.identity.ways import LEDGER, SINGLE, WAREHOUSE, OurWay, SingleStatement, Way, prepare
from orchestrator.helpers import plural, stderr_console

_NO_POSTGRES = "PostgreSQL is left out: there is no initdb (Debian's package postgresql has it)."

# what was measured, by group of comparable ways and by name
Figures = dict[str, dict[str, list[Measured]]]


def main() -> None:
    """Measure and print a table for each size."""
    arguments = _arguments()
    with _all_ways() as groups:
        for base in arguments.bases:
            for new in arguments.keys:
                figures_of_case = _measure(groups, base, new, arguments.rounds)
                _show(f"{plural(new, 'new key')} into a dimension of {plural(base, 'row')}", figures_of_case)
        start_ups = [seconds for ways in groups.values() for way in ways for seconds in getattr(way, "start_ups", [])]
    _show_start_up(start_ups)


@contextmanager
def _all_ways() -> Iterator[dict[str, list[Way]]]:
    with ExitStack() as stack:
        warehouse = stack.enter_context(new_warehouse())
        prepare(warehouse)
        groups: dict[str, list[Way]] = {
            policy.name: [OurWay(warehouse, policy), SingleStatement(warehouse, policy)]
            for policy in (WAREHOUSE, LEDGER)
        }
        peers = groups[WAREHOUSE.name]
        peers.append(stack.enter_context(new_duckdb()))
        initdb = find_initdb()
        if initdb is None:
            stderr_console().print(_NO_POSTGRES)
        else:
            peers.append(PostgresWay(stack.enter_context(new_cluster(initdb))))
        yield groups


def _measure(groups: Mapping[str, Sequence[Way]], base: int, new: int, rounds: int) -> Figures:
    found: Figures = {group: {} for group in groups}
    for group, ways in groups.items():
        for way in ways:
            way.load(base, new)
        for number in range(rounds + 1):
            for way in ways:
                way.reset()
                measured = way.append()
                _require_all(way, base + new)
                if number:
                    for name, each in measured.items():
                        found[group].setdefault(name, []).append(each)
    return found


def _require_all(way: Way, keys: int) -> None:
    if way.counts() != (keys, keys, keys):
        raise RuntimeError(f"{way}: rows, IDs and highest ID are {way.counts()}, not {keys} each")


def _show(title: str, found: Figures) -> None:
    for group, ways in found.items():
        rows = []
        single = median(each.seconds for each in ways[SINGLE])
        for name, measured in ways.items():
            seconds, spread, megabytes = figures(measured)
            ratio = f"{median(each.seconds for each in measured) / single:.2f}"
            rows.append((name, seconds, spread, ratio, megabytes))
        show(f"{title}, {group} policy", ("way", "seconds", "range", "ratio", "MB"), rows)


def _show_start_up(start_ups: Sequence[float]) -> None:
    spread = f"{min(start_ups):.1f}-{max(start_ups):.1f}"
    show("A dbt command besides its model", ("", "seconds", "range"), [("dbt", f"{median(start_ups):.1f}", spread)])


def _arguments() -> argparse.Namespace:
    takes = parser("append", (__doc__ or "").partition("\n\n")[0])
    takes.add_argument(
        "--keys", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N", help="new keys of an append"
    )
    takes.add_argument(
        "--bases", type=int, nargs="+", default=[0, 1_000_000], metavar="N", help="rows that the dimension has before"
    )
    takes.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds, after one that does not count")
    return takes.parse_args()


if __name__ == "__main__":
    main()
