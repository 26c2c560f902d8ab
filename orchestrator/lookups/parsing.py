"""The desk as read: its keys, its ledger and its aliases, before anybody judges them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrator.lookups.domains import ALIASES_FILE, DOMAINS, LEDGER_FILE, LOOKUPS_FILE, SEED_COLUMNS, Domain
from orchestrator.lookups.findings import Tell, silently
from orchestrator.lookups.ledger import Book, read_books
from orchestrator.lookups.listing import Listing, Sheet, catalogue_header, domains_of, list_keys, read_sheet
from orchestrator.lookups.reading import Table, read_earlier_table, read_table
from orchestrator.lookups.register import AliasLine, Parent, Register, alias_lines, open_registers

KEY_FILES: Final = tuple(file for file in SEED_COLUMNS if file not in {LEDGER_FILE, ALIASES_FILE})


class Shelf(NamedTuple):
    """The keys that one file lists below one parent, and how it spells that parent; line of each key's first row."""

    listing: Listing
    parent_key: str
    keys: Mapping[str, int]


@dataclass(frozen=True)
class Desk:
    """The desk as read.

    Attributes:
        sheets: the files of keys, those of seeds/ first, then the catalogues.
        listings: domain -> its keys, file by file in that order.
        ledger: the ledger, or None if the desk has none yet.
        books: domain -> its lines in the ledger.
        aliases: the file of aliases, or None if there is none.
        alias_lines: its rows.
        registers: domain -> who owns which ID.
        shelves: domain -> parent, whichever of its spellings a file uses -> keys below it, file by file.
    """

    sheets: tuple[Sheet, ...]
    listings: Mapping[str, tuple[Listing, ...]]
    ledger: Table | None
    books: Mapping[str, Book]
    aliases: Table | None
    alias_lines: tuple[AliasLine, ...]
    registers: Mapping[str, Register]
    shelves: Mapping[str, Mapping[Parent, Sequence[Shelf]]]

    @property
    def knows_its_ids(self) -> bool:
        """Whether ledger and aliases could be read in full; if not, keys that have an ID would look new."""
        return all(table is None or table.is_whole for table in (self.ledger, self.aliases))

    def new_keys(self, domain: Domain) -> Iterator[tuple[Shelf, Parent, set[str]]]:
        """Keys without ID, by shelf; a key that several files list is given once."""
        for parent, shelves in self.shelves[domain.name].items():
            given: set[str] = set()
            for shelf in shelves:
                new = self.registers[domain.name].unknown(parent, shelf.keys) - given
                if len(shelves) > 1:
                    given |= new
                if new:
                    yield shelf, parent, new


def parse_desk(
    files: Mapping[str, bytes], catalogues: Mapping[str, bytes], tell: Tell = silently, *, is_earlier: bool = False
) -> Desk:
    """Read the files of the desk and the catalogues; nothing is raised and nothing is judged but cells and form.

    Args:
        files: content by file name.
        catalogues: the same.
        tell: is told what is being read.
        is_earlier: whether the files are of an earlier revision, with the columns of the domains of then.
    """

    def read(file: str) -> Table | None:
        if file not in files:
            return None
        tell(f"reading {file}")
        reader = read_earlier_table if is_earlier and file in KEY_FILES else read_table
        return reader(file, files[file], SEED_COLUMNS[file])

    def read_catalogue(file: str) -> Table:
        tell(f"reading {file}")
        return read_table(file, catalogues[file], SEED_COLUMNS[LOOKUPS_FILE], catalogue_header)

    sheets = [read_sheet(table, is_catalogue=False) for file in KEY_FILES if (table := read(file)) is not None]
    sheets += [read_sheet(read_catalogue(file), is_catalogue=True) for file in catalogues]
    listings: dict[str, list[Listing]] = {domain.name: [] for domain in DOMAINS}
    for sheet in sheets:
        for domain in domains_of(sheet):
            listings[domain.name].append(list_keys(sheet, domain))
    ledger = read(LEDGER_FILE)
    books = read_books(ledger or Table(LEDGER_FILE))
    aliases = read(ALIASES_FILE)
    lines = alias_lines(aliases)
    registers = open_registers(books, lines)
    return Desk(
        tuple(sheets),
        {name: tuple(found) for name, found in listings.items()},
        ledger,
        books,
        aliases,
        tuple(lines),
        registers,
        {name: _shelves(found, registers[name]) for name, found in listings.items()},
    )


def _shelves(listings: Iterable[Listing], register: Register) -> dict[Parent, list[Shelf]]:
    shelves: dict[Parent, list[Shelf]] = {}
    for listing in listings:
        for parent_key, keys in listing.keys.items():
            shelves.setdefault(register.parent(parent_key), []).append(Shelf(listing, parent_key, keys))
    return shelves
