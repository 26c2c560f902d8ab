"""The verbs of `touchstone lookups`."""

import sys
from pathlib import Path

import click

from orchestrator.constants import EXIT_FAILURE, SEEDS_DIR
from orchestrator.helpers import stdout_console
from orchestrator.settings import Settings

_catalogues = click.option(
    "--with",
    "catalogues",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A catalogue that goes with the desk: columns of lookups.csv, whole domains may be absent. Repeatable.",
)


@click.group(short_help="Check the lookup desk, mint IDs for new keys, see what changes.")
def lookups() -> None:
    """The lookup desk: the CSV files in seeds/ that analysts edit in pull requests."""


@lookups.command("check")
@_catalogues
@click.option("--base", metavar="REV", help="A Git revision, such as origin/main, whose IDs must not have moved.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "github", "markdown"]),
    default="text",
    show_default=True,
    help="github: annotations of a pull request; markdown: the summary of a job.",
)
def lookups_check(catalogues: tuple[Path, ...], base: str | None, output_format: str) -> None:
    """Check the desk's files, aliases and ledger; needs no warehouse. Exits 1 when there is an error.

    Each finding names file, line, column and value, and says what to do.
    """
    from orchestrator.lookups.reports import Format
    from orchestrator.verbs.lookups import Checking, report_check

    wanted = Checking(catalogues, base, Format(output_format))
    if not report_check(stdout_console(), SEEDS_DIR, wanted):
        sys.exit(EXIT_FAILURE)


@lookups.command("mint")
@_catalogues
def lookups_mint(catalogues: tuple[Path, ...]) -> None:
    """Give every new key of the desk its ID: append lines to seeds/lookup_ids.csv. IDs that exist never change."""
    from orchestrator.verbs.lookups import mint_ids

    mint_ids(stdout_console(), SEEDS_DIR, catalogues)


@lookups.command("diff")
@click.option("--base", metavar="REV", help="A Git revision; the default is origin/main if it is there, else HEAD.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
)
@click.pass_obj
def lookups_diff(settings: Settings, base: str | None, output_format: str) -> None:
    """What the desk changes: codes that are new, retired, back, renamed or merged, and attributes.

    With a warehouse running, facts that hold these codes are counted; none is started for it.
    """
    from orchestrator.lookups.reports import Format
    from orchestrator.verbs.lookups import report_diff

    report_diff(stdout_console(), SEEDS_DIR, settings, base, Format(output_format))


@lookups.command("render")
def lookups_render() -> None:
    """Write the models and YAML that follow from dbt_project/domains.yml, after it was edited."""
    from orchestrator.verbs.domains import render

    render(stdout_console())


@lookups.command("add-domain")
@click.argument("name")
@click.option("--noun", help="How people call one of its codes; the name unless said otherwise.")
@click.option("--means", help="What its codes are, for the descriptions.")
@click.option("--file", "file", default="lookups", show_default=True, help="File of seeds/ that gets its column.")
@click.option("--parent", help="Domain within which its codes are unique.")
@click.option("--several-parents", is_flag=True, help="One code may stand under several parents.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=MEANING",
    help="What the dimension says of a code, from the column <domain>_NAME. Repeatable.",
)
@click.pass_obj
def lookups_add_domain(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    name: str,
    noun: str | None,
    means: str | None,
    file: str,
    parent: str | None,
    several_parents: bool,
    attributes: tuple[str, ...],
) -> None:
    """Declare the domain NAME and write what it needs: models, YAML with dbt tests, a migration pair, the schema.

    Then put its column into the file of seeds/, mint and run: `touchstone lookups add-domain region`. Where NAME does
    not do, or anything else fails, no file is touched.
    """
    from orchestrator.scaffold.additions import NewDomain
    from orchestrator.verbs.domains import add_domain

    noun = noun or name.replace("_", " ")
    given = dict(attribute.partition("=")[::2] for attribute in attributes)
    if len(given) < len(attributes):
        raise click.BadParameter("An attribute is named twice.", param_hint="--attribute")
    new = NewDomain(
        name=name,
        noun=noun,
        means=means or f"code of the {noun}",
        file=file,
        parent=parent,
        several_parents=several_parents,
        attributes={key: meaning or f"{key.capitalize()} of the {noun}." for key, meaning in given.items()},
    )
    add_domain(stdout_console(), settings, new)
