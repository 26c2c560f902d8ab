"""Becoming the one process that owns an engine folder: folders, lock and port first, then the engine.

Light to import, because the command imports it: what needs chdb or uvicorn is in `serving`, loaded when it is its turn.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from orchestrator.constants import LOOPBACK
from orchestrator.embedded.access.sandbox import enter_sandbox
from orchestrator.embedded.access.users import User, one_user, read_users, without_password
from orchestrator.embedded.life.options import ServerOptions
from orchestrator.embedded.life.ports import is_loopback, listen
from orchestrator.embedded.life.state import STATE_FILE, EngineState, FolderLock, lock_holder
from orchestrator.exceptions import EnginePathError, EnginePathInUseError, EngineUsersError

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
        EngineUsersError: the users file does not hold, or would let anybody in from elsewhere.
        EngineStartError: chdb cannot open the folder; names the log.
    """
    users = _users(options)
    lock = _own(options)
    try:
        socks = listen(options.access.host, options.port)
        try:
            _empty_spool(options.spool)
            is_sandboxed = enter_sandbox((options.engine_dir, options.data_path, options.user_files, options.backups))
            # Only now: the refusals above should not take the time of loading an engine, and the engine's threads
            # have to be born in the sandbox.
            from orchestrator.embedded.life.serving import serve_on  # noqa: PLC0415

            serve_on(socks, options, users, is_sandboxed, on_ready)
        finally:
            for sock in socks:
                sock.close()
    finally:
        (options.engine_dir / STATE_FILE).unlink(missing_ok=True)
        lock.release()


def _users(options: ServerOptions) -> dict[str, User]:
    path = options.access.users_file
    users = one_user(options.user, options.password) if path is None else read_users(path)
    own = users.get(options.user)
    if own is None or not own.is_let_in(options.password, LOOPBACK):
        raise EngineUsersError(
            f"The users file {path} does not let in CLICKHOUSE_USER {options.user!r} with CLICKHOUSE_PASSWORD.",
            "The project's own verbs log in with these: add the user there, or change the settings.",
        )
    open_doors = without_password(users.values())
    if open_doors and not is_loopback(options.access.host):
        raise EngineUsersError(
            f"The engine does not listen on {options.access.host} while there is no password for "
            f"{', '.join(open_doors)}.",
            "Set CLICKHOUSE_PASSWORD, give each user of the users file one, or listen on 127.0.0.1.",
        )
    return users


def _empty_spool(spool: Path) -> None:
    """What a crash has left there is nobody's; chdb, too, keeps its temporary files there."""
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(mode=0o700)
    tempfile.tempdir = str(spool)
    os.putenv("TMPDIR", str(spool))


def _own(options: ServerOptions) -> FolderLock:
    folders = (options.engine_dir, options.data_path, options.user_files, options.backups)
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
