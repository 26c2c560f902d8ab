"""The lookup desk: what analysts edit, checked and given IDs. Pure functions over CSV text."""

from orchestrator.lookups.base import Base
from orchestrator.lookups.check import check_lookups
from orchestrator.lookups.desk import read_desk, require_clean_catalogue, require_clean_desk, write_ledger
from orchestrator.lookups.findings import Finding, Rule, Severity
from orchestrator.lookups.ledger import LedgerLine
from orchestrator.lookups.mint import Minted, mint

__all__ = [
    "Base",
    "Finding",
    "LedgerLine",
    "Minted",
    "Rule",
    "Severity",
    "check_lookups",
    "mint",
    "read_desk",
    "require_clean_catalogue",
    "require_clean_desk",
    "write_ledger",
]
