"""What tests of several rooms share: a checkout to drive, a free port, settings as an environment."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from orchestrator.embedded import engine_state
from orchestrator.settings import Settings

OWN_VARIABLES = ("CLICKHOUSE_", "TOUCHSTONE_", "DAGSTER_", "DBT_")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment that makes these settings."""
    return {
        "TOUCHSTONE_HOME": str(settings.touchstone_home),
        "TOUCHSTONE_DROP_DIR": str(settings.touchstone_drop_dir),
        "CLICKHOUSE_PORT": str(settings.clickhouse_port or ""),
        "CLICKHOUSE_DATABASE": settings.clickhouse_database,
        "TOUCHSTONE_MINT_IN_WAREHOUSE": str(settings.touchstone_mint_in_warehouse).lower(),
    }


class Checkout:
    """A copy of the checkout with a home of its own, driven by its command as a person would.

    Attributes:
        is_shared: whether tests of several modules use it.
    """

    def __init__(self, folder: Path, home: Path, port: int) -> None:
        self.is_shared = False
        self.folder = folder
        self.home = home
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)},
            "PYTHONPATH": str(folder),
            "TOUCHSTONE_HOME": str(home),
            "CLICKHOUSE_PORT": str(port),
            "COLUMNS": "160",
            "DBT_LOG_LEVEL_FILE": "none",  # a tenth of dbt's time; what it says is in the output
        }

    def touchstone(
        self, *arguments: str, must_succeed: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        if must_succeed:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(
        self, *arguments: str, output: IO[str] | int = subprocess.PIPE, in_background: bool = False
    ) -> subprocess.Popen[str]:
        """Start a verb and leave it running; one that runs for long needs a file for what it says: a pipe fills up.

        A shell lets its jobs in the background ignore Ctrl-C.
        """
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_ignore_interrupts if in_background else None,  # noqa: PLW1509 no thread runs here
        )

    def rows(self, statement: str) -> list[list[Any]]:
        """The rows that a statement gives; asks the engine itself, as a command takes a second to start."""
        with self._client() as client:
            answer = client.raw_query(statement, fmt="JSONCompactEachRow").decode()
        return [json.loads(line) for line in answer.splitlines()]

    def change(self, statement: str) -> None:
        """Have the engine do what gives no rows."""
        with self._client() as client:
            client.command(statement)

    def _client(self) -> Client:
        if engine_state(self.home / "engine") is None:
            self.touchstone("up")
        state = engine_state(self.home / "engine")
        assert state is not None
        client = clickhouse_connect.get_client(host="127.0.0.1", port=state.port)
        if client.command("EXISTS DATABASE touchstone"):
            client.database = "touchstone"
        return client

    def add_lookup(self, **cells: str) -> None:
        """Append a row to the lookup desk: these cells, and those of its first row in every other column."""
        path = self.folder / "seeds" / "lookups.csv"
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            row = next(reader) | cells
        assert row.keys() == set(reader.fieldnames or ())
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, reader.fieldnames or (), lineterminator="\n").writerow(row)

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "orchestrator.cli", *arguments]


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True)
class FirstRun:
    """A checkout after its first `touchstone run`, and what that printed."""

    checkout: Checkout
    printed: str
