"""What every benchmark needs: an engine behind HTTP, a peer with chdb in process, percentiles and a table."""

import argparse
import socket
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import chdb
from rich.table import Table

from orchestrator.constants import LOOPBACK
from orchestrator.embedded import EngineState, start_engine, stop_engine
from orchestrator.helpers import stdout_console

_BLOCK_BYTES: Final = 1 << 20
_TIMEOUT_SECONDS: Final = 600.0

# In the peer's process only: the data folder, and the handle that measurements share.
_opened: dict[str, Any] = {}


def parser(module: str, description: str) -> argparse.ArgumentParser:
    """A parser for `python -m benchmarks.embedded.MODULE`."""
    return argparse.ArgumentParser(
        prog=f"python -m benchmarks.embedded.{module}",
        description=description,
        epilog="Figures for the documentation are taken on a machine that has nothing else to do.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


@contextmanager
def new_engine() -> Iterator[EngineState]:
    """An embedded engine on a free port, with a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchmark-engine-") as name:
        with socket.socket() as sock:
            sock.bind((LOOPBACK, 0))
            port = sock.getsockname()[1]
        try:
            yield start_engine(Path(name), port).state
        finally:
            stop_engine(Path(name))


@contextmanager
def new_peer() -> Iterator[ProcessPoolExecutor]:
    """A process with chdb on a folder of its own; what is submitted runs there, one call after the other."""
    with tempfile.TemporaryDirectory(prefix="benchmark-peer-") as name:
        pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_open, initargs=(f"{name}/data",))
        try:
            yield pool
        finally:
            pool.submit(_close).result()
            pool.shutdown()


def handle() -> Any:  # noqa: ANN401  chdb has no types
    """The peer's own handle; call it in the peer."""
    return _opened["handle"]


def new_handle() -> Any:  # noqa: ANN401
    """Another handle, for another thread; call it in the peer, and close it."""
    return chdb.connect(_opened["path"])  # type: ignore[no-untyped-call]


def new_connection(port: int) -> HTTPConnection:
    """A kept-alive connection that sends files in large pieces."""
    return HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS, blocksize=_BLOCK_BYTES)


def ask(connection: HTTPConnection, sql: str, target: str = "/") -> bytes:
    """The answer to a statement. Raises HTTPException for anything but a 200."""
    connection.request("POST", target, sql.encode())
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise HTTPException(body.decode(errors="replace"))
    return body


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of a hundred values do not exceed."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, its first column text and the others figures."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    stdout_console().print(table)


def _open(path: str) -> None:
    _opened["path"] = path
    _opened["handle"] = chdb.connect(path)  # type: ignore[no-untyped-call]


def _close() -> None:
    _opened["handle"].close()
