"""The rules of lookup_aliases.csv: each line names an old or other spelling, and the key that it stands for."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rapidfuzz import fuzz, process

from orchestrator.lookups.cells import cell_findings, unclean_cells
from orchestrator.lookups.domains import ALIASES_FILE, DOMAINS_BY_NAME
from orchestrator.lookups.findings import Finding, Rule, Severity
from orchestrator.lookups.ledger_rules import unknown_domain
from orchestrator.lookups.parsing import Desk, Shelf
from orchestrator.lookups.register import AliasLine, Parent

# percent of letters in common and in order; ASK and BID have none, PX_LAST and PX_LST have 92
LIKENESS: Final = 80


def alias_findings(desk: Desk) -> Iterator[Finding]:
    """Everything that is wrong with the aliases; at most one finding per line beside those about its cells."""
    if desk.aliases is None:
        return
    yield from desk.aliases.findings
    unclean = unclean_cells(desk.aliases)
    yield from cell_findings(desk.aliases, unclean, may_be_blank=("parent_key",))
    first_line: dict[tuple[str, Parent, str], int] = {}
    renamed: dict[tuple[str, Parent, str], AliasLine] = {}
    for line in desk.alias_lines:
        if line.domain not in desk.registers:
            if line.domain:
                yield unknown_domain(ALIASES_FILE, line.line, line.domain)
        elif line.alias in unclean["alias"] or line.key in unclean["key"]:
            continue
        elif (finding := _wrong_parent(desk, line)) is not None:
            yield finding
        else:
            parent = desk.registers[line.domain].parent(line.parent_key)
            first = first_line.setdefault((line.domain, parent, line.alias), line.line)
            if (finding := _wrong(desk, line, parent, first)) is not None:
                yield finding
            elif _hands_its_id_on(desk, line, parent):
                heir_of = renamed.setdefault((line.domain, parent, line.key), line)
                if heir_of is not line:
                    yield _ambiguous(desk, line, heir_of, parent)


def csv_text(cells: Iterable[object]) -> str:
    """A line of a file, as one would write it."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _wrong_parent(desk: Desk, line: AliasLine) -> Finding | None:
    above = DOMAINS_BY_NAME[line.domain].parent
    if above is None:
        if not line.parent_key:
            return None
        message = f"{line.domain} has no parent domain, so {line.alias!r} cannot have the parent {line.parent_key!r}."
        remedy = "Empty the cell."
    else:
        is_listed = any(line.parent_key in shelf.keys for shelf in desk.shelves[above].get("", ()))
        if is_listed or desk.registers[above].find("", line.parent_key):
            return None
        message = f"The parent {line.parent_key!r} of {line.domain} {line.alias!r} is not a key of {above}."
        remedy = f"Write a key of {above}, or delete the line."
    return Finding(ALIASES_FILE, line.line, "parent_key", line.parent_key, Rule.UNKNOWN_PARENT, message, remedy)


def _wrong(desk: Desk, line: AliasLine, parent: Parent, first: int) -> Finding | None:
    noun, alias, key = DOMAINS_BY_NAME[line.domain].noun, line.alias, line.key
    register = desk.registers[line.domain]
    aliases, below = register.aliases.get(parent, {}), desk.shelves[line.domain].get(parent, ())
    minted = register.minted.get(parent, {})
    column, value, severity = "alias", alias, Severity.ERROR
    if alias == key:
        rule, message, remedy = Rule.ALIAS_OF_ITSELF, f"{alias!r} is an alias of itself.", "Delete the line."
    elif first != line.line:
        rule, message = Rule.ALIAS_TWICE, f"The alias {alias!r} stands on line {first} already."
        remedy = "Delete the line that is wrong."
    elif place := _place_in_seeds(below, alias):
        rule, message = Rule.ALIAS_IS_KEY, f"The alias {alias!r} is itself a {noun}, on {place}."
        remedy = f"Write {key!r} there, or delete the alias."
    elif key in aliases:
        rule, message = Rule.ALIAS_OF_ALIAS, f"{key!r} is an alias itself."
        remedy, column, value = _end_of_chain(aliases, key), "key", key
    elif not any(key in shelf.keys for shelf in below) and key not in minted:
        rule, message = Rule.ALIAS_TO_NOTHING, f"There is no {noun} {key!r}, neither on the desk nor in the ledger."
        remedy, column, value = f"Write a {noun} that exists, or delete the line.", "key", key
        if meant := _much_like(desk, line.domain, parent, key):
            remedy = f"Write {meant!r} if that is meant, or delete the line."
        elif alias in minted or key in register.heirs.get(parent, {}):
            # what was renamed and later retired keeps its lines: rows of its later spellings must go on resolving
            severity = Severity.WARNING
            remedy = f"If {key!r} was retired, keep the line; if it is misspelt, write a {noun} that exists."
    else:
        return None
    return Finding(ALIASES_FILE, line.line, column, value, rule, message, remedy, severity)


def _hands_its_id_on(desk: Desk, line: AliasLine, parent: Parent) -> bool:
    """Whether the key has no ID of its own, and the alias has one."""
    minted = desk.registers[line.domain].minted.get(parent, {})
    return line.alias in minted and line.key not in minted


def _ambiguous(desk: Desk, line: AliasLine, first: AliasLine, parent: Parent) -> Finding:
    minted = desk.registers[line.domain].minted[parent]
    message = (
        f"{line.key!r} is a new spelling of {first.alias!r} (ID {minted[first.alias]}) on line {first.line} already, "
        f"and of {line.alias!r} (ID {minted[line.alias]}) here: it can have the ID of one only."
    )
    remedy = "Delete the line of the one that was merged into the other; it keeps its ID without an alias."
    return Finding(ALIASES_FILE, line.line, "alias", line.alias, Rule.ALIAS_AMBIGUOUS, message, remedy)


def _much_like(desk: Desk, domain: str, parent: Parent, key: str) -> str:
    """The key without ID that resembles this one most, or an empty string."""
    new = [key for _, below, keys in desk.new_keys(DOMAINS_BY_NAME[domain]) if below == parent for key in sorted(keys)]
    found = process.extractOne(key, new, scorer=fuzz.ratio, score_cutoff=LIKENESS)
    return found[0] if found else ""


def _place_in_seeds(below: Iterable[Shelf], key: str) -> str:
    """Where the key stands in seeds/; a catalogue may use any spelling."""
    for shelf in below:
        if key in shelf.keys and not shelf.listing.sheet.is_catalogue:
            return f"line {shelf.keys[key]} of {shelf.listing.sheet.table.file}"
    return ""


def _end_of_chain(aliases: Mapping[str, str], key: str) -> str:
    seen = set()
    while key in aliases and key not in seen:
        seen.add(key)
        key = aliases[key]
    return "The aliases go in a circle; delete one of them." if key in seen else f"Write {key!r}, which it stands for."
