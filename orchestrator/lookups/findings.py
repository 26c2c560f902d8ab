"""What the lookup desk has to say about a file: one finding per culprit, with a remedy."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

# told what is being done, for somebody who waits
Tell = Callable[[str], None]


class Severity(StrEnum):
    """An error stops the desk; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Rule(StrEnum):
    """The names of the rules, as reports write them."""

    MISSING_FILE = "missing-file"
    ENCODING = "encoding"
    BYTE_ORDER_MARK = "byte-order-mark"
    LINE_ENDS = "line-ends"
    EMPTY_FILE = "empty-file"
    NO_ROWS = "no-rows"
    QUOTING = "quoting"
    HEADER = "header"
    RAGGED_ROW = "ragged-row"
    BLANK_CELL = "blank-cell"
    PADDED_CELL = "padded-cell"
    INVISIBLE_CHARACTER = "invisible-character"
    LOOK_ALIKE_CHARACTER = "look-alike-character"
    DUPLICATE_ROW = "duplicate-row"
    CASE_TWIN = "case-twin"
    LOOK_ALIKE_TWIN = "look-alike-twin"
    CONFLICTING_ATTRIBUTE = "conflicting-attribute"
    SEVERAL_PARENTS = "several-parents"
    UNKNOWN_VALUE = "unknown-value"
    KEY_WITHOUT_ID = "key-without-id"
    POSSIBLE_RENAME = "possible-rename"
    UNKNOWN_DOMAIN = "unknown-domain"
    UNKNOWN_PARENT = "unknown-parent"
    INVALID_ID = "invalid-id"
    ID_USED_TWICE = "id-used-twice"
    KEY_TWICE = "key-twice"
    LEDGER_ORDER = "ledger-order"
    LEDGER_LINE_CHANGED = "ledger-line-changed"
    LEDGER_LINE_MOVED = "ledger-line-moved"
    LEDGER_LINE_REMOVED = "ledger-line-removed"
    ID_REUSED = "id-reused"
    ID_MOVED = "id-moved"
    ALIAS_OF_ITSELF = "alias-of-itself"
    ALIAS_TWICE = "alias-twice"
    ALIAS_IS_KEY = "alias-is-key"
    ALIAS_OF_ALIAS = "alias-of-alias"
    ALIAS_AMBIGUOUS = "alias-ambiguous"
    ALIAS_TO_NOTHING = "alias-to-nothing"


class Finding(NamedTuple):
    """One thing that is wrong, and what to do about it.

    Attributes:
        file: name of the file in `seeds/`, or of the catalogue as it was given.
        line: physical line on which the row starts, from 1; 0 if the finding is about the whole file. Of a line that is
            not there any more, the one on which it stood.
        column: the column, or an empty string if the finding is about the whole row or file.
        value: the culprit as it stands in the file.
        rule: the rule that was broken.
        message: what is wrong, one sentence.
        remedy: what to do, one sentence.
        severity: error or warning.
    """

    file: str
    line: int
    column: str
    value: str
    rule: Rule
    message: str
    remedy: str
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether the finding stops the desk."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = ":".join(part for part in (self.file, str(self.line or ""), self.column) if part)
        return f"{place}: {self.severity}: {self.message} {self.remedy} [{self.rule}]"


def silently(_: str) -> None:
    """Tell nobody."""
