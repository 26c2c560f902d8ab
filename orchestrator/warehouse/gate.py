"""The dictionary gate: a dictionary may be relied on once it is proven to hold what its source holds, on every host."""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import DictionaryGateError
from orchestrator.helpers import get_logger

log = get_logger(__name__)

_POLL_SECONDS: Final = 0.2
# as ClickHouse prints it: single quotes within are escaped
_SOURCE_QUERY: Final = re.compile(r"SOURCE\(CLICKHOUSE\(.*?QUERY '((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_REMEDY: Final = (
    "Run `touchstone build --select dictionaries`; look for one code with two IDs, and for hosts that are down."
)


@dataclass(frozen=True)
class Proof:
    """That a dictionary holds what its source holds: number of elements, and an order-independent checksum."""

    dictionary: str
    elements: int
    checksum: str


def dictionaries_of(client: Client) -> list[str]:
    """Names of all dictionaries of the client's database."""
    result = client.query("SELECT name FROM system.dictionaries WHERE database = currentDatabase() ORDER BY name")
    return [str(name) for (name,) in result.result_rows]


def pass_gate(
    client: Client, names: Collection[str], *, deadline_seconds: float = 60, reload: bool = False, cluster: str = ""
) -> list[Proof]:
    """Prove each dictionary, waiting for those that load; by count and checksum, against its own source query.

    Args:
        client: connected to the warehouse's database.
        names: of dictionaries.
        deadline_seconds: how long to wait for all of them together.
        reload: have each loaded anew first.
        cluster: name of the cluster whose hosts must all hold the same; empty for this host alone.

    Raises:
        DictionaryGateError: one is not there, failed to load, or differs when the time is over; or there are none.
    """
    if not names:
        raise DictionaryGateError("There is no dictionary to prove.", "Run `touchstone migrate`.")
    deadline = time.monotonic() + deadline_seconds
    return [_proven(client, name, deadline, reload=reload, cluster=cluster) for name in names]


def _proven(client: Client, name: str, deadline: float, *, reload: bool, cluster: str) -> Proof:
    if reload:
        on_cluster = f" ON CLUSTER {quote_identifier(cluster)}" if cluster else ""
        client.command(f"SYSTEM RELOAD DICTIONARY {quote_identifier(name)}{on_cluster}")
    query, columns = _declared(client, name)
    while True:
        expected = _content(client, f"({query})", columns)
        held = _held(client, name, columns, cluster)
        wrong = {host: content for host, content in held.items() if content != expected}
        if held and not wrong:
            log.debug("dictionary proven", dictionary=name, elements=expected[0])
            return Proof(name, *expected)
        if time.monotonic() >= deadline:
            raise DictionaryGateError(
                f"The dictionary {name} does not hold what its source holds: {expected[0]} elements with checksum "
                f"{expected[1]} there, {_in_words(wrong)}.",
                _REMEDY,
            )
        time.sleep(_POLL_SECONDS)


def _declared(client: Client, name: str) -> tuple[str, dict[str, str]]:
    """The query that fills a dictionary, and its columns with their types."""
    result = client.query(
        "SELECT create_table_query, (SELECT groupArray((name, type)) FROM system.columns "
        "WHERE database = currentDatabase() AND table = {name:String}) FROM system.tables "
        "WHERE database = currentDatabase() AND name = {name:String} AND engine = 'Dictionary'",
        {"name": name},
    )
    if not result.result_rows:
        raise DictionaryGateError(f"There is no dictionary {name} in {client.database}.", "Run `touchstone migrate`.")
    statement, columns = result.result_rows[0]
    found = _SOURCE_QUERY.search(str(statement))
    if found is None:
        raise DictionaryGateError(f"The dictionary {name} has no source query to hold it against.", "Give it one.")
    return found[1].replace("''", "'").replace("\\'", "'").replace("\\n", "\n").replace("\\\\", "\\"), dict(columns)


def _checksum(columns: Mapping[str, str]) -> str:
    """Cast, as the source may have narrower or wider types than the dictionary."""
    texts = ", ".join(f"toString(CAST({quote_identifier(name)}, '{_quoted(kind)}'))" for name, kind in columns.items())
    return f"count(), toString(sum(cityHash64({texts})))"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _content(client: Client, rows: str, columns: Mapping[str, str]) -> tuple[int, str]:
    elements, checksum = client.query(f"SELECT {_checksum(columns)} FROM {rows}").result_rows[0]
    return int(elements), str(checksum)


def _held(client: Client, name: str, columns: Mapping[str, str], cluster: str) -> dict[str, tuple[int, str]]:
    """What each host's dictionary holds. A host that does not answer fails the query, and with it the gate."""
    source = f"dictionary('{client.database}.{name}')"
    if cluster:
        source = f"clusterAllReplicas({quote_identifier(cluster)}, view(SELECT * FROM {source}))"
    result = client.query(f"SELECT hostName(), {_checksum(columns)} FROM {source} GROUP BY hostName()")
    held = {str(host): (int(elements), str(checksum)) for host, elements, checksum in result.result_rows}
    # a dictionary without elements gives no group
    return held or {"this host": (0, "0")}


def _in_words(wrong: dict[str, tuple[int, str]]) -> str:
    return "; ".join(f"{elements} with {checksum} on {host}" for host, (elements, checksum) in sorted(wrong.items()))
