"""Keys that vanish while a similar one appears: most likely a new spelling, which wants an alias and no new ID."""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from typing import Final

from rapidfuzz import fuzz, process

from orchestrator.lookups.aliases import LIKENESS, csv_text
from orchestrator.lookups.domains import ALIASES_FILE, Domain
from orchestrator.lookups.findings import Finding, Rule, Severity
from orchestrator.lookups.parsing import Desk, Shelf
from orchestrator.lookups.register import Parent

# so many comparisons take a second; beyond, a key is compared with its neighbours in alphabetical order only
_COMPARISONS: Final = 4_000_000
_NEIGHBOURS: Final = 6
# who adds more keys of a domain in one go renames none of them
_KEYS: Final = 100_000
_MARKS: Final = re.compile(r"[\W_]+")
_DIGITS: Final = re.compile(r"[^0-9]+")


def possible_renames(desk: Desk, domain: Domain) -> Iterator[Finding]:
    """One warning for each key without ID that resembles a key of the ledger that is on the desk no longer."""
    register = desk.registers[domain.name]
    shelves = desk.shelves[domain.name]
    for shelf, parent, new in desk.new_keys(domain):
        listed: set[str] = set().union(*(other.keys for other in shelves[parent]))
        vanished = register.minted.get(parent, {}).keys() - listed - register.aliases.get(parent, {}).keys()
        if vanished and len(new) <= _KEYS:
            for key, old in _pairs(new, vanished):
                yield _suggestion(desk, shelf, parent, key, old)


def _pairs(new: Collection[str], vanished: Collection[str]) -> Iterator[tuple[str, str]]:
    """(new key, the vanished one that it resembles most)."""
    squeezed = {_squeeze(old): old for old in sorted(vanished, reverse=True)}
    candidates = _candidates(squeezed, len(new) * len(squeezed))
    for key in new:
        form = _squeeze(key)
        if form in squeezed:
            yield key, squeezed[form]
            continue
        digits = _digits(form)
        # another number is another thing, however alike the letters are
        rivals = [rival for rival in candidates(form) if _digits(rival) == digits]
        if best := process.extractOne(form, rivals, scorer=fuzz.ratio, score_cutoff=LIKENESS):
            yield key, squeezed[best[0]]


def _candidates(squeezed: Collection[str], comparisons: int) -> Callable[[str], Collection[str]]:
    """What a key is compared with: everything, or what stands near it when read forwards or backwards."""
    if comparisons <= _COMPARISONS:
        by_digits: dict[str, list[str]] = {}
        for form in sorted(squeezed):
            by_digits.setdefault(_digits(form), []).append(form)
        return lambda form: by_digits.get(_digits(form), ())
    forwards = sorted(squeezed)
    backwards = sorted(form[::-1] for form in squeezed)

    def neighbours(form: str) -> list[str]:
        return [*_around(forwards, form), *(rival[::-1] for rival in _around(backwards, form[::-1]))]

    return neighbours


def _around(forms: list[str], form: str) -> list[str]:
    place = bisect_left(forms, form)
    return forms[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]


def _squeeze(key: str) -> str:
    """The key without case and punctuation; the key itself if nothing else is left."""
    return _MARKS.sub("", key.casefold()) or key


def _digits(form: str) -> str:
    return _DIGITS.sub(" ", form).strip()


def _suggestion(desk: Desk, shelf: Shelf, parent: Parent, key: str, old: str) -> Finding:
    domain = shelf.listing.domain
    number = desk.registers[domain.name].minted[parent][old]
    line = csv_text((domain.name, shelf.parent_key, old, key))
    message = f"The {domain.noun} {old!r} (ID {number}) is gone and {key!r} is new and much like it."
    remedy = (
        f"If it is the same one renamed, add the line `{line}` to {ALIASES_FILE}, and it keeps its ID; otherwise "
        f"`touchstone lookups mint` gives {key!r} a new one."
    )
    place = (shelf.listing.sheet.table.file, shelf.keys[key], domain.key_column, key)
    return Finding(*place, Rule.POSSIBLE_RENAME, message, remedy, Severity.WARNING)
