"""Reasons for which a feed's rows are rejected: names for people, bits for the chain, and what to do about each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrator.exceptions import FeedDeclarationError
from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, FORBIDDEN_COMBINATION, Column, Feed

FUTURE_EVENT_TIME: Final = "future_event_time"
# set on what a person has given up; above the bits of every feed's reasons
DISCARDED: Final = "discarded"
DISCARDED_BIT: Final = 63
_MOST: Final = DISCARDED_BIT


@dataclass(frozen=True)
class Reason:
    """One rule that a row may break.

    Attributes:
        name: as people and the table of quarantine have it.
        bit: its place in the mask of the chain.
        column: the column at fault; empty where the whole row is.
        remedy: what makes such a row acceptable, one or two sentences.
    """

    name: str
    bit: int
    column: str
    remedy: str


def reasons_of(feed: Feed) -> tuple[Reason, ...]:
    """All reasons of a feed, in the order of their bits: column by column, then those of the whole row.

    Raises:
        FeedDeclarationError: there are more than a mask has bits.
    """
    named = [item for column in feed.specs for item in _of_column(column)]
    if FORBIDDEN_COMBINATION in feed.rules:
        columns = ", ".join(feed.combination)
        named.append((
            FORBIDDEN_COMBINATION,
            "",
            f"Add the combination of {columns} to seeds/lookups.csv if it is right, then replay; else have the file "
            "corrected.",
        ))  # fmt: skip
    if DUPLICATE_IN_BATCH in feed.rules:
        named.append((
            DUPLICATE_IN_BATCH,
            "",
            "The same row stands earlier in the same file and was taken from there. Discard this one.",
        ))  # fmt: skip
    if len(named) > _MOST:
        raise FeedDeclarationError(
            f"The feed {feed.name} has {len(named)} reasons, a mask has room for {_MOST}.", "Make two feeds of it."
        )
    return tuple(Reason(name, bit, column, remedy) for bit, (name, column, remedy) in enumerate(named))


def _of_column(column: Column) -> Iterator[tuple[str, str, str]]:
    name = column.name
    if not column.optional:
        yield f"missing_{name}", name, f"Have the file delivered again with {name} filled in."
    if column.code:
        yield f"unknown_{name}", name, _remedy_of_unknown(column)
    if column.time:
        yield f"bad_{name}", name, f"Have {name} delivered as ISO 8601, such as 2026-01-05T10:20:30.123456Z."
        yield (
            f"out_of_range_{name}",
            name,
            f"Moments before {column.time.earliest} are not taken; have {name} corrected.",
        )
        yield (
            FUTURE_EVENT_TIME,
            name,
            f"{name} lies more than {column.time.ahead.lower()} after the row's arrival; look at its zone and its date "
            "order.",
        )
    if column.number:
        yield (
            f"bad_{name}",
            name,
            f"Have {name} delivered as a finite number with a point for decimals and without separators.",
        )
        if _has_bounds(column):
            yield f"out_of_range_{name}", name, f"{name} must be {bounds_in_words(column)}; have it corrected."
    if column.choice:
        yield f"bad_{name}", name, f"{name} is one of {', '.join(column.choice)}; have it corrected."
    if column.value_of:
        yield (
            f"bad_{name}",
            name,
            f"{name} does not have the type that its {column.value_of} has at the lookup desk; correct one of them.",
        )


def _remedy_of_unknown(column: Column) -> str:
    if column.desk_file:
        return (
            f"Add the code to seeds/{column.desk_file}, or to seeds/lookup_aliases.csv if it is another spelling of a "
            "known one; build, and it is replayed."
        )
    return f"Load a file that brings this {column.code.replace('_', ' ')}; build, and it is replayed."


def bounds_in_words(column: Column) -> str:
    """Such as `above 0` or `at least 0 and at most 100`."""
    rule = column.number
    assert rule is not None
    words = (("above", rule.above), ("at least", rule.min), ("at most", rule.max))
    return " and ".join(f"{word} {bound}" for word, bound in words if bound is not None)


def _has_bounds(column: Column) -> bool:
    return bool(column.number and bounds_in_words(column))
