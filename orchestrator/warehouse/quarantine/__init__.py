"""Quarantine: what lies in it, replaying it, and giving rows up. Nothing is deleted; an attempt is a row of its log."""

from orchestrator.warehouse.quarantine.discarding import discard
from orchestrator.warehouse.quarantine.listing import show, summary
from orchestrator.warehouse.quarantine.operations import Outcome
from orchestrator.warehouse.quarantine.replaying import replay
from orchestrator.warehouse.quarantine.selection import Selection, count_selected

__all__ = ["Outcome", "Selection", "count_selected", "discard", "replay", "show", "summary"]
