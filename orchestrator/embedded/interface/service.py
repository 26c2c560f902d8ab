"""What all requests share: the engine, its sessions, the threads, who may come in and which queries run."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack
from urllib.parse import urlsplit

from orchestrator.embedded.errors import (
    ACCESS_DENIED,
    AUTHENTICATION_FAILED,
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
    QueryError,
)
from orchestrator.embedded.execution.engine import Engine
from orchestrator.embedded.execution.sessions import Session, Sessions
from orchestrator.embedded.interface.protocol import Credentials

_WORKERS: Final = 128
_SWEEP_SECONDS: Final = 5.0
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class Service:
    """The engine and what requests do with it together.

    Args:
        spool_dir: a private folder for results and data too large for memory.
        bound_host: the address the server listens on; clients may call it by this name besides the loopback ones.
    """

    def __init__(self, engine: Engine, spool_dir: Path, login: Credentials, bound_host: str) -> None:
        self.engine = engine
        self.spool_dir = spool_dir
        self.sessions = Sessions()
        self._login = login
        self._bound_host = bound_host
        self._running: set[str] = set()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="query")

    async def in_thread(self, run: Callable[[Unpack[_Ts]], _T], *arguments: *_Ts) -> _T:
        """Run something that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, run, *arguments)

    def ensure_local(self, headers: Mapping[str, str]) -> None:
        """Raises QueryError (497) for a request that a foreign web page has a browser send here."""
        host = headers.get("host")
        origin = headers.get("origin")
        if host is not None and not self._is_own(f"//{host}"):
            raise QueryError(ACCESS_DENIED, f"Host {host!r} is not this machine's loopback address.")
        if origin is not None and not self._is_own(origin):
            raise QueryError(ACCESS_DENIED, f"Requests from the web page {origin!r} are not accepted.")
        if headers.get("sec-fetch-site") == "cross-site":
            raise QueryError(ACCESS_DENIED, "Requests from other web sites are not accepted.")

    def authenticate(self, given: Credentials) -> None:
        """Raises QueryError (516) for another user or password than the server was started with."""
        same_user = hmac.compare_digest(given.user.encode(errors="replace"), self._login.user.encode())
        same_password = hmac.compare_digest(given.password.encode(errors="replace"), self._login.password.encode())
        if not (same_user and same_password):
            raise QueryError(
                AUTHENTICATION_FAILED,
                f"{given.user}: Authentication failed: password is incorrect, or there is no user with such name.",
            )

    async def register(self, query_id: str, replaces: bool) -> None:
        """A query begins. Raises QueryError (216) while another one runs under its id, unless it replaces that."""
        if query_id in self._running and replaces:
            await self.in_thread(self.engine.kill, query_id)
            deadline = asyncio.get_running_loop().time() + 5
            while query_id in self._running and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.02)
        if query_id in self._running:
            raise QueryError(QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, f"Query with id = {query_id} is already running.")
        self._running.add(query_id)

    def unregister(self, query_id: str) -> None:
        """A query has ended."""
        self._running.discard(query_id)

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
        self.engine.close()

    def _is_own(self, url: str) -> bool:
        try:
            host = urlsplit(url).hostname or ""
            is_name = host in ("localhost", self._bound_host) or host.endswith(".localhost")
            return is_name or ip_address(host).is_loopback
        except ValueError:
            return False
