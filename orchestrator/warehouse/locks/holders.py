"""Who holds a lock, as seen from the same machine: whether a process is gone, and what it left running.

A process is known by machine, pid and birth, so that neither a pid used again nor a namesake in another container is
taken for it. What cannot be told counts as alive: a lock is then free when it expires, not before.
"""

import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

# In /proc/PID/stat, counted behind the name in brackets.
_START_TICKS = 19


@dataclass(frozen=True)
class HolderProcess:
    """A process that holds, or held, a lock.

    Attributes:
        host: name of the machine, for people.
        machine: what tells machines, boots and pid namespaces apart.
        birth: when the process began: clock ticks since boot, elsewhere than on Linux seconds since 1970.
        group: its process group, which the commands it starts share.
    """

    host: str
    machine: str
    pid: int
    birth: float
    group: int


def this_process() -> HolderProcess:
    """The process that asks."""
    pid = os.getpid()
    return HolderProcess(socket.gethostname(), _machine(), pid, _birth(pid), os.getpgid(pid))


def is_gone(process: HolderProcess) -> bool:
    """True when the process is known to have ended; False when it runs, or ran where this one cannot look."""
    if process.machine != _machine():
        return False
    try:
        is_zombie = psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
        return bool(is_zombie) or _birth(process.pid) != process.birth
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def left_running(process: HolderProcess) -> list[str]:
    """What a process that is gone has left behind: `dbt (pid 7)` for each orphan of its process group.

    A command that was killed leaves the dbt it had started writing. Such an orphan is younger than its parent, in the
    same group, and has a parent outside of it, the system's reaper. Where the reaper itself is in the group (a
    container whose first process is this package), orphans cannot be told and are not found.
    """
    own_line = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    candidates = (other for other in psutil.process_iter() if other.pid not in own_line)
    return [found for other in candidates if (found := _as_orphan(other, process)) is not None]


def _as_orphan(other: psutil.Process, of: HolderProcess) -> str | None:
    try:
        if _group(other.pid) != of.group or _birth(other.pid) < of.birth or _group(other.ppid()) == of.group:
            return None
        return None if other.status() == psutil.STATUS_ZOMBIE else f"{other.name()} (pid {other.pid})"
    except psutil.Error:
        return None


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid) if pid else None
    except OSError:
        return None


def _birth(pid: int) -> float:
    """Raises psutil.NoSuchProcess."""
    try:
        # psutil's time of creation moves when the clock is set; ticks since boot do not.
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return float(text.rpartition(")")[2].split()[_START_TICKS])
    except OSError:
        return float(psutil.Process(pid).create_time())


@lru_cache(maxsize=1)
def _machine() -> str:
    return "/".join((socket.gethostname(), _boot(), _pid_namespace()))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
