"""`touchstone metrics` and `touchstone maintain`: watching the warehouse, and keeping it in order."""

import sys

import click

from orchestrator.constants import EXIT_FAILURE, LOOPBACK
from orchestrator.helpers import stdout_console, write_stdout
from orchestrator.settings import Settings


@click.command(short_help="Prometheus metrics: printed, served or pushed.")
@click.option("--serve", is_flag=True, help="Answer GET /metrics and GET /-/healthy until interrupted.")
@click.option("--host", default=LOOPBACK, show_default=True, help="Address for --serve; 0.0.0.0 for all.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port for --serve; the default is TOUCHSTONE_METRICS_PORT, else 9464."
)
@click.option("--push", is_flag=True, help="Hand them to the Pushgateway that TOUCHSTONE_PUSHGATEWAY_URL names.")
@click.pass_obj
def metrics(settings: Settings, serve: bool, host: str, port: int | None, push: bool) -> None:
    """Print what the warehouse tells of itself, in Prometheus' text format; or serve it, or push it.

    Rows, quarantine, freshness, dictionaries, storage, runs and checks: see docs/monitoring.md. Starts nothing: an
    engine that is down is told by touchstone_engine_up.
    """
    from orchestrator.metrics.pushing import push_metrics
    from orchestrator.metrics.serving import metrics_text, serve_metrics

    if serve and push:
        raise click.UsageError("Give one of --serve and --push.")
    if serve:
        serve_metrics(settings, host, port or settings.touchstone_metrics_port)
    elif push:
        stdout_console().print(f"pushed to {push_metrics(settings)}", markup=False)
    else:
        write_stdout(metrics_text(settings))


@click.command(short_help="Merges, retention, backups with a drill, drift, disks.")
@click.option("--only", "names", multiple=True, metavar="NAME", help="Only this task; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Look only: merge, remove and back up nothing.")
@click.pass_obj
def maintain(settings: Settings, names: tuple[str, ...], dry_run: bool) -> None:
    """Do the tasks of maintenance: disk, merges, retention, reconcile, drift, backup. See docs/maintenance.md.

    One that fails does not keep the others from being done. Exits with 1 when one failed.
    """
    from orchestrator.verbs.maintain import maintain as verb

    if not verb(stdout_console(), settings, names, dry_run=dry_run):
        sys.exit(EXIT_FAILURE)
