"""IDs of one row: who they were then, who they are now, and where they were minted."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import Column, Feed
from orchestrator.feeds.specs import FEEDS_BY_NAME
from orchestrator.lookups.domains import ALL_DOMAINS, Domain
from orchestrator.lookups.origins import Origin, origins_in_ledger
from orchestrator.warehouse.tracing.model import LandedCode, LedgerEntry, TracedId, Version

_MOMENT: Final = "%Y-%m-%d %H:%M:%S.%f"


def trace_ids(  # noqa: PLR0917 a row's IDs have as many circumstances
    client: Client,
    feed: Feed,
    ids: Mapping[str, int],
    received: Mapping[str, str],
    known_at: datetime,
    seeds_dir: Path,
) -> tuple[TracedId, ...]:
    """Each ID of a row.

    Args:
        client: connected to the warehouse's database.
        feed: the row's feed.
        ids: by column of the feed; 0 for none.
        received: the row's texts by column.
        known_at: when the row became known.
        seeds_dir: where the ledger is.
    """
    domains = {domain.name: domain for domain in ALL_DOMAINS}
    columns = [column for column in feed.codes if column.name in ids]
    of_ledger = [(column.code, ids[column.name]) for column in columns if domains[column.code].is_of_ledger]
    origins = origins_in_ledger(seeds_dir, of_ledger)
    return tuple(
        _trace_id(client, column, domains[column.code], ids[column.name], received, known_at, origins)
        for column in columns
    )


def _trace_id(  # noqa: PLR0917 as above
    client: Client,
    column: Column,
    domain: Domain,
    number: int,
    received: Mapping[str, str],
    known_at: datetime,
    origins: Mapping[tuple[str, int], Origin],
) -> TracedId:
    text = received.get(column.name, "")
    if not number:
        return TracedId(column.name, domain.name, 0, text, None, None, 0)
    versions = _versions(client, domain, number)
    now, then = _versions_in_force(client, domain, number, known_at)
    ledger = first_landed = None
    if domain.is_of_ledger:
        ledger = LedgerEntry(origins.get((domain.name, number)), _seen_at(client, domain, number))
    elif versions:
        first_landed = _first_landed(client, domain, versions[min(versions)].code)
    return TracedId(
        column.name,
        domain.name,
        number,
        text,
        versions.get(now),
        versions.get(then),
        len(versions),
        ledger,
        first_landed,
    )


def _versions(client: Client, domain: Domain, number: int) -> dict[int, Version]:
    """All versions of the ID, by number."""
    names = [attribute.name for attribute in domain.attributes]
    attributes = "".join(f", toString({name})" for name in names)
    result = client.query(
        f"SELECT version, code, is_active, valid_from, recorded_at{attributes} "
        f"FROM dim_{domain.name} WHERE {domain.id_column} = {{id:UInt32}} ORDER BY version",
        {"id": number},
        tz_mode="aware",
    )
    return {
        int(version): Version(
            version, code, bool(is_active), dict(zip(names, values, strict=True)), valid_from, recorded_at
        )
        for version, code, is_active, valid_from, recorded_at, *values in result.result_rows
    }


def _versions_in_force(client: Client, domain: Domain, number: int, known_at: datetime) -> tuple[int, int]:
    """The version by which the dictionaries name the ID now, and at the time; 0 where they do not have it."""
    name = f"{client.database}.dict_{domain.name}"
    now, then = client.query(
        f"SELECT dictGetOrDefault('{name}', 'version', toUInt64({{id:UInt32}}), toUInt32(0)), "
        f"dictGetOrDefault('{name}_history', 'version', toUInt64({{id:UInt32}}), "
        "toDateTime64({known_at:String}, 6, 'UTC'), toUInt32(0))",
        {"id": number, "known_at": known_at.strftime(_MOMENT)},
    ).result_rows[0]
    return int(now), int(then)


def _seen_at(client: Client, domain: Domain, number: int) -> datetime | None:
    rows = client.query(
        "SELECT recorded_at FROM ops_ledger WHERE domain = {domain:String} AND id = {id:UInt32} "
        "ORDER BY recorded_at LIMIT 1",
        {"domain": domain.name, "id": number},
        tz_mode="aware",
    ).result_rows
    return rows[0][0] if rows else None


def _first_landed(client: Client, domain: Domain, code: str) -> LandedCode | None:
    """The landed row that brought the code; None where no feed lands the domain's codes as they are."""
    feed = FEEDS_BY_NAME.get(domain.staging.removeprefix("stg_"))
    if feed is None or domain.key_column not in feed.columns:
        return None
    rows = client.query(
        f"SELECT batch_id, row_number, received_at FROM {feed.landing} "
        f"WHERE trimBoth({domain.key_column}) = {{code:String}} ORDER BY received_at, batch_id, row_number LIMIT 1",
        {"code": code},
        tz_mode="aware",
    ).result_rows
    if not rows:
        return None
    batch_id, row_number, received_at = rows[0]
    file = client.query(
        "SELECT argMin(source_file, recorded_at) FROM ops_batches "
        "WHERE feed = {feed:String} AND batch_id = {batch_id:UInt64}",
        {"feed": feed.name, "batch_id": batch_id},
    ).result_rows[0][0]
    return LandedCode(feed.landing, file, batch_id, row_number, received_at)
