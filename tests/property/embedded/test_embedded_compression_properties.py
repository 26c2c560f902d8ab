"""Content codings: what goes in comes out, however it is cut."""

import bz2
import gzip
import lzma
import zlib

import brotli
import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.interface.compression import decoder_for, encoder_for, response_encoding

MULTI_FRAME = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
}
RESPONSES = ("zstd", "br", "lz4", "gzip", "deflate")

bodies = st.lists(st.binary(max_size=3000), max_size=5)
cuts = st.lists(st.integers(min_value=1, max_value=500), min_size=1, max_size=30)


def cut(data: bytes, sizes: list[int]):
    position = 0
    while position < len(data):
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        yield data[position : position + size]
        position += size


def decoded(coding: str, pieces) -> bytes:
    decoder = decoder_for(coding)
    body = b"".join(piece for chunk in pieces for piece in decoder.decode(chunk))
    decoder.finish()
    return body


@pytest.mark.parametrize("coding", sorted(MULTI_FRAME))
@given(parts=bodies, sizes=cuts)
def test_frames_in_a_row_decode_to_their_bodies_in_a_row(coding, parts, sizes):
    wire = b"".join(MULTI_FRAME[coding](part) for part in parts)
    assert decoded(coding, cut(wire, list(sizes))) == b"".join(parts)


@given(body=st.binary(max_size=5000), sizes=cuts)
def test_brotli_decodes_at_any_cut(body, sizes):
    assert decoded("br", cut(brotli.compress(body), list(sizes))) == body


@pytest.mark.parametrize("coding", RESPONSES)
@given(parts=bodies)
def test_an_encoder_makes_exactly_one_frame_that_the_decoder_reads(coding, parts):
    encoder = encoder_for(coding)
    wire = b"".join(encoder.encode(part) for part in parts) + encoder.finish()
    assert decoded(coding, [wire]) == b"".join(parts)
    if coding == "zstd":
        one = zstandard.ZstdDecompressor().decompressobj()
        one.decompress(wire)
        assert one.eof
        assert one.unused_data == b""
    if coding == "lz4":
        one = lz4.frame.LZ4FrameDecompressor()
        one.decompress(wire)
        assert one.eof
        assert not one.unused_data


@pytest.mark.parametrize("coding", [*sorted(MULTI_FRAME), "br"])
@given(body=st.binary(min_size=1, max_size=2000), data=st.data())
def test_a_body_that_ends_too_early_is_an_error_and_never_a_short_body(coding, body, data):
    compress = MULTI_FRAME.get(coding, brotli.compress)
    wire = compress(body)
    end = data.draw(st.integers(min_value=1, max_value=len(wire) - 1))
    with pytest.raises(QueryError, match=f"Cannot decompress the {coding}"):
        decoded(coding, [wire[:end]])


@pytest.mark.parametrize("coding", sorted(MULTI_FRAME))
def test_text_behind_the_last_frame_is_an_error(coding):
    wire = MULTI_FRAME[coding](b"rows") + b"INTERNAL EXCEPTION WHILE SERIALIZING"
    with pytest.raises(QueryError):
        decoded(coding, [wire])


def test_no_coding_passes_bytes_through():
    for name in (None, "", "identity"):
        assert b"".join(decoder_for(name).decode(b"abc")) == b"abc"


def test_an_unknown_coding_is_48():
    with pytest.raises(QueryError) as caught:
        decoder_for("rot13")
    assert caught.value.code == 48


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, None),
        ("identity", None),
        ("gzip", "gzip"),
        ("lz4,zstd,gzip,deflate", "zstd"),
        ("gzip;q=1.0, br;q=0.1", "br"),
        ("GZIP", "gzip"),
        ("snappy", None),
    ],
)
def test_the_response_coding_follows_the_servers_order_and_not_the_clients(accept, chosen):
    assert response_encoding(accept) == chosen
