"""Small things that several rooms share: logging, the console, time, digests and tasks side by side."""

import hashlib
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from click import unstyle
from pydantic import ValidationError
from rich.console import Console

_T = TypeVar("_T")

_LOG_BYTES: Final = 16 * 1024 * 1024
_OLD_LOGS: Final = 5
# what rich takes where nothing has a width, and what is taken instead
_WIDTH_OF_NOTHING: Final = 80
_WIDTH_OF_FILES: Final = 160


def configure_logging(level: str, log_format: str, file: Path | None = None) -> None:
    """Send structured logs to stderr or a file, as `key=value` lines or as one JSON object a line.

    Args:
        level: a name of the logging module, such as INFO.
        log_format: `console` or `json`.
        file: where to write instead of stderr; it is renamed to `.1` when it is full, older ones up to `.5`.
    """
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else _console_renderer()
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        handler = RotatingFileHandler(file, maxBytes=_LOG_BYTES, backupCount=_OLD_LOGS, encoding="utf-8", delay=True)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=_shared_processors(),
        )
    )
    root = logging.getLogger("orchestrator")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A structured logger; give it `__name__`, then call `.info("what happened", key=value)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def stdout_console() -> Console:
    """The console for a verb's result; colours and bars only on a terminal.

    A file or a pipe has no width, and in the 80 columns that rich takes then the cells of a table are cut off.
    """
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal and console.width == _WIDTH_OF_NOTHING:
        console.width = _WIDTH_OF_FILES
    return console


def stderr_console() -> Console:
    """The console for progress and errors."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def write_stdout(data: bytes) -> None:
    """Write bytes to standard output at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def sha256_hex(chunks: Iterable[bytes]) -> str:
    """SHA-256 of the chunks put together, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def plural(count: int, noun: str) -> str:
    """`1 row`, `2 rows`: a count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str) -> str:
    """A text on one line, without the colours of a terminal."""
    return " ".join(unstyle(text).split())


def faults_of(error: ValidationError) -> str:
    """What does not hold in a declaration, each fault behind its place."""
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, "))))
        for fault in error.errors()
    )


def at_once(tasks: Iterable[Callable[[], _T]], most: int) -> Iterator[_T]:
    """Do the tasks, at most so many at once; gives their results in the order of the tasks.

    No further task is begun, or taken from the iterable, before there is room for it. The first failure is raised once
    those that have begun are done: none of them runs on behind the back of who asked.
    """
    if most == 1:
        for task in tasks:
            yield task()
        return
    with ThreadPoolExecutor(most, thread_name_prefix="at-once") as pool:
        begun: deque[Future[_T]] = deque()
        for task in tasks:
            begun.append(pool.submit(task))
            if len(begun) == most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _shared_processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _console_renderer() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
