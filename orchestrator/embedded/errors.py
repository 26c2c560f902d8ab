"""What a client is told when a request fails: ClickHouse error codes, their text and their HTTP status.

Status per code follows the ClickHouse server's table; clickhouse-connect takes the number from a header and the
name from the last parenthesised upper-case word of the text.
"""

import re
from typing import Final, Self

from orchestrator.exceptions import EngineError

BAD_ARGUMENTS: Final = 36
NOT_IMPLEMENTED: Final = 48
SYNTAX_ERROR: Final = 62
UNKNOWN_TYPE_OF_QUERY: Final = 78
UNKNOWN_SETTING: Final = 115
TIMEOUT_EXCEEDED: Final = 159
READONLY: Final = 164
QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: Final = 216
TOO_MANY_SIMULTANEOUS_QUERIES: Final = 202
QUERY_IS_TOO_LARGE: Final = 229
DATABASE_ACCESS_DENIED: Final = 291
SUPPORT_IS_DISABLED: Final = 344
INTO_OUTFILE_NOT_ALLOWED: Final = 358
SESSION_NOT_FOUND: Final = 372
SESSION_IS_LOCKED: Final = 373
INVALID_SESSION_TIMEOUT: Final = 374
HTTP_LENGTH_REQUIRED: Final = 381
QUERY_WAS_CANCELLED: Final = 394
ACCESS_DENIED: Final = 497
UNKNOWN_ROLE: Final = 511
AUTHENTICATION_FAILED: Final = 516
UNKNOWN_EXCEPTION: Final = 1002

_NAMES: Final = {value: name for name, value in list(globals().items()) if name.isupper() and isinstance(value, int)}

_STATUS: Final[dict[int, int]] = {
    **dict.fromkeys(
        (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676),
        400,
    ),
    194: 401,
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511), 404),
    159: 408,
    381: 411,
    229: 413,
    779: 415,
    48: 501,
    **dict.fromkeys((76, 209, 439), 503),
}

_KIND: Final = "DB::Exception"
_FIRST_CODE: Final = re.compile(r"Code: (\d+)\. (DB::\w*Exception): ")
_TRAILING_VERSION: Final = re.compile(r" ?\(version [^()]*(?:\([^()]*\))?\)\.?\s*$")
_TRAILING_NAME: Final = re.compile(r" ?\(([A-Z][A-Z0-9_]+)\)\s*$")
_PARSER_SCOPE: Final = re.compile(r":? In scope SELECT formatQuerySingleLine\(unhex\(.*$", re.DOTALL)


class QueryError(EngineError):
    """One request cannot be answered with a result.

    Attributes:
        code: the ClickHouse error code.
        name: its upper-case name, such as SYNTAX_ERROR.
        text: what went wrong, without code, name and version.
        kind: the engine's class of exceptions, such as DB::ErrnoException.
    """

    def __init__(self, code: int, text: str, name: str | None = None, kind: str = _KIND) -> None:
        self.code = code
        self.kind = kind
        self.name = name or _NAMES.get(code, "UNKNOWN_EXCEPTION")
        self.text = text
        super().__init__(f"Code: {code}. {kind}: {text} ({self.name})")

    def replaced(self, old: str, new: str) -> Self:
        """The same error with something else in its text."""
        return type(self)(self.code, self.text.replace(old, new).strip(), self.name, self.kind)

    @property
    def status(self) -> int:
        """The HTTP status the ClickHouse server gives this code."""
        return http_status(self.code)

    def body(self, version: str) -> str:
        """The text of an HTTP answer, one line feed at its end, as a server of `version` writes it."""
        return f"{self.message} (version {version} (official build))\n"


def http_status(code: int) -> int:
    """HTTP status for a ClickHouse error code; 500 for every code the server has no special status for."""
    return _STATUS.get(code, 500)


def from_engine(error: BaseException) -> QueryError:
    """The client's view of whatever the engine raised.

    chdb prefixes its errors ("Streaming query failed: "), nests the same error up to three times and names the
    version in inner ones only. Anything that carries no code becomes 1002 UNKNOWN_EXCEPTION.
    """
    if isinstance(error, QueryError):
        return error
    raw = _text_of(error)
    match = _FIRST_CODE.search(raw)
    if match is None:
        return QueryError(UNKNOWN_EXCEPTION, raw.strip() or type(error).__name__)
    code = int(match.group(1))
    text = raw[match.end() :]
    name: str | None = None
    while True:
        text = _TRAILING_VERSION.sub("", text.rstrip())
        if found := _TRAILING_NAME.search(text):
            name = name or found.group(1)
            text = text[: found.start()]
        elif (inner := _FIRST_CODE.match(text)) and int(inner.group(1)) == code:
            text = text[inner.end() :]
        else:
            break
    text = _PARSER_SCOPE.sub("", text.strip())
    return QueryError(code, text if text.endswith((".", "!", "?")) else f"{text}.", name, match.group(2))


def _text_of(error: BaseException) -> str:
    """What an error says; chdb's binding fails to decode a text that is not UTF-8, and keeps its bytes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnicodeDecodeError):
            return bytes(cause.object).decode(errors="backslashreplace")
        cause = cause.__cause__ or cause.__context__
    return str(error)
