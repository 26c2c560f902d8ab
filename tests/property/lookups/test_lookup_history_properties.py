"""Any history of a desk: whatever analysts do, in whichever order, no ID moves, doubles or comes back for another code."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.exceptions import LedgerError
from orchestrator.lookups import Base, check_lookups, mint
from orchestrator.lookups.domains import ALIASES_FILE, DOMAINS_BY_NAME, LEDGER_FILE, SEED_COLUMNS
from orchestrator.lookups.parsing import Desk, parse_desk
from orchestrator.lookups.register import Register

SEQUENCES = 2000
STEPS = 30

FIELDS = [f"F{number}" for number in range(6)]
PARENTS = ["P1", "P2", "P3"]
CHILDREN = ["C1", "C2", "C3"]
COLUMNS = {"field": 0, "asset_class": 1, "sub_asset_class": 2}
CODES = {"field": FIELDS, "asset_class": PARENTS, "sub_asset_class": CHILDREN}
LEDGER_RULES = {"ledger-line-changed", "ledger-line-moved", "ledger-line-removed", "id-reused"}

Row = tuple[str, str, str]
Alias = tuple[str, str, str, str]
# (domain, parent key as the ledger spells it, key) -> ID
Frozen = dict[tuple[str, str, str], int]


@dataclass
class Draft:
    """What analysts edit: rows, the type of each field, and aliases."""

    rows: list[Row] = field(default_factory=lambda: [("F0", "P1", "C1")])
    types: dict[str, str] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)

    def copy(self) -> "Draft":
        return Draft(list(self.rows), dict(self.types), list(self.aliases))

    def files(self, ledger: bytes | None) -> dict[str, bytes]:
        rows = (f"T,D,{f},{p},{c},{self.types.get(f, 'number')},words\n" for f, p, c in dict.fromkeys(self.rows))
        files = {
            "lookups.csv": (",".join(SEED_COLUMNS["lookups.csv"]) + "\n" + "".join(rows)).encode(),
            "sources.csv": b"source,source_name,source_licence\ns,S,MIT\n",
            ALIASES_FILE: (
                "domain,parent_key,alias,key\n" + "".join(f"{','.join(a)}\n" for a in self.aliases)
            ).encode(),
        }
        return files if ledger is None else {**files, LEDGER_FILE: ledger}


class History:
    """The main branch of a project, and what must hold of it after every commit."""

    def __init__(self) -> None:
        self.draft = Draft()
        self.ledger: bytes | None = None
        self.past: list[Draft] = []
        self.frozen: Frozen = {}
        self.commit()

    def commit(self, *, is_checked: bool = False) -> None:
        """Mint, write, and prove that everything minted before still stands."""
        before = self.ledger
        self.ledger = minted(self.draft, before)
        assert self.ledger.startswith(before or b"")
        files = self.draft.files(self.ledger)
        self.desk = parse_desk(files, {})
        self._freeze(self.desk)
        assert_every_key_has_an_id_of_its_own(self.desk)
        self.past.append(self.draft.copy())
        if is_checked:
            findings = check_lookups(files, base=Base("main", {LEDGER_FILE: before} if before else {}))
            assert not [finding for finding in findings if finding.is_error and finding.rule != "id-moved"]
            assert mint(files).lines == ()

    def _freeze(self, desk: Desk) -> None:
        for code, number in self.frozen.items():
            domain, parent_key, key = code
            assert desk.registers[domain].find(parent_key, key) == number, code
        for domain, book in desk.books.items():
            assert len(set(book.ids)) == len(book.ids)
            for parent_key, key, number in zip(book.parents, book.keys, book.ids, strict=True):
                assert self.frozen.setdefault((domain, parent_key, key), number) == number


def minted(draft: Draft, ledger: bytes | None) -> bytes:
    """Mint; an analyst whose aliases are refused deletes the lines that the check names, and tries again."""
    for _ in range(len(draft.aliases) + 1):
        files = draft.files(ledger)
        try:
            return mint(files).ledger
        except LedgerError:
            errors = [f for f in check_lookups(files) if f.is_error and f.rule != "key-without-id"]
            assert {finding.file for finding in errors} == {ALIASES_FILE}, errors
            wrong = {finding.line - 2 for finding in errors}
            draft.aliases = [alias for number, alias in enumerate(draft.aliases) if number not in wrong]
    raise AssertionError(draft)


def assert_every_key_has_an_id_of_its_own(desk: Desk) -> None:
    for domain, register in desk.registers.items():
        shelves = desk.shelves[domain].items()
        ids = [register.find_below(parent, key) for parent, below in shelves for shelf in below for key in shelf.keys]
        assert None not in ids
        assert len(set(ids)) == len(ids)


# what analysts do; each is given the history and two numbers to choose by


def add(history: History, one: int, two: int) -> None:
    row = (FIELDS[one % len(FIELDS)], PARENTS[two % len(PARENTS)], CHILDREN[(one + two) % len(CHILDREN)])
    history.draft.rows.append(row)
    history.commit()


def remove(history: History, one: int, two: int) -> None:
    """Remove every row of a code; it stays in the ledger, and may be added again."""
    column = two % 3
    code = history.draft.rows[one % len(history.draft.rows)][column]
    history.draft.rows = [row for row in history.draft.rows if row[column] != code] or [("F0", "P1", "C1")]
    history.commit()


def reorder(history: History, one: int, two: int) -> None:
    random.Random(one).shuffle(history.draft.rows)
    random.Random(two).shuffle(history.draft.aliases)
    assert minted(history.draft, history.ledger) == history.ledger


def change_attribute(history: History, one: int, two: int) -> None:
    history.draft.types[FIELDS[one % len(FIELDS)]] = ("number", "text", "date")[two % 3]
    before = history.ledger
    history.commit()
    assert history.ledger == before


def rename(history: History, one: int, two: int) -> None:
    """Give a code another key, with an alias; if that key is listed already, the codes are merged."""
    domain = list(COLUMNS)[one % 3]
    row = history.draft.rows[two % len(history.draft.rows)]
    old, new = row[COLUMNS[domain]], CODES[domain][(one + two) % len(CODES[domain])]
    if old == new:
        return
    parent_key = row[1] if domain == "sub_asset_class" else ""
    before = history.desk.registers[domain]
    number, is_fresh = before.find(parent_key, old), before.find(parent_key, new) is None
    history.draft.rows = [renamed(other, domain, parent_key, old, new) for other in history.draft.rows]
    aliases = repointed(history.draft.aliases, before, parent_key, old, new)
    # a code that was merged into this one keeps its ID without an alias, and must not hand it on
    parent = before.parent(parent_key)
    history.draft.aliases = [a for a in aliases if before.minted.get(parent, {}).get(a[2], number) == number]
    history.draft.aliases.append((domain, parent_key, old, new))
    history.commit()
    if is_fresh:
        assert history.desk.registers[domain].find(parent_key, new) == number


def renamed(row: Row, domain: str, parent_key: str, old: str, new: str) -> Row:
    column = COLUMNS[domain]
    if row[column] != old or (domain == "sub_asset_class" and row[1] != parent_key):
        return row
    return (*row[:column], new, *row[column + 1 :])  # type: ignore[return-value]


def repointed(aliases: Iterable[Alias], register: Register, parent_key: str, old: str, new: str) -> Iterable[Alias]:
    """Aliases of the old key become aliases of the new one, which is an alias no longer."""
    for domain, above, alias, key in aliases:
        if domain != register.domain.name or register.parent(above) != register.parent(parent_key):
            yield (domain, above, alias, key)
        elif alias not in {old, new}:
            yield (domain, above, alias, new if key == old else key)


def merge_branches(history: History, one: int, two: int) -> None:
    """Two branches mint from one base; the second one takes main's ledger and mints again on top."""
    ours, theirs = history.draft.copy(), history.draft
    ours.rows.append((FIELDS[one % len(FIELDS)], PARENTS[one % len(PARENTS)], CHILDREN[two % len(CHILDREN)]))
    our_ledger = minted(ours, history.ledger)
    theirs.rows.append((FIELDS[two % len(FIELDS)], PARENTS[two % len(PARENTS)], CHILDREN[one % len(CHILDREN)]))
    history.commit()
    assert history.ledger is not None
    if not our_ledger.startswith(history.ledger):
        findings = check_lookups(ours.files(our_ledger), base=Base("main", theirs.files(history.ledger)))
        assert LEDGER_RULES & {finding.rule for finding in findings if finding.is_error}
    history.draft.rows += ours.rows
    history.commit(is_checked=True)


def fail_partway(history: History, one: int, two: int) -> None:
    """A mint whose ledger is never written leaves the old one, and minting again gives the same bytes."""
    history.draft.rows.append((FIELDS[one % len(FIELDS)], PARENTS[two % len(PARENTS)], CHILDREN[one % 3]))
    lost = minted(history.draft, history.ledger)
    history.commit()
    assert history.ledger == lost


def rebuild(history: History, one: int, two: int) -> None:
    """Everything is read from the files again."""
    files: Mapping[str, bytes] = {name: bytes(content) for name, content in history.draft.files(history.ledger).items()}
    assert mint(files).ledger == history.ledger


def restore(history: History, one: int, two: int) -> None:
    """An older desk beside the newest ledger."""
    history.draft = history.past[one % len(history.past)].copy()
    history.commit()


ACTIONS = [add, add, remove, reorder, change_attribute, rename, rename, merge_branches, fail_partway, rebuild, restore]
# one draw per history: of a list of steps, Hypothesis makes four of five examples by repeating steps of the fifth
HISTORY = st.binary(min_size=3 * STEPS, max_size=3 * STEPS)


@settings(
    max_examples=SEQUENCES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(HISTORY)
def test_no_history_moves_doubles_or_reuses_an_id(steps: bytes) -> None:
    history = History()
    for action, one, two in zip(*[iter(steps)] * 3, strict=True):
        ACTIONS[action % len(ACTIONS)](history, one % 18, two % 18)
    history.commit(is_checked=True)
    assert set(CODES) <= set(DOMAINS_BY_NAME)
