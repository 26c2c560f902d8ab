"""When a failed step is tried again: how often and how patiently per layer, and only where another try can help.

| layer      | tries again | waits, about     | because                                                            |
|------------|-------------|------------------|--------------------------------------------------------------------|
| migrations | 3 times     | 2, 6, 14 s       | each statement may be repeated; the engine may still be starting   |
| landing    | 5 times     | 2, 6, 14, 30, 62 s | files stay where they are, a restarted server is back in a minute |
| reference  | 3 times     | 3, 9, 21 s       | one writer: others wait for it                                     |
| marts      | 2 times     | 5, 15 s          | the dearest to repeat                                              |
| exports    | 3 times     | 5, 15, 35 s      | a bucket may be out of reach for a while; what is done stays done  |

Each wait varies by the first one, so that steps which failed together do not come back together.
"""

import errno
import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import urllib3
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, Error, OperationalError, ProgrammingError
from dagster import Backoff, Failure, Jitter, RetryPolicy, RetryRequested
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestrator.exceptions import (
    EngineError,
    EnginePathError,
    EnginePathInUseError,
    EnginePortInUseError,
    EngineUsersError,
    ForeignKeyError,
    TouchstoneError,
    WriterLockError,
)
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.client import running_address


def _policy(times: int, first_wait: float) -> RetryPolicy:
    return RetryPolicy(max_retries=times, delay=first_wait, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)


# name of a failure's metadata, for alerts
REMEDY: Final = "remedy"

MIGRATIONS_RETRIES: Final = _policy(3, 2)
LANDING_RETRIES: Final = _policy(5, 2)
REFERENCE_RETRIES: Final = _policy(3, 3)
MARTS_RETRIES: Final = _policy(2, 5)
EXPORTS_RETRIES: Final = _policy(3, 5)

# ClickHouse's codes for what passes by itself: busy, overloaded, restarting, a replica or Keeper away
_TRANSIENT_CODES: Final = frozenset({
    95,   # CANNOT_READ_FROM_SOCKET
    96,   # CANNOT_WRITE_TO_SOCKET
    198,  # DNS_ERROR
    202,  # TOO_MANY_SIMULTANEOUS_QUERIES
    203,  # NO_FREE_CONNECTION
    209,  # SOCKET_TIMEOUT
    210,  # NETWORK_ERROR
    225,  # NO_ZOOKEEPER
    236,  # ABORTED
    241,  # MEMORY_LIMIT_EXCEEDED
    242,  # TABLE_IS_READ_ONLY
    252,  # TOO_MANY_PARTS
    279,  # ALL_CONNECTION_TRIES_FAILED
    285,  # TOO_FEW_LIVE_REPLICAS
    286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    319,  # UNKNOWN_STATUS_OF_INSERT
    373,  # SESSION_IS_LOCKED
    439,  # CANNOT_SCHEDULE_TASK
    473,  # DEADLOCK_AVOIDED
    499,  # S3_ERROR
    999,  # KEEPER_EXCEPTION
})  # fmt: skip
_CODE: Final = re.compile(r"\bcode:\s*(\d+)", re.IGNORECASE)

# what clickhouse-connect says when the connection, not the statement, is at fault
_CONNECTION_FAULTS: Final = (
    "error executing http", "connection", "timed out", "remote end closed", "max retries", "failed to read response",
)  # fmt: skip
_TRANSIENT_ERRNOS: Final = frozenset({
    errno.EAGAIN, errno.EBUSY, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EINTR, errno.ENETDOWN, errno.ENETUNREACH,
    errno.ETIMEDOUT,
})  # fmt: skip
_TRANSIENT: Final = (
    ConnectionError,
    TimeoutError,
    WriterLockError,
    ForeignKeyError,
    http.client.HTTPException,
    urllib3.exceptions.TimeoutError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.NewConnectionError,
)
# engine errors that a person has to mend
_FINAL_ENGINE_ERRORS: Final = (EnginePathError, EnginePathInUseError, EnginePortInUseError, EngineUsersError)


def is_transient(error: BaseException) -> bool:
    """True when the engine was away or busy, so that the same step may succeed a moment later."""
    match error:
        case _ if isinstance(error, _TRANSIENT):
            transient = True
        case urllib3.exceptions.MaxRetryError():
            transient = error.reason is not None and is_transient(error.reason)
        case socket.gaierror():
            transient = error.errno == socket.EAI_AGAIN
        case OSError():
            transient = error.errno in _TRANSIENT_ERRNOS
        case ClickHouseError():
            transient = _is_transient_of_clickhouse(error)
        case DagsterDbtCliRuntimeError():
            transient = _tells_only_transient_codes(str(error))
        case EngineError() if error.__cause__ is None:
            transient = not isinstance(error, _FINAL_ENGINE_ERRORS)
        case _:
            transient = error.__cause__ is not None and is_transient(error.__cause__)
    return transient


@contextmanager
def no_retry_unless_transient() -> Iterator[None]:
    """Turn an error into a Dagster failure with its remedy, which is final unless another try can mend it."""
    try:
        yield
    except (Failure, RetryRequested):
        raise
    except Exception as error:
        remedy = error.remedy if isinstance(error, TouchstoneError) else None
        raise Failure(
            description=str(error) or type(error).__name__,
            metadata={REMEDY: remedy} if remedy else None,
            allow_retries=is_transient(error),
        ) from error


def _is_transient_of_clickhouse(error: ClickHouseError) -> bool:
    """By the server's code; without one it is the client that speaks, and a fault of the connection passes."""
    if isinstance(error, ProgrammingError | DataError):
        return False
    text = str(error)
    code = error.code if isinstance(error, Error) else None
    if code is not None or _CODE.search(text):
        return code in _TRANSIENT_CODES if code is not None else _tells_only_transient_codes(text)
    return isinstance(error, OperationalError) or any(fault in text.lower() for fault in _CONNECTION_FAULTS)


def _tells_only_transient_codes(text: str) -> bool:
    codes = {int(code) for code in _CODE.findall(text)}
    return bool(codes) and codes <= _TRANSIENT_CODES


@contextmanager
def failing_for_good(warehouse: WarehouseResource) -> Iterator[None]:
    """A dbt command that failed while the engine stands failed for good; one that lost it may be tried again."""
    try:
        yield
    except DagsterDbtCliRuntimeError as error:
        may_pass = is_transient(error) or _is_engine_away(warehouse)
        raise Failure(description=str(error), metadata=error.metadata, allow_retries=may_pass) from error


def _is_engine_away(warehouse: WarehouseResource) -> bool:
    try:
        running_address(warehouse.settings)
        if not warehouse.settings.is_embedded:
            warehouse.client()
    except EngineError:
        return True
    return False
