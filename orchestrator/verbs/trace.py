"""`touchstone trace`: one row with all that it came from, as a tree or as JSON; or the rows that fit."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feed
from orchestrator.helpers import get_logger, plural
from orchestrator.jobs.history import known_run
from orchestrator.settings import Settings
from orchestrator.verbs.trace_tree import tree_of
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.tracing import Matches, RowKey, Surroundings, as_json, find_rows, gather, parse_key

log = get_logger(__name__)

_PIPED_COLUMNS: Final = 10_000


def trace_row(
    console: Console,
    settings: Settings,
    name: str,
    parts: Sequence[str],
    *,
    output_format: str,
    file: Path | None,
    limit: int,
) -> bool:
    """Show the row that the key names; False where several rows fit, which are listed instead.

    Raises:
        UnknownFeedError: there is no such feed, or its rows go to no fact.
        TraceError: the key is malformed, no row fits, or the file is not the one it came in.
    """
    feed = chained_feed(name)
    key = parse_key(feed, parts)
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)
    if not isinstance(key, RowKey):
        matches = find_rows(client, feed, key, limit)
        if matches.total > 1:
            _list(console, feed, matches, output_format)
            return False
        key = matches.rows[0].row
        if matches.others:
            log.info("rows in quarantine say the same", feed=feed.name, rows=matches.others)
    surroundings = Surroundings(SEEDS_DIR, settings.touchstone_drop_dir, file, partial(known_run, settings))
    told = gather(client, feed, key, surroundings)
    if output_format == "json":
        _print_json(console, as_json(told))
    else:
        if not console.is_terminal:
            console.width = _PIPED_COLUMNS  # piped, a line stays whole
        console.print(tree_of(told), soft_wrap=False)
    return True


def _list(console: Console, feed: Feed, matches: Matches, output_format: str) -> None:
    if output_format == "json":
        rows = [{**as_json(row), "row": str(row.row)} for row in matches.rows]
        told = {"feed": feed.name, "total": matches.total, "rows": rows, "rows_in_quarantine": matches.others}
        _print_json(console, told)
        return
    for row in matches.rows:
        said = " ".join(f"{column}={text!r}" for column, text in row.cells.items())
        console.print(f"{row.row}  {row.place}, {row.file}, known at {row.known_at.isoformat()}", markup=False)
        console.print(f"    {said}", markup=False)
    if matches.total > len(matches.rows):
        console.print(f"and {plural(matches.total - len(matches.rows), 'row')} more; --limit shows them")
    if matches.others:
        console.print(f"{plural(matches.others, 'row')} in quarantine say the same: `touchstone quarantine show`")
    console.print(
        f"{plural(matches.total, 'row')} fit. Name one: touchstone trace {feed.name} {matches.rows[0].row}",
        markup=False,
    )


def _print_json(console: Console, told: object) -> None:
    console.print(json.dumps(told, ensure_ascii=False, indent=2), markup=False)
