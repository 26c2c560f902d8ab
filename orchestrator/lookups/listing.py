"""The keys that one file lists for one domain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.lookups.cells import unclean_cells
from orchestrator.lookups.domains import DOMAINS, DOMAINS_BY_NAME, LOOKUPS_FILE, Domain
from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.lookalikes import lookalike_cells
from orchestrator.lookups.reading import Table

# parent key (empty in a domain without parent) -> key -> line of its first row
Keys = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Sheet:
    """A file of keys and attributes, with the texts in it that no key may have.

    Attributes:
        table: the file as read.
        unclean: by column, texts that are blank, padded or hold an invisible character.
        lookalikes: by column of a key, texts with a character that pretends to be another one.
        is_catalogue: whether it landed beside the desk, and is no file of seeds/.
    """

    table: Table
    unclean: Mapping[str, set[str]]
    lookalikes: Mapping[str, set[str]]
    is_catalogue: bool


@dataclass(frozen=True)
class Listing:
    """The keys of one domain in one file; unclean ones have their own finding and are left out."""

    sheet: Sheet
    domain: Domain
    keys: Keys


def read_sheet(table: Table, *, is_catalogue: bool) -> Sheet:
    """Judge the cells of a file."""
    unclean = unclean_cells(table)
    lookalikes = {
        domain.key_column: lookalike_cells(table.columns[domain.key_column]) - unclean[domain.key_column]
        for domain in DOMAINS
        if domain.key_column in table.columns and (is_catalogue or domain.seed == table.file)
    }
    return Sheet(table, unclean, lookalikes, is_catalogue)


def list_keys(sheet: Sheet, domain: Domain) -> Listing:
    """The keys of the domain and the line of each one's first row."""
    columns, lines = sheet.table.columns, sheet.table.lines
    bad = sheet.unclean[domain.key_column] | sheet.lookalikes[domain.key_column]
    # in a dict of pairs the last one wins, which is the first row of a file that is read backwards
    if domain.parent is None:
        keys = dict(zip(reversed(columns[domain.key_column]), reversed(lines), strict=True))
        for key in bad:
            keys.pop(key, None)
        return Listing(sheet, domain, {"": keys})
    parent_column = DOMAINS_BY_NAME[domain.parent].key_column
    bad_parents = sheet.unclean[parent_column] | sheet.lookalikes[parent_column]
    pairs = zip(reversed(columns[parent_column]), reversed(columns[domain.key_column]), strict=True)
    grouped: dict[str, dict[str, int]] = {}
    for (parent, key), line in dict(zip(pairs, reversed(lines), strict=True)).items():
        if key not in bad and parent not in bad_parents:
            grouped.setdefault(parent, {})[key] = line
    return Listing(sheet, domain, grouped)


def domains_of(sheet: Sheet) -> list[Domain]:
    """The domains whose keys the file lists."""
    table = sheet.table
    if sheet.is_catalogue:
        return [domain for domain in catalogue_domains() if domain.key_column in table.columns]
    return [domain for domain in DOMAINS if domain.seed == table.file and domain.key_column in table.columns]


def catalogue_domains() -> list[Domain]:
    """The domains that a catalogue may list: those of lookups.csv."""
    return [domain for domain in DOMAINS if domain.seed == LOOKUPS_FILE]


def catalogue_header(file: str, line: int, header: Sequence[str], columns: Sequence[str]) -> Iterator[Finding]:
    """The judge of a catalogue's header: whole domains may be absent."""
    for domain in catalogue_domains():
        own = {domain.key_column, *(attribute.column for attribute in domain.attributes)}
        needed = own | ({DOMAINS_BY_NAME[domain.parent].key_column} if domain.parent else set())
        present = own.intersection(header)
        missing = [column for column in columns if present and column in needed and column not in header]
        if missing:
            message = f"The header has {', '.join(sorted(present))} without {', '.join(missing)}."
            remedy = f"Add {', '.join(missing)}, or leave all columns of {domain.name} out."
            yield Finding(file, line, "", ",".join(header), Rule.HEADER, message, remedy)
    if not any(domain.key_column in header for domain in catalogue_domains()):
        remedy = f"Write some of {','.join(columns)}, separated by commas."
        yield Finding(file, line, "", ",".join(header), Rule.HEADER, "The header names no domain.", remedy)
