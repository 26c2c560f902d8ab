"""chdb behind uvicorn: opens the engine, answers until a signal comes, ends in order."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Final

import uvicorn

from orchestrator.embedded.access.users import User, with_limits
from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.config import CONFIG_FOLDER, write_config
from orchestrator.embedded.execution.engine import Engine
from orchestrator.embedded.execution.workplace import Premises
from orchestrator.embedded.interface.app import create_app
from orchestrator.embedded.interface.replies import KEEP_ALIVE_SECONDS
from orchestrator.embedded.interface.service import Service
from orchestrator.embedded.interface.wire import WireProtocol
from orchestrator.embedded.life.options import ServerOptions
from orchestrator.embedded.life.state import LOG_FILE, STDERR_FILE, EngineState
from orchestrator.embedded.records.query_log import QueryLog
from orchestrator.exceptions import EngineError, EnginePathInUseError, EngineStartError
from orchestrator.helpers import get_logger, utc_now

# What a cancelled query gets to answer its client, after the drain.
_LAST_WORDS_SECONDS: Final = 5

_log = get_logger(__name__)


def serve_on(
    socks: Sequence[socket.socket],
    options: ServerOptions,
    users: Mapping[str, User],
    is_sandboxed: bool,
    on_ready: Callable[[EngineState], None],
) -> None:
    """Open the engine and serve it on listening sockets until SIGTERM or SIGINT, from the main thread.

    Args:
        users: who may log in, by name.
        is_sandboxed: the kernel keeps this process to the engine's folders.

    Raises:
        EnginePathInUseError: another process has the data folder open.
        EngineStartError: chdb cannot open it.
    """
    config = write_config(options.engine_dir / CONFIG_FOLDER, options.user_files, options.backups)
    try:
        engine = Engine(options.data_path, config)
    except QueryError as error:
        raise _cannot_open(options, error) from error
    # A relative path in file() counts from here.
    os.chdir(options.user_files)
    state = EngineState(
        pid=os.getpid(),
        port=socks[0].getsockname()[1],
        path=options.data_path,
        log=options.engine_dir / LOG_FILE,
        started_at=utc_now(),
        version=engine.facts.version,
    )
    query_log = QueryLog(engine, options.spool)
    premises = Premises(engine, options.spool, options.user_files, is_sandboxed, query_log.flush)
    limited = with_limits(users, options.access.max_execution_seconds)
    service = Service(premises, limited, options.access, query_log)

    settings = uvicorn.Config(
        create_app(service),
        http=WireProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=1024,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(options.drain_seconds) + _LAST_WORDS_SECONDS,
    )
    server = _Server(settings, service.kill_all, options.drain_seconds)

    def announce() -> None:
        state.write(options.engine_dir)
        _log.info("serving", pid=state.pid, port=state.port, path=str(state.path), version=state.version)
        on_ready(state)

    server.on_serving = announce
    server.run(sockets=list(socks))


class _Server(uvicorn.Server):
    """Ends by our rules: a drain, then KILL QUERY, then the end, and exit status 0 for a signal."""

    def __init__(self, config: uvicorn.Config, kill_all: Callable[[], Awaitable[None]], drain_seconds: float) -> None:
        super().__init__(config)
        self._kill_all = kill_all
        self._drain_seconds = drain_seconds
        self.on_serving: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_serving()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping", running_requests=len(self.server_state.tasks))
        killer = asyncio.create_task(self._kill_late_queries())
        try:
            await super().shutdown(sockets)
        finally:
            killer.cancel()
        _log.info("stopped")

    async def _kill_late_queries(self) -> None:
        await asyncio.sleep(self._drain_seconds)
        _log.warning("cancelling queries", running_requests=len(self.server_state.tasks))
        await self._kill_all()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        handled = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self._stop) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True


def _cannot_open(options: ServerOptions, error: QueryError) -> EngineError:
    status = options.data_path / "status"
    with contextlib.suppress(OSError, IndexError, ValueError):
        pid = int(status.read_text(encoding="utf-8").split()[1])
        os.kill(pid, 0)
        if pid != os.getpid():
            return EnginePathInUseError(
                f"The data folder {options.data_path} belongs to process {pid}.", f"End it first: kill {pid}."
            )
    detail = error.text.partition("Stack trace")[0].strip()
    return EngineStartError(
        f"chdb cannot open {options.data_path}: {detail}", f"It says why in {options.engine_dir / STDERR_FILE}."
    )
