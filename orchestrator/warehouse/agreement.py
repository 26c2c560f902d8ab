"""Agreement: the live objects of a feed beside its declaration. Migrations are literal SQL; this holds them to it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import FeedDriftError
from orchestrator.feeds.feed import Feed
from orchestrator.scaffold.feed_chain import chain_of

_SCRATCH: Final = "declared"
_CONSTRAINT: Final = re.compile(r"CONSTRAINT (\w+) CHECK (.+?)(?=, CONSTRAINT |, INDEX |\) ENGINE = |$)")
_PROPERTIES: Final = ("engine", "sorting_key", "partition_key", "comment")


def require_agreement(client: Client, feed: Feed) -> int:
    """Prove that the live objects of a feed are as declared; gives their number.

    Raises:
        FeedDriftError: names each difference.
    """
    expected = chain_of(feed)
    differences = [difference for name in expected for difference in _differences(client, name, expected[name])]
    if differences:
        raise FeedDriftError(
            f"The feed {feed.name} is declared otherwise than it lives in {client.database}: {'; '.join(differences)}.",
            "Write a migration that follows dbt_project/feeds.yml (`touchstone feeds scaffold` shows the SQL), or undo "
            "the change there.",
        )
    return len(expected)


def _differences(client: Client, name: str, statement: str) -> Iterator[str]:
    database = str(client.database)
    found = client.query(
        "SELECT create_table_query, as_select, engine, sorting_key, partition_key, comment FROM system.tables "
        "WHERE database = currentDatabase() AND name = {name:String}",
        {"name": name},
    ).result_rows
    if not found:
        yield f"{name} is not there"
        return
    live_query, live_select, *live_properties = found[0]
    declared = _filled(statement, database)
    if live_select:
        if _printed(client, str(live_select)) != _printed(client, declared.partition(" AS\n")[2]):
            yield f"{name} selects otherwise"
        return
    yield from _column_differences(client, name, declared)
    yield from _constraint_differences(client, name, declared, str(live_query))
    for key, live in zip(_PROPERTIES, live_properties, strict=True):
        wanted = _property(declared, key)
        if wanted is not None and str(live) != wanted:
            yield f"{name} has {key} {live!r}, declared is {wanted!r}"


def _filled(statement: str, database: str) -> str:
    for variable, value in {"DATABASE": database, "ON_CLUSTER": "", "REPLICATED": ""}.items():
        statement = statement.replace(f"${{{variable}}}", value)
    return statement


def _printed(client: Client, statement: str) -> str:
    """The statement as ClickHouse writes it."""
    return str(client.query("SELECT formatQuerySingleLine({sql:String})", {"sql": statement}).result_rows[0][0])


def _column_differences(client: Client, name: str, declared: str) -> Iterator[str]:
    found = client.query(
        "SELECT name, trimBoth(concat(type, ' ', compression_codec)) FROM system.columns "
        "WHERE database = currentDatabase() AND table = {name:String}",
        {"name": name},
    ).result_rows
    live: dict[str, str] = {column: kind for column, kind in found}
    wanted = _columns_of(declared)
    for column in sorted(live.keys() | wanted.keys()):
        if live.get(column) != wanted.get(column):
            yield f"{name}.{column} is {live.get(column, 'missing')}, declared {wanted.get(column, 'nowhere')}"


def _columns_of(declared: str) -> dict[str, str]:
    lines = declared.partition("(\n")[2].partition("\n)\n")[0].splitlines()
    columns = (line.strip().rstrip(",").partition(" ") for line in lines)
    return {name: kind for name, _blank, kind in columns if name != "CONSTRAINT"}


def _constraint_differences(client: Client, name: str, declared: str, live_query: str) -> Iterator[str]:
    live = _constraints_of(_printed(client, live_query))
    wanted = _constraints_of(_printed(client, declared))
    for constraint in sorted(live.keys() | wanted.keys()):
        if live.get(constraint) != wanted.get(constraint):
            yield (
                f"{name}: constraint {constraint} is {live.get(constraint, 'missing')}, "
                f"declared {wanted.get(constraint, 'nowhere')}"
            )


def _constraints_of(printed: str) -> Mapping[str, str]:
    return {name: expression.strip() for name, expression in _CONSTRAINT.findall(printed)}


def _property(declared: str, key: str) -> str | None:
    patterns: dict[str, Any] = {
        "engine": r"^ENGINE = (\w+)",
        "sorting_key": r"^ORDER BY \((.+)\)$",
        "partition_key": r"^PARTITION BY (.+)$",
        "comment": r"^COMMENT '(.+)'$",
    }
    found = re.search(patterns[key], declared, re.MULTILINE)
    return found[1].replace("''", "'") if found else None
