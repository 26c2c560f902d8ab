"""`touchstone trace`: from a row to all that it came from."""

import sys
from pathlib import Path

import click

from orchestrator.constants import EXIT_FAILURE
from orchestrator.helpers import stdout_console
from orchestrator.settings import Settings


@click.command(short_help="From a row to its file, line, batch, code, run and ledger lines.")
@click.argument("feed")
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["tree", "json"]),
    default="tree",
    show_default=True,
    help="How to show it.",
)
@click.option(
    "--file", type=click.Path(path_type=Path), help="Where the row's file is, if it is no longer in the drop folder."
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Rows to list when several fit."
)
@click.pass_obj
def trace(  # noqa: PLR0917 click passes options by name
    settings: Settings, feed: str, key: tuple[str, ...], output_format: str, file: Path | None, limit: int
) -> None:
    """Show what a row of FEED came from: file, line, batch, attempts, IDs with their ledger lines, run, code, schema.

    KEY is BATCH_ID:ROW_NUMBER, or what the row says, such as instrument=MMM field=NAME observed_at=2026-08-08. Codes
    are any spelling that an ID had; a date is the whole day. Where no fact fits, rows in quarantine and discarded ones
    are looked for, as they were received.

    Exits with 1 when several rows fit: they are listed, and one of them can be named.
    """
    from orchestrator.verbs.trace import trace_row

    if not trace_row(stdout_console(), settings, feed, key, output_format=output_format, file=file, limit=limit):
        sys.exit(EXIT_FAILURE)
