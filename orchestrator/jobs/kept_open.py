"""Dagster's history in SQLite, kept open while a run writes to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from dagster import DagsterInstance
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME


@contextmanager
def history_kept_open(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold a connection to the files that take a run's events.

    Dagster opens and closes them for each event. Whoever closes a file last moves its journal into it, which takes as
    long as all the rest of an event; as long as somebody holds it open, that waits. Other storages are left alone.
    """
    storage = instance.event_log_storage
    with ExitStack() as held:
        if isinstance(storage, SqliteEventLogStorage):
            for shard in (INDEX_SHARD_NAME, run_id):
                connection = held.enter_context(closing(sqlite3.connect(storage.path_for_shard(shard))))
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
