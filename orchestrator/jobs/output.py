"""Keeping a run's chatter (Dagster's and dbt's lines) in a file, so that the terminal shows progress and report."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

_ROOM_LOGGER = "orchestrator"


@contextmanager
def chatter_to(path: Path) -> Iterator[Console]:
    """Send all that is written to standard output and error into the file; gives a console that reaches the terminal.

    File descriptors are redirected, not only Python's streams, because dbt is a child process. Structured log lines of
    this package stay on standard error unless that is a terminal, where a progress bar is drawn instead.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(saved[1]), "w", buffering=1, encoding="utf-8", errors="replace")
    console = Console(file=terminal, highlight=False, soft_wrap=True)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        with _room_logs_to(terminal if not console.is_terminal else None):
            yield console
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in zip((1, 2), saved, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        terminal.close()


@contextmanager
def _room_logs_to(stream: object | None) -> Iterator[None]:
    handlers = [h for h in logging.getLogger(_ROOM_LOGGER).handlers if isinstance(h, logging.StreamHandler)]
    if stream is None or not handlers:
        yield
        return
    before = handlers[0].setStream(stream)
    try:
        yield
    finally:
        if before is not None:
            handlers[0].setStream(before)
