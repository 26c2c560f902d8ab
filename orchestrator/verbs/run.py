"""`touchstone run`: everything, in one recorded Dagster run, with a report at its end."""

from uuid import uuid4

from dagster import JobDefinition

from orchestrator.helpers import stdout_console
from orchestrator.jobs.everything import EVERYTHING
from orchestrator.jobs.instance import dagster_instance
from orchestrator.jobs.runs import execute
from orchestrator.settings import Settings, export_environment
from orchestrator.verbs.report import print_run_report
from orchestrator.warehouse.census import Census, take_census
from orchestrator.warehouse.client import connect, ensure_engine


def run_everything(settings: Settings) -> bool:
    """Materialise all assets and evaluate all checks; True when the run succeeded. Prints the report either way."""
    address = ensure_engine(settings)
    export_environment(settings, address.host, address.port)
    from orchestrator.definitions import defs  # noqa: PLC0415 needs the environment just exported

    before = _census(settings)
    job = defs.resolve_job_def(EVERYTHING)
    with dagster_instance(settings) as instance:
        outcome = execute(job, instance, str(uuid4()), expected_events=_expected_events(job), log_file=settings.run_log)
    print_run_report(stdout_console(), outcome, before, _census(settings), settings.run_log)
    return outcome.succeeded


def _census(settings: Settings) -> Census:
    return take_census(connect(settings), settings.clickhouse_database)


def _expected_events(job: JobDefinition) -> int:
    layer = job.asset_layer
    return len(list(layer.executable_asset_keys)) + len(layer.asset_graph.asset_check_keys)
