"""Who owns which ID. A code is its domain, its parent's ID and its key, so that a parent may change its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.lookups.domains import DOMAINS, Domain
from orchestrator.lookups.ledger import Book
from orchestrator.lookups.reading import Table

# what a key's parent is: its ID, or its spelling as long as it has none; an empty string in a domain without parent
Parent = int | str


class AliasLine(NamedTuple):
    """A line of lookup_aliases.csv: an old or other spelling of a key."""

    line: int
    domain: str
    parent_key: str
    alias: str
    key: str


class Heir(NamedTuple):
    """What a key inherits from an alias that was minted: its ID, and the spelling that owns it in the ledger."""

    id: int
    spelling: str


@dataclass(frozen=True)
class Register:
    """The IDs of one domain.

    Attributes:
        domain: the domain.
        above: the register of the parent domain, or None.
        minted: parent -> key -> ID, as the ledger has them.
        aliases: parent -> alias -> key.
        heirs: parent -> key -> what it inherits; the check refuses a second one.
    """

    domain: Domain
    above: "Register | None"
    minted: Mapping[Parent, Mapping[str, int]]
    aliases: Mapping[Parent, Mapping[str, str]]
    heirs: Mapping[Parent, Mapping[str, Heir]]

    def parent(self, parent_key: str) -> Parent:
        """What a parent key stands for, whichever of its spellings it is."""
        if self.above is None:
            return ""
        return self.above.find("", parent_key) or parent_key

    def find(self, parent_key: str, spelling: str) -> int | None:
        """The ID of a key or an alias: its own from the ledger, else the one it inherits, else that of its key."""
        return self.find_below(self.parent(parent_key), spelling)

    def find_below(self, parent: Parent, spelling: str) -> int | None:
        """The same for a parent that is known."""
        key = self.aliases.get(parent, {}).get(spelling, spelling)
        return self._effective(parent, spelling) or self._effective(parent, key)

    def ledger_spelling(self, spelling: str) -> str:
        """The spelling under which the ledger knows a code of a domain without parent; itself if it is new."""
        key = self.aliases.get("", {}).get(spelling, spelling)
        for known in (spelling, key):
            if known in self.minted.get("", {}):
                return known
            if heir := self.heirs.get("", {}).get(known):
                return heir.spelling
        return key

    def unknown(self, parent: Parent, keys: Iterable[str]) -> set[str]:
        """Those of the keys that resolve to no ID, and are no alias."""
        minted, heirs, aliases = (book.get(parent, {}) for book in (self.minted, self.heirs, self.aliases))
        return set(keys).difference(minted, heirs, aliases)

    def _effective(self, parent: Parent, key: str) -> int | None:
        if own := self.minted.get(parent, {}).get(key):
            return own
        heir = self.heirs.get(parent, {}).get(key)
        return heir.id if heir else None


def alias_lines(table: Table | None) -> list[AliasLine]:
    """The rows of the aliases."""
    if table is None or not table.height:
        return []
    names = ("domain", "parent_key", "alias", "key")
    return [AliasLine(*row) for row in zip(table.lines, *(table.columns[name] for name in names), strict=True)]


def open_registers(books: Mapping[str, Book], aliases: Iterable[AliasLine]) -> dict[str, Register]:
    """The register of every domain, in the order of the domains."""
    lines: dict[str, list[AliasLine]] = {domain.name: [] for domain in DOMAINS}
    for line in aliases:
        if line.domain in lines:
            lines[line.domain].append(line)
    registers: dict[str, Register] = {}
    for domain in sorted(DOMAINS, key=lambda domain: domain.parent is not None):
        above = registers[domain.parent] if domain.parent else None
        registers[domain.name] = _register(domain, above, books[domain.name], lines[domain.name])
    return {domain.name: registers[domain.name] for domain in DOMAINS}


def _register(domain: Domain, above: Register | None, book: Book, lines: list[AliasLine]) -> Register:
    blank = Register(domain, above, {}, {}, {})
    minted = _minted(blank, book)
    aliases: dict[Parent, dict[str, str]] = {}
    heirs: dict[Parent, dict[str, Heir]] = {}
    for line in lines:
        parent = blank.parent(line.parent_key)
        aliases.setdefault(parent, {}).setdefault(line.alias, line.key)
        own = minted.get(parent, {}).get(line.alias)
        if own is not None and aliases[parent][line.alias] == line.key:
            heir = Heir(own, line.alias)
            known = heirs.setdefault(parent, {}).setdefault(line.key, heir)
            heirs[parent][line.key] = min(known, heir)
    return Register(domain, above, minted, aliases, heirs)


def _minted(blank: Register, book: Book) -> dict[Parent, dict[str, int]]:
    """Of lines that stand twice the first one counts, so the book is read backwards."""
    if blank.above is None:
        return {"": dict(zip(reversed(book.keys), reversed(book.ids), strict=True))}
    parents = {parent_key: blank.parent(parent_key) for parent_key in set(book.parents)}
    minted: dict[Parent, dict[str, int]] = {}
    for parent_key, key, number in zip(reversed(book.parents), reversed(book.keys), reversed(book.ids), strict=True):
        minted.setdefault(parents[parent_key], {})[key] = number
    return minted
