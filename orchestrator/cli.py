"""The `touchstone` command: verbs, thin over the rooms of this package."""

import sys
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.cli_alerts import alert_test
from orchestrator.cli_exports import export
from orchestrator.cli_feeds import feeds
from orchestrator.cli_loads import backfill, load, reconcile, validate
from orchestrator.cli_lookups import lookups
from orchestrator.cli_quarantine import quarantine
from orchestrator.cli_trace import trace
from orchestrator.cli_upkeep import maintain, metrics
from orchestrator.constants import EXIT_FAILURE
from orchestrator.exceptions import TouchstoneError
from orchestrator.helpers import configure_logging, plural, stderr_console, stdout_console, write_stdout
from orchestrator.settings import Settings, get_settings

# Verbs import what they need when they run: `touchstone lookups check` must not wait for Dagster to load.


class Verbs(click.Group):
    """A group whose expected errors are one clear line and exit code 1, with a trace only for bugs."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 as click has it
        """Run the verb; an error of the house is told without its trace."""
        try:
            return super().invoke(ctx)
        except (TouchstoneError, ClickHouseError) as error:
            stderr_console().print(f"error: {error}", style="red", markup=False)
            ctx.exit(EXIT_FAILURE)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="touchstone")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Touchstone: a ClickHouse warehouse in which every fact provably points at something real.

    Settings come from the environment and from .env (see .env.example). Without CLICKHOUSE_HOST an embedded engine is
    started when a verb needs one; with it, that server is used and nothing embedded starts.

    Exit codes: 0 done, 1 something was found or failed, 2 wrong usage.
    """
    try:
        settings = get_settings()
    except TouchstoneError as error:
        raise click.UsageError(str(error)) from error
    configure_logging(settings.touchstone_log_level, settings.touchstone_log_format)
    ctx.obj = settings


@main.command(short_help="Start the embedded engine, or find the one that runs.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="HTTP port; the default is CLICKHOUSE_PORT, else 8123 or the next free one.",
)
@click.option(
    "--path", type=click.Path(path_type=Path), help="Data folder; the default is engine/data in TOUCHSTONE_HOME."
)
@click.option("--foreground", is_flag=True, help="Stay in this terminal until interrupted.")
@click.pass_obj
def up(settings: Settings, port: int | None, path: Path | None, foreground: bool) -> None:
    """Start the embedded ClickHouse engine, or find the one that runs.

    It listens on TOUCHSTONE_LISTEN_HOST, which is loopback unless changed; see docs/embedded.md for users and limits.
    """
    from orchestrator.verbs.engine import bring_up

    bring_up(stdout_console(), settings, port, path, foreground)


@main.command(short_help="Stop the embedded engine; data stays.")
@click.pass_obj
def down(settings: Settings) -> None:
    """Stop the embedded engine once its running queries are done. Data stays."""
    from orchestrator.verbs.engine import bring_down

    bring_down(stdout_console(), settings)


@main.command(short_help="What there is: engine, migrations, rows, quarantine.")
@click.pass_obj
def status(settings: Settings) -> None:
    """Engine, version, database, migrations, rows per table, open quarantine. Starts nothing; exits 1 when down."""
    from orchestrator.verbs.status import print_status

    print_status(stdout_console(), settings)


@main.command(short_help="Apply migrations; look, compare or roll back.")
@click.option("--status", "show_status", is_flag=True, help="Which migrations are applied, pending or changed.")
@click.option(
    "--down-to", type=click.IntRange(min=0), metavar="N", help="Roll back every migration above N, newest first."
)
@click.option(
    "--check", is_flag=True, help="Compare the live schema with migrations/schema.sql; exit 1 when they differ."
)
@click.option(
    "--write-schema", is_flag=True, help="Write the live schema to migrations/schema.sql, after a new migration."
)
@click.option(
    "--render", is_flag=True, help="Print the statements of all migrations as they are sent; needs no engine."
)
@click.option("--cluster", metavar="NAME", help="With --render: for this cluster instead of TOUCHSTONE_CLUSTER.")
@click.option("--yes", is_flag=True, help="Do not ask before rolling back.")
@click.pass_obj
def migrate(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    show_status: bool,
    down_to: int | None,
    check: bool,
    write_schema: bool,
    render: bool,
    cluster: str | None,
    yes: bool,
) -> None:
    """Apply the pending migrations; with an option, look or roll back instead.

    Migrations own tables, dictionaries and materialized views; see migrations/README.md for order and rollback. Where
    TOUCHSTONE_CLUSTER names a cluster they run on all of its hosts; --render shows what is sent.
    """
    from orchestrator.warehouse import migrations

    if sum([show_status, down_to is not None, check, write_schema, render]) > 1:
        raise click.UsageError("Give one of --status, --down-to, --check, --write-schema and --render.")
    if cluster is not None and not render:
        raise click.UsageError("--cluster goes with --render; TOUCHSTONE_CLUSTER names the cluster to migrate.")
    console = stdout_console()
    if render:
        for name, statements in migrations.render_migrations(
            settings, settings.touchstone_cluster if cluster is None else cluster
        ):
            write_stdout("\n\n".join([f"-- {name}", *statements, ""]).encode())
    elif show_status:
        for row in migrations.migration_status(settings):
            console.print(f"{row.version:04d}  {row.state:<12} {row.applied_at or ''}", markup=False)
    elif check:
        console.print(f"{plural(migrations.check_schema(settings), 'object')} as checked in")
    elif write_schema:
        console.print(f"wrote {migrations.write_schema(settings)}", markup=False)
    elif down_to is not None:
        if not yes:
            click.confirm(
                f"Roll back every migration above {down_to} in {settings.clickhouse_database}? Tables are dropped with "
                "their rows; see migrations/README.md.",
                abort=True,
            )
        versions = migrations.roll_back(settings, down_to)
        console.print(f"rolled back: {', '.join(map(str, versions)) or 'nothing'}")
    else:
        applied = migrations.apply_migrations(settings)
        console.print(f"applied {', '.join(map(str, applied.applied_now)) or 'nothing new'}; {applied.total} in all")


@main.command(short_help="Back the database up to a file or folder.")
@click.argument("name", required=False)
@click.option("--base", metavar="NAME", help="An earlier backup: write only what differs from it, and keep that one.")
@click.option("--list", "show_list", is_flag=True, help="List the backups instead, newest first.")
@click.pass_obj
def backup(settings: Settings, name: str | None, base: str | None, show_list: bool) -> None:
    """Back the warehouse's database up as NAME in TOUCHSTONE_BACKUP_DIR, while it is in use.

    A NAME that ends in .tar.gz becomes an archive, any other a folder; without one it is made of database and time.
    Tables, views, dictionaries and rows are in it; Dagster's history is not.
    """
    from orchestrator.verbs.backup import back_up, print_backups

    if show_list:
        print_backups(stdout_console(), settings)
    else:
        back_up(stdout_console(), settings, name, base)


@main.command(short_help="Restore a database from a backup.")
@click.argument("name")
@click.option("--into", metavar="DATABASE", help="Restore under this name; the default is CLICKHOUSE_DATABASE.")
@click.option(
    "--from", "source", metavar="DATABASE", help="Its name in the backup, if that is not CLICKHOUSE_DATABASE."
)
@click.option("--replace", is_flag=True, help="Drop the tables that are there, once the backup has proved to hold.")
@click.option("--yes", is_flag=True, help="Do not ask before replacing.")
@click.pass_obj
def restore(  # noqa: PLR0917 click passes options by name
    settings: Settings, name: str, into: str | None, source: str | None, replace: bool, yes: bool
) -> None:
    """Restore the backup NAME of TOUCHSTONE_BACKUP_DIR (see `touchstone backup --list`).

    A database that has tables is left alone unless --replace is given.
    """
    from orchestrator.verbs import backup as verbs
    from orchestrator.warehouse.backups import Restore

    own = settings.clickhouse_database
    wanted = Restore(name, source or own, into or own, replace)
    if replace and not yes:
        click.confirm(f"Drop all tables of {wanted.target} and put those of {name} in their place?", abort=True)
    verbs.restore(stdout_console(), settings, wanted)


@main.command(context_settings={"ignore_unknown_options": True}, short_help="Run `dbt build` without Dagster.")
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[DBT ARGUMENTS]...")
@click.pass_obj
def build(settings: Settings, dbt_arguments: tuple[str, ...]) -> None:
    """Load the ledger and run `dbt build` on the engine that the settings name: seeds, models, tests; without Dagster.

    Only one build or run at a time writes dimensions; another one waits, up to TOUCHSTONE_LOCK_WAIT_SECONDS.

    Further arguments go to dbt, such as `touchstone build --select dimensions`. Facts are tested, not loaded: load
    feeds first (`touchstone load`), or use `touchstone run`.
    """
    from orchestrator.verbs import build as verb

    sys.exit(verb.build(settings, dbt_arguments))


@main.command(short_help="Materialise everything, then report.")
@click.pass_obj
def run(settings: Settings) -> None:
    """Materialise everything in one recorded Dagster run, then report: rows, quarantine, IDs, checks, seconds.

    Migrations, lookup desk, dimensions, dictionaries, the files of the drop folder (sample_data/), facts, marts.
    Running it again changes nothing and says so.
    """
    from orchestrator.verbs.run import run_everything

    if not run_everything(settings):
        sys.exit(EXIT_FAILURE)


@main.command(short_help="Run one statement and print its result.")
@click.argument("statement")
@click.option(
    "--format", "output_format", default="PrettyCompact", show_default=True, help="Any ClickHouse output format."
)
@click.pass_obj
def sql(settings: Settings, statement: str, output_format: str) -> None:
    """Run STATEMENT on the engine that the settings name and print its result; `-` reads it from standard input."""
    from orchestrator.verbs.sql import run_statement

    text = sys.stdin.read() if statement == "-" else statement
    run_statement(settings, text, output_format, write_stdout)


@main.command(short_help="Dagster's page and daemon on the warehouse.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the page; the default is TOUCHSTONE_UI_PORT, else 3000."
)
@click.pass_obj
def ui(settings: Settings, port: int | None) -> None:
    """Open Dagster's web page and daemon on the warehouse, until interrupted."""
    from orchestrator.verbs.ui import serve_ui

    serve_ui(settings, port or settings.touchstone_ui_port)


@main.command(short_help="The data model with its lineage, as one page.")
@click.option("--serve", is_flag=True, help="Serve the page on loopback until interrupted.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Port for --serve.")
@click.pass_obj
def docs(settings: Settings, serve: bool, port: int) -> None:
    """Write the data model with its lineage as one HTML page (dbt docs) and say where it is."""
    from orchestrator.verbs.docs import write_docs

    page = write_docs(settings, serve_port=port if serve else None)
    stdout_console().print(f"wrote {page}", markup=False)


for verb in (
    *(load, reconcile, backfill, trace, validate, feeds, quarantine, lookups),
    *(export, metrics, maintain, alert_test),
):
    main.add_command(verb)

if __name__ == "__main__":
    main()
