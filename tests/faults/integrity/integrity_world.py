"""A database that many stories use one after the other, and operations on it that are disturbed in a process of their own."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from multiprocessing.connection import Connection

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from integrity_faults import Fault, FaultyPool
from integrity_rows import id_of
from known_codes import KNOWN, reload_dictionaries, teach_codes

from orchestrator.embedded import engine_state
from orchestrator.exceptions import TouchstoneError
from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import apply_migrations

FEED = get_feed("observations")
DONE = "done"
KILLED = "killed"
CODES = "dict_instrument_ids"
INSTRUMENTS = "dict_instrument"
REFUSAL = "refuses_for_a_while"
DEADLINE_SECONDS = 60
PATIENCE_SECONDS = 5.0
# how long an operation waits for what somebody else does meanwhile, who may wait for the operation itself
_MEANWHILE_SECONDS = 0.3


@dataclass(frozen=True)
class Outcome:
    """How an operation in a process of its own ended: `done`, `killed`, or what it failed with; and whether the fault came."""

    said: str
    has_fired: bool


class World:
    """A migrated database with the codes of `known_codes`, in which repeated rows are rejected."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        apply_migrations(settings)
        self.client: Client = connect(settings, database=settings.clickhouse_database)
        teach_codes(self.client)
        self.client.command(
            f"INSERT INTO dim_feed_rule VALUES ('{FEED.name}', 'duplicate_in_batch', 'reject', 1, now(), now(), 0)"
        )
        reload_dictionaries(self.client)
        self._others: list[threading.Thread] = []

    def drop(self) -> None:
        """Forget it."""
        self.start_engine()
        self.client.command(f"DROP DATABASE IF EXISTS {self.settings.clickhouse_database} SYNC")

    def start_engine(self) -> None:
        """Have it running."""
        connect(self.settings)

    def kill_engine(self) -> None:
        """Kill it if it runs."""
        state = engine_state(self.settings.engine_dir)
        if state is not None:
            os.kill(state.pid, signal.SIGKILL)

    def add_codes(self, late_codes: Collection[str]) -> None:
        """Put instruments into their dimension, each once; dictionaries do not know yet."""
        known = {code for (code,) in self.client.query("SELECT code FROM dim_instrument").result_rows}
        new = [f"({id_of(code)}, '{code}', 'Late', {KNOWN})" for code in sorted(set(late_codes) - known)]
        if new:
            self.client.command(f"INSERT INTO dim_instrument VALUES {', '.join(new)}")

    def reload(self, *dictionaries: str) -> None:
        """Have dictionaries load anew; those of instruments if none is named."""
        for name in dictionaries or (INSTRUMENTS, CODES):
            self.client.command(f"SYSTEM RELOAD DICTIONARY {name}")

    def refuse(self, table: str) -> None:
        """Have a table of the chain refuse rows: the view in front of it throws."""
        self.client.command(f"ALTER TABLE {table} ADD CONSTRAINT IF NOT EXISTS {REFUSAL} CHECK row_number % 4 != 3")

    def refuse_nothing(self) -> None:
        """Take that back."""
        for table in (FEED.fact, FEED.quarantine):
            self.client.command(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {REFUSAL}")

    def meanwhile(self, operation: Callable[[Client], object]) -> None:
        """Have somebody else do this at once; the one who is disturbed goes on when it is done, or waits for a lock."""

        def do() -> None:
            try:
                operation(connect(self.settings, database=self.settings.clickhouse_database))
            except (ClickHouseError, TouchstoneError):
                return

        other = threading.Thread(target=do)
        other.start()
        other.join(_MEANWHILE_SECONDS)
        self._others.append(other)

    def disturbed(self, operation: Callable[[Client], object], fault: Fault, event: Callable[[], None]) -> Outcome:
        """Do this in a process of its own, as a person does with the command, with one fault."""
        context = multiprocessing.get_context("fork")
        hearing, telling = context.Pipe(duplex=False)
        process = context.Process(target=self._apart, args=(operation, fault, event, telling))
        process.start()
        telling.close()
        try:
            process.join(DEADLINE_SECONDS)
            assert process.exitcode is not None, "the operation did not come to an end"
            if process.exitcode == -signal.SIGKILL:
                return Outcome(KILLED, has_fired=True)
            return Outcome(*hearing.recv())
        finally:
            process.kill()
            process.join()
            hearing.close()

    def _apart(
        self, operation: Callable[[Client], object], fault: Fault, event: Callable[[], None], telling: Connection
    ) -> None:
        # a group of its own, so that nothing of the test run is taken for a child of one that was killed
        os.setsid()
        pool = FaultyPool(fault, self.kill_engine, self.start_engine)
        pool.happening = event
        self.client.http = pool
        said = DONE
        try:
            operation(self.client)
        except (ClickHouseError, TouchstoneError) as error:
            said = f"failed: {type(error).__name__}: {error}"
        except BaseException as error:
            said = f"unexpected: {type(error).__name__}: {error}"
        for other in self._others:
            other.join()
        telling.send((said, pool.has_fired))
