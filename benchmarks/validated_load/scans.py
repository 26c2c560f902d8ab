"""Two looks at everything: facts whose IDs no dimension has, and batches whose rows are not all in one place.

They are the project's own `find_orphans` and `reconcile_feed`, on the tables of a declared feed; only the fact has no
constraints here, so that orphans could be planted. Some batches have lost a row, too. Each look has to find them. They
take turns in rounds, after one that does not count; the tables are in several parts.
"""

import argparse
from collections.abc import Callable
from statistics import median
from typing import Final

from clickhouse_connect.driver.client import Client

from benchmarks.embedded.setting import parser as parser_of_engine
from benchmarks.embedded.setting import show
from benchmarks.identity.setting import timed
from benchmarks.validated_load.data import Dimension, dimensions
from benchmarks.validated_load.ours import declared_trades, operations
from benchmarks.validated_load.setting import DATABASE, new_trade_engine
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT
from orchestrator.helpers import configure_logging
from orchestrator.scaffold.feed_chain import chain_of
from orchestrator.warehouse.reconciliation import ROWS_MISSING, find_orphans, reconcile_feed

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
_BY_JOINS: Final = "the same by NOT IN the dimensions"


def main() -> None:
    """Measure and print a table."""
    arguments = _arguments()
    configure_logging("WARNING", "console")
    known = dimensions()
    feed = declared_trades(known)
    with new_trade_engine(known) as engine:
        client = engine.client
        _fill(client, feed, known, arguments.rows)
        looks: dict[str, Callable[[], bool]] = {
            f"orphans of {len(known)} foreign keys, one scan": lambda: _finds_orphans(client, feed),
            _BY_JOINS: lambda: _finds_orphans_by_joins(client, known),
            f"reconciliation of {_BATCHES:,} batches": lambda: _finds_broken_batches(client, feed),
        }
        seconds: dict[str, list[float]] = {name: [] for name in looks}
        for number in range(arguments.rounds + 1):
            for name, look in looks.items():
                taken = timed(lambda look=look, name=name: _require(look(), name))  # type: ignore[misc]
                if number:
                    seconds[name].append(taken)
    lines = [
        (name, f"{median(taken) * 1e3:,.0f}", f"{min(taken) * 1e3:,.0f}-{max(taken) * 1e3:,.0f}")
        for name, taken in seconds.items()
    ]
    show(f"{arguments.rows:,} landed rows", ("look", "ms", "range"), lines)


def _fill(client: Client, feed: Feed, known: tuple[Dimension, ...], rows: int) -> None:
    for sql in (*operations(), *_tables(feed)):
        client.command(sql)
    lineage = _LINEAGE.format(batches=_BATCHES, rows=rows)
    ids = ", ".join(
        f"if(number IN ({', '.join(str(600 + 1_000 * each) for each in range(_ORPHANS))}), 4000000, "
        f"toUInt32(1 + cityHash64(number, '{each.name}') % {len(each.codes)})) AS {column.id}"
        for each, column in zip(known, feed.codes, strict=True)
    )
    names = ", ".join(column.id for column in feed.codes)
    away = f"{_PLACE} IN ({', '.join(map(str, (*_OPEN, _DISCARDED)))})"
    lost = ", ".join(str(500 + 1_000 * (rows // 1_000 * each // _LOST)) for each in range(_LOST))
    time = "toDateTime64('2026-11-16', 6, 'UTC') + number / 100"
    log = "INSERT INTO quarantine_trades (batch_id, row_number, attempt, reason_mask)"
    for part in range(_PARTS):
        begin, end = (rows * each // _PARTS for each in (part, part + 1))
        numbers = f"numbers({begin}, {end - begin})"
        for sql in (
            f"INSERT INTO landing_trades (batch_id, row_number, symbol) "
            f"SELECT {lineage}, toString(number % 100000) FROM {numbers}",
            f"INSERT INTO fct_trades ({names}, trade_time, side, batch_id, row_number) "
            f"SELECT {ids}, {time}, 'buy', {lineage} FROM {numbers} WHERE NOT ({away}) AND number NOT IN ({lost})",
            f"{log} SELECT {lineage}, 1, 4 FROM {numbers} WHERE {away} OR {_PLACE} = {_RESOLVED_LATER}",
            f"{log} SELECT {lineage}, 2, 0 FROM {numbers} WHERE {_PLACE} = {_RESOLVED_LATER}",
            f"{log} SELECT {lineage}, 2, bitShiftLeft(toUInt64(1), {DISCARDED_BIT}) FROM {numbers} "
            f"WHERE {_PLACE} = {_DISCARDED}",
        ):
            client.command(sql)
    client.command(
        "INSERT INTO ops_batches (batch_id, feed, state, source_file, rows_landed, recorded_at) "
        "SELECT batch_id, 'trades', 'committed', 'trades.csv', count(), now64(6) FROM landing_trades GROUP BY batch_id"
    )


def _tables(feed: Feed) -> list[str]:
    """Landing, fact and quarantine as declared, in the database of the dimensions; the fact without constraints."""
    made = []
    for name, statement in chain_of(feed).items():
        if name in {feed.landing, feed.fact, feed.quarantine}:
            lines = [line for line in statement.splitlines() if "CONSTRAINT" not in line]
            made.append("\n".join(lines).replace(",\n)", "\n)"))
    filled = (sql.replace("${DATABASE}", DATABASE).replace("${ON_CLUSTER}", "") for sql in made)
    return [sql.replace("${REPLICATED}", "") for sql in filled]


def _require(found: bool, name: str) -> None:
    if not found:
        raise RuntimeError(f"{name}: not what was planted")


def _finds_orphans(client: Client, feed: Feed) -> bool:
    scanned, orphans = find_orphans(client, feed)
    return scanned > 0 and set(orphans.values()) == {_ORPHANS}


def _finds_orphans_by_joins(client: Client, known: tuple[Dimension, ...]) -> bool:
    counts = ", ".join(
        f"countIf({'symbol' if each.name == 'instrument' else each.name}_id "
        f"NOT IN (SELECT {each.name}_id FROM {DATABASE}.dim_{each.name}))"
        for each in known
    )
    ((rows, *orphans),) = client.query(f"SELECT count(), {counts} FROM fct_trades").result_rows
    return rows > 0 and set(orphans) == {_ORPHANS}


def _finds_broken_batches(client: Client, feed: Feed) -> bool:
    balance = reconcile_feed(client, feed)
    verdicts = {batch.verdict for batch in balance.wrong}
    return balance.batches == _BATCHES and len(balance.wrong) == _LOST and verdicts == {ROWS_MISSING}


def _arguments() -> argparse.Namespace:
    takes = parser_of_engine("scans", (__doc__ or "").partition("\n\n")[0])
    takes.prog = "python -m benchmarks.validated_load.scans"
    takes.add_argument("--rows", type=int, default=5_000_000, metavar="N", help="landed rows")
    takes.add_argument("--rounds", type=int, default=9, metavar="N", help="rounds, after one that does not count")
    return takes.parse_args()


if __name__ == "__main__":
    main()
