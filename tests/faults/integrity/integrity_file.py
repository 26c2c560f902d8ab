"""A file of three chunks for tests of a single story, clients that are interrupted, and the last judgement of it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count
from pathlib import Path

from clickhouse_connect.driver.client import Client
from integrity_faults import Fault, FaultyPool, Kind, Of
from integrity_judge import (
    places_of,
    require_consistent_trail,
    require_exactly,
    require_landed,
    require_never_broken,
    require_no_orphans,
    require_reconciled,
)
from integrity_rows import Row, late_codes
from integrity_world import FEED, World

from orchestrator.warehouse.client import connect

CHUNK_ROWS = 10
_numbers = count(1)


class File:
    """Three chunks of rows; the last row of each repeats its first.

    Attributes:
        late: the two codes of its own that nobody knows yet.
    """

    def __init__(
        self, folder: Path, kinds: str = "good late good good bad good later good good", years: int = 3
    ) -> None:
        self.number = next(_numbers)
        self.late = late_codes(self.number)
        codes = {"late": self.late[0], "later": self.late[1]}
        self.rows: list[Row] = []
        for chunk in range(3):
            for at, kind in enumerate(kinds.split()):
                value = f"{'bad' * (kind == 'bad')}{self.number}.{chunk}{at}"
                self.rows.append(Row(2005 + at % years, codes.get(kind, "AAPL"), value))
            if len(kinds.split()) < CHUNK_ROWS:
                self.rows.append(replace(self.rows[chunk * CHUNK_ROWS], is_repeated=True))
        self.path = folder / f"{self.number}.csv"
        lines = [",".join(FEED.columns), *(",".join(row.cells) for row in self.rows)]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def new_client(world: World) -> Client:
    """Somebody else's client."""
    return connect(world.settings, database=world.settings.clickhouse_database)


def interrupted_client(world: World, at: int, event: Callable[[], None]) -> Client:
    """A client that has something happen before its `at`-th statement that writes rows of the feed."""
    client = new_client(world)
    pool = FaultyPool(Fault(Kind.HAPPENS, at, Of.PLACING), world.kill_engine, world.start_engine)
    pool.happening = event
    client.http = pool
    return client


def require_all_in_place(world: World, batch_id: int, file: File, taught: Collection[str]) -> None:
    """Every row of the file is where it belongs, and nothing else is wrong in the database."""
    counted = require_never_broken(world.client)
    require_no_orphans(world.client)
    require_landed(world.client, batch_id, file.rows)
    require_exactly(file.rows, places_of(world.client, batch_id, file.rows), taught, ())
    require_consistent_trail(world.client, batch_id, len(file.rows))
    require_reconciled(world.client, counted)
