"""The least that a load of this size can take: IDs that somebody has resolved already, sent in one request.

The file goes as it is into one INSERT with the settings that the engine comes with. Others that were tried (larger and
smaller blocks, more insert threads, no optimizing on insert, the basic parser of times) take as long or longer.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.validated_load.data import Dimension, Files
from benchmarks.validated_load.setting import DATABASE, INPUT_FORMATS, Address, Engine, EngineWay, post

BARE: Final = "bare insert of resolved IDs"
SIDE_TYPE: Final = "Enum8('buy' = 1, 'sell' = 2)"
FACT_COLUMNS: Final = (
    "instrument_id UInt32, trade_time DateTime64(6, 'UTC'), venue_id UInt32, currency_id UInt32, "
    f"product_type_id UInt32, side {SIDE_TYPE}, price Float64, quantity Float64"
)
FACT_ENGINE: Final = "ENGINE = MergeTree PARTITION BY toYYYYMM(trade_time) ORDER BY (instrument_id, trade_time)"
# the same for the same rows, wherever they are
FINGERPRINT: Final = (
    "sum(cityHash64(instrument_id, trade_time, venue_id, currency_id, product_type_id, side, price, quantity))"
)

_OUTCOME: Final = f"SELECT count(), 0, {FINGERPRINT} FROM fct_trades"


def floors(engine: Engine, files: Files, known: Sequence[Dimension], input_format: str) -> list[EngineWay]:
    """The bare insert, the same into a fact that refuses unknown IDs, and the file parsed and thrown away."""
    path = files.resolved[input_format]
    load = partial(insert_file, table="fct_trades", path=path, input_format=input_format)
    tables = {
        BARE: f"CREATE TABLE fct_trades ({FACT_COLUMNS}) {FACT_ENGINE}",
        "the same, CHECK dictHas of 4 IDs": f"CREATE TABLE fct_trades ({FACT_COLUMNS}, {checks(known)}) {FACT_ENGINE}",
    }
    return [
        *(EngineWay(name, files.rows, engine, [sql], load, _OUTCOME) for name, sql in tables.items()),
        EngineWay(
            "file parsed and typed, not kept",
            files.rows,
            engine,
            [f"CREATE TABLE fct_trades ({FACT_COLUMNS}) ENGINE = Null"],
            load,
            None,
        ),
    ]


def checks(known: Sequence[Dimension]) -> str:
    """The constraints that make IDs foreign keys, for a CREATE TABLE."""
    return ", ".join(
        f"CONSTRAINT {each.name}_exists CHECK dictHas('{DATABASE}.dict_{each.name}', toUInt64({each.name}_id))"
        for each in known
    )


def insert_file(address: Address, *, table: str, path: Path, input_format: str) -> None:
    """A file in one request, as it is."""
    post(address, f"INSERT INTO {table} FORMAT {INPUT_FORMATS[input_format]}", path)
