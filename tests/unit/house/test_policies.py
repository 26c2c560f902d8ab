"""Retries: only where another try can help."""

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from dagster import Failure

from orchestrator.assets.policies import is_transient, no_retry_unless_transient
from orchestrator.exceptions import EngineError, LookupFileError, MigrationError, ReconciliationError


@pytest.mark.parametrize(
    "error",
    [
        EngineError("down"),
        OperationalError("Error ('Connection aborted.') executing HTTP request"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
def test_an_engine_that_was_away_is_worth_another_try(error: Exception) -> None:
    assert is_transient(error)
    with pytest.raises(type(error)), no_retry_unless_transient():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        LookupFileError("seeds/lookups.csv:3: blank cell"),
        ReconciliationError("rows are missing"),
        DatabaseError("Received ClickHouse exception, code: 62: Syntax error"),
    ],
)
def test_a_fault_in_the_data_or_the_code_is_final(error: Exception) -> None:
    assert not is_transient(error)
    with pytest.raises(Failure) as caught, no_retry_unless_transient():
        raise error
    assert caught.value.allow_retries is False
    assert str(error) in str(caught.value.description)


def test_an_error_of_the_house_is_as_transient_as_its_cause() -> None:
    error = MigrationError("could not apply")
    error.__cause__ = OperationalError("connection refused")
    assert is_transient(error)
