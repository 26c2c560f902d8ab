"""`touchstone build`: the ledger, then dbt, as the warehouse's only writer meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client

from orchestrator.constants import SEEDS_DIR
from orchestrator.helpers import stderr_console
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect, ensure_engine
from orchestrator.warehouse.dbt import run_dbt
from orchestrator.warehouse.ledger import load_ledger_of, require_migrated
from orchestrator.warehouse.locks import writer_lock


def build(settings: Settings, dbt_arguments: tuple[str, ...]) -> int:
    """Load the ledger's new lines and run `dbt build`; returns dbt's exit code.

    Raises:
        WriterLockError: another run writes dimensions for longer than TOUCHSTONE_LOCK_WAIT_SECONDS.
        LedgerError: the ledger gives a key another ID than before.
        MigrationsMissingError: the database is not migrated.
    """
    address = ensure_engine(settings)
    client = connect(settings, database=settings.clickhouse_database)
    require_migrated(client)  # before the lock, which would make tables of its own
    with _only_writer(settings, client):
        load_ledger_of(client, SEEDS_DIR)
        return run_dbt(settings, ["build", *dbt_arguments], host=address.host, port=address.port)


@contextmanager
def _only_writer(settings: Settings, client: Client) -> Iterator[None]:
    console = stderr_console()
    with writer_lock(
        client,
        settings.clickhouse_database,
        wait_seconds=settings.touchstone_lock_wait_seconds,
        holder="touchstone build",
        on_wait=lambda told: console.print(told, style="yellow", markup=False),
    ):
        yield
