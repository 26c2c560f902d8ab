"""`touchstone ui`: Dagster's page and daemon on this warehouse."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from orchestrator.constants import LOOPBACK, PROJECT_ROOT
from orchestrator.helpers import stdout_console
from orchestrator.jobs.instance import write_instance_config
from orchestrator.settings import Settings, child_environment, inherited_environment
from orchestrator.warehouse.client import ensure_engine
from orchestrator.warehouse.dbt import ensure_manifest


def serve_ui(settings: Settings, port: int) -> NoReturn:
    """Become `dagster dev`, which ends on Ctrl-C and on SIGTERM."""
    address = ensure_engine(settings)
    ensure_manifest(settings)
    write_instance_config(settings.dagster_dir)
    stdout_console().print(f"Dagster at http://{LOOPBACK}:{port} (Ctrl-C ends it)")
    command = [
        str(Path(sys.executable).parent / "dagster"),
        "dev",
        "--module-name",
        "orchestrator.definitions",
        "--host",
        LOOPBACK,
        "--port",
        str(port),
    ]
    environment = inherited_environment() | child_environment(settings, address.host, address.port)
    environment["TOUCHSTONE_UI_PORT"] = str(port)  # links to runs lead to this page
    os.chdir(PROJECT_ROOT)
    _hear_interrupts()
    sys.stdout.flush()
    os.execve(command[0], command, environment)


def _hear_interrupts() -> None:
    """Dagster answers SIGTERM as it answers SIGINT, which a shell lets jobs in the background ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
