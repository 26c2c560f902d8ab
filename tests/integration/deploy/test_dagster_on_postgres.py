"""The services of docker-compose.yml that are Dagster's, without their containers: on PostgreSQL, by deploy/dagster.yaml."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from house import OWN_VARIABLES, free_port

from benchmarks.identity.postgres import Cluster, find_initdb, new_cluster
from orchestrator.constants import PROJECT_ROOT
from orchestrator.settings import Settings
from orchestrator.warehouse.client import ensure_engine
from orchestrator.warehouse.dbt import ensure_manifest
from orchestrator.warehouse.migrations import APPLIED, migration_status

BIN = Path(sys.executable).parent
INITDB = find_initdb()
DEADLINE_SECONDS = 100

pytestmark = pytest.mark.skipif(INITDB is None, reason="PostgreSQL is not installed")

LAUNCH = """
mutation {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "touchstone", repositoryName: "__repository__", jobName: "__ASSET_JOB",
      assetSelection: [{path: ["migrations"]}]
    }
    mode: "default"
  }) { __typename ... on LaunchRunSuccess { run { runId status } } ... on PythonError { message } }
}
"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    assert INITDB is not None
    with new_cluster(INITDB) as cluster:
        yield cluster


@pytest.fixture
def environment(postgres: Cluster, settings: Settings, tmp_path: Path) -> dict[str, str]:
    """What compose sets, for the suite's engine as the server and an empty home."""
    login = psycopg.conninfo.conninfo_to_dict(postgres.conninfo)
    address = ensure_engine(settings)
    ensure_manifest(settings)
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    (home / "dbt").symlink_to(settings.dbt_dir)
    (home / "dagster" / "dagster.yaml").symlink_to(PROJECT_ROOT / "deploy" / "dagster.yaml")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    return inherited | {
        "PYTHONPATH": str(PROJECT_ROOT),
        "TOUCHSTONE_HOME": str(home),
        "CLICKHOUSE_HOST": address.host,
        "CLICKHOUSE_PORT": str(address.port),
        "CLICKHOUSE_DATABASE": settings.clickhouse_database,
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_PG_HOST": login["host"],
        "DAGSTER_PG_PORT": str(login["port"]),
        "DAGSTER_PG_USER": login["user"],
        "DAGSTER_PG_PASSWORD": "trusted",
        "DAGSTER_PG_DB": login["dbname"],
        "DAGSTER_COMPUTE_LOGS": str(home / "dagster" / "logs"),
        "DAGSTER_ARTIFACTS": str(home / "dagster" / "artifacts"),
        "DAGSTER_CODE_HOST": "127.0.0.1",
        "DAGSTER_CODE_PORT": str(free_port()),
    }


def command_of(service: str, environment: dict[str, str], port: int) -> list[str]:
    """The service's command in docker-compose.yml, on loopback and on the ports of this test."""
    services = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    there = {
        "0.0.0.0": "127.0.0.1",
        "4000": environment["DAGSTER_CODE_PORT"],
        "3000": str(port),
        "/srv/touchstone/workspace.yaml": str(PROJECT_ROOT / "deploy" / "workspace.yaml"),
    }
    name, *arguments = (there.get(word, word) for word in services[service]["command"])
    return [str(BIN / name), *arguments]


@contextmanager
def running(command: list[str], environment: dict[str, str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service for as long as it is needed; its processes end with it."""
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


def until(ask: Callable[[], Any], services: dict[str, subprocess.Popen[bytes]], logs: Path) -> Any:
    """The first answer; fails when a service has ended or the time is over."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (answer := ask()) is None:
        ended = [name for name, process in services.items() if process.poll() is not None]
        last = {path.stem: path.read_text(errors="replace")[-2000:] for path in logs.glob("*.log")}
        assert not ended, f"{ended} ended: {last}"
        assert time.monotonic() < deadline, last
        time.sleep(0.3)
    return answer


def is_listening(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def graphql(port: int, query: str, **variables: Any) -> dict[str, Any] | None:
    """The data of the answer; None while nobody answers."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


def test_a_run_is_queued_launched_and_recorded_in_postgres(
    environment: dict[str, str], postgres: Cluster, settings: Settings, tmp_path: Path
) -> None:
    page = free_port()
    services: dict[str, subprocess.Popen[bytes]] = {}
    with ExitStack() as stack:

        def start(name: str) -> None:
            log = tmp_path / f"{name}.log"
            services[name] = stack.enter_context(running(command_of(name, environment, page), environment, log))

        start("code")
        until(lambda: is_listening(int(environment["DAGSTER_CODE_PORT"])) or None, services, tmp_path)
        start("webserver")
        start("daemon")

        def launched() -> dict[str, Any] | None:
            data = graphql(page, LAUNCH)
            return data["launchRun"] if data and data["launchRun"]["__typename"] == "LaunchRunSuccess" else None

        run_id = until(launched, services, tmp_path)["run"]["runId"]

        def ended() -> str | None:
            data = graphql(page, STATUS, id=run_id)
            status = data["runOrError"]["status"] if data else None
            return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

        assert until(ended, services, tmp_path) == "SUCCESS"

    with psycopg.connect(postgres.conninfo) as connection:
        assert connection.execute("SELECT run_id, status FROM runs").fetchall() == [(run_id, "SUCCESS")]
        events = {row[0] for row in connection.execute("SELECT dagster_event_type FROM event_logs").fetchall()}
    assert {"PIPELINE_ENQUEUED", "PIPELINE_STARTING", "PIPELINE_SUCCESS", "ASSET_MATERIALIZATION"} <= events
    assert {row.state for row in migration_status(settings)} == {APPLIED}
    assert list((tmp_path / "home").rglob("*.db")) == []
