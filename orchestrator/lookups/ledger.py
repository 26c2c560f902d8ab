"""The ledger of IDs: its lines, by domain."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, NamedTuple

from orchestrator.lookups.domains import DOMAINS
from orchestrator.lookups.reading import Table

# IDs are UInt32 in the warehouse, and 0 means none
MAX_ID: Final = 2**32 - 1
ID: Final = re.compile(r"[1-9][0-9]{0,9}")


class LedgerLine(NamedTuple):
    """One frozen ID: domain, parent key (empty for domains without parent), key, ID from 1."""

    domain: str
    parent_key: str
    key: str
    id: int


@dataclass(frozen=True)
class Book:
    """The lines of one domain, by column, in the order of the ledger; only those that have a usable ID."""

    parents: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def read_books(table: Table) -> dict[str, Book]:
    """The ledger by domain; every domain has a book."""
    books = {domain.name: Book() for domain in DOMAINS}
    if not table.height:
        return books
    domains, parents, keys, numbers = (table.columns[name] for name in ("domain", "parent_key", "key", "id"))
    lines = table.lines
    if bad_ids(numbers):
        usable = [place for place, number in enumerate(numbers) if is_id(number)]
        domains, parents, keys, numbers = (
            [column[place] for place in usable] for column in (domains, parents, keys, numbers)
        )
        lines = [lines[place] for place in usable]
    # lines of one domain stand together, a run for each mint
    start = 0
    for name, run in groupby(domains):
        end = start + sum(1 for _ in run)
        if book := books.get(name):
            book.parents.extend(parents[start:end])
            book.keys.extend(keys[start:end])
            book.ids.extend(map(int, numbers[start:end]))
            book.lines.extend(lines[start:end])
        start = end
    return books


def is_id(text: str) -> bool:
    """Whether the text is an ID: 1 to 4294967295, written without sign, blanks or leading zeros."""
    return ID.fullmatch(text) is not None and int(text) <= MAX_ID


def bad_ids(numbers: Collection[str]) -> set[str]:
    """The texts that are no ID."""
    try:
        ids = list(map(int, numbers))
        # int() reads signs, blanks, underscores and other scripts' digits too
        if not ids or (min(ids) >= 1 and max(ids) <= MAX_ID and all(map(str.__eq__, map(str, ids), numbers))):
            return set()
    except ValueError:
        pass
    return {number for number in set(numbers) if not is_id(number)}
