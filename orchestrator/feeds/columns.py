"""The columns that a feed asks of a delivery, and what the delivery's own names are held against."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa

from orchestrator.exceptions import FeedFileError

TEXT = pa.string()
CODES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Columns:
    """What a feed asks of a delivery.

    Attributes:
        names: the columns, in the order in which they are wanted.
        codes: those of them that are wanted as dictionary arrays; the others are plain text.
        may_lack: some of them, but not all, may be missing in the delivery.
    """

    names: tuple[str, ...]
    codes: Collection[str] = ()
    may_lack: bool = False

    @property
    def schema(self) -> pa.Schema:
        """One field a column, never null."""
        return pa.schema([pa.field(name, self.type_of(name), nullable=False) for name in self.names])

    def type_of(self, name: str) -> pa.DataType:
        """The Arrow type in which the column is wanted."""
        return CODES if name in self.codes else TEXT

    def found_in(self, place: str, what: str, given: Sequence[str]) -> tuple[str, ...]:
        """Refuse names that are not exactly the feed's columns, in whatever order; gives those that are there.

        Args:
            place: file and line, for the error.
            what: what has these names, `header` or `object`.
            given: the names in the delivery.

        Raises:
            FeedFileError: names every column that is missing, unknown or there twice.
        """
        present = tuple(name for name in self.names if name in given)
        missing = [] if self.may_lack and present else [name for name in self.names if name not in given]
        unknown = [name for name in given if name not in self.names]
        twice = sorted({name for name in given if given.count(name) > 1})
        faults = [
            f"{kind} {', '.join(map(repr, names))}"
            for kind, names in (("missing", missing), ("unknown", unknown), ("twice", twice))
            if names
        ]
        if faults:
            raise FeedFileError(
                f"{place}: the {what} does not fit: {'; '.join(faults)}.", f"The columns are {','.join(self.names)}."
            )
        return present
