"""Channels: a message arrives whole where it is sent, a dead channel keeps no other from it, secrets stay secret."""

import email
import json
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from alert_receivers import FAILED, Receiver, receiver
from dagster import DagsterInstance
from house import free_port
from structlog.testing import CapturedCall

from orchestrator.alerts import Alert, raise_alert
from orchestrator.alerts.channels import Delivery, channels_of, deliver
from orchestrator.alerts.rendering import as_json, as_slack_blocks, as_text, subject
from orchestrator.constants import PROJECT_ROOT
from orchestrator.exceptions import AlertError, SettingsError
from orchestrator.settings import Settings, get_settings

PASSWORD = "correct horse battery"


class Mailbox:
    """Keeps the messages that an SMTP server takes."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 its name for aiosmtpd
        self.messages.append(email.message_from_bytes(bytes(envelope.content or b""), policy=modern))  # type: ignore[arg-type]
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[Callable[..., tuple[Mailbox, int]]]:
    """Starts SMTP servers on free ports."""
    started: list[Controller] = []

    def start(**options: object) -> tuple[Mailbox, int]:
        mailbox = Mailbox()
        controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)  # type: ignore[arg-type]
        controller.start()
        started.append(controller)
        return mailbox, controller.port

    yield start
    for controller in started:
        controller.stop()


def mail_settings(port: int, **changes: object) -> Settings:
    given = {
        "touchstone_smtp_host": "127.0.0.1",
        "touchstone_smtp_port": port,
        "touchstone_smtp_starttls": False,
        "touchstone_alert_from": "touchstone@example.com",
        "touchstone_alert_to": "desk@example.com, night@example.com",
        **changes,
    }
    return Settings(**given)  # type: ignore[arg-type]


def sent(settings: Settings, alert: Alert = FAILED) -> list[Delivery]:
    return deliver(channels_of(settings), alert)


def test_slack_is_told_what_failed_why_what_to_do_and_where(slack: Receiver) -> None:
    assert sent(Settings(touchstone_slack_webhook_url=slack.url)) == [Delivery("slack")]
    [body] = slack.bodies
    told = json.dumps(body, ensure_ascii=False)
    assert body["text"] == "[touchstone staging] error: Job everything failed: 1 step"
    for part in (
        "landing_observations",
        "is not a &lt;number&gt;",
        "Mend the line &amp; load",
        FAILED.run_url,
        "staging",
    ):
        assert part in told


def test_the_webhook_gets_the_alert_s_fields_as_json(webhook: Receiver) -> None:
    assert sent(Settings(touchstone_alert_webhook_url=webhook.url)) == [Delivery("webhook")]
    [body] = webhook.bodies
    assert body == json.loads(json.dumps(as_json(FAILED)))
    assert body["assets"] == ["landing_observations"]
    assert (body["severity"], body["at"], body["failures"]) == ("error", "2026-03-04T12:00:00+00:00", 1)
    assert (body["run_url"], body["remedy"]) == (FAILED.run_url, FAILED.remedy)


def test_an_e_mail_reaches_all_recipients(mail_server: Callable[..., tuple[Mailbox, int]]) -> None:
    mailbox, port = mail_server()
    assert sent(mail_settings(port)) == [Delivery("e-mail")]
    [message] = mailbox.messages
    assert mailbox.recipients == [["desk@example.com", "night@example.com"]]
    assert message["Subject"] == "[touchstone staging] error: Job everything failed: 1 step"
    assert message["From"] == "touchstone@example.com"
    assert message.get_content().replace("\r\n", "\n") == as_text(FAILED)
    assert FAILED.run_url in as_text(FAILED)


def test_an_e_mail_is_sent_by_starttls_with_a_login(
    mail_server: Callable[..., tuple[Mailbox, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    logins: list[tuple[bytes, bytes]] = []

    def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        logins.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    mailbox, port = mail_server(
        tls_context=context, require_starttls=True, authenticator=login, auth_required=True, auth_require_tls=True
    )
    settings = mail_settings(
        port, touchstone_smtp_starttls=True, touchstone_smtp_user="bot", touchstone_smtp_password=PASSWORD
    )
    assert sent(settings) == [Delivery("e-mail")]
    assert len(mailbox.messages) == 1
    assert logins == [(b"bot", PASSWORD.encode())]

    wrong = mail_settings(
        port, touchstone_smtp_starttls=True, touchstone_smtp_user="bot", touchstone_smtp_password="wrong one"
    )
    [delivery] = sent(wrong)
    assert delivery.fault is not None
    assert "SMTPAuthenticationError" in delivery.fault
    assert "wrong one" not in delivery.fault


def test_an_untrusted_server_gets_no_password(mail_server: Callable[..., tuple[Mailbox, int]]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    mailbox, port = mail_server(tls_context=context)
    [delivery] = sent(mail_settings(port, touchstone_smtp_starttls=True))
    assert "CERTIFICATE_VERIFY_FAILED" in str(delivery.fault)
    assert mailbox.messages == []


def test_a_dead_channel_keeps_no_other_from_the_message_and_is_raised(
    instance: DagsterInstance, webhook: Receiver, logged: list[CapturedCall]
) -> None:
    hidden = f"http://127.0.0.1:{free_port()}/services/T1/B1/hidden-token"
    settings = Settings(touchstone_slack_webhook_url=hidden, touchstone_alert_webhook_url=webhook.url)
    with pytest.raises(AlertError, match=r"1 of 2 messages failed: .* by slack: .*Connection refused") as caught:
        raise_alert(instance, settings, FAILED)
    assert [body["title"] for body in webhook.bodies] == [FAILED.title]
    assert "hidden-token" not in f"{caught.value}{logged}"
    assert [call.args[0] for call in logged] == ["alert", "alert not delivered"]
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("channel", ["slack", "alert"])
def test_a_refusal_is_told_with_its_status_and_without_the_address(channel: str) -> None:
    with receiver(status=404) as refusing:
        [delivery] = sent(Settings(**{f"touchstone_{channel}_webhook_url": refusing.url}))
    assert "HTTP status 404" in str(delivery.fault)
    assert "docs/alerts.md" in str(delivery.fault)
    assert "hidden-token" not in str(delivery.fault)


@pytest.mark.parametrize("channel", ["slack", "alert"])
@pytest.mark.parametrize(
    "url", ["not an address/hidden-token", "http://127.0.0.1:1/hidden-token", "ftp://x/hidden-token"]
)
def test_no_fault_of_an_address_tells_the_address(
    channel: str, url: str, caplog: pytest.LogCaptureFixture, logged: list[CapturedCall]
) -> None:
    caplog.set_level("DEBUG")
    settings = Settings(**{f"touchstone_{channel}_webhook_url": url})
    [delivery] = sent(settings)
    assert delivery.fault
    for text in (delivery.fault, caplog.text, str(logged), repr(settings), repr(channels_of(settings))):
        assert "hidden-token" not in text


def test_a_secret_in_an_error_s_text_does_not_travel(
    instance: DagsterInstance, webhook: Receiver, logged: list[CapturedCall]
) -> None:
    settings = Settings(touchstone_alert_webhook_url=webhook.url, clickhouse_password="hunter2-and-more")
    leaking = "Login with hunter2-and-more failed."
    raise_alert(instance, settings, Alert(**{**vars(FAILED), "error": leaking, "details": (leaking,)}))
    [body] = webhook.bodies
    assert body["error"] == "Login with *** failed."
    assert logged
    assert "hunter2-and-more" not in f"{body}{logged}"


def test_without_settings_there_is_no_channel() -> None:
    assert channels_of(Settings()) == []


def test_mail_without_recipients_is_a_wrong_setting_that_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_SMTP_HOST", "smtp.example")
    monkeypatch.setenv("TOUCHSTONE_SLACK_WEBHOOK_URL", "https://hooks.example/hidden-token")
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match="TOUCHSTONE_ALERT_TO") as caught:
        get_settings()
    get_settings.cache_clear()
    assert "hidden-token" not in f"{caught.value}{caught.value.__cause__}"


def test_the_message_in_the_documentation_is_as_rendered() -> None:
    said = "landing_prices: prices.csv:7: 'x' is not a number."
    changes = {"environment": "production", "error": said, "details": (said,)}
    changes |= {"remedy": "Mend the line and load the file again.", "held_back": 9}
    changes |= dict.fromkeys(("steps", "assets"), ("landing_prices",))
    changes |= {"run_url": f"http://127.0.0.1:3000/runs/{FAILED.run_id}"}
    alert = Alert(**{**vars(FAILED), **changes})
    page = (PROJECT_ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert f"```\nSubject: {subject(alert)}\n\n{as_text(alert)}```\n" in page


def test_a_long_alert_keeps_within_slack_s_limits() -> None:
    names = tuple(f"check_with_quite_a_long_name_{number} of fct_observations" for number in range(500))
    long = Alert(**{**vars(FAILED), "title": "t" * 400, "checks": names, "details": names, "error": "e" * 5000})
    blocks = as_slack_blocks(long)
    assert len(blocks[0]["text"]["text"]) <= 150
    assert len(blocks[1]["text"]["text"]) <= 3000
    assert all(len(field["text"]) <= 2000 for field in blocks[2]["fields"])
    assert len(blocks[2]["fields"]) <= 10
    assert "and 490 more" in as_text(long)
