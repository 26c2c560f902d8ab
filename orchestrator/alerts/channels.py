"""The channels that carry alerts: Slack, e-mail, a webhook. Each is on when its settings are set."""

import logging
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import ClassVar, Final, Protocol

import urllib3
from pydantic import SecretStr
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from orchestrator.alerts.alert import Alert
from orchestrator.alerts.rendering import as_json, as_slack_blocks, as_text, subject
from orchestrator.exceptions import AlertError
from orchestrator.helpers import get_logger
from orchestrator.settings import Settings

log = get_logger(__name__)

_SECONDS: Final = 10
_TOLD_CHARACTERS: Final = 200
_REDACTED: Final = "***"

# slack_sdk tells of the webhook's address, which is a secret, on the level of debugging
_slack_log = logging.getLogger("orchestrator.alerts.slack")
_slack_log.setLevel(logging.CRITICAL)


class Channel(Protocol):
    """Something that carries an alert to people."""

    name: ClassVar[str]

    def send(self, alert: Alert) -> None:
        """Send it.

        Raises:
            AlertError: it was not taken; without any secret.
        """


@dataclass(frozen=True)
class SlackChannel:
    """A Slack incoming webhook."""

    name: ClassVar[str] = "slack"
    url: SecretStr

    def send(self, alert: Alert) -> None:
        """See `Channel`."""
        client = WebhookClient(self.url.get_secret_value(), timeout=_SECONDS, retry_handlers=[], logger=_slack_log)
        try:
            response = client.send(text=subject(alert), blocks=as_slack_blocks(alert))
        except (OSError, ValueError, SlackClientError) as error:
            raise _refused(self.name, _words(error), "TOUCHSTONE_SLACK_WEBHOOK_URL", [self.url]) from None
        if not _is_success(response.status_code):
            told = f"HTTP status {response.status_code}: {response.body}"
            raise _refused(self.name, told, "TOUCHSTONE_SLACK_WEBHOOK_URL", [self.url])


@dataclass(frozen=True)
class WebhookChannel:
    """Any address that takes the alert as a JSON object by POST."""

    name: ClassVar[str] = "webhook"
    url: SecretStr

    def send(self, alert: Alert) -> None:
        """See `Channel`."""
        try:
            response = urllib3.request(
                "POST", self.url.get_secret_value(), json=as_json(alert), timeout=_SECONDS, retries=False
            )
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            raise _refused(self.name, _words(error), "TOUCHSTONE_ALERT_WEBHOOK_URL", [self.url]) from None
        if not _is_success(response.status):
            told = f"HTTP status {response.status}: {response.data[:_TOLD_CHARACTERS].decode(errors='replace')}"
            raise _refused(self.name, told, "TOUCHSTONE_ALERT_WEBHOOK_URL", [self.url])


@dataclass(frozen=True)
class MailChannel:
    """E-mail by SMTP, encrypted by STARTTLS unless that is turned off."""

    name: ClassVar[str] = "e-mail"
    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str | None
    password: SecretStr
    starttls: bool

    def send(self, alert: Alert) -> None:
        """See `Channel`."""
        try:
            refused = self._hand_over(self._message(alert))
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise _refused(self.name, _words(error), "TOUCHSTONE_SMTP_*", [self.password]) from None
        if refused:
            raise _refused(self.name, f"recipients refused: {', '.join(sorted(refused))}", "TOUCHSTONE_ALERT_TO", [])

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = subject(alert)
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message.set_content(as_text(alert))
        return message

    def _hand_over(self, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP(self.host, self.port, timeout=_SECONDS) as server:
            if self.starttls:
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password.get_secret_value())
            return server.send_message(message)


@dataclass(frozen=True)
class Delivery:
    """What became of an alert on one channel; `fault` is None where it was taken."""

    channel: str
    fault: str | None = None


def channels_of(settings: Settings) -> list[Channel]:
    """The channels that are set."""
    channels: list[Channel] = []
    if settings.touchstone_slack_webhook_url:
        channels.append(SlackChannel(settings.touchstone_slack_webhook_url))
    if settings.touchstone_smtp_host:
        channels.append(
            MailChannel(
                host=settings.touchstone_smtp_host,
                port=settings.touchstone_smtp_port,
                sender=settings.touchstone_alert_from,
                recipients=settings.alert_recipients,
                user=settings.touchstone_smtp_user,
                password=settings.touchstone_smtp_password,
                starttls=settings.touchstone_smtp_starttls,
            )
        )
    if settings.touchstone_alert_webhook_url:
        channels.append(WebhookChannel(settings.touchstone_alert_webhook_url))
    return channels


def deliver(channels: Sequence[Channel], alert: Alert) -> list[Delivery]:
    """Send the alert on every channel, whatever becomes of the others; each fault is logged."""
    deliveries = []
    for channel in channels:
        fault = None
        try:
            channel.send(alert)
        except AlertError as error:
            fault = str(error)
            log.error("alert not delivered", channel=channel.name, fault=fault, fingerprint=alert.fingerprint)  # noqa: TRY400 a trace may hold secrets
        deliveries.append(Delivery(channel.name, fault))
    return deliveries


def without_secrets(alert: Alert, settings: Settings) -> Alert:
    """The alert with every secret of the settings blotted out of what an error said."""
    secrets = [value for value in dict(settings).values() if isinstance(value, SecretStr)]
    return replace(
        alert,
        error=_redacted(alert.error, secrets),
        remedy=_redacted(alert.remedy, secrets),
        details=tuple(_redacted(line, secrets) for line in alert.details),
    )


def _refused(channel: str, why: str, setting: str, secrets: Sequence[SecretStr]) -> AlertError:
    told = " ".join(_redacted(why, secrets).split())[:_TOLD_CHARACTERS]
    return AlertError(f"The alert was not delivered by {channel}: {told}.", f"See {setting} and docs/alerts.md.")


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _redacted(text: str, secrets: Sequence[SecretStr]) -> str:
    for secret in secrets:
        for spelling in _spellings(secret.get_secret_value()):
            text = text.replace(spelling, _REDACTED)
    return text


def _spellings(secret: str) -> list[str]:
    """A secret, and of an address also its path, which libraries tell of by itself."""
    path = urllib3.util.parse_url(secret).request_uri if "://" in secret else ""
    return [part for part in (secret, path) if len(part) > 1]


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 HTTP's own numbers
