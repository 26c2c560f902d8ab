"""The warehouse as a Dagster resource: every step reaches the engine through it, and brings it up when it is down."""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client
from dagster import ConfigurableResource

from orchestrator.settings import Settings, export_environment, get_settings
from orchestrator.warehouse.client import connect, ensure_engine
from orchestrator.warehouse.locks import writer_lock


class WarehouseResource(ConfigurableResource):  # type: ignore[type-arg]
    """Engine and database that the settings name."""

    @property
    def settings(self) -> Settings:
        """What the environment says."""
        return get_settings()

    def client(self) -> Client:
        """A client connected to the warehouse's database."""
        return connect(self.settings, database=self.settings.clickhouse_database)

    def prepare_dbt(self) -> None:
        """Bring the engine up and tell dbt where it is."""
        address = ensure_engine(self.settings)
        export_environment(self.settings, address.host, address.port)

    @contextmanager
    def only_writer(self, run_id: str) -> Iterator[Client]:
        """A client of the warehouse's database, and the lock of its only writer of dimensions.

        The pool of Dagster keeps the steps of one instance apart; the lock keeps this instance and all others apart.

        Raises:
            WriterLockError: somebody else writes for longer than TOUCHSTONE_LOCK_WAIT_SECONDS.
        """
        client = self.client()
        with writer_lock(
            client,
            self.settings.clickhouse_database,
            wait_seconds=self.settings.touchstone_lock_wait_seconds,
            holder=f"Dagster run {run_id}",
        ):
            yield client
