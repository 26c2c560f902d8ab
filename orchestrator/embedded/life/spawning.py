"""The server as a child process: started with its options on standard input, heard until it reports, buried."""

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.constants import PROJECT_ROOT
from orchestrator.embedded.life.options import ServerOptions
from orchestrator.embedded.life.state import LOG_FILE, STDERR_FILE
from orchestrator.exceptions import EngineStartError

_TAIL_BYTES: Final = 2000

# Processes this one has started: asked for their exit status when stopped, so that none stays a zombie.
_children: list[subprocess.Popen[bytes]] = []


def spawn(options: ServerOptions, deadline: float) -> dict[str, str | None]:
    """Start the server process.

    Returns:
        Its report: its pid, or an error by class name with message and remedy.

    Raises:
        EngineStartError: it ended at once, or said nothing until `deadline`, in seconds of the monotonic clock.
    """
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "orchestrator.embedded.server", "--home", str(options.engine_dir)]
    command += ["--report-fd", str(writing)]
    command += ["--port", str(options.port)] if options.port is not None else []
    with os.fdopen(reading, encoding="utf-8") as report:
        try:
            with _fresh_stderr(options.engine_dir).open("wb") as stderr:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=stderr,
                    stderr=stderr,
                    cwd=PROJECT_ROOT,
                    start_new_session=True,
                    pass_fds=(writing,),
                )
        finally:
            os.close(writing)
        _children.append(process)
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as stdin:
                stdin.write(json.dumps(options.to_dict()).encode() + b"\n")
        # The pipe also becomes readable, and gives nothing, when the process ends without a report.
        is_readable, _, _ = select.select([report], [], [], max(0.0, deadline - time.monotonic()))
        line = report.readline() if is_readable else ""
    if not is_readable:
        # Or it would come up later, with nobody who knows of it.
        process.terminate()
        raise start_error(options, "did not come up in time")
    if not line:
        raise start_error(options, "ended while it started")
    outcome: dict[str, str | None] = json.loads(line)
    return outcome


def start_error(options: ServerOptions, what: str) -> EngineStartError:
    """An error with the last words of the process."""
    files = [options.engine_dir / name for name in (STDERR_FILE, LOG_FILE)]
    spoken = [file for file in files if file.exists() and file.stat().st_size] or files[1:]
    tail = spoken[0].read_bytes()[-_TAIL_BYTES:].decode(errors="replace").splitlines() if spoken[0].exists() else []
    last = f" Its last words: {tail[-1].strip()}" if tail else ""
    return EngineStartError(f"The engine {what}.{last}", f"See {spoken[0]}.")


def _fresh_stderr(engine_dir: Path) -> Path:
    """An empty file for what the process says outside its log; what the last one said is kept beside it."""
    file = engine_dir / STDERR_FILE
    if file.exists() and file.stat().st_size:
        file.replace(file.with_name(f"{STDERR_FILE}.1"))
    return file


def has_ended(pid: int) -> bool:
    """True when there is no process with this id any more; collects the exit status of our own."""
    for child in _children:
        if child.pid == pid and child.poll() is not None:
            _children.remove(child)
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    import psutil  # noqa: PLC0415  only while stopping

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
