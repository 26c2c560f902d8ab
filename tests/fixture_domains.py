"""The domains of tests that write the desk's files themselves: those of a fixture, so that the project may declare more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from orchestrator.lookups import domains
from orchestrator.lookups.domains import Declared, load_declared, seed_columns

FIXTURE_DOMAINS = load_declared(Path(__file__).parent / "fixtures" / "domains.yml")


@contextmanager
def declared_instead(declared: Declared) -> Iterator[None]:
    """For a while the desk has these domains. Every module reads the same two mappings, so they change in place."""
    of_ledger = {domain.name: domain for domain in declared.domains if domain.is_of_ledger}
    with (
        patch.dict(domains.DOMAINS_BY_NAME, of_ledger, clear=True),
        patch.dict(domains.SEED_COLUMNS, seed_columns(declared.domains), clear=True),
    ):
        yield
