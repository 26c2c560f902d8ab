"""Becoming the one process that owns an engine folder: folders, lock and port first, then the engine.

Light to import, because the command imports it: what needs chdb or uvicorn is in `serving`, loaded when it is its turn.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from orchestrator.embedded.life.options import ServerOptions
from orchestrator.embedded.life.ports import listen
from orchestrator.embedded.life.state import STATE_FILE, EngineState, FolderLock, lock_holder
from orchestrator.exceptions import EnginePathError, EnginePathInUseError

_WILDCARDS: Final = frozenset("?*[{")


class EngineFolderLockedError(EnginePathInUseError):
    """Another engine of the same folder starts, runs or stops."""


def serve(options: ServerOptions, on_ready: Callable[[EngineState], None]) -> None:
    """Serve until SIGTERM or SIGINT, from the main thread.

    Args:
        on_ready: called once queries are answered.

    Raises:
        EnginePathError: a folder cannot be created or written.
        EnginePathInUseError: another process owns one; names the pid.
        EnginePortInUseError: the port asked for is taken.
        EngineStartError: chdb cannot open the folder; names the log.
    """
    lock = _own(options)
    try:
        sock = listen(options.port)
        try:
            # Only now: the refusals above should not take the time of loading an engine.
            from orchestrator.embedded.life.serving import serve_on  # noqa: PLC0415

            serve_on(sock, options, on_ready)
        finally:
            sock.close()
    finally:
        (options.engine_dir / STATE_FILE).unlink(missing_ok=True)
        lock.release()


def _own(options: ServerOptions) -> FolderLock:
    folders = (options.engine_dir, options.data_path)
    for folder in folders:
        if not _WILDCARDS.isdisjoint(str(folder)):
            raise EnginePathError(f"The folder {folder} has one of ?*[{{ in its name, which chdb takes for a pattern.")
        ensure_writable(folder)
    lock = FolderLock.try_take(options.engine_dir)
    if lock is None:
        pid = lock_holder(options.engine_dir)
        raise EngineFolderLockedError(f"The engine folder {options.engine_dir} belongs to process {pid}.")
    return lock


def ensure_writable(folder: Path) -> None:
    """Create a folder if need be, and write a file there. Raises EnginePathError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise EnginePathError(
            f"The engine cannot write to {folder}: {error.strerror}.",
            "Point TOUCHSTONE_HOME to a folder that can be written.",
        ) from error
