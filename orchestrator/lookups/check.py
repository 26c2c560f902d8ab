"""The rules of the lookup desk. The only input is the text of its files; nothing is raised for what analysts wrote."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.lookups.cells import CellRules, fold
from orchestrator.lookups.domains import (
    DOMAINS,
    DOMAINS_BY_NAME,
    FIELD_TYPES,
    LEDGER_FILE,
    SEED_COLUMNS,
    Domain,
)
from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.ledger import Key, LedgerLine, ledger_findings, ledger_lines
from orchestrator.lookups.reading import Table, read_table

FIELD_TYPE_COLUMN: Final = "field_type"


@dataclass(frozen=True)
class Desk:
    """The desk as read.

    Attributes:
        keys: domain -> its keys in the seeds -> the line on which each occurs first.
        ledger: the ledger as read, or None if the desk has none yet.
        lines: lines of the ledger that have a usable ID.
        findings: everything that is wrong, by file and line.
    """

    keys: Mapping[str, Mapping[Key, int]]
    ledger: Table | None
    lines: tuple[LedgerLine, ...]
    findings: tuple[Finding, ...]


def check_lookups(files: Mapping[str, bytes]) -> list[Finding]:
    """Everything that is wrong with the desk, by file and line; an empty list for a clean desk.

    Args:
        files: content by file name: `lookups.csv`, `sources.csv` and the ledger `lookup_ids.csv`. In a desk without
            ledger all keys lack an ID.
    """
    return list(examine(files).findings)


def examine(files: Mapping[str, bytes]) -> Desk:
    """Read and judge the files; see check_lookups."""
    findings: list[Finding] = []
    cells = CellRules()
    ledger = _read(files, LEDGER_FILE) if LEDGER_FILE in files else None
    entries = [entry for _, entry in ledger_lines(ledger)] if ledger else []
    keys: dict[str, Mapping[Key, int]] = {}
    for file in SEED_COLUMNS:
        if file == LEDGER_FILE:
            continue
        if file not in files:
            findings.append(_missing_file(file))
            continue
        table = _read(files, file)
        findings += table.findings
        if table.header and not table.rows and not table.findings:
            findings.append(_no_rows(file))
        findings += cells.findings(table)
        findings += _duplicates(table)
        findings += _field_types(table, cells)
        for domain in DOMAINS:
            if domain.seed == file:
                keys[domain.name] = _keys(table, domain, cells)
                findings += _case_twins(domain, keys[domain.name], entries)
                findings += _conflicts(table, domain, cells)
    if ledger is not None:
        findings += ledger.findings
        findings += ledger_findings(ledger, keys, cells)
    # a ledger that cannot be read in full would make its keys look new
    if ledger is None or not any(finding.is_error for finding in ledger.findings):
        findings += _keys_without_id(keys, entries)
    findings.sort(key=lambda finding: (finding.file, finding.line, finding.column, finding.rule, finding.value))
    return Desk(keys, ledger, tuple(entries), tuple(findings))


def _read(files: Mapping[str, bytes], file: str) -> Table:
    return read_table(file, files[file], SEED_COLUMNS[file])


def _missing_file(file: str) -> Finding:
    return Finding(file, 0, "", "", Rule.MISSING_FILE, "The file is missing.", "Restore it from Git.")


def _no_rows(file: str) -> Finding:
    remedy = "Restore the rows from Git; without them every key would be retired."
    return Finding(file, 1, "", "", Rule.NO_ROWS, "The file has a header and no rows.", remedy)


def _keys(table: Table, domain: Domain, cells: CellRules) -> dict[Key, int]:
    """Keys of the domain and the line of their first row; unclean ones have their own finding and are left out."""
    parent_column = DOMAINS_BY_NAME[domain.parent].key_column if domain.parent else None
    keys: dict[Key, int] = {}
    for row in table.rows:
        key = Key(row.cells[parent_column] if parent_column else "", row.cells[domain.key_column])
        if key not in keys and cells.is_clean(key.key) and (not parent_column or cells.is_clean(key.parent_key)):
            keys[key] = row.line
    return keys


def _duplicates(table: Table) -> Iterator[Finding]:
    first_line: dict[tuple[str, ...], int] = {}
    for row in table.rows:
        first = first_line.setdefault(tuple(row.cells.values()), row.line)
        if first != row.line:
            message = f"The row is the same as the one on line {first}."
            yield Finding(table.file, row.line, "", "", Rule.DUPLICATE_ROW, message, "Delete it.")


def _field_types(table: Table, cells: CellRules) -> Iterator[Finding]:
    for row in table.rows:
        field_type = row.cells.get(FIELD_TYPE_COLUMN)
        if field_type is not None and field_type not in FIELD_TYPES and cells.is_clean(field_type):
            message = f"There is no field type {field_type!r}."
            remedy = f"Write one of {', '.join(sorted(FIELD_TYPES))}."
            yield Finding(table.file, row.line, FIELD_TYPE_COLUMN, field_type, Rule.FIELD_TYPE, message, remedy)


def _case_twins(domain: Domain, keys: Mapping[Key, int], entries: Collection[LedgerLine]) -> Iterator[Finding]:
    """Keys that differ from another one of the domain only in case; the spelling of the ledger is the right one."""
    spelling: dict[tuple[str, str], Key] = {}
    for entry in entries:
        if entry.domain == domain.name:
            spelling.setdefault((entry.parent_key, fold(entry.key)), Key(entry.parent_key, entry.key))
    known = {Key(entry.parent_key, entry.key) for entry in entries if entry.domain == domain.name}
    for key, line in keys.items():
        other = spelling.setdefault((key.parent_key, fold(key.key)), key)
        if other != key and key not in known:
            message = f"The {domain.name} {key.key!r} differs from {other.key!r} only in case."
            remedy = f"Write {other.key!r} everywhere."
            yield Finding(domain.seed, line, domain.key_column, key.key, Rule.CASE_TWIN, message, remedy)


def _conflicts(table: Table, domain: Domain, cells: CellRules) -> Iterator[Finding]:
    """Attributes that differ from those of the key's first row."""
    if not domain.attributes:
        return
    first_row: dict[str, tuple[int, tuple[str, ...]]] = {}
    for row in table.rows:
        key = row.cells[domain.key_column]
        attributes = tuple(row.cells[column] for column in domain.attributes)
        first, expected = first_row.setdefault(key, (row.line, attributes))
        if attributes == expected or not cells.is_clean(key):
            continue
        for column, value, wanted in zip(domain.attributes, attributes, expected, strict=True):
            if value != wanted:
                message = f"The {column} of {key!r} is {value!r} here and {wanted!r} on line {first}."
                remedy = "Write the same in all rows of the key."
                yield Finding(table.file, row.line, column, value, Rule.CONFLICTING_ATTRIBUTE, message, remedy)


def _keys_without_id(keys: Mapping[str, Mapping[Key, int]], entries: Collection[LedgerLine]) -> Iterator[Finding]:
    minted = {(entry.domain, entry.parent_key, entry.key) for entry in entries}
    for name, lines in keys.items():
        domain = DOMAINS_BY_NAME[name]
        for key, line in lines.items():
            if (name, *key) not in minted:
                whose = f" of {key.parent_key!r}" if key.parent_key else ""
                message = f"The {name} {key.key!r}{whose} has no ID in {LEDGER_FILE}."
                remedy = "Run `touchstone lookups mint`."
                yield Finding(domain.seed, line, domain.key_column, key.key, Rule.KEY_WITHOUT_ID, message, remedy)
