"""One observation as a vendor delivers it, and the rules that decide whether the warehouse may take it."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

CODE_COLUMNS: Final = (
    "source",
    "instrument",
    "asset_class",
    "sub_asset_class",
    "product_type",
    "data_class",
    "field",
)


class Observation(NamedTuple):
    """Nine cells of text, in the order of the files' columns."""

    observed_at: str
    source: str
    instrument: str
    asset_class: str
    sub_asset_class: str
    product_type: str
    data_class: str
    field: str
    value: str


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# the builder cannot know when its files will be loaded; no good row is later than its origin and no bad one is earlier
# than this
HORIZON: Final = datetime(2200, 1, 1, tzinfo=UTC)

ISO_8601: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?)?")
NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INTEGER: Final = re.compile(r"[+-]?\d+")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Codes:
    """The codes that the lookup desk and the list of instruments know.

    Attributes:
        known: code column -> its codes; not for sub_asset_class.
        sub_asset_classes: pairs of asset class and sub-asset class.
        field_types: field -> one of number, integer, text, identifier, date, boolean.
        data_classes: field -> its data class.
        combinations: (product_type, data_class, field, asset_class, sub_asset_class) as the desk lists them.
    """

    known: dict[str, frozenset[str]]
    sub_asset_classes: frozenset[tuple[str, str]]
    field_types: dict[str, str]
    data_classes: dict[str, str]
    combinations: frozenset[tuple[str, str, str, str, str]]


def read_codes(seeds: Path, instruments: frozenset[str]) -> Codes:
    """The codes in the folder of the lookup desk, and the given instruments."""
    with (seeds / "lookups.csv").open(encoding="utf-8", newline="") as file:
        lookups = list(csv.DictReader(file))
    with (seeds / "sources.csv").open(encoding="utf-8", newline="") as file:
        sources = frozenset(row["source"] for row in csv.DictReader(file))
    known = {
        column: frozenset(row[column] for row in lookups)
        for column in ("asset_class", "product_type", "data_class", "field")
    }
    return Codes(
        known={**known, "source": sources, "instrument": instruments},
        sub_asset_classes=frozenset((row["asset_class"], row["sub_asset_class"]) for row in lookups),
        field_types={row["field"]: row["field_type"] for row in lookups},
        data_classes={row["field"]: row["data_class"] for row in lookups},
        combinations=frozenset(
            (row["product_type"], row["data_class"], row["field"], row["asset_class"], row["sub_asset_class"])
            for row in lookups
        ),
    )


def combination(row: Observation) -> tuple[str, str, str, str, str]:
    """The row's codes in the form of `Codes.combinations`."""
    return (
        row.product_type.strip(" "),
        row.data_class.strip(" "),
        row.field.strip(" "),
        row.asset_class.strip(" "),
        row.sub_asset_class.strip(" "),
    )


def repetitions(rows: Sequence[Observation]) -> frozenset[int]:
    """The numbers, from 1, of the rows of a file that repeat an earlier one of it in every cell."""
    seen: set[Observation] = set()
    found = set()
    for number, row in enumerate(rows, start=1):
        if row in seen:
            found.add(number)
        seen.add(row)
    return frozenset(found)


def reasons(row: Observation, codes: Codes, *, is_repeated: bool = False) -> tuple[str, ...]:
    """Every reason to put the row into quarantine, in alphabetical order; empty for a good row."""
    found = _code_reasons(row, codes)
    if is_repeated:
        found.add("duplicate_in_batch")
    found.update(_time_reasons(row.observed_at))
    field_type = codes.field_types.get(row.field.strip(" "))
    if not row.value.strip(" "):
        found.add("missing_value")
    elif field_type is not None and not fits(row.value, field_type):
        found.add("bad_value")
    return tuple(sorted(found))


def fits(value: str, field_type: str) -> bool:
    """Whether the text is a value of the type; a number is finite and may have an exponent."""
    match field_type:
        case "number":
            return NUMBER.fullmatch(value) is not None
        case "integer":
            return INTEGER.fullmatch(value) is not None
        case "text":
            return any(character.isalpha() for character in value)
        case "date":
            return DATE.fullmatch(value) is not None and _moment(value) is not None
        case "boolean":
            return value in {"Y", "N"}
        case "identifier":
            return True
    message = f"unknown field type {field_type!r}"
    raise ValueError(message)


def _code_reasons(row: Observation, codes: Codes) -> set[str]:
    found = set()
    for column in CODE_COLUMNS:
        code = getattr(row, column).strip(" ")
        if not code:
            found.add(f"missing_{column}")
        elif column == "sub_asset_class":
            if (row.asset_class.strip(" "), code) not in codes.sub_asset_classes:
                found.add("unknown_sub_asset_class")
        elif code not in codes.known[column]:
            found.add(f"unknown_{column}")
    return found


def _time_reasons(observed_at: str) -> set[str]:
    text = observed_at.strip(" ")
    if not text:
        return {"missing_observed_at"}
    moment = _moment(text) if ISO_8601.fullmatch(text) else None
    if moment is None:
        return {"bad_observed_at"}
    if moment < EPOCH:
        return {"out_of_range_observed_at"}
    return {"future_event_time"} if moment > HORIZON else set()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
