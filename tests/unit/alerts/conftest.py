"""Fixtures of the tests of alerts: local receivers, an instance that remembers, no proxy."""

from collections.abc import Iterator

import pytest
from alert_receivers import Receiver, receiver
from dagster import DagsterInstance
from structlog.testing import CapturedCall, CapturingLogger


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's library would ask a proxy of the machine for loopback too."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def slack() -> Iterator[Receiver]:
    with receiver() as received:
        yield received


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with receiver() as received:
        yield received


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[CapturedCall]:
    """What the room of alerts logs, however logging is configured."""
    logger = CapturingLogger()
    for module in ("raising", "channels", "book"):
        monkeypatch.setattr(f"orchestrator.alerts.{module}.log", logger)
    return logger.calls
