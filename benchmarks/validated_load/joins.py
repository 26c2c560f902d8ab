"""The way of a warehouse without dictionaries: staging, joins, and an anti-join for what is left over."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from benchmarks.validated_load.data import Dimension, Files
from benchmarks.validated_load.floors import FACT_COLUMNS, FACT_ENGINE, FINGERPRINT, insert_file
from benchmarks.validated_load.setting import DATABASE, Address, Engine, EngineWay, post

_STAGING: Final = (
    "CREATE TABLE staging (trade_time String, symbol String, venue String, currency String, product_type String, "
    "side String, price String, quantity String) ENGINE = MergeTree ORDER BY tuple()"
)
_REJECTED: Final = "CREATE TABLE rejected AS staging"
_OUTCOME: Final = f"SELECT count(), (SELECT count() FROM rejected), {FINGERPRINT} FROM fct_trades"


def joined(engine: Engine, files: Files, known: Sequence[Dimension], input_format: str) -> EngineWay:
    """Three statements; the tables have no constraint, as the joins give known IDs only."""
    fact = f"CREATE TABLE fct_trades ({FACT_COLUMNS}) {FACT_ENGINE}"
    load = partial(_load, files=files, known=known, input_format=input_format)
    name = "staging of text, 4 JOINs, anti-join"
    return EngineWay(name, files.rows, engine, [_STAGING, _REJECTED, fact], load, _OUTCOME)


def _load(address: Address, *, files: Files, known: Sequence[Dimension], input_format: str) -> None:
    insert_file(address, table="staging", path=files.raw[input_format], input_format=input_format)
    post(address, accepted_sql(known))
    post(address, rejected_sql(known))


def accepted_sql(known: Sequence[Dimension]) -> str:
    """Rows whose codes are all known, typed and with their IDs."""
    joins = " ".join(
        f"INNER JOIN {DATABASE}.dim_{each.name} AS {each.name} ON {each.name}.code = staging.{each.column}"
        for each in known
    )
    return (
        "INSERT INTO fct_trades SELECT instrument.instrument_id, toDateTime64(staging.trade_time, 6, 'UTC'), "
        "venue.venue_id, currency.currency_id, product_type.product_type_id, staging.side, "
        f"toFloat64(staging.price), toFloat64(staging.quantity) FROM staging {joins}"
    )


def rejected_sql(known: Sequence[Dimension]) -> str:
    """All other rows, as they came."""
    unknown = " OR ".join(f"{each.column} NOT IN (SELECT code FROM {DATABASE}.dim_{each.name})" for each in known)
    return f"INSERT INTO rejected SELECT * FROM staging WHERE {unknown}"
