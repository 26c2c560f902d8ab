"""`touchstone docs`: the data model with its lineage as one page."""

from pathlib import Path

from orchestrator.constants import LOOPBACK
from orchestrator.exceptions import DbtError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import ensure_engine
from orchestrator.warehouse.dbt import run_dbt


def write_docs(settings: Settings, serve_port: int | None) -> Path:
    """Generate the page; with a port, serve it on loopback until interrupted.

    Raises:
        DbtError: dbt could not generate it; dbt's own words are above.
    """
    address = ensure_engine(settings)
    if run_dbt(settings, ["docs", "generate", "--static"], host=address.host, port=address.port) != 0:
        raise DbtError(
            "dbt docs could not be generated.", "Run `touchstone run` first: the page describes what was built."
        )
    if serve_port is not None:
        arguments = ["docs", "serve", "--host", LOOPBACK, "--port", str(serve_port), "--no-browser"]
        run_dbt(settings, arguments, host=address.host, port=address.port)
    return settings.docs_page
