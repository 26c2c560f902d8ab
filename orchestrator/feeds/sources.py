"""Sources: what a delivery is, told by its name or by whoever pipes it in, and which names are none."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from orchestrator.exceptions import FeedFileError

STANDARD_INPUT = "stdin"
# what the address of an object of a bucket begins with
BUCKET_SCHEME = "s3://"
_FORMATS_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
}
_COMPRESSIONS_BY_SUFFIX = {".gz": "gzip", ".zst": "zstd"}
FORMATS = tuple(dict.fromkeys(_FORMATS_BY_SUFFIX.values()))
COMPRESSIONS = tuple(_COMPRESSIONS_BY_SUFFIX.values())
DELIMITERS = {"csv": ",", "tsv": "\t"}
TEXT_FORMATS = (*DELIMITERS, "jsonl")
# what others put into a name until its file is whole: before the format's suffix or behind it
_UNFINISHED_SUFFIXES = frozenset({".tmp", ".temp", ".part", ".partial", ".filepart", ".incomplete"})
# hidden files and folders; what Hadoop, Spark and the like keep beside their data: _SUCCESS, _temporary/, _delta_log/
_ASIDE = (".", "_")
_READABLE = f"{', '.join(_FORMATS_BY_SUFFIX)}; of text also with {' or '.join(_COMPRESSIONS_BY_SUFFIX)}"


@dataclass(frozen=True)
class Source:
    """One delivery: a file, an object that was fetched from a bucket, or standard input.

    Attributes:
        name: what people and the audit trail call it: the file's name, the object's address, or `stdin`.
        path: the file; None for standard input.
        format: one of `FORMATS`.
        compression: `gzip`, `zstd`, or nothing.
        version: which content of the object it is; empty for what was not fetched.
    """

    name: str
    path: Path | None
    format: str
    compression: str
    version: str = ""

    @property
    def place(self) -> str:
        """Where a fault is, as the first word of its message: the path as it was given, the address, or `stdin`."""
        return self.name if self.path is None or self.version else str(self.path)


def source_of(path: Path, format: str | None = None) -> Source:
    """The file as a source; its name tells the compression and, unless it is given, the format.

    Args:
        path: a file whose name ends as the formats' do, in upper or lower case.
        format: one of `FORMATS`, for a file whose name does not tell.

    Raises:
        FeedFileError: no file, or no file that a reader exists for; names the path and the remedy.
    """
    if path.is_dir():
        raise FeedFileError(f"{path}: this is a folder.", "Name the files in it.")
    if not path.exists():
        raise FeedFileError(f"{path}: there is no such file.", "Check the name.")
    if not path.is_file():
        raise FeedFileError(f"{path}: this is no file that could be read again.", "Pipe it into standard input.")
    return _checked(Source(path.name, path, *_kind_of(path, str(path), format)))


def fetched_source(address: str, path: Path, version: str, format: str | None = None) -> Source:
    """An object of a bucket as a source.

    Args:
        address: of the object; what it ends with tells as a file's name does.
        path: where its content is kept.
        version: which content that is.
        format: as for `source_of`.

    Raises:
        FeedFileError: no object that a reader exists for; names the address and the remedy.
    """
    return _checked(Source(address, path, *_kind_of(PurePath(address), address, format), version))


def standard_input(format: str, compression: str = "") -> Source:
    """Standard input as a source.

    Args:
        format: one of `FORMATS`.
        compression: one of `COMPRESSIONS`, or nothing.

    Raises:
        FeedFileError: no such format or compression, or both where the format compresses by itself.
    """
    return _checked(Source(STANDARD_INPUT, None, format, compression))


def files_matching(patterns: Sequence[str]) -> list[Path]:
    """The files that the patterns name: in the patterns' order, each pattern's by name, every file once.

    Args:
        patterns: names, kept as they are, or patterns with `*`, `?`, `[...]` and `**` for folders in folders.

    Raises:
        FeedFileError: a pattern matches no file.
    """
    found: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _files_matching_one(pattern):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def is_readable(path: PurePath) -> bool:
    """True for the file names that a reader exists for."""
    named_format, compression = _told_by(path)
    return named_format in (TEXT_FORMATS if compression else FORMATS) and not path.name.startswith(".")


def is_delivery(path: PurePath, size: int) -> bool:
    """True for what is taken from a drop folder or a bucket without being named: readable, and not said to be half.

    Args:
        path: below the folder of the feed.
        size: in bytes; what has none is a marker, or was only begun.
    """
    is_aside = any(part.startswith(_ASIDE) for part in path.parts)
    is_unfinished = not _UNFINISHED_SUFFIXES.isdisjoint(suffix.lower() for suffix in path.suffixes)
    return size > 0 and is_readable(path) and not is_aside and not is_unfinished


def _kind_of(named: PurePath, place: str, format: str | None) -> tuple[str, str]:
    """Format and compression by the name, unless the format is given."""
    named_format, compression = _told_by(named)
    if format is None and (named_format is None or named.name.startswith(".")):
        raise FeedFileError(f"{place}: no reader for this kind of file.", f"Give one of {_READABLE}.")
    return format or str(named_format), compression


def _told_by(path: PurePath) -> tuple[str | None, str]:
    """Format and compression by the name's last one or two suffixes."""
    name = path.name.lower()
    compression = ""
    for suffix, compressed in _COMPRESSIONS_BY_SUFFIX.items():
        if name.endswith(suffix):
            name, compression = name.removesuffix(suffix), compressed
    return next((named for suffix, named in _FORMATS_BY_SUFFIX.items() if name.endswith(suffix)), None), compression


def _checked(source: Source) -> Source:
    if source.format not in FORMATS:
        raise FeedFileError(
            f"{source.place}: there is no format {source.format!r}.", f"Formats are: {', '.join(FORMATS)}."
        )
    if source.compression and source.compression not in COMPRESSIONS:
        raise FeedFileError(
            f"{source.place}: there is no compression {source.compression!r}.",
            f"Compressions are: {', '.join(COMPRESSIONS)}.",
        )
    if source.compression and source.format not in TEXT_FORMATS:
        raise FeedFileError(
            f"{source.place}: {source.format} compresses by itself and is not read out of {source.compression}.",
            "Unpack it first.",
        )
    return source


def _files_matching_one(pattern: str) -> list[Path]:
    # A name with a bracket in it may be just that.
    if not glob.has_magic(pattern) or Path(pattern).exists():
        return [Path(pattern)]
    matches = [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 takes absolute ones
    files = [path for path in matches if path.is_file()]
    if not files:
        raise FeedFileError(f"{pattern}: no file matches.", "Check the pattern and the folder that it starts in.")
    return files
