"""Header lines sent before the answer is known: how ClickHouse keeps a waiting client's connection alive.

ASGI sends a status and all headers at once. A server that is asked for progress writes `200` and a header line each
time there is news, long before the query has ended; a failure is then told by a later header. So the transport below
uvicorn's protocol takes early lines, and cuts the status line off what uvicorn writes afterwards.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EARLY_HEADER: Final = "touchstone.early_header"
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


class EarlyHeadersProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an ASGI extension: a function that sends one header line before the answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(_EarlyTransport(transport))  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        """A request begins: its scope gets the extension."""
        super().on_message_begin()
        transport: Any = self.transport
        self.scope["extensions"] = {EARLY_HEADER: transport.write_header}
