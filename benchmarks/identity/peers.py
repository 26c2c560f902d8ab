"""The ways of `append` in PostgreSQL and DuckDB: primary key, natural key unique, the same statement and keys."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from os import getpid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, LiteralString

import duckdb
import psycopg

from benchmarks.identity.postgres import Cluster
from benchmarks.identity.setting import Measured, timed, watched

_LANDING: Final = "CREATE TABLE landing (instrument text, name text, row_number bigint)"
_DIMENSION: Final = (
    "CREATE TABLE dim_instrument (instrument_id integer PRIMARY KEY, code text NOT NULL UNIQUE, name text, "
    "is_active boolean, version integer, valid_from timestamp, recorded_at timestamp, batch_id bigint)"
)
_MINT: Final = (
    "INSERT INTO dim_instrument SELECT (SELECT coalesce(max(instrument_id), 0) FROM dim_instrument) "
    "+ row_number() OVER (ORDER BY first_landed, code), code, name, true, 1, current_timestamp, current_timestamp, 0 "
    "FROM (SELECT trim(instrument) AS code, max(trim(name)) AS name, min(row_number) AS first_landed FROM landing "
    "GROUP BY trim(instrument)) AS staged "
    "WHERE NOT EXISTS (SELECT 1 FROM dim_instrument WHERE dim_instrument.code = staged.code)"
)
_KEEP: Final = "CREATE TABLE kept AS SELECT * FROM dim_instrument"
_RESTORE: Final = "INSERT INTO dim_instrument SELECT * FROM kept"
_COUNTS: Final = "SELECT count(*), count(DISTINCT instrument_id), max(instrument_id) FROM dim_instrument"

# In the process of DuckDB only.
_opened: dict[str, Any] = {}


def _land(numbers: LiteralString) -> LiteralString:
    return "INSERT INTO landing SELECT substr(md5(CAST(n AS text)), 1, 16), concat('Name of ', n), n FROM " + numbers


@dataclass
class PostgresWay:
    """One transaction of a session of its own, from BEGIN to COMMIT."""

    cluster: Cluster

    def load(self, base: int, new: int) -> None:
        """The first keys are minted by the statement itself, and kept aside."""
        with self._connect() as connection:
            connection.execute("DROP TABLE IF EXISTS landing, dim_instrument, kept")
            connection.execute(_LANDING)
            connection.execute(_DIMENSION)
            connection.execute(_land("generate_series(0, %s - 1) AS g(n)"), [base])
            connection.execute(_MINT)
            connection.execute(_KEEP)
            connection.execute(_land("generate_series(%s, %s - 1) AS g(n)"), [base, base + new])
            connection.execute("VACUUM ANALYZE landing")

    def reset(self) -> None:
        """A new table with new indexes, and nothing left to write for the checkpointer."""
        with self._connect() as connection:
            connection.execute("DROP TABLE dim_instrument")
            connection.execute(_DIMENSION)
            connection.execute(_RESTORE)
            connection.execute("VACUUM ANALYZE dim_instrument")
            connection.execute("CHECKPOINT")

    def append(self) -> dict[str, Measured]:
        """Seconds of the statement; memory of the cluster's processes together, its shared buffers once for each."""
        with self._connect() as connection:
            seconds, megabytes = watched(
                self.cluster.pid, lambda: timed(lambda: connection.execute(_MINT)), with_children=True
            )
        return {f"PostgreSQL {self.cluster.version}": Measured(seconds, megabytes)}

    def counts(self) -> tuple[int, int, int]:
        """As of the dimension."""
        with self._connect() as connection:
            rows, ids, highest = connection.execute(_COUNTS).fetchall()[0]
        return int(rows), int(ids), int(highest)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.cluster.conninfo, autocommit=True)


@dataclass
class DuckDbWay:
    """DuckDB on a file, in a process of its own, where the statement runs without any client."""

    process: ProcessPoolExecutor
    pid: int

    def load(self, base: int, new: int) -> None:
        """As in PostgreSQL."""
        self.process.submit(load_in_process, base, new).result()

    def reset(self) -> None:
        """As in PostgreSQL."""
        self.process.submit(reset_in_process).result()

    def append(self) -> dict[str, Measured]:
        """Seconds of the statement, memory of the process."""
        seconds, megabytes = watched(self.pid, lambda: self.process.submit(append_in_process).result())
        return {f"DuckDB {duckdb.__version__}": Measured(seconds, megabytes)}

    def counts(self) -> tuple[int, int, int]:
        """As of the dimension."""
        return self.process.submit(counts_in_process).result()


@contextmanager
def new_duckdb() -> Iterator[DuckDbWay]:
    """DuckDB on a file that is gone afterwards."""
    with TemporaryDirectory(prefix="benchmark-duckdb-") as name:
        process = ProcessPoolExecutor(
            1, get_context("spawn"), initializer=open_in_process, initargs=(str(Path(name) / "identity.duckdb"),)
        )
        try:
            yield DuckDbWay(process, process.submit(getpid).result())
        finally:
            process.submit(close_in_process).result()
            process.shutdown()


def open_in_process(path: str) -> None:
    """Open the file; runs in the process of DuckDB, as do all below."""
    _opened["connection"] = duckdb.connect(path)
    _run("SET enable_progress_bar = false")


def close_in_process() -> None:
    """Close it."""
    _opened["connection"].close()


def load_in_process(base: int, new: int) -> None:
    """`DuckDbWay.load`."""
    for table in ("landing", "dim_instrument", "kept"):
        _run(f"DROP TABLE IF EXISTS {table}")
    _run(_LANDING)
    _run(_DIMENSION)
    _run(_land("range(?) AS g(n)"), base)
    _run(_MINT)
    _run(_KEEP)
    _run(_land("range(?, ?) AS g(n)"), base, base + new)
    _run("CHECKPOINT")


def reset_in_process() -> None:
    """`DuckDbWay.reset`."""
    _run("DROP TABLE dim_instrument")
    _run(_DIMENSION)
    _run(_RESTORE)
    _run("CHECKPOINT")


def append_in_process() -> float:
    """Seconds of the statement."""
    return timed(lambda: _run(_MINT))


def counts_in_process() -> tuple[int, int, int]:
    """Rows, IDs and the highest ID."""
    rows, ids, highest = _opened["connection"].execute(_COUNTS).fetchall()[0]
    return int(rows), int(ids), int(highest)


def _run(statement: str, *parameters: int) -> None:
    _opened["connection"].execute(statement, list(parameters))
