"""Rules about single cells, the same for every file of the desk."""

import unicodedata
from collections.abc import Collection, Iterator

from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.reading import Row, Table


class CellRules:
    """Judges cells, and remembers which texts are clean: a denormalised file repeats most of them."""

    def __init__(self) -> None:
        self._clean: set[str] = set()

    def is_clean(self, cell: str) -> bool:
        """Whether the cell says something, without padding and invisible characters."""
        if cell in self._clean:
            return True
        if cell and cell.isprintable() and cell == cell.strip():
            self._clean.add(cell)
            return True
        return False

    def findings(self, table: Table, may_be_blank: Collection[str] = ()) -> Iterator[Finding]:
        """At most one finding per cell: blank, with an invisible character, or padded."""
        for row in table.rows:
            for column, cell in row.cells.items():
                if not self.is_clean(cell) and (cell or column not in may_be_blank):
                    yield _unclean(table.file, row, column, cell)


def fold(key: str) -> str:
    """The form in which two spellings of one key are equal: compatibility characters and case folded."""
    return key.casefold() if key.isascii() else unicodedata.normalize("NFKC", key).casefold()


def _unclean(file: str, row: Row, column: str, cell: str) -> Finding:
    if not cell.strip(" "):
        return Finding(file, row.line, column, cell, Rule.BLANK_CELL, f"The {column} is blank.", "Fill it in.")
    for character in cell:
        if not character.isprintable():
            code = f"U+{ord(character):04X}"
            name = unicodedata.name(character, {"\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\t": "TAB"}.get(character))
            message = f"The {column} {cell!r} holds the invisible character {f'{code} {name}' if name else code}."
            return Finding(
                file, row.line, column, cell, Rule.INVISIBLE_CHARACTER, message, "Delete it, or type a space."
            )
    message = f"The {column} {cell!r} starts or ends with a space."
    return Finding(file, row.line, column, cell, Rule.PADDED_CELL, message, "Delete the space.")
