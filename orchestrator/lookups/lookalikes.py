"""Characters that look like others. Texts in ASCII are never looked at: they are what the others are mistaken for."""

import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from typing import Final

from confusable_homoglyphs import categories, confusables

from orchestrator.lookups.cells import places
from orchestrator.lookups.findings import Finding, Rule
from orchestrator.lookups.reading import Table

# the prototypes that Unicode's list of confusables gives to characters of ASCII
_PROTOTYPES: Final = str.maketrans({"I": "l", "1": "l", "|": "l", "0": "O"})


def lookalike_cells(texts: Collection[str]) -> set[str]:
    """The texts with a character that pretends to be another one; a text wholly in one script is fine."""
    if "".join(texts).isascii():
        return set()
    return {text for text in texts if not text.isascii() and _culprit(text)}


def lookalike_findings(table: Table, column: str, culprits: Collection[str]) -> Iterator[Finding]:
    """One finding per cell among the culprits; names the first character and what to type instead."""
    for line, cell in places(table, column, culprits):
        character, meant = _culprit(cell) or ("", "")
        code = f"U+{ord(character):04X} {unicodedata.name(character, 'without name')}"
        message = f"The {column} {cell!r} holds {code}, which looks like {meant!r}."
        remedy = f"Type {meant!r}; if the code has an ID, add its old spelling to lookup_aliases.csv."
        yield Finding(table.file, line, column, cell, Rule.LOOK_ALIKE_CHARACTER, message, remedy)


def skeleton(text: str) -> str:
    """The form in which two texts are equal that look the same."""
    return "".join(map(_prototype, text)).translate(_PROTOTYPES)


def ascii_skeleton(text: str) -> str:
    """The skeleton of a text in ASCII, faster."""
    return text.translate(_PROTOTYPES)


def _culprit(text: str) -> tuple[str, str] | None:
    """The first character that pretends to be another one, and that other one."""
    is_latin = any(map(_is_latin_letter, text))
    for character in text:
        meant = _ascii_mark(character) or (_latin_letter(character) if is_latin else "")
        if meant:
            return character, meant
    return None


def _is_latin_letter(character: str) -> bool:
    return character.isalpha() and (character.isascii() or categories.alias(character) == "LATIN")


@cache
def _ascii_mark(character: str) -> str:
    """The punctuation of ASCII for which this other punctuation can be taken; empty if there is none."""
    category = unicodedata.category(character)
    if character.isascii() or category[0] not in "PS":
        return ""
    # the list of confusables knows the em dash as a Japanese letter only
    marks = (glyph for glyph in _homoglyphs(character) if glyph.isascii() and not glyph.isalnum())
    return next(marks, "-" if category == "Pd" else "")


@cache
def _latin_letter(character: str) -> str:
    """The Latin letter for which this letter of another script can be taken; empty if there is none."""
    if not character.isalpha() or _is_latin_letter(character) or categories.alias(character) in {"COMMON", "INHERITED"}:
        return ""
    return next((glyph for glyph in _homoglyphs(character) if len(glyph) == 1 and _is_latin_letter(glyph)), "")


@cache
def _prototype(character: str) -> str:
    if character.isascii():
        return character
    glyphs = _homoglyphs(character)
    singles = [glyph for glyph in glyphs if len(glyph) == 1]
    return next((glyph for glyph in glyphs if glyph.isascii()), min([character, *singles]))


def _homoglyphs(character: str) -> list[str]:
    return [glyph["c"] for glyph in confusables.confusables_data.get(character, [])]
