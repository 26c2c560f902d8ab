"""Keys of a trace, as people type them: a batch with a row number, or what a row says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from orchestrator.exceptions import TraceError
from orchestrator.feeds.feed import Feed

_ROW: Final = re.compile(r"(\d{1,20}):(\d{1,20})")
_ID: Final = re.compile(r"\d{1,10}")
_MOST: Final = 2**64 - 1


@dataclass(frozen=True)
class RowKey:
    """A landed row: its batch, and its number in the file from 1."""

    batch_id: int
    row_number: int

    def __str__(self) -> str:
        """As it is typed."""
        return f"{self.batch_id}:{self.row_number}"


@dataclass(frozen=True)
class NaturalKey:
    """What a row says, all of which must hold.

    Attributes:
        texts: codes and words by column.
        ids: integer IDs by column, `instrument_id` and the like.
        day: of the event, where no time of day was given.
        moment: of the event, aware and in UTC.
    """

    texts: Mapping[str, str]
    ids: Mapping[str, int]
    day: date | None = None
    moment: datetime | None = None


def parse_key(feed: Feed, parts: Sequence[str]) -> RowKey | NaturalKey:
    """What `BATCH_ID:ROW_NUMBER` or `COLUMN=VALUE...` means.

    Args:
        feed: a feed with a chain.
        parts: the words of the key.

    Raises:
        TraceError: the key has neither form, or names a column, an ID or a time that cannot be.
    """
    if len(parts) == 1 and (match := _ROW.fullmatch(parts[0])):
        return _row_key(*map(int, match.groups()))
    if not parts or not all("=" in part for part in parts):
        raise TraceError(f"{' '.join(parts)!r} is no key.", f"Give BATCH_ID:ROW_NUMBER, or {_example(feed)}.")
    given = dict(_named(feed, part) for part in parts)
    if len(given) < len(parts):
        raise TraceError(f"{' '.join(parts)!r} names a column twice.", "Give each column once.")
    text_of_time = given.pop(feed.time.name, None)
    ids = {name: _id(name, text) for name, text in given.items() if name.endswith("_id")}
    texts = {name: text for name, text in given.items() if name not in ids}
    if text_of_time is None:
        return NaturalKey(texts, ids)
    day, moment = _time(feed, text_of_time)
    return NaturalKey(texts, ids, day, moment)


def _row_key(batch_id: int, row_number: int) -> RowKey:
    if not (0 < batch_id <= _MOST and 0 < row_number <= _MOST):
        raise TraceError(
            f"{batch_id}:{row_number} is no landed row.", "Batches and rows are numbered from 1, in 64 bits."
        )
    return RowKey(batch_id, row_number)


def _named(feed: Feed, part: str) -> tuple[str, str]:
    column, _, text = part.partition("=")
    column, text = column.strip(), text.strip(" ")
    codes = [code.name for code in feed.codes]
    known = [*feed.natural_key, *(code for code in codes if code not in feed.natural_key), *(f"{c}_id" for c in codes)]
    if column not in known:
        raise TraceError(f"The feed {feed.name} has no key column {column!r}.", f"There are: {', '.join(known)}.")
    if not text:
        raise TraceError(f"{part!r} has no value.", f"Give one, as in {_example(feed)}.")
    return column, text


def _id(column: str, text: str) -> int:
    if not _ID.fullmatch(text):
        raise TraceError(f"{column}={text!r} is no ID.", f"IDs are integers; give a code as {column[:-3]}=CODE.")
    return int(text)


def _time(feed: Feed, text: str) -> tuple[date | None, datetime | None]:
    """A whole day, or a moment; times without an offset are UTC, as in files."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text), None
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TraceError(
            f"{feed.time.name}={text!r} is no time: {error}.", "Give a day, or ISO 8601 such as 2026-01-05T10:20:30Z."
        ) from error
    return None, moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _example(feed: Feed) -> str:
    return " ".join(f"{column}=..." for column in feed.natural_key)
