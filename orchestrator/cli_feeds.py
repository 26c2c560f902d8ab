"""`touchstone feeds`: the verbs around the declaration of feeds."""

import click

from orchestrator.helpers import stdout_console
from orchestrator.settings import Settings


@click.group()
def feeds() -> None:
    """Feeds: kinds of files, declared in dbt_project/feeds.yml, and what becomes of their rows."""


@feeds.command("list", short_help="The feeds that are declared.")
def list_() -> None:
    """The declared feeds: what one row is, the columns of a file, where its rows go."""
    from orchestrator.verbs.feeds import list_feeds

    list_feeds(stdout_console())


@feeds.command(short_help="The reasons for which a feed rejects rows.")
@click.argument("name")
def reasons(name: str) -> None:
    """The reasons for which the feed NAME rejects rows, with what to do about each."""
    from orchestrator.verbs.feeds import show_feed

    show_feed(stdout_console(), name)


@feeds.command(short_help="Write the SQL and YAML that follow from feeds.yml.")
def render() -> None:
    """Write what follows from feeds.yml: models and YAML of landing, facts and quarantine, rules and reasons.

    Tables and views are migrations: for a new feed `touchstone feeds scaffold` writes them; for a changed one, write a
    new migration and let `touchstone feeds check` compare.
    """
    from orchestrator.verbs.feeds import render as verb

    verb(stdout_console())


@feeds.command(short_help="Write migration, models and YAML of a new feed.")
@click.argument("name")
@click.pass_obj
def scaffold(settings: Settings, name: str) -> None:
    """Write what a feed needs that dbt_project/feeds.yml declares as NAME and that has no migration yet.

    The migration pair is literal SQL, to be read and frozen; the canonical views are yours afterwards; the rest is
    rendered.
    """
    from orchestrator.verbs.feeds import scaffold as verb

    verb(stdout_console(), settings, name)


@feeds.command(short_help="Is the warehouse as feeds.yml declares?")
@click.argument("name", required=False)
@click.pass_obj
def check(settings: Settings, name: str | None) -> None:
    """Compare live tables, views and constraints of the feed NAME, or of all, with the declaration.

    Exits with 1 if they differ.
    """
    from orchestrator.verbs.feeds import check as verb

    verb(stdout_console(), settings, name)
