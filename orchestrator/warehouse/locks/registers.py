"""Where a lock's state is kept: a chain of records, each of which is added by one who has seen the one before it.

Taking, renewing and giving back are one compare-and-swap: add the revision after the one seen, which fails when it is
there. So a holder that was paused cannot renew over the head of its successor, nor can a slow contender take what was
renewed since it looked. The highest revision counts.
`TableStore` needs no Keeper. A record is an empty table `ops_lock_<name>_<revision>` with the record as its comment:
CREATE TABLE is atomic in an Atomic database, fails when the table exists, and lasts through kill -9.

`KeeperStore` is for servers with Keeper and `keeper_map_path_prefix`: a record is a row of a KeeperMap table, inserted
in strict mode, which fails when its key exists. All replicas share it. Without that prefix writers use one replica.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Protocol, Self

from clickhouse_connect.driver.binding import format_str, quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error

from orchestrator.exceptions import MigrationsMissingError, WriterLockError
from orchestrator.helpers import get_logger
from orchestrator.warehouse.locks.holders import HolderProcess

log = get_logger(__name__)

KEEP: Final = timedelta(seconds=60)
KEEPER_TABLE: Final = "ops_locks"
_BAD_ARGUMENTS: Final = 36
_TABLE_EXISTS: Final = 57
_UNKNOWN_DATABASE: Final = 81
_KEEPER_ERROR: Final = 999
_NOW: Final = "toUnixTimestamp64Milli(now64(3))"
_MOMENTS: Final = ("acquired_at", "written_at", "expires_at")


@dataclass(frozen=True)
class Record:
    """A lock's state.

    Attributes:
        revision: one more with every change.
        generation: one more with every new owner; the fencing token.
        owner: a random name of one taking of the lock.
        holder: the command that took it, for people.
        acquired_at: aware, UTC, by the engine's clock, as are all moments.
        written_at: of this revision.
        expires_at: whoever has not renewed by then has lost it to the first who asks.
        released: given back in order.
    """

    revision: int
    generation: int
    owner: str
    holder: str
    process: HolderProcess
    acquired_at: datetime
    written_at: datetime
    expires_at: datetime
    released: bool = False

    @property
    def described(self) -> str:
        """Who has it, where and since when, for people."""
        where = f"host {self.process.host}, pid {self.process.pid}"
        return f"{self.holder!r} ({where}, since {self.acquired_at:%Y-%m-%d %H:%M:%S} UTC)"

    def to_json(self) -> str:
        """One line of ASCII."""
        moments = {name: getattr(self, name).isoformat() for name in _MOMENTS}
        return json.dumps({**asdict(self), **moments})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError, KeyError or TypeError for what `to_json` did not write."""
        values = json.loads(text)
        moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS}
        return cls(**{**values, **moments, "process": HolderProcess(**values["process"])})


@dataclass(frozen=True)
class Reading:
    """The record at one moment of the engine's clock, None for a lock that nobody took yet."""

    now: datetime
    record: Record | None


class Store(Protocol):
    """Keeps the records of one lock."""

    def records(self) -> tuple[datetime, list[Record]]:
        """The engine's time, and the records in any order."""

    def add(self, record: Record) -> None:
        """Keep this record; without effect and error when there is one of its revision."""

    def drop(self, record: Record) -> None:
        """Forget a record that may be gone already."""

    def latest_generation(self) -> str:
        """An SQL expression of the generation of the last one who took the lock."""


class Register:
    """One lock's record, to be read and replaced.

    Old records are dropped oldest first, `keep` after their successor was written. Not at once: `system.tables` is read
    in several looks, and must not miss the highest because it was dropped between two of them.
    """

    def __init__(self, store: Store, keep: timedelta = KEEP) -> None:
        self._store = store
        self._keep = keep

    def read(self) -> Reading:
        """The record now. Raises WriterLockError for one that cannot be understood."""
        now, records = self._records()
        return Reading(now, records[-1] if records else None)

    def replace(self, seen: Record | None, record: Record) -> bool:
        """Put a record in the place of the one seen; False when another one took that place first.

        Raises:
            MigrationsMissingError: there is no such database.
            ClickHouseError: the engine cannot say; the record may or may not be there.
        """
        self._store.add(record)
        now, records = self._records()
        # Ours may have a successor by now. But a revision that was dropped long ago can be added once more by one who
        # is that slow; then the one it saw was dropped, too.
        if record not in records or (records[-1] != record and seen not in records):
            return False
        self._drop_old(now, records)
        return True

    def latest_generation(self) -> str:
        """See `Store`."""
        return self._store.latest_generation()

    def _records(self) -> tuple[datetime, list[Record]]:
        now, records = self._store.records()
        return now, sorted(records, key=lambda record: record.revision)

    def _drop_old(self, now: datetime, records: list[Record]) -> None:
        try:
            for record, successor in pairwise(records):
                if successor.written_at + self._keep > now:
                    return
                self._store.drop(record)
        except ClickHouseError as error:
            log.warning("old records of a lock stay until its next change", error=str(error))


class TableStore:
    """Records as comments of tables."""

    def __init__(self, client: Client, database: str, name: str) -> None:
        self._client = client
        self._database = database
        self._prefix = f"ops_lock_{name}_"

    def records(self) -> tuple[datetime, list[Record]]:
        """See `Store`."""
        rows = self._client.query(
            f"SELECT {_NOW}, groupArray((name, comment)) FROM system.tables "
            "WHERE database = {database:String} AND match(name, {pattern:String})",
            {"database": self._database, "pattern": f"^{self._prefix}[0-9]+$"},
        ).result_rows
        now, tables = rows[0]
        return _moment(now), [_understood(comment, f"the table {self._database}.{name}") for name, comment in tables]

    def add(self, record: Record) -> None:
        """See `Store`."""
        created = f"CREATE TABLE {self._table(record)} (nothing UInt8) ENGINE = Null COMMENT "
        with _taken_is_fine(_TABLE_EXISTS, self._database):
            self._client.command(created + format_str(record.to_json()))

    def drop(self, record: Record) -> None:
        """See `Store`."""
        self._client.command(f"DROP TABLE IF EXISTS {self._table(record)} SYNC")

    def latest_generation(self) -> str:
        """See `Store`."""
        return (
            "(SELECT max(JSONExtractUInt(comment, 'generation')) FROM system.tables "
            f"WHERE database = {format_str(self._database)} AND match(name, {format_str(f'^{self._prefix}[0-9]+$')}))"
        )

    def _table(self, record: Record) -> str:
        return f"{quote_identifier(self._database)}.{quote_identifier(f'{self._prefix}{record.revision}')}"


class KeeperStore:
    """Records as rows in Keeper."""

    def __init__(self, client: Client, database: str, name: str) -> None:
        self._client = client
        self._database = database
        self._table = f"{quote_identifier(database)}.{KEEPER_TABLE}"
        self._prefix = f"{name}/"

    def records(self) -> tuple[datetime, list[Record]]:
        """See `Store`."""
        rows = self._client.query(
            f"SELECT {_NOW}, groupArray((key, record)) FROM {self._table} WHERE startsWith(key, {{prefix:String}})",
            {"prefix": self._prefix},
        ).result_rows
        now, found = rows[0]
        return _moment(now), [_understood(text, f"{self._table}, key {key!r}") for key, text in found]

    def add(self, record: Record) -> None:
        """See `Store`."""
        values = f"SELECT {self._key(record)}, {format_str(record.to_json())}"
        # Keeper has one code for a key that exists and for everything else; whoever reads next learns which it was.
        with _taken_is_fine(_KEEPER_ERROR, self._database):
            self._client.command(
                f"INSERT INTO {self._table} (key, record) {values}", settings={"keeper_map_strict_mode": 1}
            )

    def drop(self, record: Record) -> None:
        """See `Store`."""
        self._client.command(f"DELETE FROM {self._table} WHERE key = {self._key(record)}")

    def latest_generation(self) -> str:
        """See `Store`."""
        return (
            f"(SELECT max(JSONExtractUInt(record, 'generation')) FROM {self._table} "
            f"WHERE startsWith(key, {format_str(self._prefix)}))"
        )

    def _key(self, record: Record) -> str:
        return str(format_str(f"{self._prefix}{record.revision}"))


def open_register(client: Client, database: str, name: str) -> Register:
    """The register of this engine: Keeper's where there is one.

    Raises:
        MigrationsMissingError: there is no such database.
        ClickHouseError: the engine or its Keeper does not answer.
    """
    kind = KeeperStore if has_keeper(client, database) else TableStore
    return Register(kind(client, database, name))


def has_keeper(client: Client, database: str) -> bool:
    """Whether the engine keeps rows in Keeper; makes the table for them where it does.

    Asked by doing, as no system table tells it everywhere. The answer depends on the server's configuration alone: a
    Keeper that is configured and away is an error, or two writers could use one register each.

    Raises:
        MigrationsMissingError: there is no such database.
        ClickHouseError: the engine or its Keeper does not answer.
    """
    try:
        client.command(
            f"CREATE TABLE IF NOT EXISTS {quote_identifier(database)}.{KEEPER_TABLE} (key String, record String) "
            f"ENGINE = KeeperMap({format_str(f'/touchstone/{database}/{KEEPER_TABLE}')}) PRIMARY KEY key"
        )
    except Error as error:
        if error.code == _BAD_ARGUMENTS and "keeper_map_path_prefix" in str(error):
            return False
        _require_database(error, database)
        raise
    return True


@contextmanager
def _taken_is_fine(code: int, database: str) -> Iterator[None]:
    try:
        yield
    except Error as error:
        # What is there may be this very record: the driver sends a request again when its connection breaks.
        if error.code != code:
            _require_database(error, database)
            raise


def _require_database(error: Error, database: str) -> None:
    if error.code == _UNKNOWN_DATABASE:
        raise MigrationsMissingError(f"There is no database {database}.", "Run `touchstone migrate`.") from error


def _understood(text: str, place: str) -> Record:
    try:
        return Record.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        raise WriterLockError(
            f"The record of a lock in {place} cannot be understood: {text!r}.", "Remove it when nobody writes."
        ) from error


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
