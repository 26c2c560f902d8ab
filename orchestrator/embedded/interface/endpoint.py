"""The query endpoint: one HTTP request from its first header to the last byte of its answer."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from orchestrator.embedded.access.users import User
from orchestrator.embedded.errors import SYNTAX_ERROR, QueryError, from_engine
from orchestrator.embedded.execution.inserts import Sink
from orchestrator.embedded.execution.results import Result
from orchestrator.embedded.execution.runner import Runner
from orchestrator.embedded.execution.sessions import Session
from orchestrator.embedded.execution.statements import InsertWithData, find_insert_data
from orchestrator.embedded.execution.workplace import Workplace
from orchestrator.embedded.interface.account import Account
from orchestrator.embedded.interface.body import DEFAULT_PATIENCE_SECONDS, Body
from orchestrator.embedded.interface.compression import response_encoding
from orchestrator.embedded.interface.protocol import (
    EXTERNAL_TABLE_DEFAULT,
    QueryRequest,
    credentials,
    is_flag_set,
    new_query_id,
    query_request,
    roles_asked,
    seconds,
    url_parameters,
)
from orchestrator.embedded.interface.replies import NOTHING, Batch, Reply
from orchestrator.embedded.interface.service import Service
from orchestrator.embedded.interface.wire import EARLY_HEADER, EarlyHeader
from orchestrator.helpers import get_logger

_log = get_logger(__name__)
_UPLOAD_PIECE: Final = 512 * 1024
_KILL_AGAIN_SECONDS: Final = 0.2


@dataclass(frozen=True)
class _Begun:
    """A statement that runs, and what its answer begins with."""

    result: Result
    format: str | None
    batch: Batch


class QueryEndpoint:
    """The ASGI application behind `/`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes an HTTP answer."""
        await _Exchange(self._service, Request(scope, receive), receive, send).run()


class _Exchange:
    def __init__(self, service: Service, request: Request, receive: Receive, send: Send) -> None:
        self._service = service
        self._request = request
        self._receive = receive
        self._url = url_parameters(request.scope["query_string"])
        self._query_id = new_query_id(self._url, request.headers)
        self._body = Body(request, service.access.max_request_bytes, is_flag_set(self._url, "decompress"))
        self._body.patience_seconds = seconds(self._url, "http_receive_timeout") or DEFAULT_PATIENCE_SECONDS
        self._reply = Reply(send, service.engine.facts, self._query_id, service.in_thread)
        self._reply.patience_seconds = seconds(self._url, "http_send_timeout") or self._reply.patience_seconds
        self._reply.is_in_blocks = is_flag_set(self._url, "compress")
        self._in_thread = service.in_thread
        self._account = Account(request, self._query_id)

    async def run(self) -> None:
        failure: QueryError | None = None
        try:
            await self._admit()
        except ClientDisconnect:
            self._account.is_client_gone = True
        except QueryError as error:
            failure = error
        except Exception as error:
            _log.exception("request failed", query_id=self._query_id)
            failure = from_engine(error)
        if failure is not None:
            await self._body.drain()
            self._reply.error(failure)
        if not self._account.is_client_gone:
            await self._reply.finish()
        self._account.close(failure, self._service.query_log)

    async def _admit(self) -> None:
        """Who asks, and under which id; then the query itself."""
        headers = self._request.headers
        self._reply.encoding = response_encoding(headers.get("accept-encoding"))
        self._service.ensure_local(headers)
        given = credentials(headers, self._url)
        self._account.user = given.user
        client = self._request.client
        roles = roles_asked(self._request.scope["query_string"])
        user = self._service.authenticate(given, client.host if client else "", roles)
        self._body.ensure_framed()
        fields, files = await self._body.form() if self._body.is_form else ({}, {})
        uploads = {name or EXTERNAL_TABLE_DEFAULT: file for name, file in files.items()}
        try:
            request = query_request(
                self._request.method, self._url, headers, self._query_id, form=fields, uploads=uploads
            )
            self._account.asked = request
            if not request.accepts_compression:
                self._reply.encoding = None
            self._reply.hold_bytes = request.buffer_size
            await self._with_session(user, request, uploads)
        finally:
            for file in uploads.values():
                await file.close()

    async def _with_session(self, user: User, request: QueryRequest, uploads: dict[str, UploadFile]) -> None:
        service = self._service
        session: Session | None = None
        if request.session_id is not None:
            session = service.sessions.acquire(
                user.name, request.session_id, request.session_seconds, must_exist=request.session_check
            )
        place = Workplace(service.premises, request, user, session)
        self._account.database = place.database
        runner = Runner(service.premises, request, place, lambda: self._account.progress)
        try:
            await service.register(self._query_id, place.marker, request.replace_running_query)
            try:
                if request.external_tables:
                    await self._in_thread(place.open)
                for table in request.external_tables:
                    await self._load(await self._in_thread(runner.add_table, table), uploads[table.name])
                await self._query(place, runner, request)
            finally:
                if place.is_open:
                    await self._in_thread(place.close)
                service.unregister(self._query_id)
        finally:
            if session is not None:
                await service.release(session, request.close_session)

    async def _query(self, place: Workplace, runner: Runner, request: QueryRequest) -> None:
        head = b"" if self._body.is_form else await self._body.head()
        sql = b"\n".join(part for part in (request.sql, head) if part)
        insert = find_insert_data(sql)
        if insert is None:
            whole = sql + await self._body.rest()
            self._account.sql = whole
            if not whole.strip():
                raise QueryError(SYNTAX_ERROR, "Empty query.")
            await self._statement(place, runner, whole)
            return
        self._account.kind = "INSERT"
        self._account.sql = sql[: insert.data_start]
        if insert.format == "Values" and request.params:
            whole = sql + await self._body.rest()
            result = await self._in_thread(_values_at_once, place, runner, whole, insert.data_start)
        elif self._body.has_ended:
            result = await self._in_thread(_insert_at_once, place, runner, insert, sql[insert.data_start :])
        else:
            result = await self._insert(place, runner, insert, sql[insert.data_start :])
        self._account.counters = result.counters
        await self._reply.result(result, None, NOTHING, lambda: True)

    async def _insert(self, place: Workplace, runner: Runner, insert: InsertWithData, first: bytes) -> Result:
        await self._in_thread(place.open)
        sink = await self._in_thread(runner.start_insert, insert, first, False)
        try:
            if first:
                await self._in_thread(sink.append, first)
            async for feed in self._body.batches():
                await self._in_thread(feed, sink.append)
            return await self._in_thread(sink.finish)
        except BaseException:
            await self._in_thread(sink.cancel)
            raise

    async def _statement(self, place: Workplace, runner: Runner, sql: bytes) -> None:
        watch = asyncio.create_task(self._watch(place))
        progress = asyncio.create_task(self._tell_progress())
        try:
            try:
                begun = await self._in_thread(self._begin, place, runner, sql)
            finally:
                progress.cancel()
            self._account.counters = begun.result.counters
            self._reply.timezone = place.timezone
            try:
                await self._reply.result(
                    begun.result, begun.format, begun.batch, lambda: not self._account.is_client_gone
                )
            finally:
                if not begun.batch.is_last:
                    self._account.counters = begun.result.counters
                    await self._in_thread(begun.result.close)
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    def _begin(self, place: Workplace, runner: Runner, sql: bytes) -> _Begun:
        """Run a statement up to the first bytes of its answer, to its end when it is short: all in one thread."""
        if not place.is_open:
            place.open()
        place.handle.on_progress(self._account.note_progress)
        parsed = runner.parse(sql)
        self._account.kind = parsed.kind
        result, output_format = runner.run(parsed)
        try:
            batch = self._reply.first_batch(result)
        except BaseException:
            self._account.counters = result.counters
            result.close()
            raise
        if batch.is_last:
            result.close()
            place.has_succeeded()
            place.close()
        return _Begun(result, output_format if parsed.has_result else None, batch)

    async def _load(self, sink: Sink, file: UploadFile) -> None:
        try:
            while piece := await file.read(_UPLOAD_PIECE):
                await self._in_thread(sink.append, piece)
            await self._in_thread(sink.finish)
        except BaseException:
            await self._in_thread(sink.cancel)
            raise

    async def _tell_progress(self) -> None:
        """Send a header now and then until the answer begins, if the client asked for that."""
        asked = self._account.asked
        send_header: EarlyHeader | None = self._request.scope.get("extensions", {}).get(EARLY_HEADER)
        if asked is None or asked.progress_seconds is None or send_header is None:
            return
        while True:
            await asyncio.sleep(asked.progress_seconds)
            send_header("X-ClickHouse-Progress", self._account.progress.summary())

    async def _watch(self, place: Workplace) -> None:
        """Notice that the client has gone, and stop a statement that only reads: nobody will have its answer."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._account.is_client_gone = True
        while place.statement is None or place.statement.only_reads:
            with suppress(QueryError):
                await self._in_thread(self._service.engine.kill, place.marker)
            # The order may have come before the engine had begun.
            await asyncio.sleep(_KILL_AGAIN_SECONDS)


def _insert_at_once(place: Workplace, runner: Runner, insert: InsertWithData, data: bytes) -> Result:
    """An INSERT whose data is all there, in one thread."""
    if not place.is_open:
        place.open()
    sink = runner.start_insert(insert, data, True)
    try:
        sink.append(data)
        result = sink.finish()
    except BaseException:
        sink.cancel()
        raise
    place.has_succeeded()
    place.close()
    return result


def _values_at_once(place: Workplace, runner: Runner, sql: bytes, data_start: int) -> Result:
    """An INSERT ... VALUES with parameters, in one thread."""
    if not place.is_open:
        place.open()
    return runner.run_values(sql, data_start)
