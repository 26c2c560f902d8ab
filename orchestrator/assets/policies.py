"""When a failed step is tried again: only where another try can help."""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from dagster import Backoff, Failure, Jitter, RetryPolicy
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestrator.exceptions import EngineError, TouchstoneError
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.client import running_address

RETRY_POLICY = RetryPolicy(max_retries=2, delay=2, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)

# What clickhouse-connect says when the connection, not the statement, is at fault.
_CONNECTION_FAULTS = ("error executing http", "connection", "timed out", "remote end closed", "max retries")


def is_transient(error: BaseException) -> bool:
    """True when the engine was away or busy, so that the same step may succeed a moment later."""
    if isinstance(error, EngineError | OperationalError | ConnectionError | TimeoutError):
        return True
    if isinstance(error, ClickHouseError):
        text = str(error).lower()
        return any(fault in text for fault in _CONNECTION_FAULTS)
    return error.__cause__ is not None and is_transient(error.__cause__)


@contextmanager
def no_retry_unless_transient() -> Iterator[None]:
    """Turn an error that another try cannot mend into a Dagster failure that is final."""
    try:
        yield
    except (TouchstoneError, ClickHouseError) as error:
        if is_transient(error):
            raise
        raise Failure(description=str(error), allow_retries=False) from error


@contextmanager
def failing_for_good(warehouse: WarehouseResource) -> Iterator[None]:
    """A dbt command that failed while the engine stands failed for good; one that lost it may be tried again."""
    try:
        yield
    except DagsterDbtCliRuntimeError as error:
        if _is_engine_away(warehouse):
            raise
        raise Failure(description=str(error), metadata=error.metadata, allow_retries=False) from error


def _is_engine_away(warehouse: WarehouseResource) -> bool:
    try:
        running_address(warehouse.settings)
        if not warehouse.settings.is_embedded:
            warehouse.client()
    except EngineError:
        return True
    return False
