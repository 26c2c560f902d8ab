"""A PostgreSQL cluster in a temporary folder, with the settings it comes with, for as long as a benchmark needs it."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.constants import LOOPBACK

# PostgreSQL refuses to run as root; its Debian package makes this user.
_USER_INSTEAD_OF_ROOT: Final = "postgres"
_LOG: Final = "postgres.log"


@dataclass(frozen=True)
class Cluster:
    """A running cluster: how to connect, its version, and the pid of its first process."""

    conninfo: str
    version: str
    pid: int


def find_initdb() -> Path | None:
    """The `initdb` on the path, or of the newest Debian package; None when PostgreSQL is not installed."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve()
    packaged = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max(packaged, key=lambda path: int(path.parts[-3]), default=None)


@contextmanager
def new_cluster(initdb: Path) -> Iterator[Cluster]:
    """A cluster on a free port of the loopback address, stopped by its own pg_ctl and removed afterwards."""
    user = _USER_INSTEAD_OF_ROOT if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="benchmark-postgres-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        with socket.socket() as sock:
            sock.bind((LOOPBACK, 0))
            port = sock.getsockname()[1]
        owner = user or getpass.getuser()
        _run(user, folder, initdb, "--pgdata", data, "--username", owner, "--auth", "trust", "--encoding", "UTF8")
        control = initdb.with_name("pg_ctl")
        options = f"-p {port} -c listen_addresses={LOOPBACK} -c unix_socket_directories={folder}"
        _run(user, folder, control, "start", "--wait", "--pgdata", data, "--log", folder / _LOG, "--options", options)
        try:
            pid = int((data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
            version = (data / "PG_VERSION").read_text(encoding="ascii").strip()
            yield Cluster(f"host={LOOPBACK} port={port} user={owner} dbname=postgres", version, pid)
        finally:
            _run(user, folder, control, "stop", "--wait", "--mode", "fast", "--pgdata", data)


def _run(user: str | None, folder: Path, program: Path, *arguments: object) -> None:
    # the cluster's processes would keep a pipe open, so what is said goes to a file
    with (folder / "commands.log").open("w+", encoding="utf-8") as said:
        done = subprocess.run(
            [str(program), *map(str, arguments)], cwd=folder, user=user, stdout=said, stderr=said, check=False
        )
        if done.returncode != 0:
            said.seek(0)
            raise RuntimeError(said.read())
