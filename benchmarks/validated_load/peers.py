"""The same load in DuckDB, with primary and foreign keys."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from benchmarks.identity.setting import timed
from benchmarks.validated_load.data import SIDES, Dimension, Files
from benchmarks.validated_load.setting import Outcome, Taken, grown, new_process

FACT_COLUMNS: Final = (
    "trade_time timestamp, instrument_id integer REFERENCES dim_instrument, venue_id integer REFERENCES dim_venue, "
    "currency_id integer REFERENCES dim_currency, product_type_id integer REFERENCES dim_product_type, "
    f"side text CHECK (side IN {SIDES}), price double precision, quantity double precision"
)
RAW_COLUMNS: Final = ("trade_time", "symbol", "venue", "currency", "product_type", "side", "price", "quantity")

_STAGED: Final = "CREATE TEMP TABLE staging AS SELECT * FROM {source}"
_COUNTS: Final = "SELECT (SELECT count(*) FROM fct_trades), (SELECT count(*) FROM rejected)"

# In the process of DuckDB only.
_opened: dict[str, Any] = {}


@dataclass
class DuckDbWay:
    """DuckDB on a file, in a process of its own, where the load runs without any client."""

    name: str
    rows: int
    process: ProcessPoolExecutor
    pid: int
    statements: Sequence[str]

    def load(self) -> Taken:
        """See Way."""
        self.clear()
        seconds, megabytes = grown(self.pid, lambda: self.process.submit(load_in_process, self.statements).result())
        return Taken(seconds, megabytes, None)

    def outcome(self) -> Outcome:
        """See Way."""
        return Outcome(*self.process.submit(counts_in_process).result())

    def clear(self) -> None:
        """See Way."""
        self.process.submit(clear_in_process).result()


@contextmanager
def new_duckdb(known: Sequence[Dimension]) -> Iterator[Callable[[Files, str], list[DuckDbWay]]]:
    """DuckDB on a file that is gone afterwards; gives its ways for files and a format."""
    with TemporaryDirectory(prefix="benchmark-duckdb-") as name:
        path = str(Path(name) / "trades.duckdb")
        with new_process(open_in_process, path, known) as process:
            pid = process.submit(getpid).result()

            def ways(files: Files, input_format: str) -> list[DuckDbWay]:
                resolved, raw = (f"'{each[input_format]}'" for each in (files.resolved, files.raw))
                title = f"DuckDB {duckdb.__version__}, 4 foreign keys"
                return [
                    DuckDbWay(
                        f"{title}, resolved IDs", files.rows, process, pid, [f"INSERT INTO fct_trades FROM {resolved}"]
                    ),
                    DuckDbWay(f"{title}, joins, anti-join", files.rows, process, pid, joined_sql(raw, known)),
                ]

            yield ways
            process.submit(close_in_process).result()


def joined_sql(source: str, known: Sequence[Dimension]) -> list[str]:
    """The statements that load the vendor's file: rows with known codes into the fact, the others aside."""
    joins = " ".join(f"JOIN dim_{each.name} ON dim_{each.name}.code = staging.{each.column}" for each in known)
    unknown = " OR ".join(f"{each.column} NOT IN (SELECT code FROM dim_{each.name})" for each in known)
    ids = ", ".join(f"{each.name}_id" for each in known)
    return [
        _STAGED.format(source=source),
        f"INSERT INTO fct_trades SELECT trade_time, {ids}, side, price, quantity FROM staging {joins}",
        f"INSERT INTO rejected SELECT {', '.join(RAW_COLUMNS)} FROM staging WHERE {unknown}",
    ]


def open_in_process(path: str, known: Sequence[Dimension]) -> None:
    """Open the file and fill the dimensions; runs in the process of DuckDB, as do all below."""
    _opened["connection"] = duckdb.connect(path)
    _run("SET enable_progress_bar = false")
    for each in known:
        _run(f"CREATE TABLE dim_{each.name} ({each.name}_id integer PRIMARY KEY, code text NOT NULL UNIQUE)")
        _run(
            f"INSERT INTO dim_{each.name} SELECT row_number() OVER (), code FROM (SELECT unnest(?) AS code)",
            list(each.codes),
        )


def close_in_process() -> None:
    """Close it."""
    _opened["connection"].close()


def clear_in_process() -> None:
    """New empty tables."""
    for table in ("staging", "fct_trades", "rejected"):
        _run(f"DROP TABLE IF EXISTS {table}")
    _run(f"CREATE TABLE fct_trades ({FACT_COLUMNS})")
    _run(f"CREATE TABLE rejected ({', '.join(f'{column} text' for column in RAW_COLUMNS)})")
    _run("CHECKPOINT")


def load_in_process(statements: Sequence[str]) -> float:
    """Seconds of the statements, and of writing to the file what they left in the log."""
    return timed(lambda: _run("; ".join((*statements, "CHECKPOINT"))))


def counts_in_process() -> tuple[int, int]:
    """Rows accepted and rejected."""
    accepted, rejected = _opened["connection"].execute(_COUNTS).fetchall()[0]
    return int(accepted), int(rejected)


def _run(statement: str, *parameters: object) -> None:
    _opened["connection"].execute(statement, list(parameters))
