"""The desk beside an earlier revision: lines of the ledger stay as they are, and a spelling keeps its ID for ever."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.lookups.aliases import csv_text
from orchestrator.lookups.domains import ALIASES_FILE, LEDGER_FILE, SEED_COLUMNS
from orchestrator.lookups.findings import Finding, Rule, Severity
from orchestrator.lookups.parsing import Desk, parse_desk
from orchestrator.lookups.reading import Table, read_table
from orchestrator.lookups.register import Register, alias_lines

# domain, parent key, key and ID as they stand in the ledger
Record = tuple[str, str, str, str]


@dataclass(frozen=True)
class Base:
    """An earlier state of the desk.

    Attributes:
        revision: how people name it, such as `origin/main`.
        files: content by file name; a file that was not there yet is left out.
    """

    revision: str
    files: Mapping[str, bytes]


def base_findings(files: Mapping[str, bytes], desk: Desk, base: Base) -> list[Finding]:
    """Everything that has an ID in the base and would have none, or another one, now."""
    if desk.ledger is None:
        return list(_missing_ledger(base))
    if not desk.ledger.is_whole:
        return []
    findings: list[Finding] = []
    if not _is_continued(base.files.get(LEDGER_FILE, b""), files[LEDGER_FILE]):
        findings += _ledger_findings(_read(base.files, LEDGER_FILE), desk.ledger, base.revision)
    # reading the base again takes as long as reading the desk, and most changes leave the aliases alone
    if alias_lines(_read(base.files, ALIASES_FILE)) != list(desk.alias_lines):
        findings += _moved_ids(desk, base)
    return findings


def _missing_ledger(base: Base) -> Iterator[Finding]:
    if _read(base.files, LEDGER_FILE).height:
        message = f"The ledger of {base.revision} is missing; its IDs would be given again."
        remedy = f"Restore it from {base.revision}."
        yield Finding(LEDGER_FILE, 0, "", "", Rule.LEDGER_LINE_REMOVED, message, remedy)


def _read(files: Mapping[str, bytes], file: str) -> Table:
    return read_table(file, files[file], SEED_COLUMNS[file]) if file in files else Table(file)


def _is_continued(before: bytes, now: bytes) -> bool:
    """Whether only whole lines were added; the quick answer for a large ledger."""
    return now.startswith(before) and (before.endswith(b"\n") or now[len(before) :][:1] in {b"", b"\n", b"\r"})


def _records(table: Table) -> list[Record]:
    if not table.height:
        return []
    return list(zip(*(table.columns[name] for name in ("domain", "parent_key", "key", "id")), strict=True))


def _ledger_findings(before: Table, now: Table, revision: str) -> Iterator[Finding]:
    old, new = _records(before), _records(now)
    if new[: len(old)] == old:
        return
    yield from _changed_and_removed(zip(before.lines, old, strict=True), now, new, revision)
    yield from _moved(old, now, new, revision)


def _changed_and_removed(
    old: Iterable[tuple[int, Record]], now: Table, new: Sequence[Record], revision: str
) -> Iterator[Finding]:
    lines = dict(zip(new, now.lines, strict=True))
    by_code = {record[:3]: record for record in reversed(new)}
    by_id = {(record[0], record[3]): record for record in reversed(new)}
    for line, record in old:
        if record in lines:
            continue
        domain, parent_key, key, number = record
        text = csv_text(record)
        remedy = f"Restore the line `{text}` from {revision}."
        if other := by_code.get((domain, parent_key, key)):
            message = f"The ID of {domain} {key!r} was {number} in {revision} and is {other[3]} now."
            yield _finding(lines[other], "id", other[3], (Rule.LEDGER_LINE_CHANGED, message, remedy))
        elif other := by_id.get((domain, number)):
            message = f"The ID {number} of {domain} was that of {key!r} in {revision} and is that of {other[2]!r} now."
            yield _finding(lines[other], "id", number, (Rule.ID_REUSED, message, remedy))
        else:
            message = f"The line `{text}` of {revision} is gone; it was line {line}."
            yield _finding(line, "", text, (Rule.LEDGER_LINE_REMOVED, message, remedy))


def _moved(old: Sequence[Record], now: Table, new: Sequence[Record], revision: str) -> Iterator[Finding]:
    """Lines of the base behind a later one of the base, and new lines before one of the base."""
    place = {record: number for number, record in enumerate(old)}
    last_kept = max((number for number, record in enumerate(new) if record in place), default=-1)
    codes, ids = {record[:3] for record in old}, {(record[0], record[3]) for record in old}
    highest = -1
    for number, (line, record) in enumerate(zip(now.lines, new, strict=True)):
        if record in place:
            is_moved = place[record] < highest
            highest = max(place[record], highest)
            message = f"The line stands behind lines that came later in {revision}."
        else:
            # a line that replaces one of the base has its own finding
            is_moved = number < last_kept and record[:3] not in codes and (record[0], record[3]) not in ids
            message = f"The line is new and stands before lines of {revision}."
        if is_moved:
            remedy = f"Restore the lines of {revision} in their order; new ones come last."
            yield _finding(line, "", csv_text(record), (Rule.LEDGER_LINE_MOVED, message, remedy))


def _finding(line: int, column: str, value: str, told: tuple[Rule, str, str]) -> Finding:
    return Finding(LEDGER_FILE, line, column, value, *told)


def _moved_ids(desk: Desk, base: Base) -> Iterator[Finding]:
    """Spellings that aliases are about, whose ID is not what it was."""
    before = parse_desk(base.files, {})
    seen: set[tuple[str, str, str]] = set()
    for line in (*desk.alias_lines, *before.alias_lines):
        for column, spelling in (("key", line.key), ("alias", line.alias)):
            code = (line.domain, line.parent_key, spelling)
            if line.domain in desk.registers and code not in seen:
                seen.add(code)
                registers = before.registers[line.domain], desk.registers[line.domain]
                if told := _moved_id(desk, registers, code, base.revision):
                    yield Finding(ALIASES_FILE, line.line, column, spelling, Rule.ID_MOVED, *told)


def _moved_id(
    desk: Desk, registers: tuple[Register, Register], code: tuple[str, str, str], revision: str
) -> tuple[str, str, Severity] | None:
    """(message, remedy, severity) about a spelling whose ID is not what it was; None if it is."""
    domain, parent_key, spelling = code
    old, new = (register.find(parent_key, spelling) for register in registers)
    if old is None or new == old:
        return None
    was = f"The {registers[0].domain.noun} {spelling!r} had the ID {old} in {revision}"
    remedy = f"Restore the aliases of {spelling!r} from {revision}."
    if new is not None:
        return f"{was} and would have {new} now.", remedy, Severity.ERROR
    if _is_listed(desk, domain, parent_key, spelling):
        return f"{was} and would get a new one now.", remedy, Severity.ERROR
    return f"{was} and would have none now.", remedy, Severity.WARNING


def _is_listed(desk: Desk, domain: str, parent_key: str, key: str) -> bool:
    shelves = desk.shelves[domain].get(desk.registers[domain].parent(parent_key), ())
    return any(key in shelf.keys for shelf in shelves)
