"""Rules about single cells, the same for every file of the desk."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping

from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.reading import Table


def unclean_cells(table: Table) -> dict[str, set[str]]:
    """By column, the texts that are blank, padded or hold an invisible character; each text is judged once."""
    return {column: _unclean_among(cells) for column, cells in table.columns.items()}


def cell_findings(
    table: Table, unclean: Mapping[str, Collection[str]], may_be_blank: Collection[str] = ()
) -> Iterator[Finding]:
    """At most one finding per cell: blank, with an invisible character, or padded."""
    for column, culprits in unclean.items():
        for line, cell in places(table, column, culprits):
            if cell or column not in may_be_blank:
                yield _unclean(table.file, line, column, cell)


def places(table: Table, column: str, culprits: Collection[str]) -> Iterator[tuple[int, str]]:
    """(line, cell) of each cell of the column that is among the culprits; costs nothing if there are none."""
    if culprits:
        for line, cell in zip(table.lines, table.columns[column], strict=True):
            if cell in culprits:
                yield line, cell


def fold(key: str) -> str:
    """The form in which two spellings of one key are equal: compatibility characters and case folded."""
    return key.casefold() if key.isascii() else unicodedata.normalize("NFKC", key).casefold()


def _unclean_among(cells: list[str]) -> set[str]:
    texts = set(cells)
    # a column of distinct cells is walked in the order of its rows, which is that of memory
    if _are_surely_clean(cells if len(texts) > len(cells) / 2 else texts):
        return set()
    return {text for text in texts if not text or not text.isprintable() or text != text.strip()}


def _are_surely_clean(texts: Collection[str]) -> bool:
    """One look at all texts together. No means maybe: a bar in a text can look like the end of one."""
    joined = f"|{'|'.join(texts)}|"
    return not texts or (joined.isprintable() and not any(sign in joined for sign in ("||", " |", "| ")))


def _unclean(file: str, line: int, column: str, cell: str) -> Finding:
    if not cell.strip(" "):
        return Finding(file, line, column, cell, Rule.BLANK_CELL, f"The {column} is blank.", "Fill it in.")
    for character in cell:
        if not character.isprintable():
            code = f"U+{ord(character):04X}"
            name = unicodedata.name(character, {"\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\t": "TAB"}.get(character))
            message = f"The {column} {cell!r} holds the invisible character {f'{code} {name}' if name else code}."
            remedy = "Delete it, or type a space."
            return Finding(file, line, column, cell, Rule.INVISIBLE_CHARACTER, message, remedy)
    message = f"The {column} {cell!r} starts or ends with a space."
    return Finding(file, line, column, cell, Rule.PADDED_CELL, message, "Delete the space.")
