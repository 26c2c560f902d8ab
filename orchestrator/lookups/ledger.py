"""The ledger of IDs: its lines, and the rules that keep it append-only and dense."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from orchestrator.lookups.cells import CellRules
from orchestrator.lookups.domains import DOMAINS, DOMAINS_BY_NAME, LEDGER_FILE
from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.reading import Row, Table

# IDs are UInt32 in the warehouse, and 0 means none
MAX_ID: Final = 2**32 - 1
ID: Final = re.compile(r"[1-9][0-9]{0,9}")


class Key(NamedTuple):
    """A code of a domain: the key of its parent, or an empty string, and its own key."""

    parent_key: str
    key: str


class LedgerLine(NamedTuple):
    """One frozen ID: domain, parent key (empty for domains without parent), key, ID from 1."""

    domain: str
    parent_key: str
    key: str
    id: int


def ledger_lines(table: Table) -> list[tuple[int, LedgerLine]]:
    """(physical line, ledger line) of every row of the ledger that has a usable ID and a known domain."""
    return [
        (row.line, LedgerLine(row.cells["domain"], row.cells["parent_key"], row.cells["key"], int(row.cells["id"])))
        for row in table.rows
        if is_id(row.cells["id"]) and row.cells["domain"] in DOMAINS_BY_NAME
    ]


def is_id(text: str) -> bool:
    """Whether the text is an ID: 1 to 4294967295, written without sign, blanks or leading zeros."""
    return ID.fullmatch(text) is not None and int(text) <= MAX_ID


def ledger_findings(table: Table, keys: Mapping[str, Collection[Key]], cells: CellRules) -> Iterator[Finding]:
    """Everything that is wrong with the ledger by itself, or with its parents.

    Args:
        table: the ledger as read.
        keys: keys of the seeds by domain; a key of the ledger that is no longer among them is retired, and fine.
        cells: the rules about single cells.
    """
    yield from cells.findings(table, may_be_blank=("parent_key",))
    for row in table.rows:
        yield from _cells_of_ledger(row)
    lines = ledger_lines(table)
    yield from _parents(lines, keys)
    yield from _ids(lines)


def _cells_of_ledger(row: Row) -> Iterator[Finding]:
    domain, number = row.cells["domain"], row.cells["id"]
    if domain and domain not in DOMAINS_BY_NAME:
        message = f"There is no domain {domain!r}."
        remedy = f"Write one of {', '.join(known.name for known in DOMAINS)}."
        yield Finding(LEDGER_FILE, row.line, "domain", domain, Rule.UNKNOWN_DOMAIN, message, remedy)
    if number and not is_id(number):
        message = f"The ID {number!r} is not an integer from 1 to {MAX_ID}."
        remedy = "Restore the line from Git; `touchstone lookups mint` writes IDs."
        yield Finding(LEDGER_FILE, row.line, "id", number, Rule.INVALID_ID, message, remedy)


def _parents(lines: list[tuple[int, LedgerLine]], keys: Mapping[str, Collection[Key]]) -> Iterator[Finding]:
    known: dict[str, set[str]] = {domain.name: {key.key for key in keys.get(domain.name, ())} for domain in DOMAINS}
    for _, entry in lines:
        known[entry.domain].add(entry.key)
    for line, entry in lines:
        parent = DOMAINS_BY_NAME[entry.domain].parent
        if parent is None and entry.parent_key:
            message = (
                f"{entry.domain} has no parent domain, so {entry.key!r} cannot have the parent {entry.parent_key!r}."
            )
            remedy = "Empty the cell."
        elif parent is not None and entry.parent_key not in known[parent]:
            message = f"The parent {entry.parent_key!r} of {entry.domain} {entry.key!r} is not a key of {parent}."
            remedy = "Restore the line from Git."
        else:
            continue
        yield Finding(LEDGER_FILE, line, "parent_key", entry.parent_key, Rule.UNKNOWN_PARENT, message, remedy)


def _ids(lines: list[tuple[int, LedgerLine]]) -> Iterator[Finding]:
    line_of_id: dict[tuple[str, int], int] = {}
    line_of_key: dict[tuple[str, str, str], int] = {}
    highest: dict[str, int] = {}
    for line, entry in lines:
        first = line_of_id.setdefault((entry.domain, entry.id), line)
        if first != line:
            message = f"{entry.domain} uses the ID {entry.id} on line {first} already."
            remedy = "Delete the line that came later and run `touchstone lookups mint`."
            yield Finding(LEDGER_FILE, line, "id", str(entry.id), Rule.ID_USED_TWICE, message, remedy)
        elif entry.id < highest.get(entry.domain, 0):
            message = f"The ID {entry.id} of {entry.domain} stands behind {highest[entry.domain]}."
            remedy = "Put the lines back into the order in which they were minted."
            yield Finding(LEDGER_FILE, line, "id", str(entry.id), Rule.LEDGER_ORDER, message, remedy)
        highest[entry.domain] = max(entry.id, highest.get(entry.domain, 0))
        first = line_of_key.setdefault((entry.domain, entry.parent_key, entry.key), line)
        if first != line:
            message = f"{entry.domain} {entry.key!r} has an ID on line {first} already."
            remedy = "Delete the line that came later; a key keeps its first ID."
            yield Finding(LEDGER_FILE, line, "key", entry.key, Rule.KEY_TWICE, message, remedy)
