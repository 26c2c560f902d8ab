"""ClickHouse's own compressed blocks: what goes in comes out, however it is cut, and nothing damaged gets through."""

import random
import struct
from io import BytesIO

import lz4.block
import pytest
import zstandard
from clickhouse_cityhash.cityhash import CityHash128
from clickhouse_driver.compression import get_compressor_cls
from clickhouse_driver.streams.compressed import CompressedBlockInputStream, CompressedBlockOutputStream
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.interface.blocks import BlockDecoder, BlockEncoder

METHODS = ("lz4", "zstd", "none")
METHOD_BYTES = {"lz4": 0x82, "zstd": 0x90, "none": 0x02}
BLOCK_BYTES = 1024 * 1024
GIB = 1024**3

bodies = st.lists(st.binary(max_size=3000), max_size=5)
cuts = st.lists(st.integers(min_value=1, max_value=500), min_size=1, max_size=30)


def cut(data: bytes, sizes: list[int]):
    position = 0
    while position < len(data):
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        yield data[position : position + size]
        position += size


def encoded(parts, method: str = "lz4") -> bytes:
    encoder = BlockEncoder(method)
    return b"".join(encoder.encode(part) for part in parts) + encoder.finish()


def decoded(pieces) -> bytes:
    decoder = BlockDecoder()
    raw = [piece for chunk in pieces for piece in decoder.decode(chunk)]
    decoder.finish()
    assert all(raw), "a piece is empty"
    return b"".join(raw)


def block(method: int, payload: bytes, raw_size: int, size: int | None = None) -> bytes:
    """A block with a valid checksum, whatever it claims."""
    checked = struct.pack("<BII", method, 9 + len(payload) if size is None else size, raw_size) + payload
    value = CityHash128(checked)
    return struct.pack("<QQ", value >> 64, value & (2**64 - 1)) + checked


def refused(wire: bytes) -> QueryError:
    with pytest.raises(QueryError) as caught:
        decoded([wire])
    return caught.value


@pytest.mark.parametrize("method", METHODS)
@given(parts=bodies, sizes=cuts)
def test_a_body_comes_back_from_its_blocks_at_any_cut(method, parts, sizes):
    wire = encoded(parts, method)
    assert decoded(cut(wire, list(sizes))) == b"".join(parts)


@pytest.mark.parametrize("method", METHODS)
@given(first=bodies, second=bodies)
def test_blocks_in_a_row_may_have_different_methods(method, first, second):
    assert decoded([encoded(first, "lz4") + encoded(second, method)]) == b"".join([*first, *second])


@pytest.mark.parametrize("method", METHODS)
def test_a_long_body_leaves_in_blocks_of_one_mebibyte(method):
    body = random.Random(7).randbytes(2 * BLOCK_BYTES + 5)
    encoder = BlockEncoder(method)
    assert encoder.encode(body[: BLOCK_BYTES - 1]) == b""
    wire = encoder.encode(memoryview(body)[BLOCK_BYTES - 1 :])
    assert wire, "full blocks wait for the end"
    wire += encoder.finish()
    sizes = []
    position = 0
    while position < len(wire):
        name, size, raw_size = struct.unpack_from("<BII", wire, position + 16)
        assert name == METHOD_BYTES[method]
        sizes.append(raw_size)
        position += 16 + size
    assert sizes == [BLOCK_BYTES, BLOCK_BYTES, 5]
    assert decoded(wire[start : start + 70_001] for start in range(0, len(wire), 70_001)) == body


def test_an_empty_body_is_no_block():
    assert encoded([]) == b""
    assert encoded([b"", b""]) == b""
    assert decoded([]) == b""
    assert decoded([b"", block(0x82, b"\0", 0), block(0x02, b"", 0), block(0x90, zstandard.compress(b""), 0)]) == b""


@pytest.mark.parametrize("method", METHODS)
@given(body=st.binary(min_size=1, max_size=500), data=st.data())
def test_a_flipped_bit_anywhere_is_refused(method, body, data):
    wire = bytearray(encoded([body], method))
    position = data.draw(st.integers(min_value=0, max_value=len(wire) - 1))
    wire[position] ^= 1 << data.draw(st.integers(min_value=0, max_value=7))
    assert refused(bytes(wire)).code in {12, 33, 40, 246, 432}


@pytest.mark.parametrize("method", METHODS)
def test_every_byte_is_covered_by_a_check(method):
    wire = encoded([b"instrument,mic\n" * 3], method)
    for position in range(len(wire)):
        damaged = bytearray(wire)
        damaged[position] ^= 0xFF
        assert refused(bytes(damaged)).code in {12, 33, 40, 246, 432}, position


@pytest.mark.parametrize("method", METHODS)
@given(body=st.binary(min_size=1, max_size=500), data=st.data())
def test_a_body_that_ends_inside_a_block_is_an_error_and_never_a_short_body(method, body, data):
    wire = encoded([body], method)
    end = data.draw(st.integers(min_value=1, max_value=len(wire) - 1))
    assert refused(wire[:end]).code == 33


@given(raw=st.binary(min_size=1, max_size=5000))
def test_clickhouse_driver_reads_our_blocks_and_we_read_its_blocks(raw):
    reader = CompressedBlockInputStream(BytesIO(encoded([raw])), None)
    assert reader.read_block() == raw

    theirs = BytesIO()
    writer = CompressedBlockOutputStream(get_compressor_cls("lz4"), BLOCK_BYTES, theirs, None)
    writer.compressor.write(raw)
    writer.finalize()
    assert decoded([theirs.getvalue()]) == raw


def test_the_head_alone_refuses_what_can_never_be_a_block():
    head = b"\0" * 16
    assert refused(head + struct.pack("<BII", 0x55, 9, 0)).code == 432
    assert refused(head + struct.pack("<BII", 0x82, GIB + 1, 10)).code == 12
    assert refused(head + struct.pack("<BII", 0x82, 20, GIB + 1)).code == 12
    assert refused(head + struct.pack("<BII", 0x82, 8, 0)).code == 246
    assert refused(head + struct.pack("<BII", 0x82, GIB, GIB)).code == 33


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(block(0x02, b"abc", 4), id="none that is too short"),
        pytest.param(block(0x02, b"abc", 2), id="none that is too long"),
        pytest.param(block(0x82, lz4.block.compress(b"a" * 99, store_size=False), 100), id="lz4 that is too short"),
        pytest.param(block(0x82, lz4.block.compress(b"a" * 99, store_size=False), 98), id="lz4 that is too long"),
        pytest.param(block(0x82, b"", 0), id="lz4 without payload"),
        pytest.param(block(0x82, b"\xf0" + b"\xff" * 99, GIB), id="lz4 that claims the impossible"),
        pytest.param(block(0x90, zstandard.compress(b"a" * 99), 100), id="zstd that is too short"),
        pytest.param(block(0x90, zstandard.compress(b"a" * 99), 98), id="zstd that is too long"),
        pytest.param(block(0x90, zstandard.compress(b"a" * 99) + b"x", 99), id="zstd with more behind it"),
        pytest.param(block(0x90, b"no frame", 8), id="zstd without a frame"),
        pytest.param(block(0x90, b"", 8), id="zstd without payload"),
    ],
)
def test_a_payload_that_is_not_what_its_block_claims_is_271(damaged):
    error = refused(damaged)
    assert (error.code, error.name) == (271, "CANNOT_DECOMPRESS")


def test_a_zstd_frame_need_not_say_its_size():
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(b"a" * 99)
    assert zstandard.frame_content_size(frame) == -1
    assert decoded([block(0x90, frame, 99)]) == b"a" * 99
    assert refused(block(0x90, frame, 98)).code == 271
    assert refused(block(0x90, frame, 100)).code == 271


def test_the_blocks_before_a_damaged_one_come_out_first():
    decoder = BlockDecoder()
    pieces = decoder.decode(encoded([b"good"]) + block(0x02, b"abc", 4))
    assert next(pieces) == b"good"
    with pytest.raises(QueryError, match="CANNOT_DECOMPRESS"):
        next(pieces)
