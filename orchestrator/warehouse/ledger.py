"""The ledger seeds/lookup_ids.csv in the warehouse: its lines appended to ops_ledger, never another ID for a key.

It is no dbt seed: dbt reads a seed cell by cell in Python, which a ledger of a million lines makes minutes long.
"""

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from pyarrow import csv

from orchestrator.exceptions import LedgerError, MigrationsMissingError
from orchestrator.helpers import get_logger, plural
from orchestrator.lookups.domains import LEDGER_FILE, SEED_COLUMNS

log = get_logger(__name__)

_TABLE: Final = "ops_ledger"
_KEY: Final = "domain, parent_key, key"
_BLOCK_BYTES: Final = 16 << 20
_UTF_8_MARK: Final = b"\xef\xbb\xbf"
_REMEDY: Final = (
    "Restore the line from the main branch. The ledger of another branch needs a warehouse of its own: "
    "give CLICKHOUSE_DATABASE."
)


def require_migrated(client: Client) -> None:
    """Raises MigrationsMissingError where there is no place for the ledger."""
    if not client.command(f"EXISTS TABLE {_TABLE}"):
        raise MigrationsMissingError(f"The database has no table {_TABLE}.", "Run `touchstone migrate`.")


def load_ledger(client: Client, ledger: bytes) -> int:
    """Append the lines that the warehouse has not seen; returns how many. Loading the same ledger again appends none.

    Args:
        client: of the warehouse's database, migrated.
        ledger: content of the ledger, which the lookup desk's check has passed.

    Raises:
        LedgerError: a key has another ID in the warehouse, or the ledger lost a line that the warehouse has seen.
        MigrationsMissingError: the table is not there.
    """
    require_migrated(client)
    lines = _read(ledger)
    with _scratch_table(client, lines) as incoming:
        _require_no_moved_id(client, incoming)
        _require_no_lost_line(client, incoming)
        before = _count(client)
        client.command(
            f"INSERT INTO {_TABLE} (domain, parent_key, key, id) SELECT domain, parent_key, key, id FROM {incoming} "
            f"WHERE (domain, id) NOT IN (SELECT domain, id FROM {_TABLE}) ORDER BY domain, id",
            settings={"async_insert": 0},
        )
    appended = _count(client) - before
    log.info("ledger loaded", lines=lines.num_rows, appended=appended)
    return appended


def load_ledger_of(client: Client, folder: Path) -> int:
    """`load_ledger` of the ledger in this folder.

    Raises:
        LedgerError: as `load_ledger`, or the file cannot be read.
    """
    try:
        content = (folder / LEDGER_FILE).read_bytes()
    except OSError as error:
        raise LedgerError(
            f"{folder / LEDGER_FILE} cannot be read: {error.strerror}.", "Restore it from Git."
        ) from error
    return load_ledger(client, content)


def _read(ledger: bytes) -> pa.Table:
    content = ledger.removeprefix(_UTF_8_MARK)
    try:
        table = csv.read_csv(
            io.BytesIO(content),
            read_options=csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                include_columns=SEED_COLUMNS[LEDGER_FILE],
                column_types={"domain": pa.string(), "parent_key": pa.string(), "key": pa.string(), "id": pa.uint32()},
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise LedgerError(f"{LEDGER_FILE} cannot be read: {error}.", "See `touchstone lookups check`.") from error
    return table.combine_chunks()


@contextmanager
def _scratch_table(client: Client, lines: pa.Table) -> Iterator[str]:
    name = f"ops_ledger_incoming_{secrets.token_hex(6)}"
    client.command(f"CREATE TABLE {name} (domain String, parent_key String, key String, id UInt32) ENGINE = Memory")
    try:
        client.insert_arrow(name, lines, settings={"async_insert": 0})
        yield name
    finally:
        client.command(f"DROP TABLE IF EXISTS {name} SYNC")


def _require_no_moved_id(client: Client, incoming: str) -> None:
    moved = (
        client.query(
            "SELECT incoming.domain, incoming.key, incoming.id, seen.key, seen.id "
            f"FROM {incoming} AS incoming, {_TABLE} AS seen "
            "WHERE incoming.domain = seen.domain AND incoming.id = seen.id "
            "AND (incoming.parent_key, incoming.key) != (seen.parent_key, seen.key) LIMIT 1"
        ).result_rows
        or client.query(
            f"SELECT incoming.domain, incoming.key, incoming.id, seen.key, seen.id FROM {incoming} AS incoming "
            f"INNER JOIN {_TABLE} AS seen USING ({_KEY}) WHERE incoming.id != seen.id LIMIT 1"
        ).result_rows
    )
    for domain, key, number, seen_key, seen_number in moved:
        raise LedgerError(
            f"{LEDGER_FILE} gives {domain} {key!r} the ID {number}, but the warehouse has seen {seen_key!r} with "
            f"{seen_number}. IDs never move.",
            _REMEDY,
        )


def _require_no_lost_line(client: Client, incoming: str) -> None:
    lost = client.query(
        f"SELECT domain, key, id, count() OVER () FROM {_TABLE} "
        f"WHERE (domain, id) NOT IN (SELECT domain, id FROM {incoming}) ORDER BY domain, id LIMIT 1"
    ).result_rows
    for domain, key, number, count in lost:
        raise LedgerError(
            f"{LEDGER_FILE} lost {plural(count, 'line')} that the warehouse has seen; the first is {domain} {key!r} "
            f"with the ID {number}.",
            _REMEDY,
        )


def _count(client: Client) -> int:
    return int(client.query(f"SELECT count() FROM {_TABLE}").result_rows[0][0])
