"""The body of a request: decoded, in pieces, and always read to its end, so that the connection can go on."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Final

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from orchestrator.embedded.errors import (
    BAD_ARGUMENTS,
    HTTP_LENGTH_REQUIRED,
    QUERY_IS_TOO_LARGE,
    TIMEOUT_EXCEEDED,
    QueryError,
)
from orchestrator.embedded.interface.blocks import BlockDecoder
from orchestrator.embedded.interface.compression import ChainedDecoder, Decoder, decoder_for

# Beyond this only the data of an INSERT is still to come: the engine's parser takes 256 KiB of SQL by default.
HEAD_LIMIT: Final = 1024 * 1024
SQL_LIMIT: Final = 256 * 1024 * 1024
_BATCH: Final = 512 * 1024
_MAX_FIELDS: Final = 1000
# A server's http_receive_timeout.
DEFAULT_PATIENCE_SECONDS: Final = 30.0
_MAX_FIELD_BYTES: Final = 128 * 1024


# It writes a line for each broken body; the client is told, and the log has a line for the request.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


class Body:
    """One request's body.

    Args:
        request: its stream is read by nobody else.
        max_bytes: of the body as sent; 0 for no limit.
        is_in_blocks: below any Content-Encoding, it is ClickHouse's own compressed blocks.

    Attributes:
        has_ended: everything was read.
        patience_seconds: how long the client may send nothing.
    """

    def __init__(self, request: Request, max_bytes: int, is_in_blocks: bool) -> None:
        self._headers: Mapping[str, str] = request.headers
        self._method = request.method
        self._chunks: AsyncIterator[bytes] = request.stream()
        self._decoder: Decoder | None = None
        self._max_bytes = max_bytes
        self._is_in_blocks = is_in_blocks
        self._received = 0
        self.patience_seconds = DEFAULT_PATIENCE_SECONDS
        self.has_ended = False

    def ensure_framed(self) -> None:
        """Raises QueryError (411) for a POST that tells neither its length nor comes in chunks."""
        is_framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        if self._method in ("POST", "PUT") and not is_framed:
            raise QueryError(
                HTTP_LENGTH_REQUIRED,
                "The Transfer-Encoding is not chunked and there is no Content-Length header for POST request.",
            )

    @property
    def is_form(self) -> bool:
        """True for multipart/form-data; any other Content-Type says nothing about a query's body."""
        return self._headers.get("content-type", "").lower().startswith("multipart/form-data")

    async def head(self) -> bytes:
        """The decoded beginning, HEAD_LIMIT bytes or somewhat more, all of it when it is shorter. Raises QueryError."""
        head = bytearray()
        while len(head) < HEAD_LIMIT and (raw := await self._next()) is not None:
            head += b"".join(self._decoding.decode(raw))
        return bytes(head)

    async def rest(self) -> bytes:
        """What follows the head. Raises QueryError, 229 when it is too large to be SQL."""
        rest = bytearray()
        while (raw := await self._next()) is not None:
            for piece in self._decoding.decode(raw):
                rest += piece
                if len(rest) > SQL_LIMIT:
                    raise QueryError(QUERY_IS_TOO_LARGE, f"The query is longer than {SQL_LIMIT} bytes.")
        return bytes(rest)

    async def batches(self) -> AsyncIterator[Callable[[Callable[[bytes], None]], None]]:
        """What follows the head, as functions that decode the next half megabyte into a sink, in a thread."""
        while not self.has_ended:
            raw: list[bytes] = []
            size = 0
            while size < _BATCH and (chunk := await self._next(finish=False)) is not None:
                raw.append(chunk)
                size += len(chunk)
            yield self._decode_into(raw, self.has_ended)

    async def form(self) -> tuple[dict[str, bytes], dict[str, UploadFile]]:
        """The plain fields and the file parts of a multipart body, of repeated names the first. Raises QueryError."""
        content_type = self._headers.get("content-type", "") + "; charset=latin-1"
        parser = MultiPartParser(
            # Latin-1 takes every byte as it is: a query need not be UTF-8.
            Headers({"Content-Type": content_type}),
            self._decoded(),
            max_files=_MAX_FIELDS,
            max_fields=_MAX_FIELDS,
            max_part_size=_MAX_FIELD_BYTES,
        )
        try:
            form: FormData = await parser.parse()
        except MultiPartException as error:
            raise QueryError(BAD_ARGUMENTS, f"Cannot read the multipart body: {error.message}") from error
        fields: dict[str, bytes] = {}
        files: dict[str, UploadFile] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.setdefault(_utf8(name), value)
            else:
                fields.setdefault(_utf8(name), value.encode("latin-1"))
        return fields, files

    async def drain(self) -> None:
        """Read what is left and forget it: a server that answers earlier leaves a kept-alive connection out of step."""
        with suppress(ClientDisconnect, QueryError):
            while await self._received_chunk() is not None:
                pass
        self.has_ended = True

    @property
    def _decoding(self) -> Decoder:
        if self._decoder is None:
            decoder = decoder_for(self._headers.get("content-encoding"))
            self._decoder = ChainedDecoder(decoder, BlockDecoder()) if self._is_in_blocks else decoder
        return self._decoder

    async def _next(self, finish: bool = True) -> bytes | None:
        if self.has_ended:
            return None
        while (chunk := await self._received_chunk()) is not None:
            if chunk:
                self._received += len(chunk)
                if 0 < self._max_bytes < self._received:
                    raise QueryError(
                        QUERY_IS_TOO_LARGE,
                        f"The body of the request is larger than {self._max_bytes} bytes.",
                    )
                return chunk
        self.has_ended = True
        if finish:
            self._decoding.finish()
        return None

    async def _received_chunk(self) -> bytes | None:
        try:
            async with asyncio.timeout(self.patience_seconds):
                return await anext(self._chunks, None)
        except TimeoutError as error:
            raise QueryError(
                TIMEOUT_EXCEEDED,
                f"Timeout exceeded while reading from socket: nothing came for {self.patience_seconds:g} seconds "
                "(http_receive_timeout).",
            ) from error

    async def _decoded(self) -> AsyncGenerator[bytes, None]:
        while (raw := await self._next()) is not None:
            for piece in self._decoding.decode(raw):
                yield piece

    def _decode_into(self, raw: list[bytes], is_last: bool) -> Callable[[Callable[[bytes], None]], None]:
        def decode(sink: Callable[[bytes], None]) -> None:
            for chunk in raw:
                for piece in self._decoding.decode(chunk):
                    sink(piece)
            if is_last:
                self._decoding.finish()

        return decode


def _utf8(name: str) -> str:
    return name.encode("latin-1").decode(errors="surrogateescape")
