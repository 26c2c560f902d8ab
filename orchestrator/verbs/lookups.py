"""`touchstone lookups`: the desk checked, its new keys given IDs and its changes told, line by line."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from orchestrator.exceptions import LookupFileError
from orchestrator.helpers import plural, stderr_console
from orchestrator.lookups import check_lookups, mint, read_desk, write_ledger
from orchestrator.lookups.aliases import csv_text
from orchestrator.lookups.changes_report import render_changes
from orchestrator.lookups.compare import compare
from orchestrator.lookups.domains import SEED_COLUMNS
from orchestrator.lookups.findings import Tell
from orchestrator.lookups.reports import FLOOD, Format, render_findings
from orchestrator.lookups.revisions import default_base, read_base
from orchestrator.settings import Settings
from orchestrator.warehouse.usage import count_usage


@dataclass(frozen=True)
class Checking:
    """What to check and how to tell it.

    Attributes:
        catalogues: files that are judged together with the desk.
        base: the Git revision whose IDs must not have moved, or None.
        output_format: how the findings are told.
    """

    catalogues: tuple[Path, ...] = ()
    base: str | None = None
    output_format: Format = Format.TEXT


def report_check(console: Console, folder: Path, wanted: Checking) -> bool:
    """Tell every finding and the totals; True when none is an error.

    Raises:
        LookupFileError: a file cannot be read, or the revision is not there.
    """
    with _telling() as tell:
        base = read_base(folder, wanted.base) if wanted.base is not None else None
        findings = check_lookups(read_desk(folder), _read_catalogues(wanted.catalogues), base, tell)
    _write(console, render_findings(findings, wanted.output_format))
    return not any(finding.is_error for finding in findings)


def mint_ids(console: Console, folder: Path, catalogues: tuple[Path, ...]) -> None:
    """Append a ledger line for each new key, and tell the lines.

    Raises:
        LedgerError: the desk has errors; nothing was written.
        LookupFileError: a file cannot be read.
    """
    with _telling() as tell:
        minted = mint(read_desk(folder), _read_catalogues(catalogues), tell)
        if minted.lines:
            tell("writing")
            write_ledger(folder, minted.ledger)
    _write(console, map(csv_text, minted.lines[:FLOOD]))
    if len(minted.lines) > FLOOD:
        _write(console, [f"and {len(minted.lines) - FLOOD:,} more"])
    _write(console, [f"{plural(len(minted.lines), 'ID')} minted"])


def report_diff(console: Console, folder: Path, settings: Settings, base: str | None, output_format: Format) -> None:
    """Tell what the desk does to the codes of a revision, and to the facts of the warehouse if one is running.

    Raises:
        LookupFileError: a file cannot be read, or the revision is not there.
    """
    with _telling() as tell:
        before = read_base(folder, base or default_base(folder))
        tell(f"comparing with {before.revision}")
        changes = compare(before.files, read_desk(folder))
        tell("counting facts")
        usage = count_usage(settings, changes.affected_ids())
    _write(console, render_changes(changes, before.revision, usage, output_format))


def _read_catalogues(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """Content by the name under which a file was given."""
    catalogues = {}
    for path in paths:
        # a finding must say which of the two files it means
        name = f"./{path}" if str(path) in SEED_COLUMNS else str(path)
        try:
            catalogues[name] = path.read_bytes()
        except OSError as error:
            raise LookupFileError(f"{path} cannot be read: {error.strerror}.") from error
    return catalogues


@contextmanager
def _telling() -> Iterator[Tell]:
    """What is being done, on a terminal."""
    console = stderr_console()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading") as status:
        yield status.update


def _write(console: Console, lines: Iterable[str]) -> None:
    # as they are: a console that looks for markup and width takes minutes for a million lines
    console.file.writelines(f"{line}\n" for line in lines)
