"""The only reader of the environment and of `.env`. Every name here is documented in .env.example."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestrator.constants import (
    DBT_PROJECT_DIR,
    DEFAULT_DATABASE,
    DEFAULT_HTTP_PORT,
    LOOPBACK,
    PROJECT_ROOT,
    SAMPLE_DATA_DIR,
)
from orchestrator.embedded.life.options import MAX_CONCURRENT_QUERIES, EngineAccess
from orchestrator.exceptions import SettingsError

Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """What the environment says. Paths are absolute once read; relative ones count from the project's folder."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    clickhouse_host: str | None = None
    clickhouse_port: Port | None = None
    clickhouse_user: str = "default"
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_database: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = DEFAULT_DATABASE
    clickhouse_secure: bool = False

    touchstone_environment: Literal["dev", "staging", "production"] = "dev"
    touchstone_home: Path = PROJECT_ROOT / ".touchstone"
    touchstone_drop_dir: Path = SAMPLE_DATA_DIR
    touchstone_drop_url: Annotated[str, Field(pattern=r"^s3://[^/\s]+(/\S*)?$")] | None = None
    touchstone_listen_host: str = LOOPBACK
    touchstone_users_file: Path | None = None
    touchstone_user_files_dir: Path | None = None
    touchstone_backup_dir: Path | None = None
    touchstone_max_concurrent_queries: Annotated[int, Field(ge=1, le=1000)] = MAX_CONCURRENT_QUERIES
    touchstone_max_request_bytes: Annotated[int, Field(ge=0)] = 0
    touchstone_max_query_seconds: Annotated[int, Field(ge=0)] = 0

    touchstone_ui_port: Port = 3000
    touchstone_dbt_threads: Annotated[int, Field(ge=1, le=64)] = 4
    touchstone_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    touchstone_log_format: Literal["console", "json"] = "console"
    touchstone_mint_in_warehouse: bool = False
    touchstone_lock_wait_seconds: Annotated[int, Field(ge=0)] = 600
    touchstone_gate_seconds: Annotated[int, Field(ge=0)] = 60
    touchstone_export_url: str | None = None
    touchstone_iceberg_catalog_uri: SecretStr = SecretStr("")
    touchstone_s3_endpoint: str | None = None
    touchstone_s3_region: str | None = None
    touchstone_s3_access_key_id: str | None = None
    touchstone_s3_secret_access_key: SecretStr = SecretStr("")
    touchstone_cluster: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    touchstone_metrics_port: Port = 9464
    touchstone_pushgateway_url: str | None = None
    touchstone_keep_runs_days: Annotated[int, Field(ge=1)] = 90
    touchstone_keep_backups: Annotated[int, Field(ge=1)] = 3
    touchstone_min_free_share: Annotated[float, Field(ge=0, lt=1)] = 0.1

    touchstone_ui_url: str | None = None
    touchstone_docs_url: str | None = None
    touchstone_alert_cooldown_seconds: Annotated[int, Field(ge=0)] = 900
    touchstone_slack_webhook_url: SecretStr | None = None
    touchstone_alert_webhook_url: SecretStr | None = None
    touchstone_smtp_host: str | None = None
    touchstone_smtp_port: Port = 587
    touchstone_smtp_starttls: bool = True
    touchstone_smtp_user: str | None = None
    touchstone_smtp_password: SecretStr = SecretStr("")
    touchstone_alert_from: str = "touchstone@localhost"
    touchstone_alert_to: str = ""

    @field_validator(
        "touchstone_home",
        "touchstone_drop_dir",
        "touchstone_users_file",
        "touchstone_user_files_dir",
        "touchstone_backup_dir",
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else (PROJECT_ROOT / path.expanduser()).resolve()

    @model_validator(mode="after")
    def _mail_has_recipients(self) -> Self:
        if self.touchstone_smtp_host and not self.alert_recipients:
            raise ValueError("TOUCHSTONE_SMTP_HOST is set, so TOUCHSTONE_ALERT_TO must name a recipient")
        return self

    @property
    def is_embedded(self) -> bool:
        """True when no ClickHouse server is named, so the engine is ours to start."""
        return self.clickhouse_host is None

    @property
    def is_always_on(self) -> bool:
        """True where schedules run by themselves: elsewhere than in development."""
        return self.touchstone_environment != "dev"

    @property
    def host(self) -> str:
        """Host name of the engine, the loopback address for the embedded one."""
        return self.clickhouse_host or LOOPBACK

    @property
    def wanted_port(self) -> int:
        """The HTTP port asked for, or ClickHouse's default."""
        return self.clickhouse_port or DEFAULT_HTTP_PORT

    @property
    def engine_dir(self) -> Path:
        """Folder of the embedded engine: its data, state file and log."""
        return self.touchstone_home / "engine"

    @property
    def backup_dir(self) -> Path:
        """Folder of the embedded engine's backups."""
        return self.touchstone_backup_dir or self.touchstone_home / "backups"

    @property
    def engine_access(self) -> EngineAccess:
        """Who may use the embedded engine, from where, and how much at once."""
        return EngineAccess(
            host=self.touchstone_listen_host,
            users_file=self.touchstone_users_file,
            user_files=self.touchstone_user_files_dir,
            backups=self.backup_dir,
            max_concurrent_queries=self.touchstone_max_concurrent_queries,
            max_request_bytes=self.touchstone_max_request_bytes,
            max_execution_seconds=self.touchstone_max_query_seconds,
        )

    @property
    def export_url(self) -> str:
        """Where exports go unless told otherwise; the path of a folder counts from the project's."""
        url = self.touchstone_export_url or str(self.touchstone_home / "exports")
        return url if "://" in url else str((PROJECT_ROOT / Path(url).expanduser()).resolve())

    @property
    def spool_dir(self) -> Path:
        """Where deliveries are kept while they are loaded."""
        return self.touchstone_home / "spool"

    @property
    def dagster_dir(self) -> Path:
        """Folder of the Dagster instance (runs, events, schedules)."""
        return self.touchstone_home / "dagster"

    @property
    def ui_url(self) -> str:
        """Address of Dagster's page, for links."""
        return (self.touchstone_ui_url or f"http://{LOOPBACK}:{self.touchstone_ui_port}").rstrip("/")

    @property
    def alert_recipients(self) -> tuple[str, ...]:
        """Who gets alerts by e-mail."""
        return tuple(filter(None, (address.strip() for address in self.touchstone_alert_to.split(","))))

    @property
    def run_log(self) -> Path:
        """What Dagster and dbt said during `touchstone run`."""
        return self.touchstone_home / "run.log"

    @property
    def dbt_dir(self) -> Path:
        """Folder of dbt's target, logs and links to packages."""
        return self.touchstone_home / "dbt"

    @property
    def docs_page(self) -> Path:
        """The page that `touchstone docs` writes."""
        return self.dbt_dir / "target" / "static_index.html"

    @property
    def dbt_packages_dir(self) -> Path:
        """Where dbt finds packages."""
        return self.dbt_dir / "packages"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: a value does not fit; the message names the variable and the value's fault.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            ": ".join(filter(None, (".".join(map(str, e["loc"])).upper(), e["msg"]))) for e in error.errors()
        )
        raise SettingsError(f"The environment or .env is wrong: {faults}.", "See .env.example.") from error


def export_environment(settings: Settings, host: str, port: int) -> None:
    """Tell child processes (dbt, the Dagster daemon and its runs) where the engine is and where they may write."""
    os.environ.update(child_environment(settings, host, port))


def child_environment(settings: Settings, host: str, port: int) -> dict[str, str]:
    """The variables that dbt's profile and Dagster read.

    CLICKHOUSE_HOST is not for this package's own processes: they would take the embedded engine for somebody else's
    server. The dbt profile has the loopback address as its default instead.
    """
    server = {} if settings.is_embedded else {"CLICKHOUSE_HOST": host}
    return {
        **server,
        "CLICKHOUSE_PORT": str(port),
        "CLICKHOUSE_USER": settings.clickhouse_user,
        "CLICKHOUSE_PASSWORD": settings.clickhouse_password.get_secret_value(),
        "CLICKHOUSE_DATABASE": settings.clickhouse_database,
        "CLICKHOUSE_SECURE": str(settings.clickhouse_secure).lower(),
        "TOUCHSTONE_ENVIRONMENT": settings.touchstone_environment,
        "TOUCHSTONE_HOME": str(settings.touchstone_home),
        "TOUCHSTONE_DROP_DIR": str(settings.touchstone_drop_dir),
        "TOUCHSTONE_DBT_THREADS": str(settings.touchstone_dbt_threads),
        "TOUCHSTONE_MINT_IN_WAREHOUSE": str(settings.touchstone_mint_in_warehouse).lower(),
        "TOUCHSTONE_LOCK_WAIT_SECONDS": str(settings.touchstone_lock_wait_seconds),
        "TOUCHSTONE_GATE_SECONDS": str(settings.touchstone_gate_seconds),
        "TOUCHSTONE_EXPORT_URL": settings.export_url,
        "TOUCHSTONE_CLUSTER": settings.touchstone_cluster,
        "DBT_TARGET_PATH": str(settings.dbt_dir / "target"),
        "DBT_LOG_PATH": str(settings.dbt_dir / "logs"),
        "DBT_PACKAGES_DIR": str(settings.dbt_packages_dir),
        "DBT_PROJECT_DIR": str(DBT_PROJECT_DIR),
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "DAGSTER_HOME": str(settings.dagster_dir),
        "DO_NOT_TRACK": "1",
    }


def inherited_environment() -> dict[str, str]:
    """A copy of this process's environment, to start a child with."""
    return dict(os.environ)
