"""Minting: new keys get the next IDs of their domain, appended to the ledger; existing bytes are never touched."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from orchestrator.exceptions import LedgerError
from orchestrator.helpers import plural
from orchestrator.lookups.check import NO_FILES, judge
from orchestrator.lookups.domains import DOMAINS, LEDGER_FILE, SEED_COLUMNS, Domain
from orchestrator.lookups.findings import Tell, silently
from orchestrator.lookups.ledger import MAX_ID, LedgerLine
from orchestrator.lookups.memory import uncollected
from orchestrator.lookups.parsing import Desk, parse_desk


@dataclass(frozen=True)
class Minted:
    """What minting adds.

    Attributes:
        lines: the new lines of the ledger, in its order; empty if every key has an ID.
        ledger: the whole ledger: the bytes that it had, and the new lines behind them.
    """

    lines: tuple[LedgerLine, ...]
    ledger: bytes


def mint(files: Mapping[str, bytes], catalogues: Mapping[str, bytes] = NO_FILES, tell: Tell = silently) -> Minted:
    """Give every key without an ID the next one: row_number() over the new keys, behind the domain's highest ID ever.

    New keys are taken in the order of (parent_key, key) by UTF-8 bytes, domain by domain, so that the order of rows in
    the seeds has no say, and the same files always give the same bytes. A key that an alias with an ID points to keeps
    that ID, and a parent is written as the ledger spells it.

    Args:
        files: content by file name, as for `check_lookups`; without a ledger, minting starts one.
        catalogues: content by name of catalogues, as for `check_lookups`.
        tell: is told what is being done.

    Raises:
        LedgerError: the desk has errors other than keys without ID, or a domain is out of IDs.
    """
    with uncollected():
        desk = parse_desk(files, catalogues, tell)
        tell("checking")
        errors = sorted(finding for finding in judge(desk, files) if finding.is_error)
        if errors:
            message = f"The lookup desk has {plural(len(errors), 'error')}; the first is {errors[0]}"
            raise LedgerError(message, "Mend them, see `touchstone lookups check`, then mint.")
        tell("minting")
        lines = tuple(line for domain in DOMAINS for line in _new_lines(desk, domain))
        existing = files.get(LEDGER_FILE)
        header = SEED_COLUMNS[LEDGER_FILE] if desk.ledger is None else desk.ledger.header
        if existing is None:
            existing = (",".join(header) + "\n").encode()
        return Minted(lines, existing + _appendix(lines, header, existing))


def _new_lines(desk: Desk, domain: Domain) -> list[LedgerLine]:
    highest = max(desk.books[domain.name].ids, default=0)
    by_parent: dict[str, set[str]] = {}
    above = desk.registers[domain.name].above
    for shelf, _, new in desk.new_keys(domain):
        parent_key = above.ledger_spelling(shelf.parent_key) if above else ""
        by_parent.setdefault(parent_key, set()).update(new)
    # text sorts by code points, which is the order of its UTF-8 bytes
    codes = [(parent_key, key) for parent_key in sorted(by_parent) for key in sorted(by_parent[parent_key])]
    if highest + len(codes) > MAX_ID:
        message = f"The domain {domain.name} is out of IDs: {plural(len(codes), 'new key')} behind {highest}."
        raise LedgerError(message, "Restore the ledger from Git.")
    return [LedgerLine(domain.name, *code, number) for number, code in enumerate(codes, start=highest + 1)]


def _appendix(lines: Sequence[LedgerLine], header: Sequence[str], existing: bytes) -> bytes:
    """The new lines as CSV, in the columns and with the line ends of the ledger."""
    if not lines:
        return b""
    newline = "\r\n" if b"\r\n" in existing else "\n"
    text = io.StringIO(newline="")
    if not existing.endswith(b"\n"):
        text.write(newline)
    in_order = itemgetter(*map(LedgerLine._fields.index, header))
    csv.writer(text, lineterminator=newline).writerows(map(in_order, lines))
    return text.getvalue().encode()
