"""One alert as Slack blocks, as an e-mail and as JSON. Pure functions."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.alerts.alert import Alert, Severity
from orchestrator.helpers import plural

_MOST_NAMED = 10
_MARKS = {
    Severity.ERROR: ":red_circle:",
    Severity.WARNING: ":large_yellow_circle:",
    Severity.RECOVERED: ":large_green_circle:",
    Severity.INFO: ":information_source:",
}
# Slack refuses a whole message over its limits: 150 characters of a header, 3,000 of a text, 2,000 of a field
_HEADER_CHARACTERS = 150
_TEXT_CHARACTERS = 3000
_FIELD_CHARACTERS = 2000


def as_json(alert: Alert) -> dict[str, Any]:
    """The body of the generic webhook: the alert's fields, its fingerprint, and the number of failures it tells of."""
    return {
        **asdict(alert),
        "at": alert.at.isoformat(),
        "severity": alert.severity.value,
        "fingerprint": alert.fingerprint,
        "failures": alert.failures,
    }


def subject(alert: Alert) -> str:
    """An e-mail's subject, or a message's first line."""
    return " ".join(f"[touchstone {alert.environment}] {alert.severity}: {alert.title}".split())


def as_text(alert: Alert) -> str:
    """An e-mail's text."""
    lines = [alert.title, "", alert.error, *_listed(alert), "", f"What to do: {alert.remedy}", ""]
    lines += [f"{label}: {text}" for label, text in facts(alert)]
    if alert.run_url:
        lines.append(f"Link: {alert.run_url}")
    if alert.held_back:
        lines += ["", told_of_held_back(alert)]
    return "\n".join(lines) + "\n"


def as_slack_blocks(alert: Alert) -> list[dict[str, Any]]:
    """The blocks of a Slack message, within Slack's limits."""
    body = [f"*Error:* {_escaped(alert.error)}", *map(_escaped, _listed(alert))]
    body.append(f"*What to do:* {_escaped(alert.remedy)}")
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(f"{_MARKS[alert.severity]} {alert.title}")},
        {"type": "section", "text": _markdown("\n".join(body), _TEXT_CHARACTERS)},
        {
            "type": "section",
            "fields": [_markdown(f"*{label}*\n{_escaped(text)}", _FIELD_CHARACTERS) for label, text in facts(alert)],
        },
    ]
    if alert.run_url:
        link = _markdown(f"<{alert.run_url}|Open the run in Dagster>", _TEXT_CHARACTERS)
        blocks.append({"type": "section", "text": link})
    if alert.held_back:
        blocks.append({"type": "context", "elements": [_markdown(told_of_held_back(alert), _TEXT_CHARACTERS)]})
    return blocks


def facts(alert: Alert) -> list[tuple[str, str]]:
    """Labels and texts of what is known; at most ten, as many as a Slack section takes."""
    known = [
        ("Environment", alert.environment),
        ("Time", f"{alert.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Job", alert.job),
        ("Partition", alert.partition),
        ("Assets", _named(alert.assets)),
        ("Checks", _named(alert.checks)),
        ("Steps", _named(alert.steps)),
        ("Run", alert.run_id),
    ]
    return [(label, text) for label, text in known if text]


def told_of_held_back(alert: Alert) -> str:
    """The sentence about alerts that were not sent."""
    verb = "was" if alert.held_back == 1 else "were"
    return f"{plural(alert.held_back, 'alert')} of the same kind {verb} held back since the last message."


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _listed(alert: Alert) -> list[str]:
    """One line per failure; a single one is the error itself."""
    if len(alert.details) <= 1:
        return []
    more = len(alert.details) - _MOST_NAMED
    return [f"- {line}" for line in alert.details[:_MOST_NAMED]] + ([f"- and {more} more"] if more > 0 else [])


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:_HEADER_CHARACTERS], "emoji": True}


def _markdown(text: str, most: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text[:most]}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
