"""Reaching the engine that the settings name, starting the embedded one when it is ours to start."""

from dataclasses import dataclass
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error

from orchestrator.embedded import engine_state, start_engine
from orchestrator.exceptions import EngineError, EngineNotRunningError, MigrationsMissingError
from orchestrator.helpers import get_logger
from orchestrator.settings import Settings

log = get_logger(__name__)

_UNKNOWN_DATABASE = 81


@dataclass(frozen=True)
class Address:
    """Where the engine's HTTP interface listens."""

    host: str
    port: int


def running_address(settings: Settings) -> Address:
    """The engine's address, without starting anything.

    Raises:
        EngineNotRunningError: the engine is the embedded one and it is down.
    """
    if not settings.is_embedded:
        return Address(settings.host, settings.wanted_port)
    state = engine_state(settings.engine_dir)
    if state is None:
        raise EngineNotRunningError(f"No engine is running in {settings.engine_dir}.", "Start it with `touchstone up`.")
    return Address(settings.host, state.port)


def ensure_engine(settings: Settings) -> Address:
    """The engine's address; the embedded engine is started when it is down.

    Raises:
        EngineError: the embedded engine could not be started.
    """
    if not settings.is_embedded:
        return running_address(settings)
    started = start_engine(settings.engine_dir, settings.clickhouse_port, **engine_arguments(settings))
    if not started.was_running:
        log.info("engine started", pid=started.state.pid, port=started.state.port, note=started.note)
    return Address(settings.host, started.state.port)


def engine_arguments(settings: Settings) -> dict[str, Any]:
    """Who may log in to the embedded engine and how it may be used, for `start_engine` and its like."""
    return {
        "user": settings.clickhouse_user,
        "password": settings.clickhouse_password.get_secret_value(),
        "access": settings.engine_access,
    }


def connect(settings: Settings, *, database: str | None = None, in_session: bool = False) -> Client:
    """A client of the engine; the embedded engine is started when it is down.

    Args:
        settings: who to be and where to go.
        database: the database of unqualified names; None leaves it to the server.
        in_session: keep a session of its own, for temporary tables; then one statement at a time.

    Raises:
        EngineError: nothing answers, or the credentials are wrong.
        MigrationsMissingError: the database is not there.
    """
    address = ensure_engine(settings)
    try:
        return clickhouse_connect.get_client(
            host=address.host,
            port=address.port,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password.get_secret_value(),
            database=database or "__default__",
            secure=settings.clickhouse_secure,
            autogenerate_session_id=in_session,
        )
    except ClickHouseError as error:
        if isinstance(error, Error) and error.code == _UNKNOWN_DATABASE:
            raise MigrationsMissingError(f"There is no database {database}.", "Run `touchstone migrate`.") from error
        raise EngineError(
            f"ClickHouse at {address.host}:{address.port} cannot be used: {error}",
            "Check CLICKHOUSE_HOST, CLICKHOUSE_PORT, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD.",
        ) from error
