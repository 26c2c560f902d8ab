"""JSON lines: one object a line, numbers with their digits as delivered."""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, BinaryIO

import pyarrow as pa

from orchestrator.exceptions import FeedFileError
from orchestrator.feeds.columns import TEXT, Columns
from orchestrator.feeds.deliveries import READ_ERRORS, Delivery, in_words
from orchestrator.feeds.lines import JSON_BLANKS

# A block's objects live at the same time: with more of them Python's garbage collector takes longer than its parser.
_BLOCK_BYTES = 1 << 16
_LINE_BYTES = 4 << 20
_QUOTED_CHARACTERS = 120
_UTF_8_MARK = b"\xef\xbb\xbf"
_PLAIN_TYPES = {str, bool, type(None)}
_WORDS = {True: "true", False: "false", None: ""}


def json_line_batches(delivery: Delivery, columns: Columns) -> Generator[pa.RecordBatch, None, None]:
    """The rows in order, in batches of any size; true and false are words, null is '', blank lines are no rows.

    Raises:
        FeedFileError: a line that is no object of the feed's columns with plain values; names file, line and value.
    """
    for block in _blocks(delivery.source.place, delivery.content()):
        texts = _texts_at_once(block.content, columns) or _texts_line_by_line(block, columns)
        yield pa.record_batch([texts[name] for name in columns.names], names=list(columns.names))


class _ConstantError(ValueError):
    """NaN or Infinity, which are no JSON."""


@dataclass(frozen=True)
class _Block:
    """Whole lines of a delivery, with the number of the first."""

    place: str
    first_line: int
    content: bytes


def _refuse_constant(word: str) -> None:
    raise _ConstantError(word)


# Numbers stay the text that they are; as pairs, a key that is there twice is seen.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant, object_pairs_hook=tuple)


def _blocks(place: str, content: BinaryIO) -> Iterator[_Block]:
    line, rest = 1, b""
    while True:
        try:
            read = content.read(_BLOCK_BYTES)
        except READ_ERRORS as error:
            raise FeedFileError(f"{place}:{line}: {in_words(error)}.", "Deliver the whole file again.") from error
        text = rest + read
        if line == 1 and text.startswith(_UTF_8_MARK):
            raise FeedFileError(
                f"{place}:1: there is a byte order mark in {_quoted(text)}.", "Save the file as UTF-8 without one."
            )
        end = text.rfind(b"\n") + 1 if read else len(text)
        if end:
            yield _Block(place, line, text[:end])
        line, rest = line + text.count(b"\n"), text[end:]
        if len(rest) > _LINE_BYTES:
            raise FeedFileError(
                f"{place}:{line}: this line has more than {_LINE_BYTES:,} bytes: {_quoted(rest)}.",
                "Write one object a line.",
            )
        if not read:
            return


def _texts_at_once(content: bytes, columns: Columns) -> dict[str, pa.Array] | None:
    """A column to each name, where all lines are plain objects with the same keys; None where one of them is not.

    The lines are read as one list. If it has as many objects as there are lines, each line is one: no string crosses a
    line feed, no value has brackets, and each line begins and ends with a brace.
    """
    try:
        text = content.decode().replace("\r\n", "\n").removesuffix("\n")
        feeds = text.count("\n")
        is_plain = text[0] == "{" and text[-1] == "}" and text.count("}\n{") == feeds
        if not is_plain or "\\u0000" in text:
            return None
        rows = _DECODER.decode("[" + text.replace("\n", ",\n") + "]")
        keys = [key for key, _value in rows[0]]
        pairs = list(chain.from_iterable(rows))
        is_even = len(rows) == feeds + 1 and sorted(keys) == sorted(columns.names)
        if not is_even or list(map(itemgetter(0), pairs)) != keys * len(rows):
            return None
        values = list(map(itemgetter(1), pairs))
        return {key: _column(values[number :: len(keys)]) for number, key in enumerate(keys)}
    except (ValueError, TypeError, IndexError, RecursionError):
        # Whatever it is, the look at each line finds it and has the words for it.
        return None


def _column(values: list[Any]) -> pa.Array:
    types = set(map(type, values))
    if types - _PLAIN_TYPES:
        raise TypeError
    return pa.array(values if types == {str} else [_as_text(value) for value in values], TEXT)


def _as_text(value: str | bool | None) -> str:
    return value if isinstance(value, str) else _WORDS[value]


def _texts_line_by_line(block: _Block, columns: Columns) -> dict[str, pa.Array]:
    rows = [
        _row(f"{block.place}:{number}", line, columns)
        for number, line in enumerate(block.content.split(b"\n"), start=block.first_line)
        if line.strip(JSON_BLANKS)
    ]
    return {name: pa.array([row.get(name, "") for row in rows], TEXT) for name in columns.names}


def _row(place: str, line: bytes, columns: Columns) -> dict[str, str]:
    pairs = _pairs(place, line)
    columns.found_in(place, "object", [key for key, _value in pairs])
    for key, value in pairs:
        if type(value) not in _PLAIN_TYPES:
            raise FeedFileError(f"{place}: {key!r} is no plain value in {_quoted(line)}.", "Write text or a number.")
    row = {key: _as_text(value) for key, value in pairs}
    for key, text in row.items():
        if "\0" in text:
            raise FeedFileError(f"{place}: {key!r} has a NUL byte in {_quoted(line)}.", "Write it without.")
        if not text.isascii() and not _is_unicode(text):
            raise FeedFileError(f"{place}: {key!r} has half a character in {_quoted(line)}.", "Write whole surrogates.")
    return row


def _pairs(place: str, line: bytes) -> tuple[tuple[str, Any], ...]:
    whole_object = "Write one whole object a line."
    if b"\0" in line:
        raise FeedFileError(f"{place}: there is a NUL byte in {_quoted(line)}.", "Save the file as UTF-8.")
    try:
        found = _DECODER.decode(line.decode())
    except UnicodeDecodeError as wrong:
        value = line[max(0, wrong.start - 20) : wrong.end + 20]
        raise FeedFileError(f"{place}: not UTF-8 at {value!r}.", "Save the file as UTF-8.") from wrong
    except json.JSONDecodeError as wrong:
        message = f"{place}: no JSON from character {wrong.pos + 1} on, {wrong.msg}: {_quoted(line)}."
        raise FeedFileError(message, whole_object) from wrong
    except _ConstantError as wrong:
        raise FeedFileError(f"{place}: {wrong} is no JSON in {_quoted(line)}.", "Write null.") from wrong
    except RecursionError as wrong:
        raise FeedFileError(f"{place}: too many brackets in {_quoted(line)}.", "Write plain values.") from wrong
    if not line.lstrip(JSON_BLANKS).startswith(b"{"):
        raise FeedFileError(f"{place}: no object: {_quoted(line)}.", whole_object)
    pairs: tuple[tuple[str, Any], ...] = found
    return pairs


def _is_unicode(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def _quoted(line: bytes) -> str:
    return repr(line[:_QUOTED_CHARACTERS].decode(errors="replace"))
