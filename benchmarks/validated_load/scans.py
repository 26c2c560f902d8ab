"""Two looks at everything: IDs in a fact that no dimension has, and batches whose rows are not all in one place.

The fact has no constraint here, so that orphans could be planted; some batches have lost a row, too. Each look has
to find them. They take turns in rounds, after one that does not count; the tables are in several parts.
"""

import argparse
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from clickhouse_connect.driver.client import Client

from benchmarks.embedded.setting import parser as parser_of_engine
from benchmarks.embedded.setting import show
from benchmarks.identity.setting import timed
from benchmarks.validated_load.data import Dimension, dimensions
from benchmarks.validated_load.setting import DATABASE, new_trade_engine
from orchestrator.helpers import configure_logging

_BATCHES: Final = 1_000
_PARTS: Final = 5
_ORPHANS: Final = 3
_LOST: Final = 7
# of 1,000 rows these are in open quarantine, this one is discarded, and this one was resolved by a second attempt
_OPEN: Final = (0, 1)
_DISCARDED: Final = 2
_RESOLVED_LATER: Final = 3
_PLACE: Final = "number % 1000"
_LINEAGE: Final = "intDiv(number * {batches}, {rows}) + 1 AS batch_id, number + 1 AS row_number"
_TABLES: Final = (
    "CREATE TABLE fct_trades (instrument_id UInt32, trade_time DateTime64(6, 'UTC'), venue_id UInt32, "
    "currency_id UInt32, product_type_id UInt32, price Float64, quantity Float64, batch_id UInt64, row_number UInt64) "
    "ENGINE = MergeTree PARTITION BY toYYYYMM(trade_time) ORDER BY (instrument_id, trade_time)",
    "CREATE TABLE landing (batch_id UInt64, row_number UInt64, symbol String) "
    "ENGINE = MergeTree ORDER BY (batch_id, row_number)",
    "CREATE TABLE quarantine (batch_id UInt64, row_number UInt64, attempt UInt16, reason_mask UInt64) "
    "ENGINE = MergeTree ORDER BY (batch_id, row_number, attempt)",
    "CREATE TABLE discarded (batch_id UInt64, row_number UInt64) ENGINE = MergeTree ORDER BY (batch_id, row_number)",
)


def orphans_sql(known: Sequence[Dimension], table: str) -> str:
    """Rows, and for each of the fact's IDs how many the dimension does not have: one row, in one pass."""
    counts = ", ".join(
        f"countIf(NOT dictHas('{DATABASE}.dict_{each.name}', toUInt64({each.name}_id))) AS {each.name}_orphans"
        for each in known
    )
    return f"SELECT count() AS rows, {counts} FROM {table}"


def anti_join_sql(known: Sequence[Dimension], table: str) -> str:
    """The same without dictionaries."""
    counts = ", ".join(
        f"countIf({each.name}_id NOT IN (SELECT {each.name}_id FROM {DATABASE}.dim_{each.name})) AS {each.name}_orphans"
        for each in known
    )
    return f"SELECT count() AS rows, {counts} FROM {table}"


def reconciliation_sql(*, with_row_numbers: bool = False) -> str:
    """One row for each batch whose landed rows are not just those of fact, open quarantine and discarded together.

    Args:
        with_row_numbers: compare a sum of hashes of the row numbers, too, which sees one row double and another lost.
    """
    kinds = ("landed", "accepted", "open", "discarded")
    sources = (
        "landing",
        "fct_trades",
        "(SELECT batch_id, row_number FROM quarantine GROUP BY batch_id, row_number "
        "HAVING argMax(reason_mask, attempt) != 0)",
        "discarded",
    )
    place = "if({is_landed}, 1, -1) * toInt64(cityHash64(row_number))" if with_row_numbers else "toInt64(0)"
    selects = []
    for own, source in zip(kinds, sources, strict=True):
        counts = ", ".join(f"{'count()' if kind == own else 'toUInt64(0)'} AS {kind}" for kind in kinds)
        hashes = place.format(is_landed=int(own == "landed"))
        selects.append(f"SELECT batch_id, {counts}, sum({hashes}) AS hashes FROM {source} GROUP BY batch_id")
    sums = ", ".join(f"sum({kind}) AS {kind}_rows" for kind in kinds)
    return (
        f"SELECT batch_id, {sums} FROM ({' UNION ALL '.join(selects)}) GROUP BY batch_id "
        "HAVING landed_rows != accepted_rows + open_rows + discarded_rows OR sum(hashes) != 0 ORDER BY batch_id"
    )


def main() -> None:
    """Measure and print a table."""
    arguments = _arguments()
    configure_logging("WARNING", "console")
    known = dimensions()
    with new_trade_engine(known) as engine:
        _fill(engine.client, known, arguments.rows)
        looks = {
            "orphans of 4 IDs, dictHas": (orphans_sql(known, "fct_trades"), _has_orphans),
            "orphans of 4 IDs, NOT IN": (anti_join_sql(known, "fct_trades"), _has_orphans),
            "reconciliation, counts": (reconciliation_sql(), _has_broken_batches),
            "the same and row numbers": (reconciliation_sql(with_row_numbers=True), _has_broken_batches),
        }
        seconds: dict[str, list[float]] = {name: [] for name in looks}
        for number in range(arguments.rounds + 1):
            for name, (sql, is_right) in looks.items():
                taken = _look(engine.client, sql, is_right)
                if number:
                    seconds[name].append(taken)
    lines = [
        (name, f"{median(taken) * 1e3:,.0f}", f"{min(taken) * 1e3:,.0f}-{max(taken) * 1e3:,.0f}")
        for name, taken in seconds.items()
    ]
    show(f"{arguments.rows:,} landed rows of {_BATCHES:,} batches", ("look", "ms", "range"), lines)


def _fill(client: Client, known: Sequence[Dimension], rows: int) -> None:
    for sql in _TABLES:
        client.command(sql)
    lineage = _LINEAGE.format(batches=_BATCHES, rows=rows)
    ids = ", ".join(
        f"if(number IN ({', '.join(str(600 + 1_000 * each) for each in range(_ORPHANS))}), 4000000, "
        f"toUInt32(1 + cityHash64(number, '{each.name}') % {len(each.codes)})) AS {each.name}_id"
        for each in known
    )
    names = ", ".join(f"{each.name}_id" for each in known)
    away = f"{_PLACE} IN ({', '.join(map(str, (*_OPEN, _DISCARDED)))})"
    lost = ", ".join(str(500 + 1_000 * (rows // 1_000 * each // _LOST)) for each in range(_LOST))
    time = "toDateTime64('2026-11-16', 6, 'UTC') + number / 100"
    for part in range(_PARTS):
        begin, end = (rows * each // _PARTS for each in (part, part + 1))
        numbers = f"numbers({begin}, {end - begin})"
        for sql in (
            f"INSERT INTO landing SELECT {lineage}, toString(number % 100000) FROM {numbers}",
            f"INSERT INTO fct_trades ({names}, trade_time, batch_id, row_number) "
            f"SELECT {ids}, {time}, {lineage} FROM {numbers} WHERE NOT ({away}) AND number NOT IN ({lost})",
            f"INSERT INTO quarantine SELECT {lineage}, 1, 4 FROM {numbers} "
            f"WHERE {_PLACE} IN ({', '.join(map(str, (*_OPEN, _RESOLVED_LATER)))})",
            f"INSERT INTO quarantine SELECT {lineage}, 2, 0 FROM {numbers} WHERE {_PLACE} = {_RESOLVED_LATER}",
            f"INSERT INTO discarded SELECT {lineage} FROM {numbers} WHERE {_PLACE} = {_DISCARDED}",
        ):
            client.command(sql)


def _look(client: Client, sql: str, is_right: Callable[[Sequence[Sequence[int]]], bool]) -> float:
    found: list[Sequence[int]] = []
    seconds = timed(lambda: found.extend(client.query(sql).result_rows))
    if not is_right(found):
        raise RuntimeError(f"{sql} gives {found[:10]}")
    return seconds


def _has_orphans(found: Sequence[Sequence[int]]) -> bool:
    ((rows, *orphans),) = found
    return rows > 0 and set(orphans) == {_ORPHANS}


def _has_broken_batches(found: Sequence[Sequence[int]]) -> bool:
    return len(found) == _LOST


def _arguments() -> argparse.Namespace:
    takes = parser_of_engine("scans", (__doc__ or "").partition("\n\n")[0])
    takes.prog = "python -m benchmarks.validated_load.scans"
    takes.add_argument("--rows", type=int, default=5_000_000, metavar="N", help="landed rows")
    takes.add_argument("--rounds", type=int, default=9, metavar="N", help="rounds, after one that does not count")
    return takes.parse_args()


if __name__ == "__main__":
    main()
