"""Finding rows: by what they say, in the fact and in quarantine."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import TraceError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT
from orchestrator.warehouse.tracing.keys import NaturalKey, RowKey
from orchestrator.warehouse.tracing.model import DISCARDED, IN_FACT, IN_QUARANTINE

_DAY: Final = "toDate32({name}) = toDate32({{day:String}})"
_MOMENT: Final = "{name} = toDateTime64({{moment:String}}, 6, 'UTC')"
_PARSED: Final = "parseDateTime64BestEffortOrNull(trimBoth({name}), 6, 'UTC')"


# a query, and its parameters
_Rows = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """A row that fits a key: where it is, when it became known, and what it says, as received."""

    row: RowKey
    place: str
    known_at: datetime
    file: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Matches:
    """Rows that fit a key, the latest known first.

    Attributes:
        rows: facts; or, where no fact fits, rows in quarantine and discarded ones.
        total: how many such rows there are, `rows` being cut off at the limit.
        others: rows in quarantine and discarded ones that fit beside facts.
    """

    rows: tuple[Found, ...]
    total: int
    others: int


def find_rows(client: Client, feed: Feed, key: NaturalKey, limit: int) -> Matches:
    """The facts that fit the key, at most `limit`; or else the rows in quarantine that do.

    Raises:
        TraceError: no row fits.
    """
    facts, others = _facts(feed, key), _others(feed, key)
    in_facts = _count(client, facts)
    in_others = 0 if key.ids else _count(client, others)
    if in_facts:
        return Matches(_read(client, feed, facts, limit), in_facts, in_others)
    if in_others:
        return Matches(_read(client, feed, others, limit), in_others, 0)
    raise TraceError(
        f"No row of {feed.name} says {_in_words(feed, key)}.",
        f'See which there are: touchstone sql "SELECT {", ".join(feed.natural_key)} FROM v_{feed.name} LIMIT 20".',
    )


def _count(client: Client, rows: _Rows) -> int:
    query, parameters = rows
    return int(client.query(f"SELECT count() FROM ({query})", parameters).result_rows[0][0])


def _read(client: Client, feed: Feed, rows: _Rows, limit: int) -> tuple[Found, ...]:
    query, parameters = rows
    first = f"SELECT * FROM ({query}) ORDER BY known_at DESC, batch_id, row_number LIMIT {{limit:UInt64}}"
    columns = ", ".join(f"landed.{column} AS {column}" for column in feed.columns)
    result = client.query(
        f"SELECT found.batch_id, found.row_number, found.place, found.known_at, batch.source_file, {columns} "
        f"FROM ({first}) AS found "
        f"LEFT JOIN (SELECT * FROM {feed.landing} WHERE (batch_id, row_number) IN "
        f"(SELECT batch_id, row_number FROM ({first}))) AS landed "
        "ON landed.batch_id = found.batch_id AND landed.row_number = found.row_number "
        "LEFT JOIN (SELECT batch_id, argMin(source_file, recorded_at) AS source_file FROM ops_batches "
        "WHERE feed = {feed:String} GROUP BY batch_id) AS batch ON batch.batch_id = found.batch_id "
        "ORDER BY found.known_at DESC, found.batch_id, found.row_number",
        parameters | {"feed": feed.name, "limit": limit},
        tz_mode="aware",
    )
    return tuple(
        Found(RowKey(batch, number), place, known_at, file, dict(zip(feed.columns, cells, strict=True)))
        for batch, number, place, known_at, file, *cells in result.result_rows
    )


def _facts(feed: Feed, key: NaturalKey) -> _Rows:
    """A query of the facts that fit, and its parameters. A code is any spelling that its ID ever had."""
    conditions, parameters = _times(feed.time.name, key)
    domains = {column.name: column.code for column in feed.codes}
    for name, text in key.texts.items():
        parameters[f"text_{name}"] = text
        domain = domains.get(name)
        conditions.append(
            f"{name}_id IN (SELECT {domain}_id FROM dim_{domain} WHERE code = {{text_{name}:String}} "
            f"UNION ALL SELECT id FROM dim_alias WHERE domain = '{domain}' AND code = {{text_{name}:String}})"
            if domain
            else f"toString({name}) = {{text_{name}:String}}"
        )
    for name, number in key.ids.items():
        conditions.append(f"{name} = {{{name}:UInt32}}")
        parameters[name] = number
    return (
        f"SELECT batch_id, row_number, '{IN_FACT}' AS place, known_at FROM {feed.fact} "
        f"WHERE {' AND '.join(conditions)}",
        parameters,
    )


def _others(feed: Feed, key: NaturalKey) -> _Rows:
    """A query of the rows in quarantine or given up that fit as received; IDs they have none."""
    conditions, parameters = _times(_PARSED.format(name=feed.time.name), key)
    for name, text in key.texts.items():
        conditions.append(f"trimBoth({name}) = {{text_{name}:String}}")
        parameters[f"text_{name}"] = text
    place = f"if(bitTest(reason_mask, {DISCARDED_BIT}), '{DISCARDED}', '{IN_QUARANTINE}')"
    latest = f"SELECT * FROM {feed.quarantine} ORDER BY attempt DESC LIMIT 1 BY batch_id, row_number"
    return (
        f"SELECT batch_id, row_number, {place} AS place, received_at AS known_at FROM ({latest}) "
        f"WHERE {' AND '.join(['reason_mask != 0', *conditions])}",
        parameters,
    )


def _times(name: str, key: NaturalKey) -> tuple[list[str], dict[str, Any]]:
    if key.day:
        return [_DAY.format(name=name)], {"day": key.day.isoformat()}
    if key.moment:
        return [_MOMENT.format(name=name)], {"moment": key.moment.strftime("%Y-%m-%d %H:%M:%S.%f")}
    return [], {}


def _in_words(feed: Feed, key: NaturalKey) -> str:
    time = key.day or key.moment
    named = {**key.texts, **key.ids, **({feed.time.name: time.isoformat()} if time else {})}
    return " ".join(f"{name}={text}" for name, text in named.items())
