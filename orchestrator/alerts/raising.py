"""Raising an alert from anywhere, without a storm: one message per kind and cooldown, the others are counted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from dagster import DagsterInstance

from orchestrator.alerts.alert import Alert, Severity
from orchestrator.alerts.book import Book, opened_book
from orchestrator.alerts.channels import Delivery, channels_of, deliver, without_secrets
from orchestrator.alerts.recovery import alert_of_recovery
from orchestrator.alerts.story import RunStory
from orchestrator.exceptions import AlertError
from orchestrator.helpers import get_logger, plural, utc_now
from orchestrator.settings import Settings

log = get_logger(__name__)

_CALM = {Severity.RECOVERED, Severity.INFO}


def raise_alert(instance: DagsterInstance, settings: Settings, alert: Alert, *, now: datetime | None = None) -> bool:
    """Log the alert and send it on all channels, unless one of its kind was sent within the cooldown.

    Args:
        instance: whose storage remembers what was told (see `alerts/book.py`).
        settings: channels and cooldown.
        alert: what to tell.
        now: the moment of telling; the present one unless a test says otherwise.

    Returns:
        True when a message went out, False when it was held back. What is held back is told by the next message of its
        kind, at the latest by `send_held_back` once the cooldown is over.

    Raises:
        AlertError: a channel did not take it; the others have it. When none has, `send_held_back` tries again.
    """
    moment = now or utc_now()
    alert = without_secrets(alert, settings)
    _log(alert)
    with opened_book(instance, moment) as book:
        message = book.admit(alert, moment, _cooldown(settings))
        if message is None:
            log.info("alert held back", fingerprint=alert.fingerprint, title=alert.title)
            return False
        deliveries = _send(book, settings, message, moment)
    _require_delivered(deliveries)
    return True


def tell_standing(
    instance: DagsterInstance,
    settings: Settings,
    kind: str,
    standing: Sequence[Alert],
    recovered: Callable[[Alert], Alert],
    *,
    now: datetime | None = None,
) -> int:
    """Tell of what lasts: once when it begins, again when more is concerned, and once when it is over.

    Args:
        instance, settings, now: as for `raise_alert`.
        kind: of all these alerts; what was told under it and is not among them is over.
        standing: what stands at this moment, each with its subjects.
        recovered: makes the message of recovery of an alert that was sent, without what has recovered.

    Returns:
        How many messages went out. What is held back is told by `send_held_back`, if it still stands then.

    Raises:
        AlertError: a channel did not take a message; the others have it.
    """
    moment = now or utc_now()
    deliveries: list[Delivery] = []
    messages = 0
    fingerprints = {alert.fingerprint for alert in standing}
    with opened_book(instance, moment) as book:
        for alert in (without_secrets(alert, settings) for alert in standing):
            if book.is_told(alert):
                book.note_standing(alert)
                continue
            _log(alert)
            message = book.admit(alert, moment, _cooldown(settings))
            if message is not None:
                deliveries += _send(book, settings, message, moment)
                messages += 1
        for alert in book.over(kind, fingerprints):
            message = alert_of_recovery(recovered(alert), [alert])
            _log(message)
            of_recovery = deliver(channels_of(settings), message)
            if _was_told(of_recovery):
                book.note_over(alert)
            deliveries += of_recovery
            messages += 1
        book.drop_waiting(kind, fingerprints)
    _require_delivered(deliveries)
    return messages


def send_held_back(instance: DagsterInstance, settings: Settings, *, now: datetime | None = None) -> int:
    """Send what is held back and whose cooldown is over; gives the number of messages.

    Raises:
        AlertError: a channel did not take one; the others have it.
    """
    moment = now or utc_now()
    deliveries: list[Delivery] = []
    with opened_book(instance, moment) as book:
        messages = book.due(moment, _cooldown(settings))
        for message in messages:
            deliveries += _send(book, settings, message, moment)
    _require_delivered(deliveries)
    return len(messages)


def tell_recovered(
    instance: DagsterInstance,
    settings: Settings,
    alert: Alert,
    story: RunStory,
    *,
    now: datetime | None = None,
) -> bool:
    """Say once that what was told of a job's failures is over, if this run of it has put something right.

    Args:
        instance, settings, now: as for `raise_alert`.
        alert: the message of recovery, without what has recovered.
        story: what the run did.

    Raises:
        AlertError: a channel did not take it; the others have it.
    """
    moment = now or utc_now()
    right = (alert.job, story.succeeded_steps, story.passed_checks)
    with opened_book(instance, moment) as book:
        solved = book.solved_by(*right)
        if not solved:
            book.note_solved(*right)
            return False
        message = alert_of_recovery(alert, solved)
        _log(message)
        deliveries = deliver(channels_of(settings), message)
        if _was_told(deliveries):
            book.note_solved(*right)
    _require_delivered(deliveries)
    return True


def _send(book: Book, settings: Settings, message: Alert, now: datetime) -> list[Delivery]:
    deliveries = deliver(channels_of(settings), message)
    if _was_told(deliveries):
        book.note_sent(message, now)
    else:
        book.note_unsent(message)
    return deliveries


def _was_told(deliveries: Sequence[Delivery]) -> bool:
    """Without any channel the log is all there is."""
    return not deliveries or any(delivery.fault is None for delivery in deliveries)


def _require_delivered(deliveries: Sequence[Delivery]) -> None:
    faults = [delivery.fault for delivery in deliveries if delivery.fault is not None]
    if faults:
        raise AlertError(
            f"{len(faults)} of {plural(len(deliveries), 'message')} failed: {' '.join(faults)}",
            "Try the channels with `touchstone alert-test`.",
        )


def _cooldown(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.touchstone_alert_cooldown_seconds)


def _log(alert: Alert) -> None:
    tell = log.info if alert.severity in _CALM else log.error
    tell(
        "alert",
        severity=alert.severity.value,
        title=alert.title,
        error=alert.error,
        remedy=alert.remedy,
        run_id=alert.run_id,
        fingerprint=alert.fingerprint,
    )
