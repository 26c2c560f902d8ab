"""The query endpoint: one HTTP request from its first header to the last byte of its answer."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from orchestrator.embedded.errors import SYNTAX_ERROR, QueryError, from_engine
from orchestrator.embedded.execution.inserts import Sink
from orchestrator.embedded.execution.results import Counters, Result
from orchestrator.embedded.execution.statements import InsertWithData, Statement, ensure_single, find_insert_data
from orchestrator.embedded.execution.workplace import Workplace
from orchestrator.embedded.interface.body import Body
from orchestrator.embedded.interface.compression import response_encoding
from orchestrator.embedded.interface.protocol import (
    EXTERNAL_TABLE_DEFAULT,
    QueryRequest,
    credentials,
    new_query_id,
    query_request,
    url_parameters,
)
from orchestrator.embedded.interface.replies import Reply
from orchestrator.embedded.interface.service import Service
from orchestrator.helpers import get_logger

_log = get_logger(__name__)
_UPLOAD_PIECE: Final = 512 * 1024


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
        self._body = Body(request)
        self._reply = Reply(send, service.engine.facts, self._query_id, service.in_thread)
        self._in_thread = service.in_thread
        self._is_client_gone = False
        self._kind = ""
        self._counters = Counters()

    async def run(self) -> None:
        started = time.monotonic()
        failure: QueryError | None = None
        try:
            await self._admit()
        except ClientDisconnect:
            self._is_client_gone = True
        except QueryError as error:
            failure = error
        except Exception as error:
            _log.exception("request failed", query_id=self._query_id)
            failure = from_engine(error)
        if failure is not None:
            await self._body.drain()
            self._reply.error(failure)
        if not self._is_client_gone:
            await self._reply.finish()
        _log.info(
            "query",
            query_id=self._query_id,
            kind=self._kind,
            seconds=round(time.monotonic() - started, 4),
            read_rows=self._counters.read_rows,
            written_rows=self._counters.written_rows,
            result_rows=self._counters.result_rows,
            exception_code=failure.code if failure else 0,
            client_gone=self._is_client_gone,
        )

    async def _admit(self) -> None:
        """Who asks, and under which id; then the query itself."""
        headers = self._request.headers
        self._reply.encoding = response_encoding(headers.get("accept-encoding"))
        self._service.ensure_local(headers)
        given = credentials(headers, self._url)
        self._service.authenticate(given)
        self._body.ensure_framed()
        fields, files = await self._body.form() if self._body.is_form else ({}, {})
        uploads = {name or EXTERNAL_TABLE_DEFAULT: file for name, file in files.items()}
        try:
            request = query_request(
                self._request.method, self._url, headers, self._query_id, form=fields, uploads=uploads
            )
            if not request.accepts_compression:
                self._reply.encoding = None
            self._reply.hold_bytes = request.buffer_size
            await self._service.register(self._query_id, request.replace_running_query)
            try:
                await self._with_session(given.user, request, uploads)
            finally:
                self._service.unregister(self._query_id)
        finally:
            for file in uploads.values():
                await file.close()

    async def _with_session(self, user: str, request: QueryRequest, uploads: dict[str, UploadFile]) -> None:
        service = self._service
        session = None
        if request.session_id is not None:
            session = service.sessions.acquire(
                user, request.session_id, request.session_seconds, must_exist=request.session_check
            )
        place = Workplace(service.engine, request, session, service.spool_dir)
        try:
            await self._in_thread(place.open)
            for table in request.external_tables:
                await self._load(await self._in_thread(place.add_table, table), uploads[table.name])
            await self._query(place, request)
        finally:
            await self._in_thread(place.close)
            if session is not None:
                await service.release(session, request.close_session)

    async def _query(self, place: Workplace, request: QueryRequest) -> None:
        head = b"" if self._body.is_form else await self._body.head()
        sql = b"\n".join(part for part in (request.sql, head) if part)
        insert = find_insert_data(sql)
        if insert is not None and insert.format == "Values" and self._body.has_ended:
            await self._in_thread(ensure_single, sql[insert.data_start :])
        if insert is not None and insert.format == "Values" and request.params:
            self._kind = "INSERT"
            whole = sql + await self._body.rest()
            await self._in_thread(ensure_single, whole[insert.data_start :])
            await self._answer(place, await self._in_thread(place.run_values, whole), None)
        elif insert is not None:
            self._kind = "INSERT"
            await self._insert(place, insert, sql[insert.data_start :])
        else:
            whole = sql + await self._body.rest()
            if not whole.strip():
                raise QueryError(SYNTAX_ERROR, "Empty query.")
            await self._statement(place, request, whole)

    async def _insert(self, place: Workplace, insert: InsertWithData, first: bytes) -> None:
        sink = await self._in_thread(place.start_insert, insert)
        try:
            if first:
                await self._in_thread(sink.append, first)
            async for feed in self._body.batches():
                await self._in_thread(feed, sink.append)
            result = await self._in_thread(sink.finish)
        except BaseException:
            await self._in_thread(sink.cancel)
            raise
        await self._answer(place, result, None)

    async def _statement(self, place: Workplace, request: QueryRequest, sql: bytes) -> None:
        parsed = await self._in_thread(place.parse, sql)
        self._kind = parsed.kind
        watch = asyncio.create_task(self._watch(parsed, request))
        try:
            result, output_format = await self._in_thread(place.run, parsed)
            await self._answer(place, result, output_format if parsed.has_result else None)
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _answer(self, place: Workplace, result: Result, output_format: str | None) -> None:
        self._reply.timezone = place.timezone
        try:
            await self._reply.result(result, output_format, lambda: not self._is_client_gone)
        finally:
            self._counters = result.counters
            await self._in_thread(result.close)

    async def _load(self, sink: Sink, file: UploadFile) -> None:
        try:
            while piece := await file.read(_UPLOAD_PIECE):
                await self._in_thread(sink.append, piece)
            await self._in_thread(sink.finish)
        except BaseException:
            await self._in_thread(sink.cancel)
            raise

    async def _watch(self, parsed: Statement, request: QueryRequest) -> None:
        """Notice that the client has gone; a statement that only reads is stopped if the client wants that."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._is_client_gone = True
        if request.cancel_on_close and parsed.only_reads:
            with suppress(QueryError):
                await self._in_thread(self._service.engine.kill, self._query_id)
