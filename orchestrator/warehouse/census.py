"""Counting what the warehouse holds: for `status`, for the report of a run, and for comparing before with after."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.reasons import DISCARDED
from orchestrator.feeds.specs import FEEDS
from orchestrator.lookups.domains import ALL_DOMAINS


@dataclass(frozen=True)
class Census:
    """How many rows and IDs there are at one moment.

    Attributes:
        rows: rows per table, of tables that keep rows.
        ids: IDs per domain.
        open_quarantine: landed rows that are in no fact and that nobody gave up, per feed.
        reasons: open quarantine by reason, per feed; a row counts once for each of its reasons.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    open_quarantine: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def take_census(client: Client, database: str) -> Census:
    """Count the warehouse; a database without migrations gives an empty census."""
    rows = _rows_per_table(client, database)
    chained = [feed for feed in FEEDS if feed.has_chain and feed.quarantine in rows]
    return Census(
        rows=rows,
        ids={domain: _ids(client, database, domain) for domain in domain_names() if f"dim_{domain}" in rows},
        open_quarantine={feed.name: _open_rows(client, database, feed.quarantine) for feed in chained},
        reasons={feed.name: _open_reasons(client, database, feed.quarantine) for feed in chained},
    )


def rows_of(client: Client, table: str) -> int:
    """Rows of a table of the client's database; ClickHouse knows it without reading them."""
    return int(client.query("SELECT count() FROM {table:Identifier}", {"table": table}).result_rows[0][0])


def elements_of(client: Client, dictionary: str) -> int:
    """Elements that a dictionary of the client's database has in memory."""
    counted = (
        "SELECT sum(element_count) FROM system.dictionaries WHERE database = currentDatabase() AND name = {name:String}"
    )
    return int(client.query(counted, {"name": dictionary}).result_rows[0][0])


def domain_names() -> list[str]:
    """All domains, those of the desk first."""
    return [domain.name for domain in ALL_DOMAINS]


def _rows_per_table(client: Client, database: str) -> dict[str, int]:
    result = client.query(
        "SELECT name, ifNull(total_rows, 0) FROM system.tables WHERE database = {db:String} "
        "AND engine LIKE '%MergeTree' AND name NOT LIKE '%schema_versions%' AND name NOT LIKE 'ops_lock%' "
        "ORDER BY name",
        {"db": database},
    )
    return {str(name): int(rows) for name, rows in result.result_rows}


def _ids(client: Client, database: str, domain: str) -> int:
    return int(client.query(f"SELECT uniqExact({domain}_id) FROM {database}.dim_{domain}").result_rows[0][0])


def _open_rows(client: Client, database: str, quarantine: str) -> int:
    return int(client.query(f"SELECT count() FROM ({_open(database, quarantine)})").result_rows[0][0])


def _open_reasons(client: Client, database: str, quarantine: str) -> dict[str, int]:
    result = client.query(
        f"SELECT arrayJoin(latest_reasons) AS reason, count() FROM ({_open(database, quarantine)}) "
        "GROUP BY reason ORDER BY count() DESC, reason"
    )
    return {str(reason): int(rows) for reason, rows in result.result_rows}


def _open(database: str, quarantine: str) -> str:
    return (
        "SELECT argMax(reasons, attempt) AS latest_reasons "
        f"FROM {database}.{quarantine} GROUP BY batch_id, row_number "
        f"HAVING notEmpty(latest_reasons) AND NOT has(latest_reasons, '{DISCARDED}')"
    )
