"""Starting, finding and stopping the engine process of a folder."""

import os
import signal
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, TypeVar

from orchestrator.constants import DEFAULT_HTTP_PORT, LOOPBACK
from orchestrator.embedded.life.options import DATA_FOLDER, EngineAccess, ServerOptions
from orchestrator.embedded.life.owner import EngineFolderLockedError, ensure_writable, serve
from orchestrator.embedded.life.ports import port_owner
from orchestrator.embedded.life.spawning import has_ended, spawn, start_error
from orchestrator.embedded.life.state import LOG_FILE, STATE_FILE, EngineState, lock_holder
from orchestrator.exceptions import (
    EngineError,
    EnginePathError,
    EnginePathInUseError,
    EnginePortInUseError,
    EngineStartError,
    EngineUsersError,
)

_PING_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.02

_T = TypeVar("_T")

_ERRORS: Final[dict[str, type[EngineError]]] = {
    kind.__name__: kind
    for kind in (
        EnginePortInUseError,
        EnginePathError,
        EnginePathInUseError,
        EngineFolderLockedError,
        EngineStartError,
        EngineUsersError,
    )
}


@dataclass(frozen=True)
class StartedEngine:
    """What `start_engine` found or made.

    Attributes:
        was_running: it ran before.
        note: one sentence when it is not quite what was asked for, such as another port.
    """

    state: EngineState
    was_running: bool
    note: str | None


def engine_state(engine_dir: Path) -> EngineState | None:
    """The running engine that owns this folder: its process holds the lock and answers /ping.

    A state file that nobody's lock stands behind is removed.
    """
    state = EngineState.read(engine_dir)
    holder = lock_holder(engine_dir)
    if holder is None:
        if state is not None:
            (engine_dir / STATE_FILE).unlink(missing_ok=True)
        return None
    if state is None or state.pid != holder or _get(state.port, "/ping") is None:
        return None
    return state


def start_engine(
    engine_dir: Path,
    port: int | None,
    *,
    data_path: Path | None = None,
    user: str = "default",
    password: str = "",
    access: EngineAccess | None = None,
    wait_seconds: float = 30,
) -> StartedEngine:
    """The engine of a folder, started as a process of its own unless it runs already.

    Args:
        port: on 127.0.0.1; None takes 8123 or, if that is busy, the next free one, and says so in the note.
        data_path: where the tables live, `engine_dir/data` if not given.
        access: who may use it, from where, and how much at once; loopback and one login if not given.
        wait_seconds: how long it may take until `SELECT 1` is answered.

    Raises:
        EnginePortInUseError: the port asked for is taken by another program.
        EnginePathError: a folder cannot be created or written.
        EnginePathInUseError: another process owns the folder and does not serve it.
        EngineUsersError: the users file does not hold, or would let anybody in from elsewhere.
        EngineStartError: it did not come up in time, or ended at once; names the log.
    """
    engine_dir = engine_dir.absolute()
    deadline = time.monotonic() + wait_seconds
    if (running := engine_state(engine_dir)) is not None:
        return _found(running, port)
    options = _options(engine_dir, port, data_path, user, password, access)
    ensure_writable(engine_dir)
    outcome = spawn(options, deadline)
    while outcome.get("error") == EngineFolderLockedError.__name__:
        # Somebody else starts or stops this engine at this moment.
        other = _until(lambda: engine_state(engine_dir), deadline, while_=lambda: lock_holder(engine_dir) is not None)
        if other is not None:
            return _found(other, port)
        if lock_holder(engine_dir) is not None:
            break
        outcome = spawn(options, deadline)
    if "error" in outcome:
        raise _ERRORS.get(str(outcome["error"]), EngineError)(str(outcome["message"]), outcome["remedy"])
    state = _until(lambda: engine_state(engine_dir), deadline)
    if state is None or not _until(lambda: _answers(options, state.port), deadline):
        raise start_error(options, "does not answer")
    return StartedEngine(state, was_running=False, note=_port_note(state, port))


def stop_engine(engine_dir: Path, wait_seconds: float = 60) -> EngineState | None:
    """Ask the engine of a folder to end, and wait until it has: running queries may finish first.

    Returns:
        The engine that ran, None when none did.

    Raises:
        EngineError: it did not end in time; names pid and log. It is never killed.
    """
    engine_dir = engine_dir.absolute()
    deadline = time.monotonic() + wait_seconds
    state = _until(lambda: _owner(engine_dir), deadline, while_=lambda: lock_holder(engine_dir) is not None)
    if state is None:
        engine_state(engine_dir)
        if (pid := lock_holder(engine_dir)) is not None:
            raise EngineError(f"Process {pid} holds {engine_dir} and does not come up; see {engine_dir / LOG_FILE}.")
        return None
    with suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    if not _until(lambda: lock_holder(engine_dir) != state.pid and has_ended(state.pid), deadline):
        raise EngineError(
            f"The engine, process {state.pid}, did not end within {wait_seconds:g} seconds; see {state.log}.",
            f"Wait, or end it by hand: kill {state.pid}.",
        )
    return state


def run_engine_in_foreground(
    engine_dir: Path,
    port: int | None,
    *,
    data_path: Path | None = None,
    user: str = "default",
    password: str = "",
    access: EngineAccess | None = None,
    on_ready: Callable[[EngineState], None] = lambda _: None,
) -> None:
    """Be the engine: serve in this process until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        on_ready: called once, when queries are answered.

    Raises:
        EngineError: as `start_engine`; EnginePathInUseError also when the engine of this folder runs already.
    """
    serve(_options(engine_dir.absolute(), port, data_path, user, password, access), on_ready)


def _options(  # noqa: PLR0917
    engine_dir: Path, port: int | None, data_path: Path | None, user: str, password: str, access: EngineAccess | None
) -> ServerOptions:
    data = (data_path or engine_dir / DATA_FOLDER).absolute()
    return ServerOptions(engine_dir, port, data, user, password, access or EngineAccess())


def _found(state: EngineState, port: int | None) -> StartedEngine:
    note = None
    if port is not None and port != state.port:
        note = f"The engine already runs on port {state.port}, not on {port}."
    return StartedEngine(state, was_running=True, note=note)


def _port_note(state: EngineState, port: int | None) -> str | None:
    if port is not None or state.port == DEFAULT_HTTP_PORT:
        return None
    owner = port_owner(DEFAULT_HTTP_PORT)
    by = f" by {owner}" if owner else ""
    return f"Port {DEFAULT_HTTP_PORT} is in use{by}, so the engine listens on {state.port}."


def _owner(engine_dir: Path) -> EngineState | None:
    state = EngineState.read(engine_dir)
    return state if state is not None and state.pid == lock_holder(engine_dir) else None


def _answers(options: ServerOptions, port: int) -> bool:
    return _get(port, "/?query=SELECT+1", options) == b"1\n"


def _get(port: int, path: str, options: ServerOptions | None = None) -> bytes | None:
    """The body of a 200, None for anything else."""
    headers = {}
    if options is not None:
        login = b64encode(f"{options.user}:{options.password}".encode()).decode()
        headers["Authorization"] = f"Basic {login}"
    connection = HTTPConnection(LOOPBACK, port, timeout=_PING_SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return body if response.status == HTTPStatus.OK else None


def _until(poll: Callable[[], _T | None], deadline: float, while_: Callable[[], bool] = lambda: True) -> _T | None:
    """The first answer of `poll` that is true, None at the deadline or when `while_` no longer holds."""
    while True:
        if answer := poll():
            return answer
        if time.monotonic() >= deadline or not while_():
            return None
        time.sleep(_POLL_SECONDS)
