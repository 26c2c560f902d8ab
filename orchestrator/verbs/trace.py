"""`touchstone trace`: one row with all that it came from, as a tree or as JSON; or the rows that fit."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feed
from orchestrator.helpers import plural
from orchestrator.jobs.history import known_run
from orchestrator.settings import Settings
from orchestrator.verbs.trace_tree import tree_of
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.ledger import require_migrated
from orchestrator.warehouse.tracing import Found, RowKey, Surroundings, as_json, find_rows, gather, parse_key


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
        found, total = find_rows(client, feed, key, limit)
        if total > 1:
            _list(console, feed, found, total, output_format)
            return False
        key = found[0].row
    surroundings = Surroundings(SEEDS_DIR, settings.touchstone_drop_dir, file, partial(known_run, settings))
    told = gather(client, feed, key, surroundings)
    if output_format == "json":
        _print_json(console, as_json(told))
    else:
        console.print(tree_of(told))
    return True


def _list(console: Console, feed: Feed, found: Sequence[Found], total: int, output_format: str) -> None:
    if output_format == "json":
        rows = [{**as_json(row), "row": str(row.row)} for row in found]
        _print_json(console, {"feed": feed.name, "total": total, "rows": rows})
        return
    for row in found:
        said = " ".join(f"{column}={text!r}" for column, text in row.cells.items())
        console.print(f"{row.row}  {row.place}, {row.file}, known at {row.known_at.isoformat()}", markup=False)
        console.print(f"    {said}", markup=False)
    if total > len(found):
        console.print(f"and {plural(total - len(found), 'row')} more; --limit shows them")
    console.print(f"{plural(total, 'row')} fit. Name one: touchstone trace {feed.name} {found[0].row}", markup=False)


def _print_json(console: Console, told: object) -> None:
    console.print(json.dumps(told, ensure_ascii=False, indent=2), markup=False)
