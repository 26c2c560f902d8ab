"""Retries: only where another try can help, more patient where the outside world is concerned."""

import errno
import http.client
import socket

import pytest
import urllib3
from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    DataError,
    OperationalError,
    ProgrammingError,
    StreamFailureError,
)
from dagster import Backoff, DagsterInstance, Failure, Jitter, RetryPolicy, RetryRequested, asset, materialize
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestrator.assets.policies import (
    LANDING_RETRIES,
    MARTS_RETRIES,
    MIGRATIONS_RETRIES,
    REFERENCE_RETRIES,
    REMEDY,
    is_transient,
    no_retry_unless_transient,
)
from orchestrator.exceptions import (
    BackupError,
    DictionaryGateError,
    EngineError,
    EngineNotRunningError,
    EnginePathError,
    EnginePathInUseError,
    EnginePortInUseError,
    EngineStartError,
    EngineUsersError,
    ForeignKeyError,
    LedgerError,
    LookupFileError,
    MigrationError,
    MigrationsMissingError,
    ReconciliationError,
    SchemaDriftError,
    SettingsError,
    TouchstoneError,
    WriterLockError,
)

POOL = urllib3.connectionpool.HTTPConnectionPool("127.0.0.1")
REFUSED = urllib3.exceptions.NewConnectionError(POOL, "refused")  # type: ignore[arg-type]


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def of_server(code: int, text: str) -> DatabaseError:
    """As clickhouse-connect raises what the server answers."""
    return DatabaseError(f"Received ClickHouse exception, code: {code}, server response: {text}", code=code)


@pytest.mark.parametrize(
    "error",
    [
        EngineError("It is down."),
        EngineNotRunningError("No engine."),
        EngineStartError("It did not come up in time."),
        WriterLockError("Somebody else writes."),
        ForeignKeyError("A dictionary is behind."),
        ConnectionRefusedError(),
        ConnectionResetError(),
        BrokenPipeError(),
        TimeoutError(),
        http.client.RemoteDisconnected("gone"),
        http.client.IncompleteRead(b""),
        socket.gaierror(socket.EAI_AGAIN, "try again"),
        OSError(errno.EHOSTUNREACH, "no route"),
        OSError(errno.ENETUNREACH, "no network"),
        REFUSED,
        urllib3.exceptions.ReadTimeoutError(POOL, "/", "slow"),
        urllib3.exceptions.ProtocolError("broken"),
        urllib3.exceptions.MaxRetryError(POOL, "/", REFUSED),
        OperationalError("Error ('Connection aborted.') executing HTTP request"),
        StreamFailureError("Failed to read response data from server"),
        DatabaseError("Connection closed before the HTTP response headers completed"),
        *[
            of_server(code, name)
            for code, name in [
                (202, "TOO_MANY_SIMULTANEOUS_QUERIES"),
                (209, "SOCKET_TIMEOUT"),
                (210, "NETWORK_ERROR"),
                (236, "ABORTED"),
                (241, "MEMORY_LIMIT_EXCEEDED"),
                (242, "TABLE_IS_READ_ONLY"),
                (252, "TOO_MANY_PARTS"),
                (319, "UNKNOWN_STATUS_OF_INSERT"),
                (999, "KEEPER_EXCEPTION"),
            ]
        ],
        DatabaseError("Code: 252. DB::Exception: Too many parts"),
        caused_by(MigrationError("could not apply"), OperationalError("Error executing HTTP request")),
        caused_by(EngineError("ClickHouse cannot be used"), ConnectionRefusedError()),
        caused_by(RuntimeError("in a library"), caused_by(MigrationError("x"), TimeoutError())),
    ],
    ids=repr,
)
def test_what_was_away_or_busy_is_worth_another_try(error: Exception) -> None:
    assert is_transient(error)
    with pytest.raises(Failure) as caught, no_retry_unless_transient():
        raise error
    assert caught.value.allow_retries is True
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        TouchstoneError("Something."),
        SettingsError("A setting is wrong."),
        LookupFileError("seeds/lookups.csv:3: blank cell"),
        LedgerError("An ID would move."),
        ReconciliationError("Rows are missing."),
        DictionaryGateError("It does not hold what its dimension holds."),
        MigrationError("It cannot be applied."),
        MigrationsMissingError("There is no database."),
        SchemaDriftError("A table was altered."),
        BackupError("No such backup."),
        EnginePathError("The folder is read-only."),
        EnginePathInUseError("Another process owns it."),
        EnginePortInUseError("Another program listens."),
        EngineUsersError("A user without a password."),
        DataError("a value does not fit"),
        ProgrammingError("connection settings are wrong"),
        of_server(62, "Syntax error: connection"),
        of_server(60, "UNKNOWN_TABLE"),
        of_server(159, "TIMEOUT_EXCEEDED"),
        of_server(243, "NOT_ENOUGH_SPACE"),
        of_server(469, "VIOLATED_CONSTRAINT"),
        OperationalError("code: 62 after a retry", code=62),
        DatabaseError("Received ClickHouse exception, code: 62: Syntax error"),
        caused_by(EngineError("ClickHouse cannot be used"), of_server(516, "AUTHENTICATION_FAILED")),
        OSError(errno.ENOSPC, "disk full"),
        PermissionError(errno.EACCES, "no"),
        FileNotFoundError(errno.ENOENT, "gone"),
        socket.gaierror(socket.EAI_NONAME, "no such host"),
        urllib3.exceptions.MaxRetryError(POOL, "/", None),
        KeyError("a bug"),
        ZeroDivisionError(),
    ],
    ids=repr,
)
def test_a_fault_in_the_data_the_code_or_the_settings_is_final(error: Exception) -> None:
    assert not is_transient(error)
    with pytest.raises(Failure) as caught, no_retry_unless_transient():
        raise error
    assert caught.value.allow_retries is False
    assert (str(error) or type(error).__name__) == caught.value.description


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Database Error in model dim_field\n  Code: 241. DB::Exception: Memory limit", True),
        ("Failure in test unique_dim_field_code", False),
        ("Code: 241. DB::Exception: Memory limit\nCode: 60. DB::Exception: Unknown table", False),
    ],
)
def test_a_dbt_command_is_worth_another_try_where_all_its_errors_may_pass(said: str, expected: bool) -> None:
    assert is_transient(DagsterDbtCliRuntimeError(said)) is expected


def test_a_failure_carries_the_remedy_for_alerts() -> None:
    with pytest.raises(Failure) as caught, no_retry_unless_transient():
        raise LedgerError("An ID would move.", "Take the line back.")
    assert caught.value.metadata[REMEDY].value == "Take the line back."


@pytest.mark.parametrize("own", [Failure("said by an asset"), RetryRequested()])
def test_what_dagster_raises_itself_goes_through(own: Exception) -> None:
    with pytest.raises(type(own)) as caught, no_retry_unless_transient():
        raise own
    assert caught.value is own


@pytest.mark.parametrize(("error", "attempts"), [(ConnectionRefusedError(), 3), (ReconciliationError("no"), 1)])
def test_dagster_tries_again_only_what_may_pass(error: Exception, attempts: int) -> None:
    tried: list[int] = []

    @asset(retry_policy=RetryPolicy(max_retries=2))
    def fragile() -> None:
        tried.append(1)
        with no_retry_unless_transient():
            raise error

    with DagsterInstance.ephemeral() as instance:
        assert not materialize([fragile], instance=instance, raise_on_error=False).success
    assert len(tried) == attempts


def test_each_layer_has_its_patience() -> None:
    waits = {
        policy: [policy._replace(jitter=None).calculate_delay(attempt) for attempt in range(1, policy.max_retries + 1)]
        for policy in (MIGRATIONS_RETRIES, LANDING_RETRIES, REFERENCE_RETRIES, MARTS_RETRIES)
    }
    assert list(waits.values()) == [[2, 6, 14], [2, 6, 14, 30, 62], [3, 9, 21], [5, 15]]
    assert {(policy.backoff, policy.jitter) for policy in waits} == {(Backoff.EXPONENTIAL, Jitter.PLUS_MINUS)}
