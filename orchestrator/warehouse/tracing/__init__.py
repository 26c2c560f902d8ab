"""Tracing: from one row to all that it came from.

`keys` says which row, `finding` looks for it, `gathering` asks for the rest.
"""

from orchestrator.warehouse.tracing.finding import Found, Matches, find_rows
from orchestrator.warehouse.tracing.gathering import Surroundings, gather
from orchestrator.warehouse.tracing.keys import NaturalKey, RowKey, parse_key
from orchestrator.warehouse.tracing.model import Trace, as_json

__all__ = [
    "Found",
    "Matches",
    "NaturalKey",
    "RowKey",
    "Surroundings",
    "Trace",
    "as_json",
    "find_rows",
    "gather",
    "parse_key",
]
