"""What the benchmarks of identity need: a migrated warehouse of their own, dbt on it, and the memory of processes."""

import argparse
import json
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

import psutil
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from benchmarks.embedded.setting import parser as parser_of_engine
from orchestrator.constants import DBT_PROJECT_DIR, DEFAULT_DATABASE, LOOPBACK
from orchestrator.embedded import engine_state, stop_engine
from orchestrator.helpers import configure_logging
from orchestrator.settings import Settings, child_environment, inherited_environment
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.dbt import DBT_EXECUTABLE
from orchestrator.warehouse.dbt_packages import install_packages
from orchestrator.warehouse.migrations import apply_migrations

_T = TypeVar("_T")

_SAMPLE_SECONDS: Final = 0.01
_OWN_VARIABLES: Final = ("CLICKHOUSE_", "TOUCHSTONE_", "DAGSTER_", "DBT_")
# dbt names the node in a comment at the head of each statement
_STATEMENTS: Final = """
    SELECT sum(query_duration_ms), sumIf(query_duration_ms, query_kind = 'Insert' AND query LIKE '%`{model}` (%')
    FROM system.query_log
    WHERE query_start_time_microseconds >= toDateTime64('{since}', 6, 'UTC')
        AND startsWith(extract(query, '"node_id": "([^"]+)"'), 'model.')
"""


@dataclass(frozen=True)
class Measured:
    """What one run took.

    Attributes:
        seconds: wall time.
        megabytes: the most that the watched process held meanwhile.
    """

    seconds: float
    megabytes: float


@dataclass(frozen=True)
class ModelRun:
    """`dbt run` of one model, perhaps with those it reads.

    Attributes:
        seconds: wall time of the command.
        node: seconds of the model, as dbt reports them: compiling with its checks, the statements, the checks after.
        statements: seconds of all statements of the model, by the engine's query log.
        insert: seconds of the one that appends to the model's table, by the same log; 0 if there is none.
    """

    seconds: float
    node: float
    statements: float
    insert: float

    @property
    def start_up(self) -> float:
        """What dbt took around the model: starting Python, reading the project, asking for the schema."""
        return self.seconds - self.node


class Warehouse:
    """A warehouse in a temporary folder, on an engine of its own."""

    def __init__(self, settings: Settings, client: Client, pid: int) -> None:
        self.settings = settings
        self.client = client
        self.pid = pid

    def run(self, sql: str) -> None:
        """Run a statement that answers nothing."""
        self.client.command(sql)

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """The rows of a query."""
        return self.client.query(sql).result_rows

    def number(self, sql: str) -> int:
        """The one number that a query gives."""
        return int(self.rows(sql)[0][0])

    def give_memory_back(self) -> None:
        """Have the engine's allocator return what it holds in store, so that a peak is that of what comes next."""
        self.run("SYSTEM JEMALLOC PURGE")

    def dbt(self, *arguments: str) -> None:
        """Run dbt on the project, as `touchstone build` does. Raises RuntimeError with what dbt said."""
        settings = self.settings
        assert settings.clickhouse_port is not None
        install_packages(settings)
        done = subprocess.run(
            [DBT_EXECUTABLE, "--no-use-colors", *arguments],
            env=clean_environment() | child_environment(settings, LOOPBACK, settings.clickhouse_port),
            cwd=DBT_PROJECT_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def run_model(self, model: str) -> ModelRun:
        """`dbt run` of one model, and what dbt and the engine say of it.

        Args:
            model: its name, or `+name` for it and the models that it reads, whose seconds are added up.
        """
        since = self.rows("SELECT toString(now64(6, 'UTC'))")[0][0]
        seconds = timed(lambda: self.dbt("run", "--select", model))
        self.run("SYSTEM FLUSH LOGS")
        statements, insert = self.rows(_STATEMENTS.format(since=since, model=model.lstrip("+")))[0]
        results = json.loads((self.settings.dbt_dir / "target" / "run_results.json").read_text(encoding="utf-8"))
        taken = [each["execution_time"] for each in results["results"] if each["unique_id"].startswith("model.")]
        return ModelRun(seconds, sum(taken), statements / 1000, insert / 1000)


def parser(module: str, description: str) -> argparse.ArgumentParser:
    """A parser for `python -m benchmarks.identity.MODULE`."""
    made = parser_of_engine(module, description)
    made.prog = f"python -m benchmarks.identity.{module}"
    return made


@contextmanager
def new_warehouse() -> Iterator[Warehouse]:
    """A migrated warehouse whose folder and engine are gone afterwards. The environment and .env have no say."""
    configure_logging("WARNING", "console")
    with tempfile.TemporaryDirectory(prefix="benchmark-identity-") as home:
        settings = own_settings(Path(home))
        try:
            apply_migrations(settings)
            client = connect(settings, database=settings.clickhouse_database)
            state = engine_state(settings.engine_dir)
            assert state is not None
            yield Warehouse(settings, client, state.pid)
        finally:
            stop_engine(settings.engine_dir)


def own_settings(home: Path) -> Settings:
    """Settings of an engine in that folder, on a free port."""
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        port = sock.getsockname()[1]
    return Settings(
        _env_file=None,
        clickhouse_host=None,
        clickhouse_port=port,
        clickhouse_user="default",
        clickhouse_password=SecretStr(""),
        clickhouse_database=DEFAULT_DATABASE,
        clickhouse_secure=False,
        touchstone_home=home,
        touchstone_users_file=None,
        touchstone_backup_dir=None,
        touchstone_user_files_dir=None,
        touchstone_mint_in_warehouse=False,
    )


def clean_environment() -> dict[str, str]:
    """This process's environment without the project's own variables, so that no child reaches another warehouse."""
    return {name: value for name, value in inherited_environment().items() if not name.startswith(_OWN_VARIABLES)}


def watched(pid: int, run: Callable[[], _T], *, with_children: bool = False) -> tuple[_T, float]:
    """What `run` gives, and the most megabytes that a process, and perhaps its children, held while it ran."""
    # not by getrusage: Linux counts to a child what its parent held when it was started
    process = psutil.Process(pid)

    def resident() -> int:
        children = process.children(recursive=True) if with_children else []
        return sum(map(_resident, (process, *children)))

    is_over = threading.Event()
    highest = [resident()]

    def sample() -> None:
        while not is_over.wait(_SAMPLE_SECONDS):
            highest.append(max(highest.pop(), resident()))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        outcome = run()
    finally:
        is_over.set()
        sampler.join()
    return outcome, max(highest[0], resident()) / 1e6


def timed(run: Callable[[], object]) -> float:
    """Seconds of a call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def figures(measured: Sequence[Measured]) -> tuple[str, str, str]:
    """Median and range of the seconds, and the highest memory, as a table shows them."""
    seconds = [each.seconds for each in measured]
    digits = 3 if median(seconds) < 1 else 2
    spread = f"{min(seconds):.{digits}f}-{max(seconds):.{digits}f}"
    return f"{median(seconds):.{digits}f}", spread, f"{max(each.megabytes for each in measured):,.0f}"


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
