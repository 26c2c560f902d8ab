"""Sending an answer: status and headers as late as useful, the body as it comes, failures wherever they happen."""

import asyncio
import json
import secrets
import string
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import Message, Send

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.engine import EngineFacts
from orchestrator.embedded.execution.results import Result
from orchestrator.embedded.interface.blocks import BlockEncoder
from orchestrator.embedded.interface.compression import ChainedEncoder, Encoder, encoder_for

KEEP_ALIVE_SECONDS: Final = 30
_HOLD_BYTES: Final = 64 * 1024
_HOLD_SECONDS: Final = 0.05
# Longer than a server's http_send_timeout: who debugs a loop over a result may look at one row for a while.
_PATIENCE_SECONDS: Final = 300.0
_BATCH_BYTES: Final = 512 * 1024
_EXPOSED: Final = (
    "X-ClickHouse-Query-Id,X-ClickHouse-Summary,X-ClickHouse-Server-Display-Name,X-ClickHouse-Format,"
    "X-ClickHouse-Timezone,X-ClickHouse-Exception-Code,X-ClickHouse-Exception-Tag"
)

InThread = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Batch:
    """Encoded bytes that can leave together; `raw_bytes` counts them before encoding."""

    body: bytes
    raw_bytes: int
    is_last: bool


NOTHING: Final = Batch(b"", 0, is_last=True)


class Reply:
    """The answer to one request.

    `result` and `error` hold the end of the answer back until `finish`, because a client that has it sends its next
    request at once, and must not find its session still busy.

    Args:
        encoding: Content-Encoding of the answer, None for none.
        patience_seconds: how long the client may read nothing.
        is_in_blocks: below that, the answer is ClickHouse's own compressed blocks.
        in_thread: runs a blocking function in a thread.
        hold_bytes: bytes to hold back before the headers leave; 0 leaves it to the server.
    """

    def __init__(self, send: Send, facts: EngineFacts, query_id: str, in_thread: InThread) -> None:
        self._send = send
        self._facts = facts
        self._query_id = query_id
        self._in_thread = in_thread
        self._tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        self._encoder: Encoder | None = None
        self.encoding: str | None = None
        self.is_in_blocks = False
        self.hold_bytes = 0
        self.timezone = facts.timezone
        self.has_started = False
        self.patience_seconds = _PATIENCE_SECONDS
        self._gathered = b""
        self._last: list[Message] = []

    def first_batch(self, result: Result) -> Batch:
        """What the answer begins with, read before its status is decided. Blocks; call it in a thread.

        Raises:
            QueryError: the statement failed; `error` tells the client.
        """
        hold_bytes = max(self.hold_bytes, _HOLD_BYTES)
        patience = _HOLD_SECONDS if not self.hold_bytes else float("inf")
        return self._gather(result, hold_bytes, patience)

    async def result(
        self, result: Result, format_name: str | None, batch: Batch, is_wanted: Callable[[], bool]
    ) -> None:
        """Send a result.

        Args:
            format_name: None for a statement without a result set.
            batch: what it begins with.
            is_wanted: False once nobody listens any more, so that nothing more is read.

        Raises:
            QueryError: the statement failed in mid-answer; `error` tells the client.
        """
        headers = self._headers(result)
        if format_name is not None:
            headers["X-ClickHouse-Format"] = format_name
        headers["Content-Type"] = self._facts.content_type(format_name or "TabSeparated")
        if batch.is_last:
            self._whole(200, headers, batch)
            return
        self.has_started = True
        await self._send(self._start(200, headers, is_encoded=True))
        while not batch.is_last and is_wanted():
            await self._deliver({"type": "http.response.body", "body": batch.body, "more_body": True})
            batch = await self._in_thread(self._gather, result, _BATCH_BYTES, _HOLD_SECONDS)
        self._last = [{"type": "http.response.body", "body": batch.body, "more_body": False}]

    async def _deliver(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self.patience_seconds):
                await self._send(message)
        except TimeoutError as error:
            raise ClientDisconnect from error  # it has read nothing for so long that it counts as gone

    def error(self, error: QueryError) -> None:
        """Tell the client what failed: as the answer, or inside one that has begun, which then ends unfinished."""
        if not self.has_started:
            headers = {
                **self._headers(None),
                "X-ClickHouse-Exception-Code": str(error.code),
                "Content-Type": "text/plain; charset=UTF-8",
            }
            if error.status == HTTPStatus.UNAUTHORIZED:
                headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
            text = error.body(self._facts.version).encode(errors="replace")
            self._encoder = self._new_encoder()
            self._whole(error.status, headers, self._finished(text))
            return
        text = error.body(self._facts.version).rstrip("\n").encode(errors="replace")
        tag = self._tag.encode()
        frame = b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (tag, text, len(text), tag)
        body = self._gathered + self._finished(frame).body
        self._last = [{"type": "http.response.body", "body": body, "more_body": True}]

    async def finish(self) -> None:
        """Send the end of the answer: everything the request held has been given back."""
        for message in self._last:
            await self._send(message)

    def _gather(self, result: Result, enough_bytes: int, patience: float) -> Batch:
        if self._encoder is None:
            self._encoder = self._new_encoder()
        pieces: list[bytes] = []
        raw_bytes = 0
        first_at = 0.0
        while (piece := self._read(result, pieces)) is not None:
            first_at = first_at or time.monotonic()
            raw_bytes += len(piece)
            pieces.append(self._encoder.encode(piece) if self._encoder else bytes(piece))
            if raw_bytes >= enough_bytes or time.monotonic() - first_at >= patience:
                return Batch(b"".join(pieces), raw_bytes, is_last=False)
        if self._encoder and (raw_bytes or self.has_started):
            pieces.append(self._encoder.finish())
        return Batch(b"".join(pieces), raw_bytes, is_last=True)

    def _read(self, result: Result, gathered: list[bytes]) -> bytes | memoryview | None:
        try:
            return result.read()
        except QueryError:
            # The encoder has these already: they must leave before the failure does, or the frame would be broken.
            self._gathered = b"".join(gathered)
            raise

    def _new_encoder(self) -> Encoder | None:
        coding = encoder_for(self.encoding) if self.encoding else None
        if not self.is_in_blocks:
            return coding
        return ChainedEncoder(BlockEncoder(), coding) if coding else BlockEncoder()

    def _finished(self, text: bytes) -> Batch:
        body = self._encoder.encode(text) + self._encoder.finish() if self._encoder else text
        return Batch(body, len(text), is_last=True)

    def _headers(self, result: Result | None) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Query-Id": self._query_id,
            "X-ClickHouse-Server-Display-Name": self._facts.display_name,
            "X-ClickHouse-Timezone": self.timezone,
            "X-ClickHouse-Exception-Tag": self._tag,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Keep-Alive": f"timeout={KEEP_ALIVE_SECONDS}",
        }
        if result is not None:
            headers["X-ClickHouse-Summary"] = result.counters.summary()
        return headers

    def _whole(self, status: int, headers: dict[str, str], batch: Batch) -> None:
        headers["Content-Length"] = str(len(batch.body))
        start = self._start(status, headers, is_encoded=batch.raw_bytes > 0)
        self._last = [start, {"type": "http.response.body", "body": batch.body, "more_body": False}]

    def _start(self, status: int, headers: dict[str, str], is_encoded: bool) -> Message:
        if self.encoding and is_encoded:
            headers["Content-Encoding"] = self.encoding
        raw = [(name.encode(), _header_safe(value)) for name, value in headers.items()]
        return {"type": "http.response.start", "status": status, "headers": raw}


def _header_safe(value: str) -> bytes:
    """A header value from whatever a client sent as query id: no control characters, nothing beyond ASCII."""
    if value.isascii() and value.isprintable():
        return value.encode()
    return json.dumps(value)[1:-1].encode()
