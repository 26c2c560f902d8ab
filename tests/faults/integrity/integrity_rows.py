"""Rows of a small file of observations, and what must become of each: the tests' own knowledge, without the product's SQL."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from known_codes import GOOD_ROW

BAD_VALUE = "bad_value"
UNKNOWN_INSTRUMENT = "unknown_instrument"
DUPLICATE = "duplicate_in_batch"
# a mix has shares of: good rows, bad values, codes that are taught later, those with a bad value, codes nobody ever
# teaches, and repetitions of an earlier row
MIXES = {
    "mixed": (10, 3, 4, 1, 1, 3),
    "good": (1, 0, 0, 0, 0, 0),
    "late": (2, 0, 5, 0, 0, 1),
    "hopeless": (0, 4, 0, 0, 2, 2),
}
_YEARS = (2005, 2006, 2007)
_IDS = {"AAPL": 1}


@dataclass(frozen=True)
class Row:
    """One row of a file: what differs from row to row, and whether it repeats an earlier one."""

    year: int
    instrument: str
    value: str
    is_repeated: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """As in the file."""
        return (f"{self.year}-01-05", "lab", self.instrument, *GOOD_ROW[3:-1], self.value)

    def faults(self, taught: Collection[str]) -> tuple[str, ...]:
        """Reasons to reject it when these late codes are known, in the order of the mask's bits."""
        found = {
            UNKNOWN_INSTRUMENT: self.instrument not in _IDS and self.instrument not in taught,
            BAD_VALUE: self.value.startswith("bad"),
            DUPLICATE: self.is_repeated,
        }
        return tuple(name for name, holds in found.items() if holds)

    def fact(self) -> tuple[int, str, float]:
        """Instrument's ID, event time and value, as a good row has them in the fact; all else is the same for all rows."""
        return _IDS.get(self.instrument) or id_of(self.instrument), f"{self.year}-01-05", float(self.value)


def late_codes(story: int) -> tuple[str, str]:
    """The two codes that a story's file has and its events teach."""
    return f"LATE{story}0", f"LATE{story}1"


def id_of(late_code: str) -> int:
    """The ID that a late code is given; each code has its own for ever."""
    return 100 + int(late_code.removeprefix("LATE"))


def year_of(story: int) -> int:
    """A year, and so a partition of the fact, that few stories share."""
    return 1971 + story % 31


def rows_of(chance: random.Random, story: int, *, rows: int, mix: str, years: int) -> tuple[Row, ...]:
    """Rows of one story; no other one has the same ones."""
    late = late_codes(story)
    made: list[Row] = []
    own_and_others = (year_of(story), *_YEARS)[:years]
    for number, kind in enumerate(chance.choices(range(6), MIXES[mix], k=rows)):
        year = chance.choice(own_and_others)
        value = f"{'bad' if kind in {1, 3} else ''}{story}.{number + 1:04}"
        instrument = chance.choice(late) if kind in {2, 3} else f"NEVER{story}" if kind == 4 else "AAPL"
        is_repeated = kind == 5 and bool(made)
        made.append(replace(chance.choice(made), is_repeated=True) if is_repeated else Row(year, instrument, value))
    return tuple(made)


def numbered(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """With their row numbers."""
    return enumerate(rows, start=1)
