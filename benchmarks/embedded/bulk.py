"""Millions of rows in and out, as Native: over HTTP, and by chdb in process from and to the same bytes.

The ways take turns in rounds, each with a MergeTree table of its own engine. Inserts run without merges, which would
go on into the next one's turn; selects read one part. The ratio is to the first way, of medians.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from urllib.parse import quote

from benchmarks.embedded.setting import ask, handle, new_connection, new_engine, new_peer, parser, show

_TABLE = (
    "CREATE OR REPLACE TABLE bulk (id UInt64, at DateTime64(3, 'UTC'), price Float64, size UInt32, "
    "code LowCardinality(String), note String) ENGINE = MergeTree ORDER BY (code, at)"
)
_ROWS = (
    "SELECT number AS id, toDateTime64('2026-01-01', 3, 'UTC') + number / 10 AS at, rand(1) / 1e6 AS price, "
    "rand(2) % 1000 AS size, toLowCardinality(concat('XNAS', toString(number % 1000))) AS code, "
    "hex(rand(3)) AS note FROM numbers({rows})"
)
_NO_MERGES = "SYSTEM STOP MERGES bulk"
_ONE_PART = ("SYSTEM START MERGES bulk", "OPTIMIZE TABLE bulk FINAL")
_INSERT = "INSERT INTO bulk FORMAT Native"
_SELECT = "SELECT * FROM bulk FORMAT Native"
_PIECE = 1 << 20


def main() -> None:
    """Measure and print two tables."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="benchmark-bulk-") as name, new_engine() as state, new_peer() as peer:
        file = Path(name) / "rows.native"
        peer.submit(write_rows, file, arguments.rows).result()
        connection = new_connection(state.port)
        inserts: dict[str, Callable[[], float]] = {
            "chdb FROM INFILE": lambda: peer.submit(insert_in_process, file).result(),
            "HTTP from the file": partial(_insert, connection, file, in_memory=False),
            "HTTP from bytes in memory": partial(_insert, connection, file, in_memory=True),
        }
        selects: dict[str, Callable[[], float]] = {
            "chdb send_query()": lambda: peer.submit(stream_in_process).result(),
            "chdb query().bytes()": lambda: peer.submit(select_in_process).result(),
            "HTTP, read to the end": partial(_select, connection),
        }
        inserted = _in_turns(inserts, arguments.runs)
        for sql in _ONE_PART:
            ask(connection, sql)
            peer.submit(run_in_process, sql).result()
        selected = _in_turns(selects, arguments.runs)
        size = file.stat().st_size
        _check(connection, arguments.rows)
    what = f"{arguments.rows:,} rows, {size / 1e6:,.0f} MB Native, medians of {arguments.runs}"
    _show(f"Insert of {what}", inserted, size)
    _show(f"Select of {what}", selected, size)


def write_rows(file: Path, rows: int) -> None:
    """Write the rows to a file, as Native; runs in the peer."""
    handle().query(f"{_ROWS.format(rows=rows)} INTO OUTFILE '{file}' TRUNCATE FORMAT Native")


def run_in_process(sql: str) -> None:
    """Run a statement; runs in the peer."""
    handle().query(sql)


def insert_in_process(file: Path) -> float:
    """Seconds of INSERT ... FROM INFILE into a fresh table; runs in the peer."""
    handle().query(_TABLE)
    handle().query(_NO_MERGES)
    began = time.perf_counter()
    handle().query(f"INSERT INTO bulk FROM INFILE '{file}' FORMAT Native")
    return time.perf_counter() - began


def stream_in_process() -> float:
    """Seconds of a streamed SELECT, each block taken as bytes; runs in the peer."""
    began = time.perf_counter()
    stream = handle().send_query(_SELECT, "Native")
    while (block := stream.fetch()) is not None:
        block.bytes()
    stream.close()
    return time.perf_counter() - began


def select_in_process() -> float:
    """Seconds of a SELECT whose answer is made up as one; runs in the peer."""
    began = time.perf_counter()
    handle().query(_SELECT, "Native").bytes()
    return time.perf_counter() - began


def _insert(connection: HTTPConnection, file: Path, *, in_memory: bool) -> float:
    ask(connection, _TABLE)
    ask(connection, _NO_MERGES)
    url = f"/?query={quote(_INSERT)}"
    with file.open("rb") as opened:
        body = opened.read() if in_memory else opened
        began = time.perf_counter()
        connection.request("POST", url, body, {"Content-Length": str(os.fstat(opened.fileno()).st_size)})
        response = connection.getresponse()
        answer = response.read()
        seconds = time.perf_counter() - began
    if response.status != 200:
        raise HTTPException(answer.decode(errors="replace"))
    return seconds


def _select(connection: HTTPConnection) -> float:
    buffer = memoryview(bytearray(_PIECE))
    began = time.perf_counter()
    connection.request("POST", "/", _SELECT)
    response = connection.getresponse()
    if response.status != 200:
        raise HTTPException(response.read().decode(errors="replace"))
    while response.readinto(buffer):
        pass
    return time.perf_counter() - began


def _in_turns(ways: dict[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(runs):
        for name, way in ways.items():
            seconds[name].append(way())
    return seconds


def _check(connection: HTTPConnection, rows: int) -> None:
    counted = int(ask(connection, "SELECT count() FROM bulk"))
    if counted != rows:
        raise RuntimeError(f"{counted} rows are in the table, not {rows}")


def _show(title: str, seconds: dict[str, list[float]], size: int) -> None:
    base = median(next(iter(seconds.values())))
    rows = []
    for name, values in seconds.items():
        middle = median(values)
        spread = f"{min(values):.2f}-{max(values):.2f}"
        rows.append((name, f"{middle:.2f}", spread, f"{size / middle / 1e6:,.0f}", f"{middle / base:.2f}"))
    show(title, ("way", "seconds", "range", "MB/s", "ratio"), rows)


def _arguments() -> argparse.Namespace:
    takes = parser("bulk", (__doc__ or "").partition("\n\n")[0])
    takes.add_argument("--rows", type=int, default=10_000_000, metavar="N", help="rows of six columns")
    takes.add_argument("--runs", type=int, default=5, metavar="N", help="rounds, after one that does not count")
    return takes.parse_args()


if __name__ == "__main__":
    main()
