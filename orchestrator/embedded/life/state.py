"""The files that tell who owns an engine folder: a lock the kernel gives back, and a state file that is only a hint.

A crash leaves the state file and the lock file behind; the lock itself is gone with the process, so both mean nothing.
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Self

LOCK_FILE: Final = "engine.lock"
STATE_FILE: Final = "engine.json"
LOG_FILE: Final = "engine.log"
# What the process says outside its log: a trace of Python, or of the engine when it crashes.
STDERR_FILE: Final = "engine.stderr"
_INSTANT_SECONDS: Final = 0.1


@dataclass(frozen=True)
class EngineState:
    """A running engine.

    Attributes:
        port: of the HTTP interface on 127.0.0.1.
        path: the data folder.
        log: one JSON object a line.
        started_at: aware, UTC.
        version: of ClickHouse, such as 26.9.2.1.
    """

    pid: int
    port: int
    path: Path
    log: Path
    started_at: datetime
    version: str

    def write(self, engine_dir: Path) -> None:
        """Write the state file, all of it or nothing."""
        values = {**asdict(self), "path": str(self.path), "log": str(self.log)}
        values["started_at"] = self.started_at.isoformat()
        draft = engine_dir / f"{STATE_FILE}.{self.pid}"
        draft.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        draft.replace(engine_dir / STATE_FILE)

    @classmethod
    def read(cls, engine_dir: Path) -> Self | None:
        """What the state file says, None when there is none or it cannot be understood."""
        try:
            values = json.loads((engine_dir / STATE_FILE).read_text(encoding="utf-8"))
            return cls(
                pid=int(values["pid"]),
                port=int(values["port"]),
                path=Path(values["path"]),
                log=Path(values["log"]),
                started_at=datetime.fromisoformat(values["started_at"]),
                version=str(values["version"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


class FolderLock:
    """The right to be the engine of a folder, held by one process until it ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def try_take(cls, engine_dir: Path) -> Self | None:
        """The lock with this process's pid in it, None when another process holds it. Raises OSError."""
        # Not "w": that would wipe the pid of whoever holds the lock.
        file = os.fdopen(os.open(engine_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8")
        # Whoever asks lock_holder() holds the lock too, for an instant.
        deadline = time.monotonic() + _INSTANT_SECONDS
        while not _try_lock(file, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                file.close()
                return None
            time.sleep(_INSTANT_SECONDS / 20)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        return cls(file)

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it could take it away from the next owner."""
        self._file.truncate(0)
        self._file.close()


def lock_holder(engine_dir: Path) -> int | None:
    """Pid of the process that holds a folder's lock, None when nobody does; 0 when it has not written its pid yet."""
    try:
        file = (engine_dir / LOCK_FILE).open(encoding="utf-8")
    except OSError:
        return None
    with file:
        if _try_lock(file, fcntl.LOCK_SH):
            return None
        text = file.read().strip()
    return int(text) if text.isdecimal() else 0


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
