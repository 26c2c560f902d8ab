"""The header of a feed file, held against the columns that its feed has."""

from pathlib import Path

from orchestrator.exceptions import FeedFileError


def check_header(path: Path, header: list[str], columns: tuple[str, ...], *, may_lack: bool = False) -> tuple[str, ...]:
    """Refuse a header that is not exactly the feed's columns, in whatever order; gives those that are there.

    Args:
        path: the file, for the error.
        header: its header.
        columns: the feed's columns.
        may_lack: some of them, but not all, may be missing.

    Raises:
        FeedFileError: names every column that is missing, unknown or there twice.
    """
    present = tuple(name for name in columns if name in header)
    missing = [] if may_lack and present else [name for name in columns if name not in header]
    unknown = [name for name in header if name not in columns]
    twice = sorted({name for name in header if header.count(name) > 1})
    faults = [
        f"{what} {', '.join(map(repr, names))}"
        for what, names in (("missing", missing), ("unknown", unknown), ("twice", twice))
        if names
    ]
    if faults:
        raise FeedFileError(
            f"{path}:1: the header does not fit: {'; '.join(faults)}.", f"The columns are {','.join(columns)}."
        )
    return present
