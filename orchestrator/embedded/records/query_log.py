"""The log of queries as a table, because chdb's own would have none of the clients' ids, users and sessions.

`default.ops_query_log` has the columns of a server's `system.query_log` that are known here, one row for each query
that has ended; `system.query_log` is a view of it, made anew at each start, so that tools find it where they look.
Rows are written some seconds later, all at once, or on SYSTEM FLUSH LOGS. A crash loses those not yet written.
"""

import json
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.engine import DEFAULT_DATABASE, Engine
from orchestrator.embedded.execution.pipe import PipedInsert
from orchestrator.embedded.execution.results import Counters
from orchestrator.helpers import get_logger

QUERY_LOG_TABLE: Final = "ops_query_log"
FINISHED: Final = "QueryFinish"
FAILED: Final = "ExceptionWhileProcessing"
FAILED_BEFORE: Final = "ExceptionBeforeStart"

_FLUSH_SECONDS: Final = 5.0
_FLUSH_ROWS: Final = 5_000
_MOST_ROWS: Final = 100_000
_MOST_QUERY_BYTES: Final = 100_000
_KEPT_DAYS: Final = 30

_log = get_logger(__name__)

_TABLE: Final = f"""
CREATE TABLE IF NOT EXISTS {DEFAULT_DATABASE}.{QUERY_LOG_TABLE}
(
    type Enum8('QueryStart' = 1, '{FINISHED}' = 2, '{FAILED_BEFORE}' = 3, '{FAILED}' = 4),
    event_time_microseconds DateTime64(6, 'UTC'),
    event_date Date MATERIALIZED toDate(event_time_microseconds),
    event_time DateTime('UTC') MATERIALIZED toDateTime(event_time_microseconds),
    query_start_time_microseconds DateTime64(6, 'UTC'),
    query_start_time DateTime('UTC') MATERIALIZED toDateTime(query_start_time_microseconds),
    query_duration_ms UInt64,
    read_rows UInt64,
    read_bytes UInt64,
    written_rows UInt64,
    written_bytes UInt64,
    result_rows UInt64,
    result_bytes UInt64,
    current_database LowCardinality(String),
    query String,
    normalized_query_hash UInt64 MATERIALIZED normalizedQueryHash(query),
    query_kind LowCardinality(String),
    exception_code Int32,
    exception String,
    is_initial_query UInt8 DEFAULT 1,
    user LowCardinality(String),
    initial_user LowCardinality(String) ALIAS user,
    query_id String,
    initial_query_id String ALIAS query_id,
    session_id String,
    address IPv6,
    interface UInt8 DEFAULT 2,
    http_method UInt8,
    http_user_agent String,
    http_referer String,
    forwarded_for String,
    quota_key String,
    log_comment String,
    Settings Map(LowCardinality(String), String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_microseconds)
ORDER BY event_time_microseconds
TTL toDateTime(event_time_microseconds) + INTERVAL {_KEPT_DAYS} DAY
"""
_VIEW: Final = f"""
CREATE VIEW IF NOT EXISTS system.query_log AS
SELECT event_date, event_time, query_start_time, normalized_query_hash, initial_user, initial_query_id, *
FROM {DEFAULT_DATABASE}.{QUERY_LOG_TABLE}
"""


@dataclass(frozen=True)
class LoggedQuery:
    """One query that has ended; the names are the table's."""

    type: str
    event_time_microseconds: str
    query_start_time_microseconds: str
    query_duration_ms: int
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    result_rows: int
    result_bytes: int
    current_database: str
    query: str
    query_kind: str
    exception_code: int
    exception: str
    user: str
    query_id: str
    session_id: str
    address: str
    http_method: int
    http_user_agent: str
    http_referer: str
    forwarded_for: str
    quota_key: str
    log_comment: str
    Settings: dict[str, str] = field(default_factory=dict)


def counted(counters: Counters) -> dict[str, int]:
    """The counters that a row has."""
    unwanted = ("total_rows_to_read", "elapsed_ns")
    return {name: value for name, value in asdict(counters).items() if name not in unwanted}


def cut(sql: bytes) -> str:
    """A query's text as it is logged."""
    return sql[:_MOST_QUERY_BYTES].decode(errors="replace")


def timestamp(moment: datetime) -> str:
    """A moment as the table reads it, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


class QueryLog:
    """Takes rows at once and writes them later, from a thread of its own.

    Args:
        folder: a private folder for the pipe through which rows are written.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._rows: deque[LoggedQuery] = deque(maxlen=_MOST_ROWS)
        self._writing = threading.Lock()
        self._is_over = threading.Event()
        self._wake = threading.Event()
        engine.prepare(_TABLE, _VIEW)
        self._writer = threading.Thread(target=self._write_forever, name="query log", daemon=True)
        self._writer.start()

    def add(self, row: LoggedQuery) -> None:
        """Remember a query; the oldest are forgotten when they cannot be written for long."""
        self._rows.append(row)
        if len(self._rows) >= _FLUSH_ROWS:
            self._wake.set()

    def flush(self) -> None:
        """Write what is there. Blocks. What goes wrong is logged: no query fails because it cannot be remembered."""
        with self._writing:
            rows = [self._rows.popleft() for _ in range(len(self._rows))]
            if not rows:
                return
            try:
                self._write(rows)
            except QueryError as error:
                _log.warning("query log not written", rows=len(rows), exception=error.text)

    def close(self) -> None:
        """Write the last rows and end the thread."""
        self._is_over.set()
        self._wake.set()
        self._writer.join()

    def _write_forever(self) -> None:
        while not self._is_over.is_set():
            self._wake.wait(_FLUSH_SECONDS)
            self._wake.clear()
            self.flush()

    def _write(self, rows: list[LoggedQuery]) -> None:
        lines = b"".join(_line(asdict(row)) for row in rows)
        handle = self._engine.new_handle()
        try:
            statement = f"INSERT INTO {DEFAULT_DATABASE}.{QUERY_LOG_TABLE}".encode()
            pipe = PipedInsert(handle, statement, "JSONEachRow", self._folder, "query log", self._engine.kill)
            try:
                pipe.append(lines)
                pipe.finish()
            except BaseException:
                pipe.cancel()
                raise
        finally:
            handle.close()


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode(errors="replace") + b"\n"
