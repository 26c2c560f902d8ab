"""Trades and their dimensions, made from a seed: as a vendor sends them, and with IDs that are resolved already.

The same number of rows gives the same files to the byte. Trades come in the order of their times, over three days of
one month; codes are drawn evenly, which is the hard case for caches and dictionaries; one row in a thousand has a code
that no dimension knows.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

CSV: Final = "csv"
PARQUET: Final = "parquet"
FORMATS: Final = (CSV, PARQUET)
SIDES: Final = ("buy", "sell")

_SEED: Final = 20261121
_CHUNK_ROWS: Final = 1_000_000
_FIRST_DAY: Final = "2026-11-16"
_MICROSECONDS: Final = 3 * 86_400 * 10**6
_UNKNOWN_SHARE: Final = 0.001
_UNKNOWN_CODES: Final = 5
_LETTERS: Final = 26
# so that the symbols of a row group stay in its dictionary, as with most writers
_DICTIONARY_PAGE_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class Dimension:
    """A domain of codes; the ID of a code is its place, from 1.

    Attributes:
        name: of the domain, such as instrument; the fact's column is `instrument_id`.
        column: of the vendor's file.
        codes: all of them.
    """

    name: str
    column: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """Where the files are.

    Attributes:
        rows: of each file.
        rejected: rows of the vendor's file with a code that no dimension knows.
        raw: the vendor's files, by format.
        resolved: the same trades with IDs, all of them known, by format.
        head_rows: rows of the two heads.
        raw_head: the first rows of the vendor's CSV, without a header.
        resolved_head: the same of the resolved CSV.
    """

    rows: int
    rejected: int
    raw: dict[str, Path]
    resolved: dict[str, Path]
    head_rows: int
    raw_head: Path
    resolved_head: Path


def dimensions() -> tuple[Dimension, ...]:
    """100,000 instruments, 2,700 venues, 180 currencies, 10 product types."""
    products = ("spot", "forward", "future", "option", "swap", "bond", "etf", "equity", "warrant", "certificate")
    return (
        Dimension("instrument", "symbol", tuple(_symbol(number) for number in range(100_000))),
        Dimension("venue", "venue", tuple(_word(number * 11 + _LETTERS**3, 4) for number in range(2_700))),
        Dimension("currency", "currency", tuple(_word(number * 7 + 200, 3) for number in range(180))),
        Dimension("product_type", "product_type", products),
    )


def write_files(folder: Path, rows: int, head_rows: int) -> Files:
    """Write all files, a million rows at a time."""
    raw = {name: folder / f"trades.{name}" for name in FORMATS}
    resolved = {name: folder / f"resolved.{name}" for name in FORMATS}
    heads = folder / "trades_head.csv", folder / "resolved_head.csv"
    head_rows = min(head_rows, rows)
    rejected = 0
    with ExitStack() as stack:
        sinks: dict[Path, Any] = {}
        for number, (vendors, ids, unknown) in enumerate(_chunks(rows)):
            rejected += unknown
            for table, paths in ((vendors, raw), (ids, resolved)):
                text = _as_text(table)
                if number == 0:
                    sinks[paths[CSV]] = stack.enter_context(
                        pc.CSVWriter(paths[CSV], text.schema, write_options=_plain())
                    )
                    sinks[paths[PARQUET]] = stack.enter_context(_parquet(paths[PARQUET], table.schema))
                sinks[paths[CSV]].write_table(text)
                sinks[paths[PARQUET]].write_table(table, row_group_size=_CHUNK_ROWS)
    for path, source in zip(heads, (raw, resolved), strict=True):
        _write_head(path, source[CSV], head_rows)
    return Files(rows, rejected, raw, resolved, head_rows, *heads)


def _chunks(rows: int) -> Iterator[tuple[pa.Table, pa.Table, int]]:
    """The vendor's table, the resolved one and the number of rows with an unknown code, chunk by chunk."""
    known = dimensions()
    first = np.datetime64(_FIRST_DAY, "us").astype(np.int64)
    for begin in range(0, rows, _CHUNK_ROWS):
        count = min(_CHUNK_ROWS, rows - begin)
        random = np.random.default_rng([_SEED, begin])
        low, high = (first + _MICROSECONDS * at // rows for at in (begin, begin + count))
        times = pa.array(np.sort(random.integers(low, high, count)), pa.timestamp("us"))
        places = [random.integers(0, len(each.codes), count) for each in known]
        is_bad = random.random(count) < _UNKNOWN_SHARE
        bad_column = random.integers(0, len(known), count)
        rest = {
            "side": _encoded(random.integers(0, len(SIDES), count), SIDES),
            "price": np.round(random.gamma(2, 60, count) + 0.01, 2),
            "quantity": random.integers(1, 5_000, count).astype(np.float64),
        }
        codes = {}
        for number, each in enumerate(known):
            is_unknown = is_bad & (bad_column == number)
            place = places[number].copy()
            place[is_unknown] = len(each.codes) + place[is_unknown] % _UNKNOWN_CODES
            codes[each.column] = _encoded(place, (*each.codes, *_unknown(number)))
        ids = {f"{each.name}_id": (place + 1).astype(np.uint32) for each, place in zip(known, places, strict=True)}
        yield (
            pa.table({"trade_time": times, **codes, **rest}),
            pa.table({"trade_time": times, **ids, **rest}),
            int(is_bad.sum()),
        )


def _as_text(table: pa.Table) -> pa.Table:
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_dictionary(column.type) or pa.types.is_timestamp(column.type):
            columns[name] = column.cast(pa.string())
        else:
            columns[name] = column.cast(pa.int64()) if name == "quantity" else column
    return pa.table(columns)


def _parquet(path: Path, schema: pa.Schema) -> Any:  # noqa: ANN401  pyarrow has no types
    # without Arrow's own schema in it, as files of other writers are
    return pq.ParquetWriter(path, schema, store_schema=False, dictionary_pagesize_limit=_DICTIONARY_PAGE_BYTES)


def _plain() -> Any:  # noqa: ANN401
    return pc.WriteOptions(quoting_style="none")


def _write_head(path: Path, source: Path, rows: int) -> None:
    with source.open("rb") as lines, path.open("wb") as head:
        next(lines)
        for _ in range(rows):
            head.write(next(lines))


def _encoded(places: Any, codes: tuple[str, ...]) -> pa.DictionaryArray:  # noqa: ANN401
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(codes))


def _unknown(number: int) -> tuple[str, ...]:
    return tuple(f"?{number}{each}" for each in range(_UNKNOWN_CODES))


def _symbol(number: int) -> str:
    return _word(number * 37 + 1_000, 5) + ("" if number % 3 else ".N")


def _word(number: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        number, letter = divmod(number, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters
