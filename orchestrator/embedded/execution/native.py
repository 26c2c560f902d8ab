"""Native blocks as a server writes them for client_protocol_version=N, from those of chdb, which always writes N = 0.

What changes with N (measured on what chdb sends to a server, where it does write newer revisions):

    1      a block begins with its BlockInfo, which has one field more from 54480 on
    1      LowCardinality is not known, until 54405; a server then removes it, here it is refused
    54337  a column of type DateTime('zone') keeps its zone
    54452  states of aggregate functions have versions, which cannot be made here
    54454  a byte after each type says whether the data is serialized in a special way; here it never is
    54492  strings are all their end offsets and then all their bytes, in place of a length before each

A change in the middle of a block needs a walk over the data before it, which is possible for most types.
"""

import re
import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from orchestrator.embedded.errors import NOT_IMPLEMENTED, QueryError

_WITH_ZONES: Final = 54337
_WITH_LOW_CARDINALITY: Final = 54405
_WITH_STATE_VERSIONS: Final = 54452
_WITH_SERIALIZATION_FLAG: Final = 54454
_WITH_THIRD_INFO_FIELD: Final = 54480
_WITH_STRING_OFFSETS: Final = 54492

# No overflow row, no bucket of a two-level aggregation; the third field: no buckets that come late.
_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_INFO_OF_THREE: Final = b"\x01\x00\x02\xff\xff\xff\xff\x03\x00\x00"

_WIDTHS: Final = {
    **{f"{sign}Int{bits}": bits // 8 for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    **{"BFloat16": 2, "Float32": 4, "Float64": 8, "Bool": 1, "Enum8": 1, "Enum16": 2, "Nothing": 1},
    **{"Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Time": 4, "Time64": 8},
    **{"UUID": 16, "IPv4": 4, "IPv6": 16, "Point": 16},
    **{f"Interval{unit}": 8 for unit in ("Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour")},
    **{f"Interval{unit}": 8 for unit in ("Day", "Week", "Month", "Quarter", "Year")},
}
_ARRAYS_OF_POINTS: Final = {"Ring": 1, "LineString": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_TOKEN: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(), ]|[^(), '`]+""", re.DOTALL)
_LONG: Final = 0x80
_HAS_OWN_KEYS: Final = 0x200


def needs_types(revision: int) -> bool:
    """Whether NativeRevision has a use for the types that DESCRIBE (query) gives."""
    return revision >= _WITH_ZONES


class NativeRevision:
    """Rewrites the Native blocks of one result.

    Args:
        revision: client_protocol_version, 0 for none.
        types: the types of the result's columns as DESCRIBE (query) gives them. None if unknown: columns of type
            DateTime then stay without the zone that the engine leaves out.
    """

    def __init__(self, revision: int, types: Sequence[str] | None) -> None:
        self._revision = revision
        self._info = _INFO if revision < _WITH_THIRD_INFO_FIELD else _INFO_OF_THREE
        self._described = len(types or ())
        zoned = ((index, name) for index, name in enumerate(types or ()) if name.startswith("DateTime("))
        self._zones = dict(zoned) if needs_types(revision) else {}

    def rewrite(self, block: bytes | memoryview) -> bytes:
        """One whole block, such as a chunk of a stream, as the revision wants it.

        Raises:
            QueryError: 48 NOT_IMPLEMENTED for a column that has to be changed or walked over and cannot be;
                33 CANNOT_READ_ALL_DATA for less than a block, as far as it is walked.
        """
        return self._rewritten(bytes(block), is_single=True)

    def rewrite_all(self, blocks: bytes | memoryview) -> bytes:
        """Any number of whole blocks in a row, such as the result of a statement that chdb does not stream.

        Raises:
            QueryError: as `rewrite` does; 48 also for every column that cannot be walked over, because the end of its
                block is unknown.
        """
        return self._rewritten(bytes(blocks), is_single=False)

    def _rewritten(self, source: bytes, is_single: bool) -> bytes:
        if not self._revision:
            return source
        may_have_unknown = self._revision < _WITH_LOW_CARDINALITY and b"LowCardinality(" in source
        may_have_states = self._revision >= _WITH_STATE_VERSIONS and b"AggregateFunction(" in source
        is_thorough = may_have_unknown or may_have_states or self._revision >= _WITH_SERIALIZATION_FLAG
        if is_single and not is_thorough and not self._zones:
            return self._info + source
        walk = _Walk(source, moves_strings=self._revision >= _WITH_STRING_OFFSETS)
        try:
            while walk.at < len(source):
                self._block(walk, is_thorough, is_single)
        except (IndexError, struct.error) as error:
            raise QueryError(33, "Cannot read all data: a Native block is cut.", "CANNOT_READ_ALL_DATA") from error
        return walk.result()

    def _block(self, walk: "_Walk", is_thorough: bool, is_single: bool) -> None:
        walk.replace(walk.at, self._info)
        columns, rows = walk.varint(), walk.varint()
        # DESCRIBE can be told to list subcolumns too: its positions mean nothing then.
        zones = self._zones if columns == self._described else {}
        last_change = columns - 1 if is_thorough else max(zones, default=-1)
        # Behind the last change everything stays as it is, and its end need not be known.
        walked = last_change if is_single else columns
        for index in range(last_change + 1 if is_single else columns):
            column = self._head(walk, zones.get(index), must_walk=index < walked and (is_thorough or not is_single))
            if rows and (column is None or (index == walked and not walk.moves_strings)):
                break
            if rows and column:
                walk.prefix(column)
                walk.data(column, rows)
        if is_single:
            walk.at = len(walk.source)

    def _head(self, walk: "_Walk", zone: str | None, must_walk: bool) -> "_Type | None":
        """Walk over name and type of a column; None stands for a type that nobody here can walk over."""
        name, type_name = walk.name(), walk.name()
        column = _parsed(type_name)
        is_unknown = self._revision < _WITH_LOW_CARDINALITY and "LowCardinality(" in type_name
        has_states = self._revision >= _WITH_STATE_VERSIONS and "AggregateFunction(" in type_name and column is None
        if is_unknown or has_states or (column is None and (must_walk or walk.moves_strings)):
            raise QueryError(
                NOT_IMPLEMENTED,
                f"Cannot write column {name} of type {type_name} in the Native format for client_protocol_version="
                f"{self._revision}; use client_protocol_version=0 or another FORMAT.",
            )
        if zone and type_name == "DateTime":
            walk.replace(walk.at - len(type_name) - 1, bytes((len(zone),)) + zone.encode())
        if self._revision >= _WITH_SERIALIZATION_FLAG:
            walk.replace(walk.at, b"\x00")
        return column


@dataclass(frozen=True)
class _Type:
    """How columns of a type lie in a block.

    "rows" has `width` bytes a row and then its parts; "string", "array" and "low" (LowCardinality) are on their own.
    """

    kind: str
    width: int = 0
    parts: tuple["_Type", ...] = ()


class _Walk:
    """A position in Native blocks, and the changes to be made to them, from front to back."""

    def __init__(self, source: bytes, moves_strings: bool) -> None:
        self.source = source
        self.at = 0
        self.moves_strings = moves_strings
        self._copied = 0
        self._pieces: list[bytes | memoryview] = []

    def skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self.source):
            raise IndexError(self.at)

    def varint(self) -> int:
        value = shift = 0
        while (byte := self.source[self.at]) & _LONG:
            value |= (byte & ~_LONG) << shift
            shift += 7
            self.at += 1
        self.at += 1
        return value | byte << shift

    def uint64(self) -> int:
        self.skip(8)
        return int.from_bytes(self.source[self.at - 8 : self.at], "little")

    def text(self) -> bytes:
        self.skip(size := self.varint())
        return self.source[self.at - size : self.at]

    def name(self) -> str:
        return self.text().decode(errors="surrogateescape")

    def replace(self, start: int, new: bytes) -> None:
        """Put `new` in place of what stands between `start` and the position."""
        self._pieces += [memoryview(self.source)[self._copied : start], new]
        self._copied = self.at

    def result(self) -> bytes:
        return b"".join([*self._pieces, memoryview(self.source)[self._copied :]])

    def prefix(self, column: _Type) -> None:
        """Walk over what a column has before all of its data: a version for every LowCardinality in it."""
        self.skip(8 if column.kind == "low" else 0)
        for part in column.parts:
            self.prefix(part)

    def data(self, column: _Type, rows: int) -> None:
        """Walk over the data of some rows."""
        if column.kind == "rows":
            self.skip(rows * column.width)
            for part in column.parts:
                self.data(part, rows)
        elif column.kind == "string" and self.moves_strings:
            self._move_strings(rows)
        elif column.kind == "string":
            self._skip_strings(rows)
        elif rows and column.kind == "array":
            self.skip((rows - 1) * 8)
            self.data(column.parts[0], self.uint64())
        elif rows:
            self._low_cardinality(column.parts[0])

    def _move_strings(self, rows: int) -> None:
        start = self.at
        texts = [self.text() for _ in range(rows)]
        self.replace(start, struct.pack(f"<{rows}Q", *accumulate(map(len, texts))) + b"".join(texts))

    def _skip_strings(self, rows: int) -> None:
        start, source = self.at, self.source
        size = source[start] if rows else 0
        # Texts of one short length, such as codes, have that length at every step.
        if size < _LONG and source[start : start + rows * (size + 1) : size + 1] == bytes((size,)) * rows:
            self.skip(rows * (size + 1))
            return
        at = start
        for _ in range(rows):
            size = source[at]
            if size < _LONG:
                at += size + 1
            else:
                self.at = at
                at = self.varint() + self.at
        self.at = at
        self.skip(0)

    def _low_cardinality(self, inner: _Type) -> None:
        kind = self.uint64()
        keys = self.uint64() if kind & _HAS_OWN_KEYS else 0
        # A NULL is the key 0; strings of a dictionary stay as they are at every revision.
        key = inner.parts[0] if inner.parts else inner
        if key.kind == "string":
            self._skip_strings(keys)
        else:
            self.skip(keys * key.width)
        self.skip(self.uint64() << (kind & 0xFF))


_BUILDERS: Final[dict[str, Callable[[tuple[_Type, ...]], _Type]]] = {
    "String": lambda _: _Type("string"),
    "Nullable": lambda parts: _Type("rows", 1, parts),
    "Array": lambda parts: _Type("array", 0, parts),
    "Map": lambda parts: _Type("array", 0, (_Type("rows", 0, parts),)),
    "Nested": lambda parts: _Type("array", 0, (_Type("rows", 0, parts),)),
    "Tuple": lambda parts: _Type("rows", 0 if parts else 1, parts),
    "LowCardinality": lambda parts: _Type("low", 0, parts),
}


@lru_cache(maxsize=1024)
def _parsed(name: str) -> _Type | None:
    """How to walk over a type, None if nobody here knows."""
    try:
        return _type(name)
    except (ValueError, LookupError):
        return None


def _type(name: str) -> _Type:
    head, _, rest = name.partition("(")
    arguments = _cut(rest[:-1], ",")
    if head in _WIDTHS:
        return _Type("rows", _WIDTHS[head])
    if head in {"FixedString", "Decimal"}:
        number = int(arguments[0])
        return _Type("rows", number if head == "FixedString" else 4 << bisect_left((9, 18, 38), number))
    if depth := _ARRAYS_OF_POINTS.get(head):
        return _type("Array(" * depth + "Point" + ")" * depth)
    if head == "SimpleAggregateFunction":
        return _type(arguments[1])
    # An element of a tuple may have a name before its type.
    return _BUILDERS[head](tuple(_type(_cut(argument, " ")[-1]) for argument in arguments))


def _cut(text: str, separator: str) -> list[str]:
    """The parts between separators that are not inside brackets or quotes."""
    parts, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += (token == "(") - (token == ")")
        if token == separator and not depth:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]
