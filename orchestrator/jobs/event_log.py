"""Dagster's history in SQLite, with its files kept open.

Dagster makes an SQLAlchemy engine for each event, opens a file, writes and closes it: more than half of what a run
costs beyond dbt. Here a file is opened once. The class touches what is private to Dagster's; should that change,
tests/unit/jobs/test_event_log.py fails.
"""

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

# the file over all runs, and those of as many runs as a process writes or shows at once
_KEPT_OPEN: Final = 9
_BUSY_SECONDS: Final = 60


class KeptOpenEventLogStorage(SqliteEventLogStorage):
    """SqliteEventLogStorage that opens a file once instead of once per event; same files, same content."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """Store it, and tell who watches the run: they look at its file, and it goes to the journal."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def delete_events(self, run_id: str) -> None:
        """Delete the run's events and let go of its file."""
        super().delete_events(run_id)
        with self._db_lock:
            self._close(run_id)

    def wipe(self) -> None:
        """Delete everything."""
        self._close_all()
        super().wipe()

    def dispose(self) -> None:
        """Close all files."""
        self._close_all()
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        """The engine of a file; the one used longest ago is closed when there are too many."""
        if shard not in self._engines:
            self._engines[shard] = _engine_on(self.conn_string_for_shard(shard))
        self._engines.move_to_end(shard)
        while len(self._engines) > _KEPT_OPEN:
            self._close(next(iter(self._engines)))
        return self._engines[shard]

    def _close(self, shard: str) -> None:
        engine = self._engines.pop(shard, None)
        self._initialized_dbs.discard(shard)
        if engine is not None:
            engine.dispose()

    def _close_all(self) -> None:
        with self._db_lock:
            for shard in list(self._engines):
                self._close(shard)


class KeptOpenSqliteStorage(DagsterSqliteStorage):
    """DagsterSqliteStorage, what Dagster takes where nothing else is said, with such an event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = KeptOpenEventLogStorage(_event_logs_directory(base_dir))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptOpenSqliteStorage":
        """As dagster.yaml has it: base_dir is the folder that dagster.yaml is in."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _engine_on(address: str) -> Engine:
    """One connection, as users take turns. With a journal, a lost power supply costs the last events and no file."""
    engine = create_engine(
        address, poolclass=QueuePool, pool_size=1, max_overflow=1, connect_args={"timeout": _BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _relax(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
