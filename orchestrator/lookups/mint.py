"""Minting: new keys get the next IDs of their domain, appended to the ledger; existing bytes are never touched."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.exceptions import LedgerError
from orchestrator.helpers import plural
from orchestrator.lookups.check import Desk, examine
from orchestrator.lookups.domains import DOMAINS, LEDGER_FILE, SEED_COLUMNS
from orchestrator.lookups.findings import Rule
from orchestrator.lookups.ledger import MAX_ID, LedgerLine


@dataclass(frozen=True)
class Minted:
    """What minting adds.

    Attributes:
        lines: the new lines of the ledger, in its order; empty if every key has an ID.
        ledger: the whole ledger: the bytes that it had, and the new lines behind them.
    """

    lines: tuple[LedgerLine, ...]
    ledger: bytes


def mint(files: Mapping[str, bytes]) -> Minted:
    """Give every key without an ID the next one: row_number() over the new keys, behind the domain's highest ID ever.

    New keys are taken in the order of (parent_key, key) by UTF-8 bytes, domain by domain, so that the order of rows in
    the seeds has no say, and the same files always give the same bytes.

    Args:
        files: content by file name, as for `check_lookups`; without a ledger, minting starts one.

    Raises:
        LedgerError: the desk has errors other than keys without ID, or a domain is out of IDs.
    """
    desk = examine(files)
    errors = [finding for finding in desk.findings if finding.is_error and finding.rule != Rule.KEY_WITHOUT_ID]
    if errors:
        message = f"The lookup desk has {plural(len(errors), 'error')}; the first is {errors[0]}"
        raise LedgerError(message, "Mend them, see `touchstone lookups check`, then mint.")
    lines = tuple(_new_lines(desk))
    existing = files.get(LEDGER_FILE)
    header = SEED_COLUMNS[LEDGER_FILE] if desk.ledger is None else desk.ledger.header
    if existing is None:
        existing = (",".join(header) + "\n").encode()
    return Minted(lines, existing + _appendix(lines, header, existing))


def _new_lines(desk: Desk) -> list[LedgerLine]:
    minted = {(line.domain, line.parent_key, line.key) for line in desk.lines}
    lines = []
    for domain in DOMAINS:
        highest = max((line.id for line in desk.lines if line.domain == domain.name), default=0)
        # text sorts by code points, which is the order of its UTF-8 bytes
        new = sorted(key for key in desk.keys[domain.name] if (domain.name, *key) not in minted)
        if highest + len(new) > MAX_ID:
            message = f"The domain {domain.name} is out of IDs: {plural(len(new), 'new key')} behind {highest}."
            raise LedgerError(message, "Restore the ledger from Git.")
        lines += [LedgerLine(domain.name, *key, number) for number, key in enumerate(new, start=highest + 1)]
    return lines


def _appendix(lines: Sequence[LedgerLine], header: Sequence[str], existing: bytes) -> bytes:
    """The new lines as CSV, in the columns and with the line ends of the ledger."""
    if not lines:
        return b""
    newline = "\r\n" if b"\r\n" in existing else "\n"
    text = io.StringIO(newline="")
    if not existing.endswith(b"\n"):
        text.write(newline)
    writer = csv.DictWriter(text, header, lineterminator=newline)
    writer.writerows(line._asdict() for line in lines)
    return text.getvalue().encode()
