"""ClickHouse's own compressed blocks, which compress=1 and decompress=1 ask for in place of an HTTP content coding.

A block is 16 bytes of checksum, 1 byte method, 4 bytes size of what follows the checksum, 4 bytes size of the raw
bytes, then the payload; numbers are little-endian. The checksum is CityHash128 of version 1.0.2 over everything behind
it, the half first that CityHash128() gives as the high one.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from orchestrator.embedded.errors import QueryError

BlockMethod = Literal["lz4", "zstd", "none"]

# Raw bytes in one block we write, and the largest size a block we read may claim, compressed or raw.
_BLOCK_BYTES: Final = 1024 * 1024
_MAX_BYTES: Final = 0x40000000

_CHECKSUM: Final = struct.Struct("<QQ")
_HEADER: Final = struct.Struct("<BII")
_HEAD_BYTES: Final = _CHECKSUM.size + _HEADER.size
_NONE: Final = 0x02
_LZ4: Final = 0x82
_ZSTD: Final = 0x90
_METHODS: Final[dict[BlockMethod, int]] = {"lz4": _LZ4, "zstd": _ZSTD, "none": _NONE}
# No LZ4 payload can hold more raw bytes than this for each of its own: one length byte stands for 255.
_LZ4_BEST_RATIO: Final = 255


class BlockDecoder:
    """Turns pieces of a body of compressed blocks, cut anywhere, into pieces of the body.

    Holds at most one compressed block besides the piece at hand; a block may claim up to 1 GiB of either size.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The raw bytes of every block that `data` completes; none of them empty.

        Raises:
            QueryError: 40 CHECKSUM_DOESNT_MATCH, 12 TOO_LARGE_SIZE_COMPRESSED, 246 CORRUPTED_DATA for a size that
                cannot be, 432 UNKNOWN_CODEC, 271 CANNOT_DECOMPRESS.
        """
        self._pending += data
        while (block := self._next_block()) is not None:
            if raw := _raw(block):
                yield raw

    def finish(self) -> None:
        """Raises QueryError 33 CANNOT_READ_ALL_DATA when the body ended inside a block."""
        if self._pending:
            raise QueryError(
                33,
                f"Cannot read all data: the compressed request body ends {len(self._pending)} bytes into a block.",
                "CANNOT_READ_ALL_DATA",
            )

    def _next_block(self) -> bytes | None:
        if len(self._pending) < _HEAD_BYTES:
            return None
        end = _CHECKSUM.size + _checked_size(self._pending)
        if len(self._pending) < end:
            return None
        with memoryview(self._pending) as view:
            block = bytes(view[:end])
        del self._pending[:end]
        return block


class BlockEncoder:
    """Turns pieces of a body into compressed blocks of 1 MiB raw bytes each, the last one shorter.

    An empty body is no block at all.
    """

    def __init__(self, method: BlockMethod = "lz4") -> None:
        self._method = _METHODS[method]
        self._compress = _compressor(method)
        self._pending = bytearray()

    def encode(self, data: bytes | memoryview) -> bytes:
        """The blocks that `data` fills, perhaps none."""
        self._pending += data
        ready = len(self._pending) - len(self._pending) % _BLOCK_BYTES
        with memoryview(self._pending) as view:
            blocks = [self._block(view[start : start + _BLOCK_BYTES]) for start in range(0, ready, _BLOCK_BYTES)]
        del self._pending[:ready]
        return b"".join(blocks)

    def finish(self) -> bytes:
        """The last block, if anything is left for it."""
        rest, self._pending = self._pending, bytearray()
        return self._block(memoryview(rest)) if rest else b""

    def _block(self, raw: memoryview) -> bytes:
        payload = self._compress(raw)
        checked = _HEADER.pack(self._method, _HEADER.size + len(payload), len(raw)) + payload
        return _checksum(checked) + checked


def _compressor(method: BlockMethod) -> Callable[[memoryview], bytes]:
    if method == "zstd":
        compress: Callable[[Any], bytes] = zstandard.ZstdCompressor(level=1).compress
        return compress
    return _lz4_payload if method == "lz4" else bytes


def _lz4_payload(raw: memoryview) -> bytes:
    return bytes(lz4.block.compress(raw, store_size=False))


def _checksum(checked: bytes | memoryview) -> bytes:
    value = CityHash128(checked)
    return _CHECKSUM.pack(value >> 64, value & 0xFFFFFFFFFFFFFFFF)


def _checked_size(block: bytearray) -> int:
    """Bytes behind the checksum of the block that begins here, from its header alone."""
    method, size, raw_size = _HEADER.unpack_from(block, _CHECKSUM.size)
    if method not in _METHODS.values():
        raise QueryError(432, f"Unknown codec family code: {method}, in a compressed request body.", "UNKNOWN_CODEC")
    if max(size, raw_size) > _MAX_BYTES:
        raise QueryError(
            12,
            f"Too large block in the compressed request body: {size} bytes compressed, {raw_size} raw, "
            f"{_MAX_BYTES} are allowed. Most likely corrupted data.",
            "TOO_LARGE_SIZE_COMPRESSED",
        )
    if size < _HEADER.size:
        raise QueryError(
            246, f"A block of the compressed request body claims {size} bytes, fewer than its header.", "CORRUPTED_DATA"
        )
    return int(size)


def _raw(block: bytes) -> bytes:
    """What a whole block holds."""
    view = memoryview(block)
    if _checksum(view[_CHECKSUM.size :]) != block[: _CHECKSUM.size]:
        raise QueryError(
            40,
            f"Checksum doesn't match: corrupted data in a block of {len(block)} bytes of the request body.",
            "CHECKSUM_DOESNT_MATCH",
        )
    method, _, raw_size = _HEADER.unpack_from(block, _CHECKSUM.size)
    raw = _decompressed(method, view[_HEAD_BYTES:], raw_size)
    if len(raw) != raw_size:
        raise _cannot_decompress(f"it holds {len(raw)} bytes and claims {raw_size}")
    return raw


def _decompressed(method: int, payload: memoryview, raw_size: int) -> bytes:
    try:
        if method == _LZ4:
            # Checked first: the memory for a claim is taken before a byte of it is decompressed.
            if raw_size > len(payload) * _LZ4_BEST_RATIO:
                raise _cannot_decompress(f"{len(payload)} bytes cannot hold the {raw_size} they claim")
            return bytes(lz4.block.decompress(payload, uncompressed_size=raw_size))
        if method == _ZSTD:
            return _zstd_raw(payload, raw_size)
        return bytes(payload)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        raise _cannot_decompress(str(error)) from error


def _zstd_raw(payload: memoryview, raw_size: int) -> bytes:
    # A size inside the frame goes before max_output_size, so it must not say anything else.
    if zstandard.frame_content_size(payload) not in (-1, raw_size):
        raise _cannot_decompress(f"its frame does not hold the {raw_size} bytes it claims")
    if raw_size == 0:
        return b""
    return zstandard.ZstdDecompressor().decompress(payload, max_output_size=raw_size, allow_extra_data=False)


def _cannot_decompress(detail: str) -> QueryError:
    return QueryError(271, f"Cannot decompress a block of the request body: {detail}.", "CANNOT_DECOMPRESS")
