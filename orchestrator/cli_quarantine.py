"""`touchstone quarantine`: rows that no fact has taken, and what to do with them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orchestrator.helpers import stdout_console
from orchestrator.settings import Settings
from orchestrator.warehouse.quarantine.selection import Selection

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _selecting(command: _Command) -> _Command:
    """The options by which rows are selected; all that are given must hold."""
    options = (
        click.option(
            "--reason",
            "reasons",
            multiple=True,
            metavar="REASON",
            help="Rows with this reason; repeat for any of several.",
        ),
        click.option(
            "--batch",
            "batches",
            multiple=True,
            type=click.IntRange(min=1),
            metavar="ID",
            help="Rows of this batch; repeat for any of several.",
        ),
        click.option(
            "--code",
            "codes",
            multiple=True,
            metavar="COLUMN=TEXT",
            help="Rows with this text in this column, such as instrument=META; repeat for all of several.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _selection(
    reasons: tuple[str, ...], batches: tuple[int, ...], codes: tuple[str, ...], *, discarded: bool = False
) -> Selection:
    by_column = {}
    for code in codes:
        column, sign, text = code.partition("=")
        if not sign or not column.strip():
            raise click.BadParameter(f"{code!r} is not COLUMN=TEXT.", param_hint="--code")
        by_column[column.strip()] = text
    return Selection(reasons, batches, by_column, discarded)


@click.group()
def quarantine() -> None:
    """Rows that no fact has taken: look at them, replay them, or give them up. Nothing is ever deleted."""


@quarantine.command("list", short_help="Open rows by reason, with what to do about each.")
@click.argument("feed", required=False)
@_selecting
@click.option("--discarded", is_flag=True, help="Those that were given up, instead of the open ones.")
@click.pass_obj
def list_(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    feed: str | None,
    reasons: tuple[str, ...],
    batches: tuple[int, ...],
    codes: tuple[str, ...],
    discarded: bool,
) -> None:
    """Open rows of FEED, or of all feeds, by reason, with what to do about each.

    A row counts once for each of its reasons.
    """
    from orchestrator.verbs.quarantine import list_reasons

    list_reasons(stdout_console(), settings, feed, _selection(reasons, batches, codes, discarded=discarded))


@quarantine.command(short_help="Open rows as received, with file, row and reasons.")
@click.argument("feed")
@_selecting
@click.option("--discarded", is_flag=True, help="Those that were given up, instead of the open ones.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=20, show_default=True, help="Rows to show.")
@click.pass_obj
def show(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    feed: str,
    reasons: tuple[str, ...],
    batches: tuple[int, ...],
    codes: tuple[str, ...],
    discarded: bool,
    limit: int,
) -> None:
    """Open rows of FEED as received, the oldest first, with file, row number and all of their reasons."""
    from orchestrator.verbs.quarantine import show_rows

    selection = _selection(reasons, batches, codes, discarded=discarded)
    show_rows(stdout_console(), settings, feed, selection, limit)


@quarantine.command(short_help="Let rows enter the chain again.")
@click.argument("feed")
@_selecting
@click.option("--all", "everything", is_flag=True, help="All open rows; without it, say which.")
@click.option("--acceptable", is_flag=True, help="Only rows that would be accepted now.")
@click.option("--discarded", is_flag=True, help="Take rows back that were given up.")
@click.option("--note", default="", help="Why, for the audit trail.")
@click.pass_obj
def replay(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    feed: str,
    reasons: tuple[str, ...],
    batches: tuple[int, ...],
    codes: tuple[str, ...],
    everything: bool,
    acceptable: bool,
    discarded: bool,
    note: str,
) -> None:
    """Let open rows of FEED enter the chain again: what resolves now ends in the fact, the rest stays open.

    Each row ends in one place, however often a replay is interrupted and run again. Dagster replays by itself what a
    dictionary has learned to resolve.
    """
    from orchestrator.verbs.quarantine import replay_rows

    _require_some(everything, reasons, batches, codes)
    selection = _selection(reasons, batches, codes, discarded=discarded)
    replay_rows(stdout_console(), settings, feed, selection, note, only_acceptable=acceptable)


@quarantine.command(short_help="Give rows up, with a note that says why.")
@click.argument("feed")
@_selecting
@click.option("--all", "everything", is_flag=True, help="All open rows; without it, say which.")
@click.option("--note", required=True, help="Why; it is kept with who did it and when.")
@click.pass_obj
def discard(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    feed: str,
    reasons: tuple[str, ...],
    batches: tuple[int, ...],
    codes: tuple[str, ...],
    everything: bool,
    note: str,
) -> None:
    """Give open rows of FEED up. They stay in landing and in quarantine's log, and count as discarded.

    `touchstone quarantine replay FEED --discarded ...` takes them back.
    """
    from orchestrator.verbs.quarantine import discard_rows

    _require_some(everything, reasons, batches, codes)
    discard_rows(stdout_console(), settings, feed, _selection(reasons, batches, codes), note)


def _require_some(everything: bool, *conditions: tuple[Any, ...]) -> None:
    if everything == any(conditions):
        raise click.UsageError("Say which rows: --reason, --batch and --code, or else --all.")
