"""Rules about what the desk lists: rows, keys and attributes, in one file and across files."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, filterfalse

from orchestrator.lookups.cells import fold, places
from orchestrator.lookups.domains import DOMAINS_BY_NAME, Domain
from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.listing import Listing, Sheet
from orchestrator.lookups.lookalikes import ascii_skeleton, skeleton
from orchestrator.lookups.parsing import Shelf
from orchestrator.lookups.reading import Table
from orchestrator.lookups.register import Parent, Register

Attributes = tuple[str, ...]


def duplicates(table: Table) -> Iterator[Finding]:
    """Rows that stand twice in a file."""
    columns = list(table.columns.values())
    if _are_distinct(columns, table.height):
        return
    first_line: dict[tuple[str, ...], int] = {}
    for line, *cells in zip(table.lines, *columns, strict=True):
        first = first_line.setdefault(tuple(cells), line)
        if first != line:
            message = f"The row is the same as the one on line {first}."
            yield Finding(table.file, line, "", "", Rule.DUPLICATE_ROW, message, "Delete it.")


def unknown_values(sheet: Sheet, domain: Domain) -> Iterator[Finding]:
    """Attributes that are none of the values they may have."""
    table = sheet.table
    for attribute in domain.attributes:
        column = attribute.column
        if attribute.values and column in table.columns:
            unknown = set(table.columns[column]).difference(attribute.values, sheet.unclean[column])
            remedy = f"Write one of {', '.join(attribute.values)}."
            for line, value in places(table, column, unknown):
                message = f"There is no {column} {value!r}."
                yield Finding(table.file, line, column, value, Rule.UNKNOWN_VALUE, message, remedy)


def conflicts(listings: Sequence[Listing], domain: Domain) -> Iterator[Finding]:
    """Attributes that differ from those of the key's first row, in whichever file that stands."""
    if not domain.attributes:
        return
    known: dict[str, tuple[str, int, Attributes]] = {}
    for place, listing in enumerate(listings, start=1):
        table = listing.sheet.table
        attributes = [table.columns[attribute.column] for attribute in domain.attributes]
        keys = table.columns[domain.key_column]
        is_last = place == len(listings)
        if is_last and _agree(keys, attributes):
            if known.keys().isdisjoint(keys):
                return
            # among themselves they agree, so only keys of the files before can be contradicted
            keys_to_judge: Collection[str] = known.keys() & set(keys)
        else:
            keys_to_judge = {key for below in listing.keys.values() for key in below}
        for line, key, *values in zip(table.lines, keys, *attributes, strict=True):
            if key not in keys_to_judge:
                continue
            file, first, expected = known.setdefault(key, (table.file, line, tuple(values)))
            if tuple(values) != expected:
                where = f"on line {first}" if file == table.file else f"on line {first} of {file}"
                yield from _differences(domain, (table.file, line, key), tuple(values), expected, where)


def several_parents(listings: Iterable[Listing], register: Register) -> Iterator[Finding]:
    """Keys under two parents, in a domain where a key has one."""
    domain = register.domain
    if domain.parent is None or domain.several_parents:
        return
    first: dict[str, tuple[Parent, str, int, str]] = {}
    for listing in listings:
        file = listing.sheet.table.file
        rows = [(line, key, name) for name, keys in listing.keys.items() for key, line in keys.items()]
        for line, key, name in sorted(rows):
            parent = register.parent(name)
            known, known_name, known_line, known_file = first.setdefault(key, (parent, name, line, file))
            if parent != known:
                where = f"line {known_line}" if known_file == file else f"line {known_line} of {known_file}"
                column = DOMAINS_BY_NAME[domain.parent].key_column
                message = f"The {domain.noun} {key!r} stands under {name!r} here and under {known_name!r} on {where}."
                remedy = "A key of this domain has one parent: write the right one everywhere."
                yield Finding(file, line, column, name, Rule.SEVERAL_PARENTS, message, remedy)


def twins(shelves: Sequence[Shelf], parent: Parent, register: Register) -> Iterator[Finding]:
    """Keys below one parent that differ only in case, or not to the eye; the ledger has the right spelling."""
    aliases, minted = register.aliases.get(parent, {}), register.minted.get(parent, {})
    new = set().union(*(shelf.keys for shelf in shelves)).difference(minted, aliases)
    if not new:
        return
    known = list(chain(minted, aliases))
    are_plain = "".join(new).isascii() and "".join(known).isascii()
    form = str.casefold if are_plain else fold
    forms = set(map(form, new))
    if len(forms) < len(new) or not forms.isdisjoint(map(form, known)):
        yield from _case_twins(shelves, parent, register)
    if not are_plain:
        spellings = new.union(known)
        exotic = set(filterfalse(str.isascii, spellings))
        yield from _look_alike_twins(shelves, parent, register, _alike(exotic, spellings - exotic))


def _case_twins(shelves: Sequence[Shelf], parent: Parent, register: Register) -> Iterator[Finding]:
    domain, aliases, minted = register.domain, register.aliases.get(parent, {}), register.minted.get(parent, {})
    rivals: dict[str, str] = {}
    for known in (*minted, *aliases):
        rivals.setdefault(fold(known), known)
    for alias, key in aliases.items():
        # an alias may spell its own key in another way
        if fold(alias) == fold(key):
            rivals[fold(alias)] = key
    for shelf in shelves:
        for line, key in sorted((line, key) for key, line in shelf.keys.items()):
            other = rivals.setdefault(fold(key), key)
            if other != key and key not in minted and key not in aliases:
                message = f"The {domain.name} {key!r} differs from {other!r} only in case."
                yield _twin(shelf, Rule.CASE_TWIN, (line, key, other), message)


def _look_alike_twins(
    shelves: Sequence[Shelf], parent: Parent, register: Register, alike: Mapping[str, set[str]]
) -> Iterator[Finding]:
    aliases, minted = register.aliases.get(parent, {}), register.minted.get(parent, {})
    for shelf in shelves:
        for key in (alike.keys() & shelf.keys.keys()) - minted.keys() - aliases.keys():
            others = [other for other in alike[key] if fold(other) != fold(key) and aliases.get(other) != key]
            other = min(others, key=lambda spelling: (spelling not in minted, spelling), default=key)
            if other in minted or other < key:
                message = f"The {register.domain.name} {key!r} looks the same as {other!r}."
                yield _twin(shelf, Rule.LOOK_ALIKE_TWIN, (shelf.keys[key], key, other), message)


def _alike(exotic: set[str], plain: set[str]) -> dict[str, set[str]]:
    """By spelling, the others that look the same; two spellings in ASCII are never taken for each other."""
    forms: dict[str, set[str]] = {}
    for spelling in exotic:
        forms.setdefault(skeleton(spelling), set()).add(spelling)
    alike = {spelling: form - {spelling} for form in forms.values() if len(form) > 1 for spelling in form}
    for spelling in plain:
        for other in forms.get(ascii_skeleton(spelling), ()):
            alike.setdefault(spelling, set()).add(other)
            alike.setdefault(other, set()).add(spelling)
    return alike


def _twin(shelf: Shelf, rule: Rule, pair: tuple[int, str, str], message: str) -> Finding:
    line, key, other = pair
    sheet, domain = shelf.listing.sheet, shelf.listing.domain
    return Finding(sheet.table.file, line, domain.key_column, key, rule, message, f"Write {other!r} everywhere.")


def _are_distinct(columns: Sequence[Sequence[str]], height: int) -> bool:
    """Whether no two rows are the same: one column without repetition is proof enough."""
    if any(len(set(column)) == height for column in columns):
        return True
    return len(set(map(hash, zip(*columns, strict=True)))) == height


def _agree(keys: Sequence[str], attributes: Sequence[Sequence[str]]) -> bool:
    """Whether each key of a file has the same attributes in all its rows."""
    distinct = len(set(keys))
    return distinct == len(keys) or distinct == len(set(zip(keys, *attributes, strict=True)))


def _differences(
    domain: Domain, place: tuple[str, int, str], values: Attributes, expected: Attributes, where: str
) -> Iterator[Finding]:
    file, line, key = place
    for attribute, value, wanted in zip(domain.attributes, values, expected, strict=True):
        if value != wanted:
            column = attribute.column
            message = f"The {column} of {key!r} is {value!r} here and {wanted!r} {where}."
            remedy = "Write the same in all rows of the key."
            yield Finding(file, line, column, value, Rule.CONFLICTING_ATTRIBUTE, message, remedy)
