"""What is known of one request when it is over: a line in the log, a row in the query log."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.engine import DEFAULT_DATABASE, QUERY_ID_SETTING
from orchestrator.embedded.execution.results import Counters
from orchestrator.embedded.interface.protocol import QueryRequest
from orchestrator.embedded.records.query_log import (
    FAILED,
    FAILED_BEFORE,
    FINISHED,
    LoggedQuery,
    QueryLog,
    counted,
    cut,
    timestamp,
)
from orchestrator.helpers import get_logger

_METHODS = {"GET": 1, "HEAD": 1, "POST": 2}
_LOGGED_EXCEPTION = 1000

_log = get_logger(__name__)


class Account:
    """Kept while a request is served.

    Attributes:
        kind: of the statement, such as SELECT, once it is known.
        sql: of the statement, without the data of an INSERT.
        counters: of the statement once it has ended, `progress` while it runs.
        database: the current one, as far as the request names it.
    """

    def __init__(self, request: Request, query_id: str) -> None:
        self._request = request
        self._query_id = query_id
        self._began_at = datetime.now(UTC)
        self._began = time.monotonic()
        self.user = ""
        self.kind = ""
        self.sql = b""
        self.database = DEFAULT_DATABASE
        self.asked: QueryRequest | None = None
        self.counters = Counters()
        self.progress = Counters()
        self.is_client_gone = False

    def note_progress(self, progress: Mapping[str, int]) -> None:
        """The engine tells how far the statement is."""
        self.progress = Counters.of_progress(progress)

    def close(self, failure: QueryError | None, query_log: QueryLog) -> None:
        """The request is over: write down how it went."""
        seconds = time.monotonic() - self._began
        if failure is not None:
            self.counters = self.progress
        _log.info(
            "query",
            query_id=self._query_id,
            user=self.user,
            kind=self.kind,
            seconds=round(seconds, 4),
            read_rows=self.counters.read_rows,
            written_rows=self.counters.written_rows,
            result_rows=self.counters.result_rows,
            exception_code=failure.code if failure else 0,
            exception=failure.text[:_LOGGED_EXCEPTION] if failure else "",
            client_gone=self.is_client_gone,
        )
        if self._is_logged():
            query_log.add(self._row(failure, seconds))

    def _is_logged(self) -> bool:
        return self.asked is not None and self.asked.settings.get("log_queries", "1") not in ("0", "false")

    def _row(self, failure: QueryError | None, seconds: float) -> LoggedQuery:
        headers = self._request.headers
        asked = self.asked
        settings = dict(asked.settings) if asked else {}
        client = self._request.client
        return LoggedQuery(
            type=FINISHED if failure is None else FAILED if self.kind else FAILED_BEFORE,
            event_time_microseconds=timestamp(datetime.now(UTC)),
            query_start_time_microseconds=timestamp(self._began_at),
            query_duration_ms=int(seconds * 1000),
            **counted(self.counters),
            current_database=self.database,
            query=cut(self.sql),
            query_kind=self.kind.capitalize(),
            exception_code=failure.code if failure else 0,
            exception=failure.message if failure else "",
            user=self.user,
            query_id=self._query_id,
            session_id=(asked.session_id if asked else None) or "",
            address=client.host if client else "::",
            http_method=_METHODS.get(self._request.method, 0),
            http_user_agent=headers.get("user-agent", ""),
            http_referer=headers.get("referer", ""),
            forwarded_for=headers.get("x-forwarded-for", ""),
            quota_key=headers.get("x-clickhouse-quota", ""),
            log_comment=settings.get(QUERY_ID_SETTING, ""),
            Settings=settings,
        )
