"""The rules that keep the ledger append-only: every ID once, every code once, each below a parent that exists."""

from collections.abc import Collection, Iterator, Mapping
from operator import lt

from orchestrator.lookups.cells import cell_findings, places, unclean_cells
from orchestrator.lookups.domains import DOMAINS, DOMAINS_BY_NAME, LEDGER_FILE
from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.ledger import MAX_ID, Book, bad_ids
from orchestrator.lookups.reading import Table
from orchestrator.lookups.register import Parent, Register


def ledger_findings(
    table: Table, books: Mapping[str, Book], registers: Mapping[str, Register], parents: Mapping[str, Collection[str]]
) -> list[Finding]:
    """Everything that is wrong with the ledger by itself, or with its parents.

    Args:
        table: the ledger as read.
        books: its lines by domain.
        registers: who owns which ID, by domain.
        parents: by domain, keys and aliases of the desk that a parent may be named by, beside the keys of the ledger; a
            key of the ledger that is no longer among them is retired, and fine.
    """
    findings = [
        *table.findings,
        *cell_findings(table, unclean_cells(table), may_be_blank=("parent_key",)),
        *_unknown_domains(table),
        *_invalid_ids(table),
    ]
    for name, book in books.items():
        findings += _unknown_parents(name, book, books, parents)
        findings += _id_findings(name, book)
        findings += _keys_twice(registers[name], book)
    return findings


def unknown_domain(file: str, line: int, domain: str) -> Finding:
    """The finding about a domain that nobody declared."""
    remedy = f"Write one of {', '.join(known.name for known in DOMAINS)}."
    return Finding(file, line, "domain", domain, Rule.UNKNOWN_DOMAIN, f"There is no domain {domain!r}.", remedy)


def _unknown_domains(table: Table) -> Iterator[Finding]:
    unknown = set(table.columns.get("domain", ())) - DOMAINS_BY_NAME.keys() - {""}
    for line, domain in places(table, "domain", unknown):
        yield unknown_domain(table.file, line, domain)


def _invalid_ids(table: Table) -> Iterator[Finding]:
    for line, number in places(table, "id", bad_ids(table.columns.get("id", ())) - {""}):
        message = f"The ID {number!r} is not an integer from 1 to {MAX_ID}."
        remedy = "Restore the line from Git; `touchstone lookups mint` writes IDs."
        yield Finding(table.file, line, "id", number, Rule.INVALID_ID, message, remedy)


def _unknown_parents(
    name: str, book: Book, books: Mapping[str, Book], parents: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    parent = DOMAINS_BY_NAME[name].parent
    distinct = set(book.parents)
    if parent is None:
        unknown = distinct - {""}
        remedy = "Empty the cell."
    else:
        unknown = distinct.difference(parents.get(parent, ()), books[parent].keys)
        remedy = "Restore the line from Git."
    if not unknown:
        return
    for line, key, parent_key in zip(book.lines, book.keys, book.parents, strict=True):
        if parent_key in unknown:
            message = (
                f"{name} has no parent domain, so {key!r} cannot have the parent {parent_key!r}."
                if parent is None
                else f"The parent {parent_key!r} of {name} {key!r} is not a key of {parent}."
            )
            yield Finding(LEDGER_FILE, line, "parent_key", parent_key, Rule.UNKNOWN_PARENT, message, remedy)


def _id_findings(name: str, book: Book) -> Iterator[Finding]:
    """IDs that stand twice, or behind a higher one."""
    if _is_rising(book.ids):
        return
    first_line: dict[int, int] = {}
    highest = 0
    for line, number in zip(book.lines, book.ids, strict=True):
        first = first_line.setdefault(number, line)
        if first != line:
            message = f"{name} uses the ID {number} on line {first} already."
            remedy = "Delete the line that came later and run `touchstone lookups mint`."
            yield Finding(LEDGER_FILE, line, "id", str(number), Rule.ID_USED_TWICE, message, remedy)
        elif number < highest:
            message = f"The ID {number} of {name} stands behind {highest}."
            remedy = "Put the lines back into the order in which they were minted."
            yield Finding(LEDGER_FILE, line, "id", str(number), Rule.LEDGER_ORDER, message, remedy)
        highest = max(number, highest)


def _is_rising(ids: list[int]) -> bool:
    return all(map(lt, ids, ids[1:]))


def _keys_twice(register: Register, book: Book) -> Iterator[Finding]:
    """Codes with two lines, be it below two spellings of one parent."""
    if sum(map(len, register.minted.values())) == len(book.keys):
        return
    name = register.domain.name
    first_line: dict[tuple[Parent, str], int] = {}
    for line, parent_key, key in zip(book.lines, book.parents, book.keys, strict=True):
        first = first_line.setdefault((register.parent(parent_key), key), line)
        if first != line:
            message = f"{name} {key!r} has an ID on line {first} already."
            remedy = "Delete the line that came later; a key keeps its first ID."
            yield Finding(LEDGER_FILE, line, "key", key, Rule.KEY_TWICE, message, remedy)
