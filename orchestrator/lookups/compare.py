"""What a change of the desk does to its codes: the desk before and after, compared by identity, not by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from orchestrator.lookups.check import NO_FILES
from orchestrator.lookups.domains import DOMAINS, Domain
from orchestrator.lookups.memory import uncollected
from orchestrator.lookups.parsing import Desk, parse_desk
from orchestrator.lookups.register import Parent, Register


class Code(NamedTuple):
    """A code of a domain and its ID; None as long as it is not minted."""

    domain: str
    parent_key: str
    key: str
    id: int | None


class Rename(NamedTuple):
    """A code that goes by another key and keeps its ID."""

    domain: str
    parent_key: str
    old: str
    new: str
    id: int


class Merge(NamedTuple):
    """A code that is retired in favour of another one; its spelling keeps its ID."""

    domain: str
    parent_key: str
    old: str
    old_id: int | None
    new: str
    new_id: int | None


class AttributeChange(NamedTuple):
    """An attribute of a code before and after."""

    domain: str
    key: str
    id: int | None
    attribute: str
    before: str
    after: str


@dataclass
class Changes:
    """Everything that changes, domain by domain and sorted by key."""

    new: list[Code] = field(default_factory=list)
    retired: list[Code] = field(default_factory=list)
    returned: list[Code] = field(default_factory=list)
    renamed: list[Rename] = field(default_factory=list)
    merged: list[Merge] = field(default_factory=list)
    changed: list[AttributeChange] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.new or self.retired or self.returned or self.renamed or self.merged or self.changed)

    def affected_ids(self) -> dict[str, set[int]]:
        """By domain, IDs of codes that were there before and are not the same after; facts may hold them."""
        touched = [
            *((code.domain, code.id) for code in self.retired),
            *((rename.domain, rename.id) for rename in self.renamed),
            *((merge.domain, merge.old_id) for merge in self.merged),
            *((change.domain, change.id) for change in self.changed),
        ]
        ids: dict[str, set[int]] = {}
        for domain, number in touched:
            if number is not None:
                ids.setdefault(domain, set()).add(number)
        return ids


class _Listed(NamedTuple):
    """A code as one of the two desks lists it."""

    parent_key: str
    key: str
    attributes: tuple[str, ...]


_Codes = Mapping[tuple[Parent, str], _Listed]


def compare(
    before: Mapping[str, bytes], after: Mapping[str, bytes], catalogues: Mapping[str, bytes] = NO_FILES
) -> Changes:
    """What changes from one desk to another.

    A desk with errors is compared as far as it can be read.

    Args:
        before: content by file name, as for `check_lookups`; columns of domains that were declared later may be absent.
        after: content by file name, as for `check_lookups`.
        catalogues: content by name of catalogues that go with both.
    """
    with uncollected():
        old, new = parse_desk(before, catalogues, is_earlier=True), parse_desk(after, catalogues)
        changes = Changes()
        for domain in DOMAINS:
            _compare_domain(domain, old, new, changes)
        return changes


def _compare_domain(domain: Domain, old: Desk, new: Desk, changes: Changes) -> None:
    before, after = _codes(old, domain), _codes(new, domain)
    were, are = old.registers[domain.name], new.registers[domain.name]
    name, renamed = domain.name, {}
    for parent, key in sorted(after.keys() - before.keys(), key=str):
        listed, number = after[parent, key], are.find_below(parent, key)
        heir = are.heirs.get(parent, {}).get(key)
        if heir and key not in are.minted.get(parent, {}):
            renamed[parent, heir.spelling] = (parent, key)
            changes.renamed.append(Rename(name, listed.parent_key, heir.spelling, key, heir.id))
        elif were.find_below(parent, key) is not None:
            changes.returned.append(Code(name, listed.parent_key, key, number))
        else:
            changes.new.append(Code(name, listed.parent_key, key, number))
    changes.new += _minted_elsewhere(domain, old, new, after)
    for parent, key in sorted(before.keys() - after.keys() - renamed.keys(), key=str):
        listed, number = before[parent, key], were.find_below(parent, key)
        successor = are.aliases.get(parent, {}).get(key)
        if successor is not None:
            target = are.find_below(parent, successor)
            changes.merged.append(Merge(name, listed.parent_key, key, number, successor, target))
        else:
            changes.retired.append(Code(name, listed.parent_key, key, number))
    pairs = chain(((code, code) for code in before if code in after), renamed.items())
    differing = [
        (code, heir) for code, heir in pairs if code in before and before[code].attributes != after[heir].attributes
    ]
    for code, successor_code in sorted(differing, key=str):
        changes.changed += _attribute_changes(domain, before[code], after[successor_code], are)


def _minted_elsewhere(domain: Domain, old: Desk, new: Desk, after: _Codes) -> Iterator[Code]:
    """Codes that the ledger has anew and the desk does not list: those of a catalogue."""
    highest = max(old.books[domain.name].ids, default=0)
    register, book = new.registers[domain.name], new.books[domain.name]
    for parent_key, key, number in zip(book.parents, book.keys, book.ids, strict=True):
        if number > highest and (register.parent(parent_key), key) not in after:
            yield Code(domain.name, parent_key, key, number)


def _attribute_changes(
    domain: Domain, before: _Listed, after: _Listed, register: Register
) -> Iterator[AttributeChange]:
    number = register.find(after.parent_key, after.key)
    for attribute, old, new in zip(domain.attributes, before.attributes, after.attributes, strict=True):
        if old != new:
            yield AttributeChange(domain.name, after.key, number, attribute.name, old, new)


def _codes(desk: Desk, domain: Domain) -> _Codes:
    """The codes by identity, with the attributes of their first row; an alias that a catalogue uses is its key."""
    register = desk.registers[domain.name]
    codes: dict[tuple[Parent, str], _Listed] = {}
    for parent, shelves in desk.shelves[domain.name].items():
        aliases = register.aliases.get(parent, {})
        for shelf in shelves:
            table = shelf.listing.sheet.table
            columns = [table.columns[attribute.column] for attribute in domain.attributes]
            place = {line: number for number, line in enumerate(table.lines)} if columns else {}
            for key, line in shelf.keys.items():
                known = aliases.get(key, key) if shelf.listing.sheet.is_catalogue else key
                attributes = tuple(column[place[line]] for column in columns)
                codes.setdefault((parent, known), _Listed(shelf.parent_key, known, attributes))
    return codes
