"""HTTP content codings, incremental in both directions and free of any I/O.

Request bodies may be many frames one after the other (clickhouse-connect writes one per insert block) and may be cut
anywhere; responses are always exactly one frame, because clients use one decompressor object and do not restart it.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import brotli  # type: ignore[import-untyped]
import lz4.frame
import zstandard

from orchestrator.embedded.errors import NOT_IMPLEMENTED, QueryError

# One step of input: bounds what a single step can inflate to.
_STEP: Final = 64 * 1024

# The server takes the first of these it finds anywhere in Accept-Encoding, whatever the client's order or q-values.
_RESPONSE_ORDER: Final = ("zstd", "br", "lz4", "gzip", "deflate")


class Decoder(Protocol):
    """Turns pieces of an encoded body into pieces of the body."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces that `data` completes; none of them empty. Raises QueryError."""

    def finish(self) -> None:
        """Raises QueryError when the body ended inside a frame."""


class Encoder(Protocol):
    """Turns pieces of a body into one encoded frame."""

    def encode(self, data: bytes | memoryview) -> bytes:
        """The encoded bytes ready so far, perhaps none."""

    def finish(self) -> bytes:
        """The rest of the frame."""


class _Identity:
    def decode(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data

    def finish(self) -> None:
        return None


class _Frames:
    """Frames or streams in a row, for codecs whose object tells where its frame ends."""

    def __init__(self, encoding: str, new_frame: Callable[[], Any], code: int, name: str) -> None:
        self._encoding = encoding
        self._new_frame = new_frame
        self._frame: Any = None
        self._code = code
        self._name = name

    def decode(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _STEP):
            pending = data[start : start + _STEP]
            while pending:
                if self._frame is None:
                    self._frame = self._new_frame()
                try:
                    decoded = self._frame.decompress(pending)
                except (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, RuntimeError, EOFError) as error:
                    raise self._error(str(error)) from error
                pending = b""
                if self._frame.eof:
                    pending = self._frame.unused_data or b""
                    self._frame = None
                if decoded:
                    yield decoded

    def finish(self) -> None:
        if self._frame is not None:
            raise self._error("the data ends inside a frame")

    def _error(self, detail: str) -> QueryError:
        return QueryError(self._code, f"Cannot decompress the {self._encoding} request body: {detail}.", self._name)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._is_empty = True

    def decode(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _STEP):
            self._is_empty = False
            try:
                decoded = self._stream.process(data[start : start + _STEP])
            except brotli.error as error:
                raise QueryError(
                    448, f"Cannot decompress the br request body: {error}.", "BROTLI_READ_FAILED"
                ) from error
            if decoded:
                yield decoded

    def finish(self) -> None:
        if not self._is_empty and not self._stream.is_finished():
            raise QueryError(
                448, "Cannot decompress the br request body: the data ends inside a stream.", "BROTLI_READ_FAILED"
            )


_DECODERS: Final[dict[str, Callable[[], Decoder]]] = {
    "": _Identity,
    "identity": _Identity,
    "gzip": lambda: _Frames("gzip", lambda: zlib.decompressobj(31), 354, "ZLIB_INFLATE_FAILED"),
    "deflate": lambda: _Frames("deflate", lambda: zlib.decompressobj(15), 354, "ZLIB_INFLATE_FAILED"),
    "br": _Brotli,
    "zstd": lambda: _Frames("zstd", lambda: zstandard.ZstdDecompressor().decompressobj(), 561, "ZSTD_DECODER_FAILED"),
    "lz4": lambda: _Frames("lz4", lz4.frame.LZ4FrameDecompressor, 618, "LZ4_DECODER_FAILED"),
    "xz": lambda: _Frames("xz", lzma.LZMADecompressor, 554, "LZMA_STREAM_DECODER_FAILED"),
    "bz2": lambda: _Frames("bz2", bz2.BZ2Decompressor, 594, "BZIP2_STREAM_DECODER_FAILED"),
}


def decoder_for(content_encoding: str | None) -> Decoder:
    """A fresh decoder for a Content-Encoding header.

    Raises:
        QueryError: 48 NOT_IMPLEMENTED for an encoding nobody here knows.
    """
    name = (content_encoding or "").strip().lower()
    if name not in _DECODERS:
        raise QueryError(NOT_IMPLEMENTED, f"Unknown compression method {name!r} in Content-Encoding.")
    return _DECODERS[name]()


class _Zlib:
    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.compressobj(3, zlib.DEFLATED, window_bits)

    def encode(self, data: bytes | memoryview) -> bytes:
        return self._stream.compress(data)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()

    def encode(self, data: bytes | memoryview) -> bytes:
        return self._stream.compress(data)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Lz4:
    def __init__(self) -> None:
        self._stream = lz4.frame.LZ4FrameCompressor()
        self._head: bytes = self._stream.begin()

    def encode(self, data: bytes | memoryview) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._stream.compress(data))

    def finish(self) -> bytes:
        return self._head + bytes(self._stream.flush())


class _BrotliEncoder:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=3)

    def encode(self, data: bytes | memoryview) -> bytes:
        return bytes(self._stream.process(bytes(data)))

    def finish(self) -> bytes:
        return bytes(self._stream.finish())


_ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    "zstd": _Zstd,
    "br": _BrotliEncoder,
    "lz4": _Lz4,
    "gzip": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(15),
}


class ChainedDecoder:
    """One decoder behind another: blocks inside an HTTP content coding."""

    def __init__(self, outer: Decoder, inner: Decoder) -> None:
        self._outer = outer
        self._inner = inner

    def decode(self, data: bytes) -> Iterator[bytes]:
        """See Decoder."""
        for piece in self._outer.decode(data):
            yield from self._inner.decode(piece)

    def finish(self) -> None:
        """See Decoder."""
        self._outer.finish()
        self._inner.finish()


class ChainedEncoder:
    """One encoder in front of another: blocks inside an HTTP content coding."""

    def __init__(self, inner: Encoder, outer: Encoder) -> None:
        self._inner = inner
        self._outer = outer

    def encode(self, data: bytes | memoryview) -> bytes:
        """See Encoder."""
        return self._outer.encode(self._inner.encode(data))

    def finish(self) -> bytes:
        """See Encoder."""
        return self._outer.encode(self._inner.finish()) + self._outer.finish()


def response_encoding(accept_encoding: str | None) -> str | None:
    """The Content-Encoding a ClickHouse server would pick for this Accept-Encoding, None for no compression."""
    accepted = (accept_encoding or "").lower()
    return next((name for name in _RESPONSE_ORDER if name in accepted), None)


def encoder_for(content_encoding: str) -> Encoder:
    """A fresh encoder for one of the names `response_encoding` gives."""
    return _ENCODERS[content_encoding]()
