"""SQL cut into words, names, strings, numbers and signs, as ClickHouse reads them. Bytes: SQL need not be UTF-8."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    rb"""
    (?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
  | (?P<string>'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<quoted>`[^`\\]*(?:(?:\\.|``)[^`\\]*)*`|"[^"\\]*(?:(?:\\.|"")[^"\\]*)*")
  | (?P<word>[A-Za-z_\x80-\xff][\w$\x80-\xff]*)
  | (?P<number>[0-9][\w.]*)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# The escapes the engine's parser writes.
_ESCAPES: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"0": b"\0"}


@dataclass(frozen=True)
class Token:
    """One word, quoted name, string, number or sign, with its place in the SQL in bytes."""

    kind: str
    text: bytes
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """True for one of these words, given in upper case, in any case."""
        return self.kind == "word" and self.text.upper() in {word.encode() for word in words}


def tokens(sql: bytes) -> Iterator[Token]:
    """The tokens of a text, without spaces and comments."""
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup if match.lastgroup != "tag" else "string"
        if kind and kind != "space":
            yield Token(kind, match.group(), match.start(), match.end())


def string_value(literal: bytes) -> str | None:
    """The text a string literal of a canonical statement stands for; None for one that is not quoted plainly."""
    if not (len(literal) > 1 and literal[:1] == b"'" == literal[-1:]):
        return None
    plain = re.sub(rb"\\(.)|''", lambda m: _ESCAPES.get(m.group(1), m.group(1)) if m.group(1) else b"'", literal[1:-1])
    return plain.decode(errors="surrogateescape")


def settings_start(sql: bytes) -> int | None:
    """Where the SETTINGS clause at the end of a statement begins, in bytes; None without one."""
    stream = list(tokens(sql))
    starts = [
        first.start
        for first, second, third in zip(stream, stream[1:], stream[2:], strict=False)
        if first.is_word("SETTINGS") and second.kind in ("word", "quoted") and third.text == b"="
    ]
    return starts[-1] if starts else None
