"""What all requests share: the engine, its sessions, the threads, who may come in and which queries run."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar, TypeVarTuple, Unpack
from urllib.parse import urlsplit

from orchestrator.embedded.access.users import User
from orchestrator.embedded.errors import (
    ACCESS_DENIED,
    AUTHENTICATION_FAILED,
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    UNKNOWN_ROLE,
    QueryError,
)
from orchestrator.embedded.execution.sessions import Session, Sessions
from orchestrator.embedded.execution.workplace import Premises
from orchestrator.embedded.interface.protocol import Credentials
from orchestrator.embedded.life.options import EngineAccess
from orchestrator.embedded.life.ports import is_loopback
from orchestrator.embedded.records.query_log import QueryLog

# Beyond one for each query: handles being closed, queries being killed.
_SPARE_WORKERS: Final = 28
_REPLACE_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 5.0
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class Service:
    """The engine and what requests do with it together.

    Args:
        users: who may log in, by name.
        access: where the server listens, and its limits.
        query_log: closed with the service.
    """

    def __init__(
        self, premises: Premises, users: Mapping[str, User], access: EngineAccess, query_log: QueryLog
    ) -> None:
        self.premises = premises
        self.engine = premises.engine
        self.sessions = Sessions()
        self.query_log = query_log
        self.access = access
        self._users = users
        self._running: dict[str, str] = {}
        workers = access.max_concurrent_queries + _SPARE_WORKERS
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="query")

    async def in_thread(self, run: Callable[[Unpack[_Ts]], _T], *arguments: *_Ts) -> _T:
        """Run something that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, run, *arguments)

    def ensure_local(self, headers: Mapping[str, str]) -> None:
        """Raises QueryError (497) for a request that a foreign web page has a browser send here."""
        host = headers.get("host")
        origin = headers.get("origin")
        if host is not None and self._is_loopback and not _is_own(f"//{host}"):
            raise QueryError(ACCESS_DENIED, f"Host {host!r} is not this machine's loopback address.")
        if origin is not None and not _is_own(origin):
            raise QueryError(ACCESS_DENIED, f"Requests from the web page {origin!r} are not accepted.")
        if headers.get("sec-fetch-site") == "cross-site":
            raise QueryError(ACCESS_DENIED, "Requests from other web sites are not accepted.")

    def authenticate(self, given: Credentials, address: str, roles: Iterable[str]) -> User:
        """Who asks.

        Raises:
            QueryError: 516 for an unknown user, another password or address; 511 for a role the user does not have.
        """
        user = self._users.get(given.user)
        if user is None or not user.is_let_in(given.password, address):
            raise QueryError(
                AUTHENTICATION_FAILED,
                f"{given.user}: Authentication failed: password is incorrect, or there is no user with such name.",
            )
        for role in roles:
            if role not in user.roles:
                raise QueryError(UNKNOWN_ROLE, f"Role {role} should be granted to set as a current.")
        return user

    async def register(self, query_id: str, marker: str, replaces: bool) -> None:
        """A query begins.

        Raises:
            QueryError: 216 while another one runs under its id, unless it replaces that; 202 when too many run.
        """
        if query_id in self._running and replaces:
            await self.in_thread(self.engine.kill, self._running[query_id])
            deadline = asyncio.get_running_loop().time() + _REPLACE_SECONDS
            while query_id in self._running and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.02)
        if query_id in self._running:
            raise QueryError(QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, f"Query with id = {query_id} is already running.")
        limit = self.access.max_concurrent_queries
        if len(self._running) >= limit:
            raise QueryError(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                f"Too many simultaneous queries. Maximum: {limit}, now: {len(self._running)}.",
            )
        self._running[query_id] = marker

    def unregister(self, query_id: str) -> None:
        """A query has ended."""
        self._running.pop(query_id, None)

    async def release(self, session: Session, close: bool) -> None:
        """A session's request has ended."""
        handle = self.sessions.release(session, close)
        if handle is not None:
            await self.in_thread(handle.close)

    async def sweep_forever(self) -> None:
        """Close sessions whose time is over, again and again, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for handle in self.sessions.sweep():
                await self.in_thread(handle.close)

    async def kill_all(self) -> None:
        """Order every running query to stop."""
        await self.in_thread(self.engine.kill_all)

    async def close(self) -> None:
        """Close the sessions, wait for the threads, close the engine."""
        handles = self.sessions.close_all()
        with suppress(QueryError):
            await self.kill_all()
        for handle in handles:
            await self.in_thread(handle.close)
        await asyncio.to_thread(self._pool.shutdown)
        await asyncio.to_thread(self.query_log.close)
        self.engine.close()

    @property
    def _is_loopback(self) -> bool:
        return is_loopback(self.access.host)


def _is_own(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
