"""The rules of the lookup desk. The only input is the text of its files; nothing is raised for what analysts wrote."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from orchestrator.lookups.aliases import alias_findings
from orchestrator.lookups.base import Base, base_findings
from orchestrator.lookups.cells import cell_findings
from orchestrator.lookups.domains import DOMAINS, LEDGER_FILE
from orchestrator.lookups.findings import Finding, Rule, Tell, silently
from orchestrator.lookups.ledger_rules import ledger_findings
from orchestrator.lookups.listing import Sheet, domains_of
from orchestrator.lookups.lookalikes import lookalike_findings
from orchestrator.lookups.memory import uncollected
from orchestrator.lookups.parsing import KEY_FILES, Desk, parse_desk
from orchestrator.lookups.renames import possible_renames
from orchestrator.lookups.rules import conflicts, duplicates, several_parents, twins, unknown_values

NO_FILES: Final[Mapping[str, bytes]] = MappingProxyType({})


def check_lookups(
    files: Mapping[str, bytes],
    catalogues: Mapping[str, bytes] = NO_FILES,
    base: Base | None = None,
    tell: Tell = silently,
) -> list[Finding]:
    """Everything that is wrong with the desk, by file and line; an empty list for a clean desk.

    Args:
        files: content by file name: `lookups.csv`, `sources.csv`, the ledger `lookup_ids.csv` and, if there is one,
            `lookup_aliases.csv`. In a desk without ledger all keys lack an ID.
        catalogues: content by name of further files like `lookups.csv`, in which whole domains may be absent.
        base: the desk of an earlier revision, whose IDs must not have moved.
        tell: is told what is being done.
    """
    with uncollected():
        desk = parse_desk(files, catalogues, tell)
        tell("checking")
        findings = judge(desk, files)
        if desk.knows_its_ids:
            findings += keys_without_id(desk)
            for domain in DOMAINS:
                findings += possible_renames(desk, domain)
        if base is not None:
            tell(f"comparing with {base.revision}")
            findings += base_findings(files, desk, base)
        findings.sort()
        return findings


def judge(desk: Desk, files: Mapping[str, bytes]) -> list[Finding]:
    """Everything that is wrong with the desk by itself, except keys without ID; in no order."""
    findings = [_missing_file(file) for file in KEY_FILES if file not in files]
    for sheet in desk.sheets:
        findings += _sheet_findings(sheet)
    for domain in DOMAINS:
        listings, register = desk.listings[domain.name], desk.registers[domain.name]
        findings += conflicts(listings, domain)
        findings += several_parents(listings, register)
        for parent, below in desk.shelves[domain.name].items():
            findings += twins(below, parent, register)
    findings += alias_findings(desk)
    if desk.ledger is not None:
        findings += ledger_findings(desk.ledger, desk.books, desk.registers, _parent_names(desk))
    return findings


def keys_without_id(desk: Desk) -> Iterator[Finding]:
    """Keys that minting would give an ID."""
    for domain in DOMAINS:
        for shelf, _, new in desk.new_keys(domain):
            whose = f" of {shelf.parent_key!r}" if shelf.parent_key else ""
            file = shelf.listing.sheet.table.file
            remedy = "Run `touchstone lookups mint`."
            for key, line in shelf.keys.items():
                if key in new:
                    message = f"The {domain.name} {key!r}{whose} has no ID in {LEDGER_FILE}."
                    yield Finding(file, line, domain.key_column, key, Rule.KEY_WITHOUT_ID, message, remedy)


def _sheet_findings(sheet: Sheet) -> Iterator[Finding]:
    table = sheet.table
    yield from table.findings
    if table.header and not table.height and not table.findings:
        yield _no_rows(sheet)
    yield from cell_findings(table, sheet.unclean)
    for column, culprits in sheet.lookalikes.items():
        yield from lookalike_findings(table, column, culprits)
    yield from duplicates(table)
    for domain in domains_of(sheet):
        yield from unknown_values(sheet, domain)


def _parent_names(desk: Desk) -> dict[str, set[str]]:
    """By domain that is a parent, the spellings of its keys that the ledger need not know."""
    names: dict[str, set[str]] = {}
    for parent in {domain.parent for domain in DOMAINS if domain.parent}:
        listed = (keys for listing in desk.listings[parent] for keys in listing.keys.values())
        names[parent] = set().union(*listed, *desk.registers[parent].aliases.values())
    return names


def _missing_file(file: str) -> Finding:
    return Finding(file, 0, "", "", Rule.MISSING_FILE, "The file is missing.", "Restore it from Git.")


def _no_rows(sheet: Sheet) -> Finding:
    remedy = (
        "Ask for the catalogue again, or leave it out."
        if sheet.is_catalogue
        else "Restore the rows from Git; without them every key would be retired."
    )
    return Finding(sheet.table.file, 1, "", "", Rule.NO_ROWS, "The file has a header and no rows.", remedy)
