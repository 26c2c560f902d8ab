"""What a piece of SQL is: where an INSERT's data starts, which kind a statement has, what is never run for a client.

Only INSERT statements are looked at before the engine's own parser has seen them, because data follows them and may be
gigabytes. Everything else is judged by its canonical text, the answer of `formatQuerySingleLine`: upper-case keywords,
no comments, no insert data.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from orchestrator.embedded.errors import (
    INTO_OUTFILE_NOT_ALLOWED,
    SUPPORT_IS_DISABLED,
    SYNTAX_ERROR,
    UNKNOWN_ROLE,
    UNKNOWN_TYPE_OF_QUERY,
    QueryError,
)
from orchestrator.embedded.execution.tokens import Token, tokens

_RESULT_KINDS: Final = frozenset(
    ("SELECT", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "CHECK", "KILL", "BACKUP", "RESTORE")
)
_READ_KINDS: Final = frozenset(("SELECT", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "CHECK", "SET", "USE"))
_SAME_KIND: Final = {"WITH": "SELECT", "(": "SELECT", "FROM": "SELECT", "DESC": "DESCRIBE"}
_DEPTH: Final = {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1}
_TIMEZONE: Final = re.compile(rb"\bsession_timezone = '((?:[^'\\]|\\.)*)'")
_OUTPUT_FORMAT: Final = re.compile(rb"\boutput_format = '(\w+)'")
_KAFKA_BY_DEFAULT: Final = re.compile(rb"\bdefault_table_engine = '?Kafka", re.IGNORECASE)


@dataclass(frozen=True)
class InsertWithData:
    """An INSERT whose data follows it.

    Attributes:
        sql: the statement without its VALUES or FORMAT and without data.
        format: input format, `Values` after VALUES.
        data_start: byte at which the data starts in the text that was looked at.
        input_span: bytes of `sql` that a call of the table function input() takes, None without one.
        input_arguments: what stands in that call's brackets.
    """

    sql: bytes
    format: str
    data_start: int
    input_span: tuple[int, int] | None = None
    input_arguments: bytes = b""


@dataclass(frozen=True)
class Statement:
    """A statement without data.

    Attributes:
        sql: what the client sent.
        canonical: the engine's one-line text of it.
        kind: its first keyword, such as SELECT, CREATE or SET.
        format: the FORMAT clause, None without one.
        words: those that stand in it outside strings, in upper case.
    """

    sql: bytes
    canonical: bytes
    kind: str
    format: str | None
    words: frozenset[str]

    @property
    def has_result(self) -> bool:
        """True when a server answers with a result set, even an empty one."""
        return self.kind in _RESULT_KINDS

    @property
    def only_reads(self) -> bool:
        """True when a request that may not write can run it."""
        return self.kind in _READ_KINDS

    @property
    def output_format(self) -> str | None:
        """The setting output_format of its SETTINGS clause, which beats a FORMAT clause."""
        match = _OUTPUT_FORMAT.search(self.canonical)
        return match.group(1).decode() if match else None

    @property
    def timezone(self) -> str | None:
        """The session_timezone its SETTINGS clause names."""
        match = _TIMEZONE.search(self.canonical)
        return match.group(1).decode() if match else None

    def mentions(self, *words: str) -> bool:
        """True when one of the words, given in upper case, stands anywhere in it outside strings, in any case."""
        return not self.words.isdisjoint(words)


def find_insert_data(sql: bytes) -> InsertWithData | None:
    """Where the data of an INSERT starts, None when no data follows the statement.

    Args:
        sql: the statement and at least the beginning of what follows it. Tokens are read one by one and never beyond
            the start of the data, which may be megabytes of anything.
    """
    stream = _LazyTokens(sql)
    position = _after_insert(stream)
    if position is None:
        return None
    position = _after_target(stream, position)
    depth = 0
    is_select = False
    input_at: tuple[int, int] | None = None
    while (token := stream.at(position)) is not None:
        if token.kind == "sign":
            depth += _DEPTH.get(token.text, 0)
            following = stream.at(position + 1) if token.text == b"(" else None
            is_select = is_select or bool(following and following.is_word("SELECT", "WITH"))
        elif depth == 0 and not is_select and token.is_word("VALUES"):
            return InsertWithData(sql[: token.start], "Values", token.end)
        elif depth == 0 and token.is_word("FORMAT") and (not is_select or input_at is not None):
            name = stream.at(position + 1)
            return _with_format(sql, token, name, stream, input_at) if name and name.kind == "word" else None
        elif depth == 0 and token.is_word("SELECT", "WITH", "FROM"):
            is_select = True
        elif is_select and token.is_word("INPUT") and stream.text(position + 1) == b"(":
            input_at = (position, _closing(stream, position + 1))
        position += 1
    return None


def statement(sql: bytes, canonical: bytes) -> Statement:
    """A statement from what the client sent and what the engine's parser made of it.

    Raises:
        QueryError: it uses files of the server (INFILE, OUTFILE), makes a Kafka table, or stops the engine.
    """
    stream = list(tokens(canonical))
    first = stream[0].text.decode(errors="replace").upper() if stream else ""
    kind = _SAME_KIND.get(first, first)
    _refuse(kind, canonical, stream)
    words = frozenset(token.text.decode(errors="replace").upper() for token in stream if token.kind == "word")
    return Statement(sql, canonical, kind, _format_clause(stream), words)


def ensure_single(values: bytes) -> None:
    """Raises QueryError (62) when a second statement follows the data of an INSERT ... VALUES."""
    if b";" not in values.rstrip().rstrip(b";"):
        return
    has_ended = False
    for token in tokens(values):
        if has_ended and token.text != b";":
            raise QueryError(SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed): data follows a semicolon.")
        has_ended = has_ended or token.text == b";"


class _LazyTokens:
    """Tokens by position, read from the text only as far as somebody asks."""

    def __init__(self, sql: bytes) -> None:
        self._source = tokens(sql)
        self._read: list[Token] = []

    def at(self, position: int) -> Token | None:
        while len(self._read) <= position:
            token = next(self._source, None)
            if token is None:
                return None
            self._read.append(token)
        return self._read[position]

    def text(self, position: int) -> bytes:
        token = self.at(position)
        return token.text if token else b""


def _after_insert(stream: _LazyTokens) -> int | None:
    first = stream.at(0)
    if first is None or not first.is_word("INSERT", "WITH"):
        return None
    position = 0
    while (token := stream.at(position)) is not None:
        position += 1
        if token.is_word("INSERT") and (token is first or stream.text(position).upper() == b"INTO"):
            return position
    return None


def _after_target(stream: _LazyTokens, position: int) -> int:
    """The place after INTO, TABLE, FUNCTION and the name, so that a table may be called `values`."""
    for word in ("INTO", "TABLE", "FUNCTION"):
        token, following = stream.at(position), stream.at(position + 1)
        if token and token.is_word(word) and following and following.kind in ("word", "quoted", "sign"):
            position += following.text not in (b"(", b".")
    position = _after_name(stream, position)
    while stream.text(position) == b".":
        position = _after_name(stream, position + 1)
    return position


def _after_name(stream: _LazyTokens, position: int) -> int:
    """The place after a name or a parameter in its stead, such as `{table:Identifier}`."""
    return (_closing(stream, position) if stream.text(position) == b"{" else position) + 1


def _closing(stream: _LazyTokens, opening: int) -> int:
    depth = 0
    position = opening
    while (token := stream.at(position)) is not None:
        depth += _DEPTH.get(token.text, 0)
        if depth == 0:
            break
        position += 1
    return position


def _with_format(
    sql: bytes, keyword: Token, name: Token, stream: _LazyTokens, input_at: tuple[int, int] | None
) -> InsertWithData:
    start = name.end
    while start < len(sql) and sql[start : start + 1] in (b" ", b"\t", b"\f"):
        start += 1
    if sql[start : start + 2] == b"\r\n":
        start += 2
    elif sql[start : start + 1] == b"\n":
        start += 1
    span, arguments = None, b""
    if input_at is not None:
        call, bracket, closing = (stream.at(at) for at in (input_at[0], input_at[0] + 1, input_at[1]))
        if call and bracket and closing:
            span = (call.start, closing.end)
            arguments = sql[bracket.end : closing.start]
    return InsertWithData(sql[: keyword.start], name.text.decode(errors="replace"), start, span, arguments)


def output_clause(sql: bytes) -> tuple[int, int]:
    """Where a statement's FORMAT clause and what follows it stand in its text, in bytes; an empty span without one.

    Comments and semicolons behind the statement are not part of it.
    """
    stream = list(tokens(sql))
    while stream and stream[-1].text == b";":
        stream.pop()
    end = stream[-1].end if stream else len(sql)
    index = _format_index(stream)
    return (end if index is None else stream[index].start), end


def _format_clause(stream: list[Token]) -> str | None:
    index = _format_index(stream)
    return None if index is None else stream[index + 1].text.decode(errors="replace").strip("`")


def _format_index(stream: list[Token]) -> int | None:
    """The FORMAT clause of a statement: the last FORMAT whose name ends the text or is followed by SETTINGS."""
    for index in range(len(stream) - 2, -1, -1):
        if stream[index].is_word("FORMAT") and stream[index + 1].kind in ("word", "quoted"):
            rest = stream[index + 2 :]
            if not rest or rest[0].is_word("SETTINGS"):
                return index
    return None


def _refuse(kind: str, canonical: bytes, stream: list[Token]) -> None:
    pairs = {(first.text.upper(), second.text.upper()) for first, second in pairwise(stream) if first.kind == "word"}
    if (b"INTO", b"OUTFILE") in pairs:
        raise QueryError(INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed over HTTP.")
    if (b"FROM", b"INFILE") in pairs:
        raise QueryError(UNKNOWN_TYPE_OF_QUERY, "FROM INFILE is read by the client, it is not allowed over HTTP.")
    is_kafka = any(
        first.is_word("ENGINE") and second.text == b"=" and third.is_word("KAFKA")
        for first, second, third in zip(stream, stream[1:], stream[2:], strict=False)
    )
    if (kind in ("CREATE", "ATTACH", "REPLACE") and is_kafka) or _KAFKA_BY_DEFAULT.search(canonical):
        raise QueryError(
            SUPPORT_IS_DISABLED,
            "The embedded engine has no Kafka: a table with this engine would keep it from starting again.",
        )
    if kind == "SET" and (b"SET", b"ROLE") in pairs and not (len(stream) > 2 and stream[2].is_word("NONE")):  # noqa: PLR2004
        raise QueryError(UNKNOWN_ROLE, "There are no roles to set: what a user may do is in the users file.")
    if kind == "SYSTEM" and pairs & {(b"SYSTEM", b"SHUTDOWN"), (b"SYSTEM", b"KILL")}:
        raise QueryError(SUPPORT_IS_DISABLED, "The embedded engine is stopped by `touchstone down`, not by SQL.")
