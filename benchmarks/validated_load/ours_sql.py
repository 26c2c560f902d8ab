"""Tables and views of the prototype: what `ours` loads into. To be replaced by the project's own migrations.

    feed (Null) -> mv_land    -> landing     every row, as received
                -> mv_resolve -> resolved (Null) -> mv_accept -> fct_trades
                                                 -> mv_reject -> quarantine

A time or number is kept as text where text came, and typed where a typed file came or where the text says exactly what
the typed value prints: `price` or `price_typed`.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.validated_load.data import Dimension
from benchmarks.validated_load.floors import FACT_ENGINE, FINGERPRINT, SIDE_TYPE, checks
from benchmarks.validated_load.setting import DATABASE

SYMBOL: Final = "symbol"
SMALL_CODES: Final = ("venue", "currency", "product_type", "side")
TYPES: Final = {"trade_time": "DateTime64(6, 'UTC')", "price": "Float64", "quantity": "Float64"}
OUTCOME: Final = f"SELECT count(), (SELECT count() FROM quarantine), {FINGERPRINT} FROM fct_trades"

_TIME: Final = TYPES["trade_time"]
_DEDUP: Final = "SETTINGS non_replicated_deduplication_window = 10000"
_BY_ROW: Final = "ENGINE = MergeTree PARTITION BY toYYYYMM(received_at) ORDER BY (batch_id, row_number)"
_LINEAGE: Final = {"batch_id": "UInt64", "row_number": "UInt64", "received_at": _TIME}
_RECEIVED: Final = {
    SYMBOL: "String",
    **dict.fromkeys(SMALL_CODES, "LowCardinality(String)"),
    **{name: "String" for name in TYPES},
    **{f"{name}_typed": f"Nullable({type_})" for name, type_ in TYPES.items()},
}
_RESOLVED: Final = {
    **{f"{name}_id": "UInt32" for name in ("instrument", "venue", "currency", "product_type")},
    "side_id": "UInt8",
    "time_value": _TIME,
    "price_value": "Float64",
    "quantity_value": "Float64",
    "reason_mask": "UInt64",
}
_ISO_8601: Final = (
    r"^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?"
    r"(Z|[+-](0\\d|1[0-4]):?[0-5]\\d)?)?$"
)
_DAY: Final = 86_400_000_000


def tables(known: Sequence[Dimension]) -> list[str]:
    """All statements, in the order in which they run."""
    received = ", ".join((*_LINEAGE, *_RECEIVED))
    return [
        # by the hash of the code: its lookup takes a tenth of that of a text; the code itself is compared afterwards
        "CREATE DICTIONARY dict_instrument_keys (key UInt64, instrument_id UInt32 DEFAULT 0) PRIMARY KEY key "
        f"SOURCE(CLICKHOUSE(QUERY 'SELECT cityHash64(code) AS key, instrument_id FROM {DATABASE}.dim_instrument')) "
        "LAYOUT(HASHED_ARRAY()) LIFETIME(0)",
        "SYSTEM RELOAD DICTIONARY dict_instrument_keys",
        f"CREATE TABLE landing ({_columns(_LINEAGE, codec='Delta, LZ4')}, {_columns(_RECEIVED)}) {_BY_ROW} {_DEDUP}, "
        "index_granularity = 65536, index_granularity_bytes = 1000000000",
        f"CREATE TABLE feed ({_columns(_LINEAGE)}, {_columns(_RECEIVED)}) ENGINE = Null",
        f"CREATE TABLE resolved ({_columns(_LINEAGE)}, {_columns(_RESOLVED)}, {_columns(_RECEIVED)}) ENGINE = Null",
        f"CREATE TABLE quarantine ({_columns(_LINEAGE)}, reason_mask UInt64, {_columns(_RECEIVED)}) {_BY_ROW} {_DEDUP}",
        f"CREATE TABLE fct_trades (instrument_id UInt32 CODEC(T64, LZ4), trade_time {_TIME}, "
        "venue_id UInt32 CODEC(T64, LZ4), currency_id UInt32 CODEC(T64, LZ4), product_type_id UInt32 CODEC(T64, LZ4), "
        f"side {SIDE_TYPE}, price Float64, quantity Float64, batch_id UInt64, row_number UInt64 CODEC(T64, LZ4), "
        f"known_at {_TIME}, {checks(known)}) {FACT_ENGINE} {_DEDUP}",
        f"CREATE MATERIALIZED VIEW mv_reject TO quarantine AS SELECT {received}, reason_mask FROM resolved "
        "WHERE reason_mask != 0",
        "CREATE MATERIALIZED VIEW mv_accept TO fct_trades AS SELECT instrument_id, time_value AS trade_time, venue_id, "
        f"currency_id, product_type_id, CAST(side_id, '{_escaped(SIDE_TYPE)}') AS side, price_value AS price, "
        "quantity_value AS quantity, batch_id, row_number, received_at AS known_at FROM resolved WHERE reason_mask = 0",
        f"CREATE MATERIALIZED VIEW mv_resolve TO resolved AS {_resolve(known)}",
        f"CREATE MATERIALIZED VIEW mv_land TO landing AS SELECT {received} FROM feed",
    ]


def _resolve(known: Sequence[Dimension]) -> str:
    steps = [f"trimBoth({column}) AS {column}_code" for column in (SYMBOL, *SMALL_CODES)]
    steps += [
        "dictGetOrDefault('dict_instrument_keys', 'instrument_id', cityHash64(symbol_code), toUInt32(0)) AS hashed_id",
        f"dictGetOrDefault('{DATABASE}.dict_instrument', 'code', toUInt64(hashed_id), '') AS hashed_code",
        "if(hashed_code = symbol_code, hashed_id, toUInt32(0)) AS found_instrument",
    ]
    for each in known[1:]:
        found = f"'{DATABASE}.dict_{each.name}_ids', '{each.name}_id', {each.column}_code, toUInt32(0)"
        # looked up once for each distinct code of a block
        steps.append(f"CAST(dictGetOrDefault({found}), 'UInt32') AS found_{each.name}")
    steps.append("transform(side_code, ['buy', 'sell'], [1, 2], 0) AS found_side")
    for name in TYPES:
        parse = f"toFloat64OrNull({name}_text)" if name != "trade_time" else _parse_time("trade_time_text")
        steps += [
            f"trimBoth({name}) AS {name}_text",
            # what stands behind is worked out for rows with text only
            f"if(isNull({name}_typed), {parse}, {name}_typed) AS {name}_or_null",
            f"assumeNotNull({name}_or_null) AS {name}_value",
            f"isNull({name}_typed) AND {name}_text = '' AS {name}_missing",
        ]
    steps += [
        "toUnixTimestamp64Micro(trade_time_value) AS micros",
        f"toUnixTimestamp64Micro(received_at) + {_DAY} AS latest",
    ]
    ids = ", ".join(f"found_{each.name} AS {each.name}_id" for each in known)
    carried = ", ".join(_RECEIVED)
    return (
        f"WITH {', '.join(steps)} SELECT {', '.join(_LINEAGE)}, {ids}, toUInt8(found_side) AS side_id, "
        "trade_time_value AS time_value, price_value, quantity_value, "
        f"{_mask(known)} AS reason_mask, {carried} FROM feed"
    )


def _parse_time(text: str) -> str:
    # as strict as the pattern, but for no other form than the first; the others are looked at where it gives NULL
    fast = f"parseDateTime64OrNull({text}, '%Y-%m-%d %H:%i:%s.%f', 'UTC')"
    other = f"if(match({text}, '{_ISO_8601}'), parseDateTime64BestEffortOrNull({text}, 6, 'UTC'), NULL)"
    return f"if(isNull({fast} AS fast_time), {other}, fast_time)"


def _mask(known: Sequence[Dimension]) -> str:
    faults: list[str] = []
    found = [(each.column, f"found_{each.name}") for each in known] + [("side", "found_side")]
    for column, place in found:
        faults += [f"{column}_code = ''", f"{column}_code != '' AND {place} = 0"]
    for name in TYPES:
        is_bad = f"isNull({name}_or_null)"
        if name != "trade_time":
            is_bad = f"({is_bad} OR NOT isFinite({name}_value))"
        lowest = "micros < 0" if name == "trade_time" else f"{name}_value <= 0"
        faults += [f"{name}_missing", f"NOT {name}_missing AND {is_bad}", f"isNotNull({name}_or_null) AND {lowest}"]
    faults.append("isNotNull(trade_time_or_null) AND micros > latest")
    mask = " + ".join(f"bitShiftLeft(toUInt64({fault}), {bit})" for bit, fault in enumerate(faults))
    is_fine = [f"{place} != 0" for _column, place in found]
    is_fine += ["isNotNull(trade_time_or_null) AND micros >= 0 AND micros <= latest"]
    is_fine += [
        f"isNotNull({name}_or_null) AND isFinite({name}_value) AND {name}_value > 0" for name in ("price", "quantity")
    ]
    return f"if({' AND '.join(is_fine)}, toUInt64(0), {mask})"


def _columns(columns: dict[str, str], codec: str = "") -> str:
    return ", ".join(f"{name} {type_}" + (f" CODEC({codec})" if codec else "") for name, type_ in columns.items())


def _escaped(text: str) -> str:
    return text.replace("'", "\\'")
