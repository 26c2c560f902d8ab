"""A feed: one kind of file, its columns, and what becomes of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

FORBIDDEN_COMBINATION: Final = "forbidden_combination"
DUPLICATE_IN_BATCH: Final = "duplicate_in_batch"
LINEAGE: Final = ("batch_id", "row_number", "received_at")

_NumberType = Annotated[str, Field(pattern=r"^(Float64|Float32|U?Int(8|16|32|64)|Decimal\(\d{1,2}, ?\d{1,2}\))$")]

_Span = Annotated[str, Field(pattern=r"^[1-9]\d{0,3} (MINUTE|HOUR|DAY)$")]


class Declaration(BaseModel):
    """A piece of feeds.yml; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeRule(Declaration):
    """Bounds of an event time: the earliest moment, and how far it may lie ahead of its arrival."""

    earliest: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] = "1970-01-01"
    ahead: Annotated[str, Field(pattern=r"^\d{1,4} (SECOND|MINUTE|HOUR|DAY)$")] = "1 DAY"


class NumberRule(Declaration):
    """Type and bounds of a number; both bounds are allowed values."""

    type: _NumberType = "Float64"
    min: float | int | None = None
    max: float | int | None = None
    above: float | int | None = None


class Thresholds(Declaration):
    """When quarantine is too full.

    Attributes:
        rejected_rows: a batch with more rejected rows is red.
        rejected_share: so is one with a larger share of its landed rows rejected,
        share_from_rows: if it has as many rows or more.
        open_rows: more rows of all batches must not be open.
    """

    rejected_rows: Annotated[int, Field(ge=0)] | None = None
    rejected_share: Annotated[float, Field(ge=0, le=1)] | None = None
    share_from_rows: Annotated[int, Field(ge=1)] = 100
    open_rows: Annotated[int, Field(ge=0)] | None = None


class Freshness(Declaration):
    """How long ago things may have happened last; without a limit nobody asks.

    Attributes:
        run_within: the run that lands the feed's files, be there new ones or not.
        file_within: the commit of its newest file.
        event_within: its newest event.
    """

    run_within: _Span | None = None
    file_within: _Span | None = None
    event_within: _Span | None = None


def span_of(text: str) -> timedelta:
    """`4 DAY`, `90 MINUTE`: a span as feeds.yml has it."""
    number, unit = text.split()
    return timedelta(**{f"{unit.lower()}s": int(number)})


@dataclass(frozen=True)
class Column:
    """A column of a feed's files.

    Attributes:
        name: in the file, in landing and in quarantine.
        means: what it says, without a full stop.
        code: domain of its codes, if it has codes.
        desk_file: file of seeds/ that lists these codes; empty where they arrive in a feed.
        parent: the column with the parent's code, where the domain has a parent.
        time, number, choice, value_of: what else it may be; see feeds.yml.
        optional: may be blank.
    """

    name: str
    means: str
    code: str = ""
    desk_file: str = ""
    parent: str = ""
    time: TimeRule | None = None
    number: NumberRule | None = None
    choice: tuple[str, ...] = ()
    value_of: str = ""
    optional: bool = False

    @property
    def id(self) -> str:
        """Name of its ID in the fact."""
        return f"{self.name}_id"

    @property
    def landing_type(self) -> str:
        """Type in landing: text, of few different ones where it has words."""
        return "LowCardinality(String)" if self.has_words else "String"

    @property
    def has_words(self) -> bool:
        """Whether it has few different texts: choices, or codes of the lookup desk. Codes that feeds bring are many."""
        return bool(self.choice or self.desk_file)


@dataclass(frozen=True)
class Feed:
    """One kind of file, and what becomes of its rows.

    Attributes:
        name: as used by `touchstone load NAME` and in table names.
        noun: how people call one row.
        means: what one row is.
        specs: the file's columns in order; all of them text in landing.
        is_catalogue: a file replaces the one landed under its name before; its rows have passed the desk's check.
        natural_key: columns that say which event a row is about; empty for a feed whose rows go to no fact.
        partition: function of the event time.
        combination: columns whose IDs must be a combination of the lookup files.
        rules: action by name.
        thresholds: when a batch is red, and when all of quarantine is too much.
        freshness: when the feed is stale.
    """

    name: str
    noun: str
    means: str
    specs: tuple[Column, ...]
    is_catalogue: bool = False
    natural_key: tuple[str, ...] = ()
    partition: str = "toYYYYMM"
    combination: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=Thresholds)
    freshness: Freshness = field(default_factory=Freshness)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the file's columns."""
        return tuple(column.name for column in self.specs)

    @property
    def codes(self) -> tuple[Column, ...]:
        """Columns that become IDs."""
        return tuple(column for column in self.specs if column.code)

    @property
    def words(self) -> tuple[str, ...]:
        """Columns of few different texts."""
        return tuple(column.name for column in self.specs if column.has_words)

    @property
    def time(self) -> Column:
        """The column of the event time; only of a feed with a chain."""
        return next(column for column in self.specs if column.time)

    @property
    def has_chain(self) -> bool:
        """True when landed rows go on to a fact or quarantine; False when a dimension reads landing."""
        return bool(self.natural_key)

    @property
    def may_lack_columns(self) -> bool:
        """True when a file may have some of the columns only; the others are blank in landing."""
        return self.is_catalogue

    @property
    def landing(self) -> str:
        """Table of the rows as received."""
        return f"landing_{self.name}"

    @property
    def entry(self) -> str:
        """Table without rows at which every attempt to resolve landed rows begins."""
        return f"feed_{self.name}"

    @property
    def fact(self) -> str:
        """Table of the accepted rows."""
        return f"fct_{self.name}"

    @property
    def quarantine(self) -> str:
        """Table of the attempts that failed."""
        return f"quarantine_{self.name}"
