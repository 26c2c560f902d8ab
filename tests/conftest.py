"""Fixtures of the whole suite: one embedded engine for it, a database for each test or module that needs one.

Nothing here mocks the database. The environment of the machine is kept out, so that a developer's .env changes nothing.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver.client import Client
from filelock import FileLock
from house import OWN_VARIABLES, Checkout, FirstRun, free_port, variables_of
from known_codes import teach_codes

from orchestrator.cli import main
from orchestrator.constants import PROJECT_ROOT, SEEDS_DIR
from orchestrator.embedded import stop_engine
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import apply_migrations

PRINTED = "printed.txt"
FILLED_BY_LOADS = (
    "landing_instruments",
    "landing_observations",
    "fct_observations",
    "quarantine_observations",
    "ops_batches",
    "ops_quarantine",
)
Touchstone = Callable[..., Result]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="Write the snapshots in tests/fixtures anew.")
    parser.addoption("--screenshots", type=Path, help="Keep pictures of the pages in this folder.")


@pytest.fixture
def assert_snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a file of tests/fixtures; `pytest --update-snapshots` writes the file instead."""

    def compare(name: str, text: str) -> None:
        path = PROJECT_ROOT / "tests" / "fixtures" / name
        if request.config.getoption("--update-snapshots"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; if that is meant: pytest --update-snapshots"

    return compare


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
    """Settings with a database that has all migrations, for a test that changes it for good."""
    apply_migrations(settings)
    return settings


@pytest.fixture(scope="module")
def shared(new_settings: Callable[..., Settings]) -> Iterator[Settings]:
    """Settings with a database that has all migrations, for the tests of a module that leave it as they found it."""
    made = new_settings()
    apply_migrations(made)
    yield made
    connect(made).command(f"DROP DATABASE {made.clickhouse_database}")


@pytest.fixture(scope="module")
def taught(shared: Settings) -> Settings:
    """The module's database once its dictionaries know the codes of known_codes."""
    teach_codes(connect(shared, database=shared.clickhouse_database))
    return shared


@pytest.fixture
def desk_client(taught: Settings) -> Iterator[Client]:
    """A client of that database, which is emptied of what the test loads."""
    client = connect(taught, database=taught.clickhouse_database)
    yield client
    for table in FILLED_BY_LOADS:
        client.command(f"TRUNCATE TABLE {table} SYNC")


@pytest.fixture
def shared_client(shared: Settings) -> Client:
    """A client of the module's database."""
    return connect(shared, database=shared.clickhouse_database)


@pytest.fixture
def client(settings: Settings) -> Client:
    """A client of the test's database."""
    return connect(settings, database=settings.clickhouse_database)


@pytest.fixture
def touchstone_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Settings], Touchstone]]:
    """Makes the command, in this process, on the database of these settings."""

    def make(settings: Settings) -> Touchstone:
        for name, value in variables_of(settings).items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        runner = CliRunner()
        return lambda *arguments, **options: runner.invoke(main, [str(argument) for argument in arguments], **options)

    yield make
    get_settings.cache_clear()


@pytest.fixture
def touchstone(touchstone_on: Callable[[Settings], Touchstone], settings: Settings) -> Touchstone:
    """The command on the test's database."""
    return touchstone_on(settings)


@pytest.fixture
def shared_touchstone(touchstone_on: Callable[[Settings], Touchstone], shared: Settings) -> Touchstone:
    """The command on the module's database."""
    return touchstone_on(shared)


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


@pytest.fixture(scope="session")
def checkouts() -> Iterator[list[Checkout]]:
    """Those whose engines may run."""
    made: list[Checkout] = []
    yield made
    stop_engines(made)


@pytest.fixture(scope="module", autouse=True)
def engines_end_with_their_module(checkouts: list[Checkout]) -> Iterator[None]:
    """An engine that nobody asks costs a hundredth of a core; a whole suite makes dozens."""
    before = list(checkouts)
    yield
    stop_engines([checkout for checkout in checkouts if checkout not in before and not checkout.is_shared])


def stop_engines(checkouts: Iterable[Checkout]) -> None:
    for checkout in checkouts:
        stop_engine(checkout.home / "engine")


@pytest.fixture(scope="session")
def new_checkout(checkouts: list[Checkout], tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Checkout]:
    """Makes copies of the checkout: the files that Git knows or would take, and nothing else."""

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
        checkouts.append(Checkout(folder, tmp_path_factory.mktemp("home"), free_port()))
        return checkouts[-1]

    return make


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, new_checkout: Callable[[], Checkout]) -> Path:
    """A home after one whole run on the sample data with its engine stopped, and what was printed; one for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "recorded"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / PRINTED).exists():
            checkout = new_checkout()
            printed = checkout.touchstone("run").stdout
            checkout.touchstone("down")
            shutil.copytree(checkout.home, folder, symlinks=True)
            (folder / PRINTED).write_text(printed, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def run_checkout(recorded: Path, new_checkout: Callable[[], Checkout]) -> Callable[[], Checkout]:
    """Makes checkouts that have had their first run, each with a warehouse of its own to change."""

    def make() -> Checkout:
        checkout = new_checkout()
        shutil.copytree(recorded, checkout.home, symlinks=True, dirs_exist_ok=True)
        return checkout

    return make


@pytest.fixture(scope="session")
def first_run(recorded: Path, run_checkout: Callable[[], Checkout]) -> FirstRun:
    """A checkout after its first run, shared by all tests that only read; its engine is up."""
    checkout = run_checkout()
    checkout.is_shared = True
    checkout.touchstone("up")
    return FirstRun(checkout, (recorded / PRINTED).read_text(encoding="utf-8"))
