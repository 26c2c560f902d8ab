"""Running what a request asks for at its workplace: statements, inserts, external tables. Blocks; called in threads."""

import json
from collections.abc import Callable
from functools import partial
from typing import Final

from orchestrator.embedded.access.files import ensure_alone, is_suspicious, uses_files
from orchestrator.embedded.errors import READONLY, SYNTAX_ERROR, QueryError
from orchestrator.embedded.execution.engine import QUERY_ID_SETTING, quoted_name
from orchestrator.embedded.execution.inserts import Insert, InsertFromFile, Sink
from orchestrator.embedded.execution.native import NativeRevision, needs_types
from orchestrator.embedded.execution.outfile import PipedResult
from orchestrator.embedded.execution.results import (
    Counters,
    Result,
    RewrittenResult,
    SpooledResult,
    StreamedResult,
    timed,
)
from orchestrator.embedded.execution.statements import InsertWithData, Statement, ensure_single, output_clause
from orchestrator.embedded.execution.tokens import settings_start, tokens
from orchestrator.embedded.execution.workplace import FULLY_READONLY, Premises, Workplace
from orchestrator.embedded.interface.protocol import ExternalTable, QueryRequest

FALLBACK_FORMAT: Final = "TabSeparated"

# Formats whose blocks put together are the whole document: faster than a pipe, and each row leaves when it is there.
_STREAMABLE: Final = frozenset(
    name.lower()
    for name in (
        "Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "CSV", "LineAsString", "JSONEachRow",
        "JSONLines", "JSONL", "NDJSON", "JSONCompactEachRow", "JSONStringsEachRow", "JSONCompactStringsEachRow",
        "RowBinary", "MsgPack", "BSONEachRow", "RawBLOB",
    )
)  # fmt: skip
# Either these rows are missing from a stream of blocks, or each block becomes a document of its own.
_NOT_STREAMABLE_WITH: Final = ("EXTREMES", "TOTALS", "OUTPUT_FORMAT_JSON_ARRAY_OF_ROWS")
_LITERALS_ONLY: Final = b"input_format_values_interpret_expressions = 0"


class Runner:
    """Runs statements for one request at an open workplace.

    Args:
        progress: what the engine has told so far of the statement that runs.
    """

    def __init__(
        self, premises: Premises, request: QueryRequest, place: Workplace, progress: Callable[[], Counters]
    ) -> None:
        self._progress = progress
        self._premises = premises
        self._engine = premises.engine
        self._request = request
        self._place = place

    def add_table(self, table: ExternalTable) -> Sink:
        """Create an external table, temporary; the answer takes its data."""
        name = quoted_name(table.name)
        self._place.handle.query(f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory".encode())
        self._place.temporary_tables.append(name)
        return self._piped(InsertWithData(f"INSERT INTO {name}".encode(), table.format, 0))

    def parse(self, sql: bytes) -> Statement:
        """The statement, by the engine's own parser. Raises QueryError for what is wrong or refused."""
        parsed = self._engine.statement(sql)
        self._place.statement = parsed
        if not parsed.only_reads:
            self._ensure_may_write(parsed.kind)
        if parsed.kind == "SET" and self._place.readonly == FULLY_READONLY:
            raise QueryError(READONLY, "Cannot modify settings in readonly mode.")
        if parsed.kind == "INSERT" and parsed.format and not parsed.mentions("SELECT"):
            raise QueryError(SYNTAX_ERROR, "Syntax error: cannot tell where the data of this INSERT starts.")
        self._look_for_files(parsed.canonical)
        return parsed

    def run(self, parsed: Statement) -> tuple[Result, str]:
        """Run a statement.

        Returns:
            The result, to be closed before the place is, and the name of its format.
        """
        request = self._request
        beating = parsed.output_format or self._place.output_format
        asked = beating or parsed.format or request.default_format or FALLBACK_FORMAT
        output_format = self._engine.facts.format_name(asked)
        self._place.be_readonly()
        if parsed.kind == "SYSTEM" and parsed.mentions("LOGS"):
            self._premises.flush_logs()
        if parsed.kind != "SELECT":
            sql = _with_client_ids(parsed.sql) if parsed.kind == "KILL" else parsed.sql
            return self._whole(sql, output_format, None), output_format
        result = self._select(parsed, output_format)
        if request.wait_end_of_query:
            result = SpooledResult(result, str(self._premises.spool_dir))
        return result, output_format

    def _select(self, parsed: Statement, output_format: str) -> Result:
        request = self._request
        handle = self._place.handle
        is_revised = output_format == "Native" and request.protocol_revision > 0
        if self._is_streamable(parsed, output_format):
            # Before the stream, because a handle does one thing at a time.
            revision = NativeRevision(request.protocol_revision, self._types(parsed)) if is_revised else None
            stream = StreamedResult(handle.stream(parsed.sql, output_format, request.params), self._progress)
            return RewrittenResult(stream, revision.rewrite) if revision else stream
        if is_revised:
            return self._whole(parsed.sql, output_format, self._types(parsed))
        kill = partial(self._engine.kill, self._place.marker)
        return PipedResult(handle, parsed, output_format, request.params, self._premises.spool_dir, kill)

    def _whole(self, sql: bytes, output_format: str, types: list[str] | None) -> Result:
        """A result made up in memory: of statements whose answers are small."""
        request = self._request
        handle = self._place.handle
        if output_format != "Native" or not request.protocol_revision:
            return timed(lambda: handle.query(sql, output_format, request.params))
        whole = timed(lambda: handle.query(sql, output_format, request.params), piece_bytes=None)
        return RewrittenResult(whole, NativeRevision(request.protocol_revision, types).rewrite_all)

    def _types(self, parsed: Statement) -> list[str] | None:
        """The types of a SELECT's columns with all that Native at revision 0 leaves out; None when nobody can tell."""
        if not needs_types(self._request.protocol_revision):
            return None
        start, _ = output_clause(parsed.sql)
        describe = b"DESCRIBE (" + parsed.sql[:start] + b"\n)"
        try:
            lines = self._place.handle.query(describe, "JSONCompactEachRow", self._request.params).bytes().splitlines()
        except QueryError:
            return None
        return [json.loads(line)[1] for line in lines]

    def start_insert(self, insert: InsertWithData, known_data: bytes, is_all: bool) -> Sink:
        """Begin an INSERT whose data comes in pieces. Raises QueryError.

        Args:
            known_data: the beginning of the data, to be appended by the caller; all of it if `is_all`.
        """
        self._ensure_may_write("INSERT")
        self._look_for_files_in_insert(insert.sql)
        if insert.format.upper() == "VALUES":
            insert = self._with_safe_values(insert, known_data, is_all)
        if self._request.params:
            self._place.handle.set((f"param_{name}", value) for name, value in self._request.params.items())
        if insert.input_span is not None:
            ensure_alone(self._engine.canonical(insert.sql))
            return InsertFromFile(self._place.handle, insert, self._premises.spool_dir)
        return self._piped(insert)

    def run_values(self, sql: bytes, data_start: int) -> Result:
        """Run an INSERT ... VALUES with its data and the request's parameters in one go."""
        self._ensure_may_write("INSERT")
        ensure_single(sql[data_start:])
        self._look_for_files_in_insert(sql[:data_start])
        self._look_at_values(sql[data_start:])
        return timed(lambda: self._place.handle.query(sql, FALLBACK_FORMAT, self._request.params))

    def _piped(self, insert: InsertWithData) -> Insert:
        handle = self._place.handle
        return Insert(handle, insert, self._premises.spool_dir, self._request.query_id, self._engine.kill)

    def _is_streamable(self, parsed: Statement, output_format: str) -> bool:
        changed = {name.upper() for name in self._place.sticky_settings}
        return (
            output_format.lower() in _STREAMABLE
            and changed.isdisjoint(_NOT_STREAMABLE_WITH)
            and not parsed.mentions(*_NOT_STREAMABLE_WITH)
        )

    def _ensure_may_write(self, kind: str) -> None:
        if self._place.readonly:
            raise QueryError(
                READONLY,
                f"Cannot execute {kind} query in readonly mode. For queries over HTTP, method GET implies readonly. "
                "You should use method POST for modifying queries.",
            )

    def _look_for_files(self, canonical: bytes) -> None:
        if is_suspicious(canonical) and uses_files(canonical, self._request.params, self._premises.user_files):
            self._place.allow_files()

    def _look_for_files_in_insert(self, sql: bytes) -> None:
        if is_suspicious(sql):
            self._look_for_files(self._engine.canonical(sql + b" VALUES"))

    def _with_safe_values(self, insert: InsertWithData, known_data: bytes, is_all: bool) -> InsertWithData:
        """VALUES may hold expressions: those that can be looked at are, others are the kernel's or refused."""
        if is_all:
            ensure_single(known_data)
            self._look_at_values(known_data)
        elif not self._premises.is_sandboxed:
            separator = b" SETTINGS " if settings_start(insert.sql) is None else b", "
            insert = InsertWithData(insert.sql.rstrip() + separator + _LITERALS_ONLY, insert.format, insert.data_start)
        return insert

    def _look_at_values(self, data: bytes) -> None:
        if is_suspicious(data):
            uses_files(b"VALUES " + data, self._request.params, self._premises.user_files)


def _with_client_ids(sql: bytes) -> bytes:
    """KILL QUERY by the ids clients know: the engine picks its own, and keeps theirs in a setting."""
    pieces, end = [], 0
    for token in tokens(sql):
        if token.is_word("QUERY_ID"):
            pieces += [sql[end : token.start], b"Settings['%s']" % QUERY_ID_SETTING.encode()]
            end = token.end
    return b"".join([*pieces, sql[end:]])
