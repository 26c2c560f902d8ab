"""`touchstone lookups`: the desk checked and its new keys given IDs, told line by line."""

from pathlib import Path

from rich.console import Console

from orchestrator.helpers import plural
from orchestrator.lookups import check_lookups, mint, read_desk, write_ledger


def report_check(console: Console, folder: Path) -> bool:
    """Print every finding and a line of totals; True when none is an error."""
    findings = check_lookups(read_desk(folder))
    for finding in findings:
        console.print(str(finding), markup=False)
    errors = sum(finding.is_error for finding in findings)
    console.print(f"lookup desk: {plural(errors, 'error')}, {plural(len(findings) - errors, 'warning')}")
    return errors == 0


def mint_ids(console: Console, folder: Path) -> None:
    """Append a ledger line for each new key, and print the lines.

    Raises:
        LedgerError: the desk has errors; nothing was written.
    """
    minted = mint(read_desk(folder))
    if minted.lines:
        write_ledger(folder, minted.ledger)
    for line in minted.lines:
        console.print(str(line), markup=False)
    console.print(f"{plural(len(minted.lines), 'ID')} minted")
