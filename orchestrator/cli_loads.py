"""`touchstone load`, `reconcile` and `backfill`: rows into the warehouse, and the proof that each has its place."""

import sys
from datetime import datetime

import click

from orchestrator.constants import EXIT_FAILURE
from orchestrator.helpers import stdout_console, write_stdout
from orchestrator.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(short_help="Land files of a feed exactly once.")
@click.argument("feed")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--dry-run", is_flag=True, help="Say what would be rejected and why, by line; write nothing.")
@click.option(
    "--examples", type=click.IntRange(0, 1000), default=20, show_default=True, help="Rows that --dry-run shows."
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "tsv", "jsonl", "parquet", "arrow"]),
    help="Instead of what the name ends with; csv for standard input.",
)
@click.option("--compression", type=click.Choice(["gzip", "zstd"]), help="Of standard input; files tell by their name.")
@click.pass_obj
def load(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    feed: str,
    files: tuple[str, ...],
    dry_run: bool,
    examples: int,
    file_format: str | None,
    compression: str | None,
) -> None:
    """Land FILEs of FEED exactly once: .csv, .tsv, .jsonl (all also .gz, .zst), .parquet, .arrow; globs; - for stdin.

    s3://BUCKET/KEY, in which * and ** work as in globs, names objects of a bucket (TOUCHSTONE_S3_*).

    A file is read to its end before anything of it is landed. Content that was loaded before, under any name, is
    skipped. Each row ends in a fact or in quarantine with its reasons; whatever breaks, loading again completes it.
    `touchstone feeds list` names the feeds; files of lookups pass the lookup desk's check first.

    Exits with 1 when a batch is over the thresholds of its feed, or when --dry-run finds rows to reject.
    """
    from orchestrator.feeds.specs import get_feed
    from orchestrator.verbs.load import load_files, named_deliveries, rehearse_files

    get_feed(feed)
    deliveries = named_deliveries(settings, files, file_format, compression or "")
    console = stdout_console()
    if dry_run:
        is_good = rehearse_files(console, settings, feed, deliveries, examples)
    else:
        is_good = True
        for result, told in load_files(settings, feed, deliveries):
            console.print(told, markup=False)
            is_good = is_good and not result.over
    if not is_good:
        sys.exit(EXIT_FAILURE)


@click.command(short_help="Does every landed row have its place?")
@click.argument("feed", required=False)
@click.pass_obj
def reconcile(settings: Settings, feed: str | None) -> None:
    """Prove, batch by batch, that landed = facts + open quarantine + discarded, and that no fact points at nothing.

    Of FEED, or of all feeds. Exits with 1 when something does not hold; batches that are still being loaded are told.
    """
    from orchestrator.verbs.reconcile import reconcile as verb

    if not verb(stdout_console(), settings, feed):
        sys.exit(EXIT_FAILURE)


@click.command(short_help="Give landed rows their place, or make days anew, from landing alone.")
@click.argument("what", metavar="FEED|ASSET")
@click.option(
    "--batch",
    "batches",
    multiple=True,
    type=click.IntRange(min=1),
    metavar="ID",
    help="Of a feed: only this batch; may be repeated.",
)
@click.option("--from", "first", type=_DAY, help="Of an asset: the first day to make anew, UTC.")
@click.option("--to", "last", type=_DAY, help="The last day, included.  [default: the first one]")
@click.option(
    "--days-a-run", type=click.IntRange(min=1), default=92, show_default=True, help="How many days one run makes."
)
@click.option("--plan", "is_plan", is_flag=True, help="Say which runs there would be, and do nothing.")
@click.option("--resume", "is_resumed", is_flag=True, help="Leave out runs of the same days that succeeded before.")
@click.pass_obj
def backfill(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    what: str,
    batches: tuple[int, ...],
    first: datetime | None,
    last: datetime | None,
    days_a_run: int,
    is_plan: bool,
    is_resumed: bool,
) -> None:
    """Place rows of a FEED that have no place, or make days of an ASSET anew. Files are not needed.

    With a feed: rows that are landed and in no place, after a load that broke off, take the same path as in a load.
    Running it again changes nothing.

    With an asset and --from: fct_FEED takes the facts of these days out, feeds their rows again from landing, as codes
    resolve today, and makes their daily marts; mart_daily_FEED makes the mart's days from the facts. Other days stay as
    they are. Each part is one recorded Dagster run, and may be tried again at any time. Dagster's page does the same
    with the assets that end in _by_day.

    Exits with 1 when a run failed.
    """
    if first is None:
        from orchestrator.verbs.reconcile import backfill_feed

        if last is not None or is_plan or is_resumed:
            raise click.UsageError("--to, --plan and --resume need --from.")
        backfill_feed(stdout_console(), settings, what, batches)
        return
    from orchestrator.verbs.backfill import Backfill, backfill_days
    from orchestrator.warehouse.days import DayRange

    if batches:
        raise click.UsageError("--batch is for a feed, --from for an asset.")
    days = DayRange(first.date(), (last or first).date())
    if not backfill_days(stdout_console(), settings, Backfill(what, days, days_a_run, is_resumed), is_plan=is_plan):
        sys.exit(EXIT_FAILURE)


@click.command(short_help="Run a validation query, or list them.")
@click.argument("query", required=False)
@click.option(
    "--format", "output_format", default="PrettyCompact", show_default=True, help="Any ClickHouse output format."
)
@click.pass_obj
def validate(settings: Settings, query: str | None, output_format: str) -> None:
    """Run QUERY of dbt_project/analyses/validation and print its result; without QUERY, list them.

    See docs/validation.md.
    """
    from orchestrator.verbs.validate import list_queries, run_query

    if query is None:
        list_queries(stdout_console())
        return
    run_query(settings, query, output_format, write_stdout)
