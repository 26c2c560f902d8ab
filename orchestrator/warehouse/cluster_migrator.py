"""clickhouse-migrations on a cluster: each statement is rendered as it is sent.

The library keeps the checksum of the raw file, so that a landed migration stays frozen whatever its rendering.
`_migrator` and `_command` are private to it; tests/unit/warehouse/test_clusters.py tells when they change.
"""

from typing import Any

from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.connection import Connection
from clickhouse_migrations.migrator import Migrator

from orchestrator.warehouse.clusters import for_cluster


class RenderingCluster(ClickhouseCluster):  # type: ignore[misc] # the library has no types
    """The library, with statements rendered for the cluster of this name; without one it is the library as it is."""

    def __init__(self, cluster: str, **connection: Any) -> None:  # noqa: ANN401 as the library has it
        super().__init__(**connection)
        self._cluster = cluster

    def _migrator(self, conn: Connection, dryrun: bool = False, migration_log_format: str = "full") -> Migrator:
        return RenderingMigrator(
            self._cluster,
            conn,
            dryrun,
            migration_log_format=migration_log_format,
            migrations_table=self.migrations_table,
            migrations_table_engine=self.migrations_table_engine,
        )


class RenderingMigrator(Migrator):  # type: ignore[misc] # the library has no types
    """Sends what `for_cluster` makes of a statement."""

    def __init__(self, cluster: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 as the library has it
        super().__init__(*arguments, **options)
        self._cluster = cluster

    def _command(self, statement: str, shown: str) -> None:
        for part in for_cluster(statement, self._cluster):
            super()._command(part, shown)
