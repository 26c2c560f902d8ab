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


@dataclass(frozen=True)
class Found:
    """A row that fits a key: where it is, when it became known, and what it says, as received."""

    row: RowKey
    place: str
    known_at: datetime
    file: str
    cells: dict[str, str]


def find_rows(client: Client, feed: Feed, key: NaturalKey, limit: int) -> tuple[list[Found], int]:
    """Rows that fit the key, the latest known first and at most `limit`, and how many there are in all.

    Raises:
        TraceError: no row fits.
    """
    facts, parameters = _facts(feed, key)
    others, more = _others(feed, key)
    rows = f"{facts} UNION ALL {others}" if others else facts
    parameters = parameters | more | {"feed": feed.name, "limit": limit}
    total = int(client.query(f"SELECT count() FROM ({rows})", parameters).result_rows[0][0])
    if not total:
        raise TraceError(
            f"No row of {feed.name} says {_in_words(feed, key)}.",
            f'See which there are: touchstone sql "SELECT {", ".join(feed.natural_key)} FROM v_{feed.name} LIMIT 20".',
        )
    columns = ", ".join(f"landed.{column} AS {column}" for column in feed.columns)
    result = client.query(
        f"SELECT found.batch_id, found.row_number, found.place, found.known_at, batch.source_file, {columns} "
        f"FROM (SELECT * FROM ({rows}) ORDER BY known_at DESC, batch_id, row_number LIMIT {{limit:UInt64}}) AS found "
        f"LEFT JOIN (SELECT * FROM {feed.landing} WHERE batch_id IN (SELECT batch_id FROM ({rows}))) AS landed "
        "ON landed.batch_id = found.batch_id AND landed.row_number = found.row_number "
        "LEFT JOIN (SELECT batch_id, argMin(source_file, recorded_at) AS source_file FROM ops_batches "
        "WHERE feed = {feed:String} GROUP BY batch_id) AS batch ON batch.batch_id = found.batch_id "
        "ORDER BY found.known_at DESC, found.batch_id, found.row_number",
        parameters,
        tz_mode="aware",
    )
    return [
        Found(RowKey(batch, number), place, known_at, file, dict(zip(feed.columns, cells, strict=True)))
        for batch, number, place, known_at, file, *cells in result.result_rows
    ], total


def _facts(feed: Feed, key: NaturalKey) -> tuple[str, dict[str, Any]]:
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


def _others(feed: Feed, key: NaturalKey) -> tuple[str, dict[str, Any]]:
    """A query of the rows in quarantine or given up that fit as received; empty where IDs are asked for."""
    if key.ids:
        return "", {}
    conditions, parameters = _times(_PARSED.format(name=feed.time.name), key)
    for name, text in key.texts.items():
        conditions.append(f"trimBoth({name}) = {{text_{name}:String}}")
        parameters[f"text_{name}"] = text
    place = f"if(bitTest(reason_mask, {DISCARDED_BIT}), '{DISCARDED}', '{IN_QUARANTINE}')"
    latest = f"SELECT * FROM {feed.quarantine} ORDER BY attempt DESC LIMIT 1 BY batch_id, row_number"
    return (
        f"SELECT batch_id, row_number, {place} AS place, received_at AS known_at FROM ({latest}) "
        f"WHERE reason_mask != 0 AND {' AND '.join(conditions)}",
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
