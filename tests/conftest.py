"""Fixtures of the whole suite: one embedded engine for it, a database for each test or module that needs one.

Nothing here mocks the database. The environment of the machine is kept out, so that a developer's .env changes nothing.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver.client import Client

from orchestrator.cli import main
from orchestrator.constants import PROJECT_ROOT, SEEDS_DIR
from orchestrator.embedded import stop_engine
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import apply_migrations

OWN_VARIABLES = ("CLICKHOUSE_", "TOUCHSTONE_", "DAGSTER_", "DBT_")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="session", autouse=True)
def own_environment() -> Iterator[None]:
    """No setting of the machine or of a .env file reaches a test."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(OWN_VARIABLES)]:
        del os.environ[name]
    Settings.model_config["env_file"] = None
    get_settings.cache_clear()
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """TOUCHSTONE_HOME of the suite's engine."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    stop_engine(folder / "engine")


@pytest.fixture(scope="session")
def engine_port() -> int:
    """Port of the suite's engine."""
    return free_port()


@pytest.fixture(scope="session")
def new_settings(home: Path, engine_port: int) -> Callable[..., Settings]:
    """Makes settings on the suite's engine, each with a database of its own unless one is named."""

    def make(**changes: object) -> Settings:
        given = {
            "touchstone_home": home,
            "clickhouse_port": engine_port,
            "clickhouse_database": f"t_{secrets.token_hex(6)}",
            **changes,
        }
        return Settings(**given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Iterator[Settings]:
    """Settings with an empty database of the test's own."""
    made = new_settings()
    yield made
    connect(made).command(f"DROP DATABASE IF EXISTS {made.clickhouse_database}")


@pytest.fixture
def migrated(settings: Settings) -> Settings:
    """Settings with a database that has all migrations."""
    apply_migrations(settings)
    return settings


@pytest.fixture
def client(settings: Settings) -> Client:
    """A client of the test's database."""
    return connect(settings, database=settings.clickhouse_database)


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment that makes these settings."""
    return {
        "TOUCHSTONE_HOME": str(settings.touchstone_home),
        "TOUCHSTONE_DROP_DIR": str(settings.touchstone_drop_dir),
        "CLICKHOUSE_PORT": str(settings.clickhouse_port or ""),
        "CLICKHOUSE_DATABASE": settings.clickhouse_database,
        "TOUCHSTONE_MINT_IN_WAREHOUSE": str(settings.touchstone_mint_in_warehouse).lower(),
    }


@pytest.fixture
def touchstone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """The command, in this process, on the test's database."""
    for name, value in variables_of(settings).items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    runner = CliRunner()
    yield lambda *arguments, **options: runner.invoke(main, [str(argument) for argument in arguments], **options)
    get_settings.cache_clear()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A copy of the project's lookup desk, to be changed."""
    folder = tmp_path / "seeds"
    folder.mkdir()
    for path in SEEDS_DIR.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return PROJECT_ROOT


class Checkout:
    """A copy of the checkout with a home of its own, driven by its command as a person would."""

    def __init__(self, folder: Path, home: Path, port: int) -> None:
        self.folder = folder
        self.home = home
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)},
            "PYTHONPATH": str(folder),
            "TOUCHSTONE_HOME": str(home),
            "CLICKHOUSE_PORT": str(port),
            "COLUMNS": "160",
        }

    def touchstone(self, *arguments: str, must_succeed: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
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

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a verb and leave it running."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def rows(self, statement: str) -> list[list[Any]]:
        """The rows that a statement gives, read through the command."""
        answer = self.touchstone("sql", statement, "--format", "JSONCompactEachRow").stdout
        return [json.loads(line) for line in answer.splitlines()]

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "orchestrator.cli", *arguments]


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Checkout]]:
    """Makes copies of the checkout: the files that Git knows or would take, and nothing else."""
    made: list[Checkout] = []

    def make() -> Checkout:
        folder = tmp_path_factory.mktemp("checkout")
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            source = PROJECT_ROOT / name
            if source.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, folder / name)
        made.append(Checkout(folder, tmp_path_factory.mktemp("home"), free_port()))
        return made[-1]

    yield make
    for checkout in made:
        stop_engine(checkout.home / "engine")


@dataclass(frozen=True)
class FirstRun:
    """A checkout after its first `touchstone run`, and what that printed."""

    checkout: Checkout
    printed: str


@pytest.fixture(scope="session")
def first_run(new_checkout: Callable[[], Checkout]) -> FirstRun:
    """One whole run on the sample data, shared by all tests that only read."""
    checkout = new_checkout()
    return FirstRun(checkout, checkout.touchstone("run").stdout)
