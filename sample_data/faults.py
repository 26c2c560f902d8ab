"""Ways to break a good observation, each with the reasons that must follow."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from observation import CODE_COLUMNS, Codes, Observation, reasons

SEED: Final = 20260816

UNKNOWN: Final = {
    "source": ("coinbase_daily", "Coinbase_Hourly", "reuters"),
    "instrument": ("ZZZZ", "BTCUSD", "AAPL.OQ", "MMM\u00a0"),
    "asset_class": ("Crypto", "equity", "FX", "Bonds"),
    "sub_asset_class": ("Stock", "common stock", "ETF", "Digital Asset"),
    "product_type": ("Ordinary Share", "common stock", "CFD"),
    "data_class": ("Pricing", "Reference", "pricing - intraday"),
    "field": ("CLOSE", "px_last", "PX_LASTT", "VWAP"),
}
BLANKS: Final = ("", " ", "   ")
UNPARSABLE_TIMES: Final = (
    "2019-10-17 09-AM",
    "17/10/2019",
    "yesterday",
    "2026-02-30",
    "2026-13-01 00:00:00",
    "2019-10-17 25:00:00",
    "44197",
    "n/a",
    "2023-02-29T12:00:00Z",
)
EARLY_TIMES: Final = ("1969-12-31 23:59:59", "1899-12-30 00:00:00", "1960-06-01 12:00:00", "1929-10-24 09:30:00")
FUTURE_TIMES: Final = ("2999-12-31 00:00:00", "2262-04-11 23:47:16", "2201-01-01 00:00:00", "2250-07-04 12:00:00")
MISFITS: Final = {
    "number": ("N/A", "#VALUE!", "1,234.56", "nan", "inf", "12.3.4", "twelve", "8.1k"),
    "integer": ("12.5", "many", "1 000"),
    "text": ("12345.67", "0", "---", "2026"),
    "date": ("2026-02-30", "2025-13-01", "31/12/2024", "2023-02-29"),
    "boolean": ("maybe", "True", "1", "y"),
}
# one parent's child, under another parent
ELSEWHERE: Final = {"Curncy": "Common Stock", "Equity": "CRYPTO", "Pfd": "Note"}

Change = Callable[[Observation, int, str | None], Observation]


@dataclass(frozen=True)
class Fault:
    """A way to break a row.

    Attributes:
        reasons: what the broken row must be in quarantine for.
        change: (row, how often this fault was used before, type of the row's field) -> broken row.
        times: how many rows to break this way.
        field_type: the fault needs a row whose field has this type, or any row.
        needs_text_time: the fault writes text that is no moment, so it needs a file with times as text.
    """

    reasons: tuple[str, ...]
    change: Change
    times: int
    field_type: str | None = None
    needs_text_time: bool = False


def put(column: str, choices: Sequence[str]) -> Change:
    """Write one of the choices, in turn, into the column."""
    return lambda row, turn, _: row._replace(**{column: choices[turn % len(choices)]})


def misfit(row: Observation, turn: int, field_type: str | None) -> Observation:
    """Write a value that does not fit the row's field."""
    choices = MISFITS[field_type or ""]
    return row._replace(value=choices[turn % len(choices)])


def move_elsewhere(row: Observation, _turn: int, _type: str | None) -> Observation:
    """Write a sub-asset class that exists, but not under the row's asset class."""
    return row._replace(sub_asset_class=ELSEWHERE[row.asset_class])


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(row: Observation, turn: int, field_type: str | None) -> Observation:
        for step in changes:
            row = step(row, turn, field_type)
        return row

    return change


def unknown(*columns: str) -> Change:
    """Write codes that nobody knows."""
    return both(*(put(column, UNKNOWN[column]) for column in columns))


def blank(*columns: str) -> Change:
    """Write nothing, or spaces."""
    return both(*(put(column, BLANKS) for column in columns))


def all_faults() -> list[Fault]:
    """Every fault, single ones first, then those that combine."""
    bad_time = put("observed_at", UNPARSABLE_TIMES)
    # a sub-asset class is known within its asset class only, so it goes with it
    follows = {"asset_class": ("unknown_sub_asset_class",)}
    singles = [
        Fault((f"{word}_{column}", *follows.get(column, ())), make(column), 7)
        for word, make in (("unknown", unknown), ("missing", blank))
        for column in CODE_COLUMNS
    ]
    singles += [
        Fault(("unknown_sub_asset_class",), move_elsewhere, 8),
        Fault(("bad_observed_at",), bad_time, 12, needs_text_time=True),
        Fault(("missing_observed_at",), blank("observed_at"), 8),
        Fault(("out_of_range_observed_at",), put("observed_at", EARLY_TIMES), 8),
        Fault(("future_event_time",), put("observed_at", FUTURE_TIMES), 8),
        Fault(("missing_value",), blank("value"), 10),
        Fault(("bad_value",), misfit, 14, field_type="number"),
        Fault(("bad_value",), misfit, 10, field_type="text"),
        Fault(("bad_value",), misfit, 6, field_type="date"),
        Fault(("bad_value",), misfit, 6, field_type="boolean"),
        Fault(("bad_value",), misfit, 6, field_type="integer"),
    ]
    missing_all = tuple(f"missing_{column}" for column in (*CODE_COLUMNS, "observed_at", "value"))
    unknown_all = tuple(f"unknown_{column}" for column in CODE_COLUMNS)
    labels = ("asset_class", "sub_asset_class", "product_type", "data_class", "field")
    combined = [
        Fault(("unknown_instrument", "missing_value"), both(unknown("instrument"), blank("value")), 6),
        Fault(("unknown_field", "bad_observed_at"), both(unknown("field"), bad_time), 6, needs_text_time=True),
        Fault(
            ("unknown_source", "unknown_product_type", "future_event_time"),
            both(unknown("source", "product_type"), put("observed_at", FUTURE_TIMES)),
            5,
        ),
        Fault(
            ("bad_observed_at", "bad_value"),
            both(bad_time, misfit),
            6,
            field_type="text",
            needs_text_time=True,
        ),
        Fault(tuple(f"unknown_{column}" for column in labels), unknown(*labels), 4),
        Fault(
            ("missing_instrument", "missing_observed_at", "missing_value"),
            blank("instrument", "observed_at", "value"),
            5,
        ),
        Fault(missing_all, blank(*CODE_COLUMNS, "observed_at", "value"), 3),
        # the value is not judged: nobody knows what the field wants
        Fault(
            (*unknown_all, "bad_observed_at"),
            both(unknown(*CODE_COLUMNS), bad_time, put("value", ("???",))),
            3,
            needs_text_time=True,
        ),
        Fault(
            ("out_of_range_observed_at", "bad_value"),
            both(put("observed_at", EARLY_TIMES), misfit),
            4,
            field_type="number",
        ),
        Fault(
            ("unknown_source", "unknown_instrument", "unknown_field", "missing_value"),
            both(unknown("source", "instrument", "field"), blank("value")),
            4,
        ),
        Fault(
            ("missing_data_class", "missing_product_type", "bad_value"),
            both(blank("data_class", "product_type"), misfit),
            4,
            field_type="number",
        ),
    ]
    return singles + combined


@dataclass(frozen=True)
class Broken:
    """A broken row, and the good row that it follows: number of the file, number of the good row within it."""

    file: int
    after: int
    row: Observation
    reasons: tuple[str, ...]


def break_some(files: Sequence[Sequence[Observation]], text_time: Sequence[bool], codes: Codes) -> list[Broken]:
    """Broken copies of good rows, spread evenly over all files; the same input gives the same rows.

    Args:
        files: the good rows of each file.
        text_time: whether each file writes times as text.
        codes: what is known.

    Raises:
        ValueError: a broken row is not broken in the way its fault says.
    """
    everything = [(number, index) for number, rows in enumerate(files) for index in range(len(rows))]
    plan = [(fault, turn) for fault in all_faults() for turn in range(fault.times)]
    random.Random(SEED).shuffle(plan)
    starts = accumulate([len(everything) // len(plan)] * (len(plan) - 1), initial=len(everything) // len(plan) // 2)
    broken = []
    for (fault, turn), start in zip(plan, starts, strict=True):
        for step in range(len(everything)):
            number, index = everything[(start + step) % len(everything)]
            good = files[number][index]
            field_type = codes.field_types[good.field.strip(" ")]
            if fault.field_type in {None, field_type} and (text_time[number] or not fault.needs_text_time):
                break
        bad = fault.change(good, turn, field_type)
        expected = tuple(sorted(fault.reasons))
        if (found := reasons(bad, codes)) != expected:
            message = f"{bad} is broken as {found}, not as {expected}"
            raise ValueError(message)
        broken.append(Broken(number, index, bad, expected))
    return broken
