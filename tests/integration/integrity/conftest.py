"""What the tests of integrity share: a database that knows some codes, and files for it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import teach_codes
from observation_files import OBSERVATIONS, file_of

from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import LoadResult, load_file


@pytest.fixture(scope="module")
def world(shared: Settings) -> Client:
    """A client of the module's database, once its dictionaries know the codes of known_codes; repetitions are rejected."""
    client = connect(shared, database=shared.clickhouse_database)
    client.command(
        "INSERT INTO dim_feed_rule VALUES ('observations', 'duplicate_in_batch', 'reject', 1, now64(6), now64(6), 0)"
    )
    client.command(
        "INSERT INTO dim_reason VALUES ('observations', 'unknown_instrument', 7, 'instrument', 'Load it.', 1, now64(6), now64(6), 0)"
    )
    teach_codes(client)
    return client


@pytest.fixture
def load(world: Client, tmp_path: Path) -> Callable[..., LoadResult]:
    """Loads rows as a file of this name."""

    def load(name: str, rows: Sequence[Sequence[str]]) -> LoadResult:
        return load_file(world, OBSERVATIONS, file_of(tmp_path / name, rows))

    return load
