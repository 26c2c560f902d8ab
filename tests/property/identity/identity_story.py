"""A model of the lookup desk: codes as things that live on while their spelling, attributes and place in the file change."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.lookups.domains import ALIASES_FILE, LEDGER_FILE, LOOKUPS_FILE, SEED_COLUMNS, SOURCES_FILE

ASSET_CLASSES = ("Equity", "Curncy", "Corp")
SUB_ASSET_CLASSES = ("Bond", "Future", "Note")


@dataclass
class Code:
    """A field: one thing with one ID, whatever it is called."""

    spelling: str
    description: str
    asset_class: str
    sub_asset_class: str
    is_listed: bool = True
    spellings: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.spellings.add(self.spelling)


@dataclass
class Story:
    """A desk that people change, and what must be true of it."""

    codes: list[Code] = field(default_factory=list)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    ledger: bytes = b""
    names_used: int = 0

    def new_name(self) -> str:
        """A spelling that nobody ever used."""
        self.names_used += 1
        return f"F{self.names_used:03d}"

    def listed(self) -> list[Code]:
        return [code for code in self.codes if code.is_listed]

    def files(self, order: Sequence[Code] | None = None) -> dict[str, bytes]:
        """The repository's files: the desk in this order of rows, the aliases and the ledger."""
        rows = [
            {
                "product_type": "Stock",
                "data_class": "Pricing",
                "field": code.spelling,
                "asset_class": code.asset_class,
                "sub_asset_class": code.sub_asset_class,
                "field_type": "number",
                "field_description": code.description,
            }
            for code in (order or self.listed())
        ]
        aliases = [{"domain": "field", "parent_key": "", "alias": old, "key": new} for old, new in self.aliases]
        source = {"source": "yahoo", "source_name": "Yahoo", "source_licence": "MIT"}
        files = {
            LOOKUPS_FILE: as_csv(LOOKUPS_FILE, rows),
            SOURCES_FILE: as_csv(SOURCES_FILE, [source]),
            ALIASES_FILE: as_csv(ALIASES_FILE, aliases),
        }
        return {**files, LEDGER_FILE: self.ledger} if self.ledger else files

    def ids_of_ledger(self) -> dict[tuple[str, str, str], int]:
        """ID by (domain, parent key, key), read from the bytes without the project's reader."""
        lines = csv.DictReader(io.StringIO(self.ledger.decode(), newline=""))
        return {(line["domain"], line["parent_key"], line["key"]): int(line["id"]) for line in lines}

    def id_of(self, code: Code) -> int:
        """The ID of the first of its spellings that the ledger has; 0 before it is minted."""
        ids = self.ids_of_ledger()
        return min((ids[key] for name in code.spellings if (key := ("field", "", name)) in ids), default=0)


def as_csv(file: str, rows: Sequence[dict[str, str]]) -> bytes:
    """Rows of a file of the desk; a column that the story does not know says the same in every row."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, SEED_COLUMNS[file], restval="same", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
