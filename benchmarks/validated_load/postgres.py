"""The same load in PostgreSQL, with primary and foreign keys, on the first rows only: its time grows with the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg

from benchmarks.identity.postgres import Cluster
from benchmarks.identity.setting import timed
from benchmarks.validated_load.data import Dimension, Files
from benchmarks.validated_load.setting import Outcome, Taken, grown

_PIECE: Final = 1 << 20
_DIMENSIONS: Final[LiteralString] = """
    CREATE TABLE dim_instrument (instrument_id integer PRIMARY KEY, code text NOT NULL UNIQUE);
    CREATE TABLE dim_venue (venue_id integer PRIMARY KEY, code text NOT NULL UNIQUE);
    CREATE TABLE dim_currency (currency_id integer PRIMARY KEY, code text NOT NULL UNIQUE);
    CREATE TABLE dim_product_type (product_type_id integer PRIMARY KEY, code text NOT NULL UNIQUE);
"""
_TABLES: Final[LiteralString] = """
    DROP TABLE IF EXISTS fct_trades, staging, rejected;
    CREATE TABLE fct_trades (
        trade_time timestamp, instrument_id integer REFERENCES dim_instrument, venue_id integer REFERENCES dim_venue,
        currency_id integer REFERENCES dim_currency, product_type_id integer REFERENCES dim_product_type,
        side text CHECK (side IN ('buy', 'sell')), price double precision, quantity double precision
    );
    CREATE UNLOGGED TABLE staging (
        trade_time text, symbol text, venue text, currency text, product_type text, side text, price text, quantity text
    );
    CREATE TABLE rejected (LIKE staging);
"""
_COPY_RESOLVED: Final[LiteralString] = "COPY fct_trades FROM STDIN (FORMAT csv)"
_COPY_RAW: Final[LiteralString] = "COPY staging FROM STDIN (FORMAT csv)"
_JOIN: Final[LiteralString] = """
    INSERT INTO fct_trades
    SELECT
        trade_time::timestamp, instrument_id, venue_id, currency_id, product_type_id, side,
        price::double precision, quantity::double precision
    FROM staging
    JOIN dim_instrument ON dim_instrument.code = symbol
    JOIN dim_venue ON dim_venue.code = venue
    JOIN dim_currency ON dim_currency.code = currency
    JOIN dim_product_type ON dim_product_type.code = product_type
"""
_ANTI_JOIN: Final[LiteralString] = """
    INSERT INTO rejected SELECT * FROM staging
    WHERE NOT EXISTS (SELECT 1 FROM dim_instrument WHERE code = symbol)
        OR NOT EXISTS (SELECT 1 FROM dim_venue WHERE code = venue)
        OR NOT EXISTS (SELECT 1 FROM dim_currency WHERE code = currency)
        OR NOT EXISTS (SELECT 1 FROM dim_product_type WHERE code = product_type)
"""
_COUNTS: Final[LiteralString] = "SELECT (SELECT count(*) FROM fct_trades), (SELECT count(*) FROM rejected)"


@dataclass
class PostgresWay:
    """One transaction of a session of its own, from BEGIN to COMMIT.

    Attributes:
        name, rows: see Way.
        cluster: where to.
        path: the CSV, without a header.
        copy: the COPY of it.
        statements: what follows in the same transaction.
    """

    name: str
    rows: int
    cluster: Cluster
    path: Path
    copy: LiteralString
    statements: Sequence[LiteralString] = ()

    def load(self) -> Taken:
        """See Way. Memory of the cluster's processes together, its shared buffers once for each."""
        with self._connect() as connection:
            connection.execute(_TABLES)
            connection.commit()
            seconds, megabytes = grown(
                self.cluster.pid, lambda: timed(lambda: self._load(connection)), with_children=True
            )
        return Taken(seconds, megabytes, None)

    def outcome(self) -> Outcome:
        """See Way."""
        with self._connect() as connection:
            accepted, rejected = connection.execute(_COUNTS).fetchall()[0]
        return Outcome(int(accepted), int(rejected))

    def clear(self) -> None:
        """See Way. Nothing is left to write for the checkpointer."""
        with self._connect() as connection:
            connection.execute(_TABLES)
        with self._connect() as connection:
            connection.autocommit = True
            connection.execute("CHECKPOINT")

    def _load(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor, self.path.open("rb") as file, cursor.copy(self.copy) as copied:
            while piece := file.read(_PIECE):
                copied.write(piece)
        for statement in self.statements:
            connection.execute(statement)
        connection.commit()

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.cluster.conninfo)


def postgres_ways(cluster: Cluster, files: Files, known: Sequence[Dimension]) -> list[PostgresWay]:
    """COPY of resolved IDs, and COPY of the vendor's rows with joins and an anti-join; makes the dimensions."""
    with psycopg.connect(cluster.conninfo) as connection:
        connection.execute(_DIMENSIONS)
        for each in known:
            with connection.cursor() as cursor, cursor.copy(f"COPY dim_{each.name} FROM STDIN") as copied:
                for row in enumerate(each.codes, start=1):
                    copied.write_row(row)
        connection.execute("ANALYZE")
    title = f"PostgreSQL {cluster.version}, 4 foreign keys"
    rows = files.head_rows
    return [
        PostgresWay(f"{title}, resolved IDs", rows, cluster, files.resolved_head, _COPY_RESOLVED),
        PostgresWay(f"{title}, joins, anti-join", rows, cluster, files.raw_head, _COPY_RAW, (_JOIN, _ANTI_JOIN)),
    ]
