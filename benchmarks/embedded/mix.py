"""A mix of requests that many clients make at once, and what became of it; used by the benchmark and by a test.

Each client has a door of its own to the engine. Its inserts carry ids that no other insert has, so that a lost or a
doubled row shows at the end.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any, Final, Protocol
from urllib.parse import quote

from benchmarks.embedded.setting import ask

_TABLE: Final = "load"
_ROWS: Final = 1_000_000
_ROWS_OF_AN_INSERT: Final = 100
_IDS_OF_A_CLIENT: Final = 10**12
# The client that the selects read from; the others are numbered from 0.
_NOBODY: Final = 1_000_000

# Of a hundred requests.
_WEIGHTS: Final = {
    "select 1": 30,
    "select 10 rows": 20,
    "select 1,000 rows": 15,
    "select 100,000 rows": 5,
    "aggregate": 10,
    "insert 100 rows": 20,
}
_INSERT: Final = "insert 100 rows"


class Door(Protocol):
    """A client's way to the engine."""

    def ask(self, sql: str) -> bytes:
        """The whole answer. Raises an exception for anything but success."""

    def close(self) -> None:
        """Leave."""


class HttpDoor:
    """A kept-alive connection.

    Args:
        session_id: of the session that all requests belong to; none if not given.
    """

    def __init__(self, connection: HTTPConnection, session_id: str | None = None) -> None:
        self._connection = connection
        self._target = "/" if session_id is None else f"/?session_id={quote(session_id)}"

    def ask(self, sql: str) -> bytes:
        """See Door."""
        return ask(self._connection, sql, self._target)

    def close(self) -> None:
        """See Door."""
        self._connection.close()


class ChdbDoor:
    """A handle in this process."""

    def __init__(self, handle: Any) -> None:  # noqa: ANN401  chdb has no types
        self._handle = handle

    def ask(self, sql: str) -> bytes:
        """See Door."""
        return bytes(self._handle.query(sql, "TabSeparated").bytes())

    def close(self) -> None:
        """See Door."""
        self._handle.close()


@dataclass
class Outcome:
    """What clients did.

    Attributes:
        seconds: of each request that succeeded, by kind.
        inserted: numbers of the acknowledged inserts; each stands for a hundred ids.
        errors: one line for each request that failed or gave another number of rows.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    inserted: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count another client's too."""
        for kind, seconds in other.seconds.items():
            self.seconds.setdefault(kind, []).extend(seconds)
        self.inserted += other.inserted
        self.errors += other.errors


def prepare(door: Door) -> None:
    """Make the table, with a million rows to select from."""
    door.ask(
        f"CREATE OR REPLACE TABLE {_TABLE} (id UInt64, client UInt32, price Float64, note String) "
        "ENGINE = MergeTree ORDER BY (client, id)"
    )
    door.ask(f"INSERT INTO {_TABLE} SELECT number, {_NOBODY}, number / 7, toString(number) FROM numbers({_ROWS})")


def run_mix(new_door: Callable[[], Door], clients: int, seconds: float) -> Outcome:
    """Let clients make requests for that long, one after the other each; what all of them did."""
    barrier = threading.Barrier(clients)
    total = Outcome()

    def work(client: int) -> Outcome:
        with closing(new_door()) as door:
            barrier.wait()
            return _work(door, client, time.monotonic() + seconds)

    with ThreadPoolExecutor(clients) as pool:
        for outcome in pool.map(work, range(clients)):
            total.add(outcome)
    return total


def lost_or_doubled(door: Door, outcome: Outcome) -> list[str]:
    """One line for each insert whose rows are not all there once, or are there and were not acknowledged."""
    sql = (
        f"SELECT intDiv(id, {_ROWS_OF_AN_INSERT}) AS batch, count(), uniqExact(id) FROM {_TABLE} "
        f"WHERE client != {_NOBODY} GROUP BY batch"
    )
    found = dict.fromkeys(outcome.inserted, "no row")
    for batch, rows, ids in (line.split() for line in door.ask(sql).splitlines()):
        found[int(batch)] = f"{int(rows)} rows with {int(ids)} ids"
    whole = f"{_ROWS_OF_AN_INSERT} rows with {_ROWS_OF_AN_INSERT} ids"
    wrong = {batch for batch, what in found.items() if what != whole} | (found.keys() - set(outcome.inserted))
    return [f"insert {batch}: {found[batch]}" for batch in sorted(wrong)]


def _work(door: Door, client: int, deadline: float) -> Outcome:
    outcome = Outcome()
    choose = random.Random(client)
    batches = itertools.count(client * _IDS_OF_A_CLIENT // _ROWS_OF_AN_INSERT)
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    while time.monotonic() < deadline:
        kind = choose.choices(kinds, weights)[0]
        batch = next(batches) if kind == _INSERT else None
        sql, lines = _statement(kind, client, batch, choose)
        began = time.perf_counter()
        try:
            answer = door.ask(sql)
        except Exception as error:
            outcome.errors.append(f"{kind}: {error!r}")
            continue
        outcome.seconds.setdefault(kind, []).append(time.perf_counter() - began)
        if answer.count(b"\n") != lines:
            outcome.errors.append(f"{kind}: {len(answer.splitlines())} rows in place of {lines}")
        if batch is not None:
            outcome.inserted.append(batch)
    return outcome


def _statement(kind: str, client: int, batch: int | None, choose: random.Random) -> tuple[str, int]:
    """The SQL, and how many lines it answers."""
    if kind == "select 1":
        return "SELECT 1", 1
    if kind == "aggregate":
        return f"SELECT id % 7 AS k, count(), avg(price) FROM {_TABLE} WHERE client = {_NOBODY} GROUP BY k", 7
    if batch is not None:
        ids = range(batch * _ROWS_OF_AN_INSERT, (batch + 1) * _ROWS_OF_AN_INSERT)
        rows = ", ".join(f"({number}, {client}, {number}.5, 'note of {number}')" for number in ids)
        return f"INSERT INTO {_TABLE} VALUES {rows}", 0
    rows_asked = int(kind.split()[1].replace(",", ""))
    first = choose.randrange(_ROWS - rows_asked)
    where = f"client = {_NOBODY} AND id >= {first}"
    return f"SELECT * FROM {_TABLE} WHERE {where} ORDER BY client, id LIMIT {rows_asked}", rows_asked
