"""What uvicorn's HTTP protocol lacks: header lines before the answer is known, URLs of a megabyte, a limit for heads.

ASGI sends a status and all headers at once. A server that is asked for progress writes `200` and a header line each
time there is news, long before the query has ended; a failure is then told by a later header. So the transport below
uvicorn's protocol takes early lines, and cuts the status line off what uvicorn writes afterwards.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EARLY_HEADER: Final = "touchstone.early_header"
# The URL may have 1 MiB, as on a server; headers are added to it.
_MOST_HEAD_BYTES: Final = 2 * 1024 * 1024
_MOST_WAITING_BYTES: Final = 1024 * 1024
_STATUS_LINE: Final = b"HTTP/1.1 200 OK\r\n"

EarlyHeader = Callable[[str, str], None]


class _EarlyTransport:
    """A transport that can write header lines ahead of an answer; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._has_begun = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the transport has
        return getattr(self._transport, name)

    def write_header(self, name: str, value: str) -> None:
        """Write a header line, after the status line if it is the first."""
        line = f"{name}: {value}\r\n".encode("ascii", "replace")
        self._transport.write(line if self._has_begun else _STATUS_LINE + line)
        self._has_begun = True

    def write(self, data: bytes) -> None:
        """Write; of an answer that has begun with header lines without its status line."""
        if self._has_begun:
            self._has_begun = False
            data = data.partition(b"\r\n")[2]
        self._transport.write(data)


class WireProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with early header lines as an ASGI extension, long URLs, large bodies, limited heads."""

    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(_EarlyTransport(transport))  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        """A request begins: its scope gets the extension."""
        super().on_message_begin()
        self._head_bytes = 0
        transport: Any = self.transport
        self.scope["extensions"] = {EARLY_HEADER: transport.write_header}

    def on_url(self, url: bytes) -> None:
        """A piece of the URL. Raises ValueError when it is too long: the connection is answered 400 and closed."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Raises ValueError when there is too much of them."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A piece of the body. More of it may wait than uvicorn allows: it comes in while a thread is at the last."""
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > _MOST_WAITING_BYTES:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_headers_complete(self) -> None:
        """The head is there. The parser for URLs takes no more than 64 KiB, so the query is kept from it."""
        self.url, _, query = self.url.partition(b"?")
        super().on_headers_complete()
        self.scope["query_string"] = query.partition(b"#")[0]

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _MOST_HEAD_BYTES:
            raise ValueError("the head of the request is too large")
