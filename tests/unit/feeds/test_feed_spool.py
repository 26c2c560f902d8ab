"""The spool: a delivery is read once and whole, or not at all, and nothing stays behind."""

import hashlib
import io
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from delivery_files import COLUMNS, HEADER, SUFFIXES, TEXT_SUFFIXES, bytes_of, columnar

from orchestrator.exceptions import FeedError, FeedFileError
from orchestrator.feeds import delimited_files
from orchestrator.feeds.sources import Source, source_of, standard_input
from orchestrator.feeds.spool import spooled

Rows = Callable[..., list[list[str]]]
Tables = Callable[..., list[pa.Table]]
Written = Callable[..., Path]

ROWS = [[f"I{number % 7}", "", f"{number}\n"] for number in range(250)]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_BLOCK_BYTES", "_SLAB_BYTES", "_HEADER_BYTES"):
        monkeypatch.setattr(delimited_files, name, 1 << 14)


def piped(suffix: str) -> Source:
    """Standard input that is such a file."""
    source = source_of_name(suffix)
    return standard_input(source.format, source.compression)


def source_of_name(suffix: str) -> Source:
    path = Path(f"feed{suffix}")
    compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix, "")
    kind = (Path(path.stem) if compression else path).suffix.removeprefix(".")
    return Source(path.name, path, {"arrows": "arrow"}.get(kind, kind), compression)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_delivery_is_given_with_its_rows_chunks_and_hash(written: Written, spool: Path, suffix: str) -> None:
    content = bytes_of(suffix, ROWS)
    source = source_of(written(content, f"feed{suffix}"))
    seen: list[int] = []
    with spooled(source, COLUMNS, spool, 100, progress=seen.append) as given:
        assert given.source == source
        assert given.content_sha256 == hashlib.sha256(content).hexdigest()
        assert (given.rows, given.chunk_rows, seen) == (250, 100, [100, 100, 50])
        chunks = list(given.chunks())
        assert [chunk.num_rows for chunk in chunks] == seen
        assert [list(row.values()) for chunk in chunks for row in chunk.to_pylist()] == ROWS
        assert [chunk.equals(again) for chunk, again in zip(chunks, given.chunks(), strict=True)] == [True] * 3
        half_read = given.chunks()
        next(half_read)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_standard_input_is_read_like_a_file(spool: Path, suffix: str) -> None:
    content = bytes_of(suffix, ROWS)
    with spooled(piped(suffix), COLUMNS, spool, 100, stdin=io.BytesIO(content)) as given:
        assert given.source.name == "stdin"
        assert given.content_sha256 == hashlib.sha256(content).hexdigest()
        assert [list(row.values()) for chunk in given.chunks() for row in chunk.to_pylist()] == ROWS


@pytest.mark.parametrize("suffix", [".csv", ".jsonl.gz", ".parquet"])
def test_a_pipe_that_trickles_is_read_to_its_end(rows_of: Rows, suffix: str) -> None:
    content = bytes_of(suffix, ROWS)
    reading, writing = os.pipe()

    def trickle() -> None:
        with os.fdopen(writing, "wb", buffering=0) as end:
            for start in range(0, len(content), 99):
                end.write(content[start : start + 99])

    writer = threading.Thread(target=trickle)
    writer.start()
    with os.fdopen(reading, "rb", buffering=0) as stdin:
        assert rows_of(piped(suffix), stdin=stdin) == ROWS
    writer.join()


def test_a_pipe_that_does_not_wait_is_refused_rather_than_taken_for_empty(rows_of: Rows) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(writing, "wb", buffering=0) as end, os.fdopen(reading, "rb", buffering=0) as stdin:
        end.write(HEADER + b"A,B,1\n")
        with pytest.raises(FeedFileError, match=r"stdin: .*set to non-blocking"):
            rows_of(standard_input("csv"), stdin=stdin)


@pytest.mark.parametrize(
    ("format_", "content", "message"),
    [
        ("csv", HEADER + b"A,B,1\n" * 99_999 + b"A,B\n" + b"C,D,2\n" * 1_000_000, r"stdin:100001: 2 columns where"),
        ("csv", HEADER + b'A,B,1\nC,D,"2\n', r"stdin:3: a quote of this row is never closed"),
        ("csv", b"", r"stdin: the file is empty"),
        ("jsonl", b'{"instrument":1}\n', r"stdin:1: the object does not fit: missing 'field', 'value'"),
        ("parquet", b"PAR1", r"stdin: this cannot be read as Parquet"),
        ("arrow", columnar(".arrows", pa.table({"value": ["1"]})), r"stdin: the header does not fit"),
    ],
)
def test_a_fault_in_standard_input_is_located_too(rows_of: Rows, format_: str, content: bytes, message: str) -> None:
    with pytest.raises(FeedFileError, match=message):
        rows_of(standard_input(format_), stdin=io.BytesIO(content))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_codes_are_dictionaries_of_what_their_chunk_has_in_order(
    written: Written, tables_of: Tables, suffix: str
) -> None:
    path = written(bytes_of(suffix, ROWS), f"feed{suffix}")
    chunks = tables_of(path, 4, codes=("instrument", "field"))
    for number, chunk in enumerate(chunks):
        rows = ROWS[4 * number : 4 * number + 4]
        assert chunk.schema.types == [pa.dictionary(pa.int32(), pa.string())] * 2 + [pa.string()]
        assert not any(field.nullable for field in chunk.schema)
        assert [column.num_chunks for column in chunk.columns] == [1, 1, 1]
        assert chunk["instrument"].chunk(0).dictionary.to_pylist() == list(dict.fromkeys(row[0] for row in rows))
        assert chunk["field"].chunk(0).dictionary.to_pylist() == [""]
        assert [list(row.values()) for row in chunk.to_pylist()] == rows


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_columns_may_be_missing_where_that_is_allowed(written: Written, tables_of: Tables, suffix: str) -> None:
    content = bytes_of(suffix, ROWS[:9]) if suffix not in {".csv", ".parquet", ".arrow"} else b""
    if suffix == ".csv":
        content = b"instrument\n" + b"A\n" * 9
    if suffix in {".parquet", ".arrow"}:
        content = columnar(suffix, pa.table({"instrument": ["A"] * 9}))
    chunks = tables_of(written(content, f"feed{suffix}"), 4, codes=("field",), may_lack=True)
    assert [chunk.num_rows for chunk in chunks] == [4, 4, 1]
    assert [chunk["field"].chunk(0).dictionary.to_pylist() for chunk in chunks] == [[""]] * 3
    if content[:11] == b"instrument\n":
        assert chunks[0]["value"].to_pylist() == [""] * 4


def test_one_of_the_columns_must_be_there(written: Written, rows_of: Rows) -> None:
    with pytest.raises(FeedFileError, match="missing 'instrument', 'field', 'value'; unknown 'note'"):
        rows_of(written(b"note\nA\n"), may_lack=True)


@pytest.mark.parametrize("suffix", [*TEXT_SUFFIXES, ".parquet", ".arrow"])
def test_a_file_that_changes_while_it_is_read_is_refused(written: Written, spool: Path, suffix: str) -> None:
    path = written(bytes_of(suffix, ROWS), f"feed{suffix}")

    def write_on(_rows: int) -> None:
        with path.open("ab") as file:
            file.write(b"\n")

    message = rf"feed\{suffix[:4]}.*: the file changed while it was loaded\. Load it again when it is complete"
    with (
        pytest.raises(FeedFileError, match=message),
        spooled(source_of(path), COLUMNS, spool, 100, progress=write_on),
    ):
        pytest.fail("it was given")


def test_a_fault_in_a_file_that_changes_is_told_as_the_change(
    written: Written, spool: Path, small_blocks: None
) -> None:
    path = written(HEADER + b"A,B,1\n" * 10_000 + b"A,B\n")

    def write_on(_rows: int) -> None:
        os.utime(path, (1, 1))

    with (
        pytest.raises(FeedFileError, match="the file changed while it was loaded"),
        spooled(source_of(path), COLUMNS, spool, 100, progress=write_on),
    ):
        pytest.fail("it was given")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_that_is_replaced_or_removed_meanwhile_is_the_one_that_was_opened(
    written: Written, rows_of: Rows, suffix: str
) -> None:
    path = written(bytes_of(suffix, ROWS), f"feed{suffix}")
    assert rows_of(path, 100, progress=lambda _rows: path.unlink(missing_ok=True)) == ROWS


def test_nothing_is_given_of_a_delivery_with_a_fault_in_its_last_row(
    written: Written, spool: Path, small_blocks: None
) -> None:
    seen: list[int] = []
    path = written(HEADER + b"A,B,1\n" * 10_000 + b"A,B\n")
    with (
        pytest.raises(FeedFileError, match=r":10002: 2 columns"),
        spooled(source_of(path), COLUMNS, spool, 100, progress=seen.append),
    ):
        pytest.fail("it was given")
    assert sum(seen) > 0


def test_nothing_stays_in_the_folder_whoever_fails(written: Written, spool: Path, small_blocks: None) -> None:
    path = written(HEADER + b"A,B,1\n" * 100_000)

    def refuse(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), spooled(source_of(path), COLUMNS, spool, 1000, progress=refuse):
        pytest.fail("it was given")
    with pytest.raises(ZeroDivisionError), spooled(source_of(path), COLUMNS, spool, 1000) as given:
        assert len(list(spool.iterdir())) == 1
        raise ZeroDivisionError(given.rows)


def test_what_killed_processes_left_is_removed_after_a_day(written: Written, tmp_path: Path) -> None:
    spool = tmp_path / "spools" / "here"
    two_days_ago = time.time() - 2 * 86_400
    for name in ("delivery-old", "delivery-fresh", "delivery-busy", "notes"):
        (spool / name).mkdir(parents=True)
        (spool / name / "chunks.arrows").touch()
        if name != "delivery-fresh":
            os.utime(spool / name, (two_days_ago, two_days_ago))
        if name != "delivery-busy":
            os.utime(spool / name / "chunks.arrows", (two_days_ago, two_days_ago))
    with spooled(source_of(written(HEADER)), COLUMNS, spool, 1000) as given:
        assert (given.rows, list(given.chunks())) == (0, [])
    assert sorted(path.name for path in spool.iterdir()) == ["delivery-busy", "delivery-fresh", "notes"]


def test_a_folder_that_cannot_be_made_is_told(written: Written, tmp_path: Path) -> None:
    path = written(HEADER)
    with (
        pytest.raises(FeedError, match=r"feed\.csv: deliveries cannot be kept here: .*\. Make room") as refused,
        spooled(source_of(path), COLUMNS, path, 1000),
    ):
        pytest.fail("it was given")
    assert not isinstance(refused.value, FeedFileError)


@pytest.fixture
def small_disk() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_disk_that_is_full_is_not_taken_for_a_fault_of_the_delivery(
    spool: Path, small_disk: None, suffix: str
) -> None:
    rows = [[f"{number * 2**40:x}"] * 3 for number in range(20_000)]
    with (
        pytest.raises(FeedError, match=r"stdin: it cannot be kept: .*File too large\. Make room") as refused,
        spooled(piped(suffix), COLUMNS, spool, 1000, stdin=io.BytesIO(bytes_of(suffix, rows))),
    ):
        pytest.fail("it was given")
    assert not isinstance(refused.value, FeedFileError)


def test_a_disk_that_fills_with_chunks_is_told(written: Written, spool: Path, request: pytest.FixtureRequest) -> None:
    path = written(HEADER + b"".join(b"%x,%x,B\n" % (n * 2**50, n * 3**40) for n in range(20_000)))
    request.getfixturevalue("small_disk")
    with (
        pytest.raises(FeedError, match=r"deliveries cannot be kept here: .*File too large\. Make room"),
        spooled(source_of(path), COLUMNS, spool, 20_000),
    ):
        pytest.fail("it was given")


def test_memory_does_not_grow_with_the_file(written: Written, spool: Path, small_blocks: None) -> None:
    def peak(rows: int) -> int:
        path = written(HEADER + b"".join(b"instrument %d,field,%d\n" % (n, n) for n in range(rows)))
        before = pa.total_allocated_bytes()
        seen: list[int] = []
        with spooled(
            source_of(path), COLUMNS, spool, 10_000, progress=lambda _rows: seen.append(pa.total_allocated_bytes())
        ) as given:
            seen += [pa.total_allocated_bytes() for _chunk in given.chunks()]
        return max(seen) - before

    small, large = peak(50_000), peak(400_000)
    assert 0 < large < 2 * small
