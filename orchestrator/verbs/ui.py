"""`touchstone ui`: Dagster's page and daemon on this warehouse."""

import subprocess
import sys
from pathlib import Path

from orchestrator.constants import LOOPBACK, PROJECT_ROOT
from orchestrator.helpers import stdout_console
from orchestrator.jobs.runs import write_instance_config
from orchestrator.settings import Settings, child_environment, inherited_environment
from orchestrator.warehouse.client import ensure_engine
from orchestrator.warehouse.dbt import ensure_manifest


def serve_ui(settings: Settings, port: int) -> int:
    """Run `dagster dev` until it is interrupted; returns its exit code."""
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
    try:
        return subprocess.run(command, env=environment, cwd=PROJECT_ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 0
