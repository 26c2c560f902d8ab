"""`touchstone export`: relations of the warehouse as files and tables for others."""

from datetime import datetime

import click

from orchestrator.helpers import stdout_console
from orchestrator.settings import Settings

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(short_help="Write a relation as CSV, Parquet or Iceberg.")
@click.argument("name", required=False)
@click.option("--from", "first", type=_DAY, metavar="DAY", help="First day, such as 2026-01-05; the default is all.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day, itself included; the default is all.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet", "iceberg"]),
    help="The default is the first one that exports.yml names for it.",
)
@click.option(
    "--to-url",
    "url",
    metavar="URL",
    help="A folder, file:///folder or s3://bucket/prefix; the default is TOUCHSTONE_EXPORT_URL.",
)
@click.option("--changed", is_flag=True, help="Leave days alone whose rows are those of the last export.")
@click.pass_obj
def export(  # noqa: PLR0917 click passes options by name
    settings: Settings,
    name: str | None,
    first: datetime | None,
    last: datetime | None,
    file_format: str | None,
    url: str | None,
    changed: bool,
) -> None:
    """Write the export NAME of dbt_project/exports.yml to a folder or to S3; without NAME, list what there is.

    Days are UTC. Each becomes one file, NAME/day=2026-01-05/NAME.parquet, or one partition of the Iceberg table, whose
    days are replaced in one snapshot; other days stay as they are. A file is put in place whole, and the same rows give
    the same bytes. What was written is listed in NAME/_manifest.json. See docs/exports.md for types, S3 and Iceberg.

    \b
    touchstone export observations --from 2026-01-01 --to 2026-01-31
    touchstone export observations --format iceberg --changed --to-url s3://bucket/prefix
    """
    from orchestrator.exports.exporting import ExportRequest
    from orchestrator.exports.specs import ExportFormat, get_export
    from orchestrator.verbs.exports import export_days, list_exports

    if name is None:
        list_exports(stdout_console())
        return
    spec = get_export(name)
    if first and last and first > last:
        raise click.BadParameter(f"the range ends on {last:%Y-%m-%d}, before it begins.", param_hint="--to")
    request = ExportRequest(
        spec=spec,
        kind=ExportFormat(file_format) if file_format else spec.formats[0],
        first=first.date() if first else None,
        last=last.date() if last else None,
        only_changed=changed,
    )
    export_days(stdout_console(), settings, request, url)
