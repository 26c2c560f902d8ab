"""The HTTP application: endpoints and their paths."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.interface.endpoint import QueryEndpoint
from orchestrator.embedded.interface.service import Service

_METHODS: Final = ("GET", "HEAD", "POST", "PUT")


def create_app(service: Service) -> Starlette:
    """The ASGI application; its shutdown closes the sessions and the engine."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sweeper = asyncio.create_task(service.sweep_forever())
        try:
            yield
        finally:
            sweeper.cancel()
            await service.close()

    async def not_found(request: Request, _: Exception) -> Response:
        await _drain(request)
        return PlainTextResponse(
            f"There is no handle {request.url.path}\n\nUse / for queries, /ping for health.\n", 404
        )

    health = _Health(service)
    return Starlette(
        routes=[
            Route("/ping", health),
            Route("/replicas_status", health),
            Route("/", _Root(health, QueryEndpoint(service))),
        ],
        exception_handlers={404: not_found},
        lifespan=lifespan,
    )


class _Health:
    """Says `Ok.` without asking the engine."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await _drain(request)
        try:
            self._service.ensure_local(request.headers)
            response = PlainTextResponse("Ok.\n")
        except QueryError as error:
            response = PlainTextResponse(error.body(self._service.engine.facts.version), error.status)
        await response(scope, receive, send)


class _Root:
    """Queries, and the greeting for those who only look."""

    def __init__(self, health: _Health, queries: QueryEndpoint) -> None:
        self._health = health
        self._queries = queries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await _drain(Request(scope, receive))
            await Response(status_code=204, headers={"Allow": "OPTIONS, GET, HEAD, POST"})(scope, receive, send)
        elif method not in _METHODS:
            await _drain(Request(scope, receive))
            await PlainTextResponse(f"Method {method} is not allowed\n", 405)(scope, receive, send)
        elif method in ("GET", "HEAD") and not scope["query_string"]:
            await self._health(scope, receive, send)
        else:
            await self._queries(scope, receive, send)


async def _drain(request: Request) -> None:
    with suppress(ClientDisconnect):
        async for _ in request.stream():
            pass
