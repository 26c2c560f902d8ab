"""From an HTTP request to what it asks for, without touching the engine."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from orchestrator.embedded.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    INVALID_SESSION_TIMEOUT,
    QueryError,
)

DEFAULT_SESSION_SECONDS: Final = 60
MAX_SESSION_SECONDS: Final = 3600
_PROGRESS_MS: Final = 100
EXTERNAL_TABLE_DEFAULT: Final = "_data"

_TRANSPORT: Final = frozenset(
    (
        "", "query", "database", "default_format", "user", "password", "quota_key", "role", "query_id", "session_id",
        "session_timeout", "session_check", "close_session", "compress", "decompress", "buffer_size",
        "wait_end_of_query", "client_protocol_version", "stacktrace", "replace_running_query",
    )
)  # fmt: skip
# Settings the server itself acts on; the engine has no use for them, so a session need not save and restore them.
_HTTP_SETTINGS: Final = frozenset(
    (
        "enable_http_compression", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close", "http_wait_end_of_query", "http_response_buffer_size",
        "http_zlib_compression_level", "add_http_cors_header", "http_write_exception_in_output_format",
        "http_receive_timeout", "http_send_timeout",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Credentials:
    """Who asks."""

    user: str = "default"
    password: str = ""


@dataclass(frozen=True)
class ExternalTable:
    """A table sent along with one query: the name, its columns in SQL and the format of its data."""

    name: str
    structure: str
    format: str


@dataclass(frozen=True)
class QueryRequest:
    """What one HTTP request asks for, apart from the body.

    Attributes:
        sql: the SQL in the URL, bytes as sent.
        settings: ClickHouse settings for this request only.
        params: query parameters, their text in escaped form as the engine expects it.
        buffer_size: bytes to hold back before headers leave.
        session_seconds: idle life asked for.
        progress_seconds: time between headers that tell the progress, None for no such headers.
        protocol_revision: the native protocol the client knows, for the Native format.
        readonly: 0, or the readonly level of the request.
    """

    sql: bytes
    query_id: str
    database: str | None
    default_format: str | None
    settings: Mapping[str, str]
    params: Mapping[str, str]
    session_id: str | None
    session_seconds: int
    session_check: bool
    close_session: bool
    wait_end_of_query: bool
    buffer_size: int
    replace_running_query: bool
    accepts_compression: bool
    protocol_revision: int
    progress_seconds: float | None
    readonly: int
    external_tables: tuple[ExternalTable, ...] = field(default=())


def url_parameters(query_string: bytes) -> dict[str, bytes]:
    """The parameters of a URL, values as bytes, because SQL need not be UTF-8; the first of a repeated name counts."""
    found: dict[str, bytes] = {}
    for pair in query_string.split(b"&"):
        name, _, value = pair.replace(b"+", b" ").partition(b"=")
        found.setdefault(_text(unquote_to_bytes(name)), unquote_to_bytes(value))
    return found


def credentials(headers: Mapping[str, str], url: Mapping[str, bytes]) -> Credentials:
    """Who asks, from the Authorization header, ClickHouse's headers or the URL.

    Raises:
        QueryError: 516 when forms are mixed, or when the form is not one of these.
    """
    by_header = "x-clickhouse-user" in headers or "x-clickhouse-key" in headers
    by_url = "user" in url or "password" in url
    authorization = headers.get("authorization")
    if (authorization is not None) + by_header + by_url > 1:
        raise QueryError(AUTHENTICATION_FAILED, "Only one way of authentication may be used in a request.")
    if by_header:
        return Credentials(headers.get("x-clickhouse-user", "default"), headers.get("x-clickhouse-key", ""))
    if by_url:
        return Credentials(_text(url.get("user", b"default")) or "default", _text(url.get("password", b"")))
    if authorization is None:
        return Credentials()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise QueryError(AUTHENTICATION_FAILED, f"Authentication by {scheme!r} is not supported, only Basic is.")
    try:
        user, _, password = b64decode(token, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError) as error:
        raise QueryError(AUTHENTICATION_FAILED, "The Basic authorization header cannot be decoded.") from error
    return Credentials(user or "default", password)


def is_flag_set(url: Mapping[str, bytes], name: str) -> bool:
    """True for a parameter such as compress=1."""
    return _flag(_text(url[name])) if name in url else False


def seconds(url: Mapping[str, bytes], name: str) -> float | None:
    """A time limit from the URL such as http_receive_timeout=10; None without a usable one."""
    try:
        return float(_text(url[name])) if name in url else None
    except ValueError:
        return None


def roles_asked(query_string: bytes) -> list[str]:
    """The roles a URL asks for; `role` may stand in it more than once."""
    pairs = (pair.replace(b"+", b" ").partition(b"=") for pair in query_string.split(b"&"))
    return [_text(unquote_to_bytes(value)) for name, _, value in pairs if name == b"role" and value]


def new_query_id(url: Mapping[str, bytes], headers: Mapping[str, str]) -> str:
    """The client's query id, or a new one; an empty id asks for a new one too."""
    return _text(url.get("query_id", b"")) or headers.get("x-clickhouse-query-id") or str(uuid4())


def query_request(
    method: str,
    url: Mapping[str, bytes],
    headers: Mapping[str, str],
    query_id: str,
    *,
    form: Mapping[str, bytes] | None = None,
    uploads: Collection[str] = (),
) -> QueryRequest:
    """What a request asks for.

    Args:
        form: the plain fields of a multipart body: `query` and `param_...` count, a name in the URL goes first.
        uploads: the names of its file parts, which are external tables.

    Raises:
        QueryError: a value that the transport itself needs cannot be used.
    """
    form = form or {}
    merged = {**{name: value for name, value in form.items() if name.startswith("param_")}, **url}
    metadata = {f"{name}_{suffix}" for name in uploads for suffix in ("structure", "types", "format")}
    texts = {name: _text(value) for name, value in url.items() if name != "query"}
    settings = {
        name: value
        for name, value in texts.items()
        if name not in _TRANSPORT and name not in metadata and not name.startswith("param_")
    }
    readonly = _count(settings.pop("readonly", "0"), "readonly")
    if method in ("GET", "HEAD"):
        readonly = readonly or 2
    return QueryRequest(
        sql=_joined(url.get("query", b""), form.get("query", b"")),
        query_id=query_id,
        database=headers.get("x-clickhouse-database") or texts.get("database") or None,
        default_format=headers.get("x-clickhouse-format") or texts.get("default_format") or None,
        settings={name: value for name, value in settings.items() if name not in _HTTP_SETTINGS},
        params={name[6:]: _text(value) for name, value in merged.items() if name.startswith("param_")},
        session_id=texts.get("session_id") or None,
        session_seconds=_session_seconds(texts.get("session_timeout")),
        session_check=_flag(texts.get("session_check")),
        close_session=_flag(texts.get("close_session")),
        wait_end_of_query=_flag(texts.get("wait_end_of_query")) or _flag(settings.get("http_wait_end_of_query")),
        buffer_size=_count(texts.get("buffer_size") or settings.get("http_response_buffer_size") or "0", "buffer_size"),
        replace_running_query=_flag(texts.get("replace_running_query")),
        accepts_compression=_flag(settings.get("enable_http_compression", "1")),
        progress_seconds=_progress_seconds(settings),
        protocol_revision=_count(texts.get("client_protocol_version") or "0", "client_protocol_version"),
        readonly=readonly,
        external_tables=tuple(_external_table(name, texts) for name in uploads),
    )


def _external_table(name: str, texts: Mapping[str, str]) -> ExternalTable:
    structure = texts.get(f"{name}_structure")
    if structure is None and (types := texts.get(f"{name}_types")):
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(split_types(types), start=1))
    if not structure:
        raise QueryError(
            BAD_ARGUMENTS, f"The external table {name!r} has neither {name}_structure nor {name}_types in the URL."
        )
    return ExternalTable(name, structure, texts.get(f"{name}_format") or "TabSeparated")


def split_types(types: str) -> list[str]:
    """`UInt8, Map(String, UInt8)` -> its two types: the commas inside brackets do not count."""
    parts: list[str] = [""]
    depth = 0
    for sign in types:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _progress_seconds(settings: Mapping[str, str]) -> float | None:
    if not _flag(settings.get("send_progress_in_http_headers")):
        return None
    name = "http_headers_progress_interval_ms"
    return _count(settings.get(name) or str(_PROGRESS_MS), name) / 1000


def _session_seconds(value: str | None) -> int:
    if value is None:
        return DEFAULT_SESSION_SECONDS
    if not value.isdecimal():
        raise QueryError(INVALID_SESSION_TIMEOUT, f"Invalid session timeout: {value!r}.")
    if int(value) > MAX_SESSION_SECONDS:
        raise QueryError(
            INVALID_SESSION_TIMEOUT, f"Session timeout {value} is larger than the longest one, {MAX_SESSION_SECONDS}."
        )
    return int(value)


def _count(value: str, name: str) -> int:
    if not value.isdecimal():
        raise QueryError(BAD_ARGUMENTS, f"Parameter {name} is {value!r}, which is not a whole number.")
    return int(value)


def _flag(value: str | None) -> bool:
    return (value or "0").lower() not in ("0", "false")


def _joined(first: bytes, second: bytes) -> bytes:
    return b"\n".join(part for part in (first, second) if part)


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")
