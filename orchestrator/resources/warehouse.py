"""The warehouse as a Dagster resource: every step reaches the engine through it, and brings it up when it is down."""

from clickhouse_connect.driver.client import Client
from dagster import ConfigurableResource

from orchestrator.settings import Settings, export_environment, get_settings
from orchestrator.warehouse.client import connect, ensure_engine


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
