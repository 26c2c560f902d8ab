"""`touchstone alert-test`: says what became of the message on each channel."""

import pytest
from alert_receivers import Receiver
from click.testing import CliRunner, Result
from house import free_port

from orchestrator.cli import main
from orchestrator.settings import get_settings


def alert_test(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Result:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        return CliRunner().invoke(main, ["alert-test"])
    finally:
        get_settings.cache_clear()


def test_each_channel_gets_a_message_that_says_it_is_a_test(
    monkeypatch: pytest.MonkeyPatch, slack: Receiver, webhook: Receiver
) -> None:
    done = alert_test(monkeypatch, TOUCHSTONE_SLACK_WEBHOOK_URL=slack.url, TOUCHSTONE_ALERT_WEBHOOK_URL=webhook.url)
    assert (done.exit_code, done.stdout.splitlines()) == (0, ["slack    delivered", "webhook  delivered"])
    assert slack.bodies[0]["text"] == "[touchstone dev] info: Test message"
    assert webhook.bodies[0]["kind"] == "test"


def test_one_channel_that_fails_is_named_and_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, webhook: Receiver
) -> None:
    done = alert_test(
        monkeypatch,
        TOUCHSTONE_SMTP_HOST="127.0.0.1",
        TOUCHSTONE_SMTP_PORT=str(free_port()),
        TOUCHSTONE_ALERT_TO="desk@example.com",
        TOUCHSTONE_ALERT_WEBHOOK_URL=webhook.url,
    )
    assert done.exit_code == 1
    mail, other = done.stdout.splitlines()
    assert mail.startswith("e-mail   The alert was not delivered by e-mail: ConnectionRefusedError")
    assert other == "webhook  delivered"
    assert len(webhook.bodies) == 1


def test_without_a_channel_it_says_that_alerts_are_only_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    done = alert_test(monkeypatch)
    assert (done.exit_code, done.stdout) == (
        0,
        "No channel is set: alerts are only logged. docs/alerts.md says how to set one.\n",
    )
