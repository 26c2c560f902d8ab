"""The kernel's word on files: on Linux the engine process may open its own folders and the system's, nothing else.

SQL is looked at before it runs (`access.files`), but there are many ways to name a file in SQL, and INSERT data may
hold expressions. Landlock is the wall behind that. It holds for threads made after it is entered, so it comes before
chdb is loaded, which makes threads at once. Elsewhere, and on kernels without Landlock, the look at the SQL is all.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from landlock import FSAccess, LandlockError, Ruleset, landlock_abi_version

from orchestrator.constants import PROJECT_ROOT
from orchestrator.helpers import get_logger

# What Python, chdb and the C library read: programs and libraries, zones, certificates, names of hosts, the machine.
_SYSTEM: Final = (
    "/usr", "/lib", "/lib64", "/opt", "/etc/localtime", "/etc/timezone", "/etc/ssl", "/etc/ca-certificates", "/etc/pki",
    "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/ld.so.cache",
    "/sys/fs/cgroup", "/sys/devices/system", "/sys/kernel/mm/transparent_hugepage", "/proc/meminfo", "/proc/cpuinfo",
    "/proc/stat", "/proc/sys", "/proc/self/maps", "/proc/self/statm", "/proc/self/status", "/proc/self/stat",
    "/proc/self/cgroup", "/proc/self/task", "/proc/self/mountinfo", "/proc/self/mounts", "/proc/self/auxv",
)  # fmt: skip
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/shm")
# The first version that can allow a file to be renamed from one folder to another, as the engine does with parts.
_LEAST_VERSION: Final = 2

_log = get_logger(__name__)


def enter_sandbox(writable: Iterable[Path]) -> bool:
    """Close this process's view of the file system, for good.

    Args:
        writable: folders of the engine, readable and writable with all below.

    Returns:
        False when the system offers nothing of the kind; that is logged.
    """
    if reason := _why_not():
        _log.warning("no sandbox", reason=reason)
        return False
    read = FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE
    rules = Ruleset()
    own = (sys.prefix, sys.base_prefix, str(PROJECT_ROOT / "orchestrator"))
    for name in (*_SYSTEM, *own):
        _allow(rules, Path(name), read, FSAccess.READ_FILE)
    for name in _DEVICES:
        _allow(rules, Path(name), FSAccess.all(), FSAccess.READ_FILE | FSAccess.WRITE_FILE)
    for folder in writable:
        _allow(rules, folder, FSAccess.all(), FSAccess.READ_FILE | FSAccess.WRITE_FILE)
    rules.apply()
    return True


def _why_not() -> str | None:
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no Landlock"
    try:
        version = landlock_abi_version()
    except (OSError, LandlockError) as error:
        return f"this kernel has no Landlock: {error}"
    return None if version >= _LEAST_VERSION else f"Landlock {version} of this kernel cannot allow renaming"


def _allow(rules: Ruleset, path: Path, in_folder: FSAccess, on_file: FSAccess) -> None:
    if path.exists():
        rules.allow(path, rules=in_folder if path.is_dir() else on_file)
