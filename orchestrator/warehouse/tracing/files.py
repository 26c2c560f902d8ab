"""The file of a row: whether its very content is still there, and on which line the row begins."""

from pathlib import Path
from typing import Final

from orchestrator.exceptions import FeedFileError, TraceError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.lines import lines_of_rows
from orchestrator.feeds.sources import BUCKET_SCHEME, STANDARD_INPUT, source_of
from orchestrator.helpers import sha256_hex
from orchestrator.warehouse.loader import files_of
from orchestrator.warehouse.tracing.keys import RowKey
from orchestrator.warehouse.tracing.model import DeliveredFile

_CHUNK: Final = 1 << 20


def find_file(feed: Feed, row: RowKey, names: tuple[str, str], *, drop_dir: Path, told: Path | None) -> DeliveredFile:
    """The file that the row came in.

    Args:
        feed: what it was delivered for.
        row: the row.
        names: the file's name and the SHA-256 of its content, as recorded; empty if nobody recorded them.
        drop_dir: where it is looked for, in the folder of the feed.
        told: where it is, if somebody says so.

    Raises:
        TraceError: the file that was told has another content.
    """
    name, content_sha256 = names
    if told is not None and _hash_of(told) != content_sha256:
        raise TraceError(
            f"{told} does not have the content of batch {row.batch_id}, SHA-256 {content_sha256 or 'unknown'}.",
            "Name the file as it was delivered, or leave --file out.",
        )
    path = told or _in_drop_dir(feed, name, content_sha256, drop_dir)
    if path is None:
        note = _why_not_here(name, drop_dir / feed.name)
        return DeliveredFile(name, content_sha256, row.row_number, None, "", note)
    line = _line_of(path, row.row_number)
    note = "" if line else "this format has no lines"
    return DeliveredFile(name, content_sha256, row.row_number, line, str(path), note)


def _why_not_here(name: str, folder: Path) -> str:
    if name == STANDARD_INPUT:
        return "it came through standard input"
    if name.startswith(BUCKET_SCHEME):
        return "it is an object of a bucket; --file names a copy of it"
    return f"no file of this name and content is in {folder}; --file says where it is"


def _in_drop_dir(feed: Feed, name: str, content_sha256: str, drop_dir: Path) -> Path | None:
    candidates = (path for path in files_of(feed, drop_dir) if path.name == name)
    return next((path for path in candidates if _hash_of(path) == content_sha256), None)


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return sha256_hex(iter(lambda: stream.read(_CHUNK), b""))
    except OSError as error:
        raise TraceError(
            f"{path} cannot be read: {error.strerror}.", "Check the file's name and permissions."
        ) from error


def _line_of(path: Path, row_number: int) -> int | None:
    try:
        return lines_of_rows(source_of(path), [row_number]).get(row_number)
    except FeedFileError:
        return None
