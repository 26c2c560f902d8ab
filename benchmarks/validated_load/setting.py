"""What the ways have in common: an engine with the dimensions, and a client in a process of its own."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPException
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from benchmarks.embedded.setting import new_connection, new_engine
from benchmarks.identity.setting import timed, watched
from benchmarks.validated_load.data import CSV, Dimension
from orchestrator.constants import LOOPBACK
from orchestrator.helpers import configure_logging

_T = TypeVar("_T")

DATABASE: Final = "dimensions"
INPUT_FORMATS: Final = {CSV: "CSVWithNames", "parquet": "Parquet"}


@dataclass(frozen=True)
class Address:
    """How a client reaches the tables of its way."""

    port: int
    database: str

    def client(self) -> Client:
        """A client that compresses nothing: it works on the same machine."""
        return clickhouse_connect.get_client(
            host=LOOPBACK, port=self.port, database=self.database, autogenerate_session_id=False, compress=False
        )


@dataclass(frozen=True)
class Taken:
    """What one load took.

    Attributes:
        seconds: wall time.
        engine_megabytes: the most that the engine held, over what it held before; in a way's first load without what
            its allocator has in store.
        client_megabytes: the same of the client's process; None where engine and client are one.
    """

    seconds: float
    engine_megabytes: float
    client_megabytes: float | None


@dataclass(frozen=True)
class Outcome:
    """What a load left behind.

    Attributes:
        accepted: rows of the fact.
        rejected: rows kept aside; 0 where none are.
        fingerprint: a sum over the fact's rows that is the same wherever they are; None where it cannot be told.
    """

    accepted: int
    rejected: int
    fingerprint: int | None = None


class Way(Protocol):
    """A way to load the trades.

    Attributes:
        name: as the tables show it.
        rows: how many it loads.
    """

    name: str
    rows: int

    def load(self) -> Taken:
        """Load into new tables."""

    def outcome(self) -> Outcome:
        """What the last load left behind."""

    def clear(self) -> None:
        """Remove what all loads left behind."""


@dataclass(frozen=True)
class Engine:
    """An engine with the dimensions, their dictionaries by ID and those by code, in the database `dimensions`."""

    port: int
    pid: int
    client: Client

    def give_memory_back(self) -> None:
        """Have the allocator return what it holds in store, so that a peak is that of what comes next."""
        self.client.command("SYSTEM JEMALLOC PURGE")


@dataclass
class EngineWay:
    """A way to load into the engine.

    Attributes:
        name, rows: see Way.
        engine: where to.
        tables: the statements that make its tables, which have no database in their names.
        run: the load, called in a client's process of its own.
        outcome_sql: gives accepted, rejected and perhaps the fingerprint; None where nothing is kept.
    """

    name: str
    rows: int
    engine: Engine
    tables: Sequence[str]
    run: Callable[[Address], None]
    outcome_sql: str | None
    _databases: list[str] = field(default_factory=list)
    _has_loaded: bool = False

    def load(self) -> Taken:
        """See Way. A load has a database of its own, without merges: they would go on into the next one's turn."""
        address = self._new_database()
        with new_process(configure_logging, "WARNING", "console") as client:
            client.submit(call_in_process, _nothing, self.run).result()
            pid = client.submit(os.getpid).result()
            if not self._has_loaded:
                self.engine.give_memory_back()
            self._has_loaded = True
            (seconds, ours), theirs = grown(
                self.engine.pid, lambda: grown(pid, lambda: client.submit(time_in_process, self.run, address).result())
            )
        return Taken(seconds, theirs, ours)

    def outcome(self) -> Outcome:
        """See Way."""
        if self.outcome_sql is None:
            return Outcome(0, 0)
        client = Address(self.engine.port, self._databases[-1]).client()
        (row,) = client.query(self.outcome_sql).result_rows
        return Outcome(*map(int, row))

    def clear(self) -> None:
        """See Way. Not before each load: for a minute ext4 looks again at inodes of removed files, which takes time."""
        while self._databases:
            self.engine.client.command(f"DROP DATABASE {self._databases.pop()} SYNC")

    def _new_database(self) -> Address:
        database = f"way_{id(self)}_{len(self._databases)}"
        self.engine.client.command(f"CREATE DATABASE {database}")
        self._databases.append(database)
        address = Address(self.engine.port, database)
        client = address.client()
        for sql in self.tables:
            client.command(sql)
        for (table,) in client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows:
            client.command(f"SYSTEM STOP MERGES {table}")
        return address


@contextmanager
def new_trade_engine(known: Sequence[Dimension]) -> Iterator[Engine]:
    """An engine of its own that knows the dimensions, gone afterwards."""
    with new_engine() as state:
        Address(state.port, "default").client().command(f"CREATE DATABASE {DATABASE}")
        client = Address(state.port, DATABASE).client()
        for each in known:
            for sql in _dimension_sql(each.name):
                client.command(sql)
            rows = [[number, code] for number, code in enumerate(each.codes, start=1)]
            client.insert(f"dim_{each.name}", rows, column_names=[f"{each.name}_id", "code"])
            for dictionary in (f"dict_{each.name}", f"dict_{each.name}_ids"):
                client.command(f"SYSTEM RELOAD DICTIONARY {dictionary}")
        yield Engine(state.port, state.pid, client)


@contextmanager
def new_process(
    initializer: Callable[..., object] | None = None,
    *arguments: Any,  # noqa: ANN401  that is what is passed on
) -> Iterator[ProcessPoolExecutor]:
    """A process that does what is submitted, one call after the other."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=initializer, initargs=arguments) as process:
        yield process


def grown(pid: int, run: Callable[[], _T], *, with_children: bool = False) -> tuple[_T, float]:
    """What `run` gives, and the most megabytes that a process held while it ran, over what it held before."""
    _, before = watched(pid, lambda: None, with_children=with_children)
    outcome, highest = watched(pid, run, with_children=with_children)
    return outcome, highest - before


def post(address: Address, sql: str, path: Path | None = None, **settings: object) -> None:
    """A statement in one request, its data from a file. Raises HTTPException for anything but a 200."""
    parameters = {"database": address.database, "query": sql, "async_insert": 0, **settings}
    connection = new_connection(address.port)
    with path.open("rb") if path else nullcontext() as body:
        connection.request("POST", f"/?{urlencode(parameters)}", body or b"")
        response = connection.getresponse()
        answer = response.read()
    connection.close()
    if response.status != 200:
        raise HTTPException(answer.decode(errors="replace"))


def call_in_process(function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401  that is what is passed on
    """`function(*arguments)`; submitting it imports what they need."""
    return function(*arguments)


def time_in_process(run: Callable[[Address], None], address: Address) -> float:
    """Seconds of a load, without starting the process."""
    return timed(lambda: run(address))


def _nothing(_argument: object) -> None:
    return


def _dimension_sql(name: str) -> tuple[str, ...]:
    return (
        f"CREATE TABLE dim_{name} ({name}_id UInt32, code String) ENGINE = MergeTree ORDER BY {name}_id",
        f"CREATE DICTIONARY dict_{name} ({name}_id UInt64, code String DEFAULT '') PRIMARY KEY {name}_id "
        f"SOURCE(CLICKHOUSE(QUERY 'SELECT {name}_id, code FROM {DATABASE}.dim_{name}')) "
        "LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000)) LIFETIME(MIN 300 MAX 360)",
        f"CREATE DICTIONARY dict_{name}_ids (code String, {name}_id UInt32 DEFAULT 0) PRIMARY KEY code "
        f"SOURCE(CLICKHOUSE(QUERY 'SELECT code, {name}_id FROM {DATABASE}.dim_{name}')) "
        "LAYOUT(COMPLEX_KEY_HASHED_ARRAY()) LIFETIME(MIN 300 MAX 360)",
    )
