"""What was told and what is held back: the memory that keeps one fault from becoming a storm of messages.

It is one JSON document in the key-value table of Dagster's own instance storage, beside the cursors of its daemon. The
warehouse would be the wrong place, as it may be what is down; a file would be lost with the container of the code
location. The instance storage is where the runs that alerts tell of are recorded: it is there whenever there is
something to tell, it outlives the daemon, and it is SQLite or PostgreSQL, whichever the instance has.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from dagster import DagsterInstance
from pydantic import TypeAdapter, ValidationError

from orchestrator.alerts.alert import Alert
from orchestrator.helpers import get_logger

log = get_logger(__name__)

_KEY: Final = "touchstone/alerts"
_KEPT: Final = timedelta(days=30)
# sensors are evaluated by threads of one code server
_LOCK: Final = threading.Lock()


@dataclass
class Told:
    """What is known of one fingerprint.

    Attributes:
        sent_at: when a message last went out, or None when none did yet.
        held_back: alerts that were not sent since.
        waiting: the latest alert that was not sent and still holds.
    """

    sent_at: datetime | None = None
    held_back: int = 0
    waiting: Alert | None = None


@dataclass
class Book:
    """Alerts by fingerprint.

    Attributes:
        told: what was sent and what is held back.
        unsolved: alerts that were sent, and whose job has not succeeded since, or that still stand.
    """

    told: dict[str, Told] = field(default_factory=dict)
    unsolved: dict[str, Alert] = field(default_factory=dict)

    def admit(self, alert: Alert, now: datetime, cooldown: timedelta) -> Alert | None:
        """The message to send, saying how many were held back before it; None within the cooldown: one more is."""
        told = self.told.setdefault(alert.fingerprint, Told())
        if told.sent_at is not None and now - told.sent_at < cooldown:
            told.held_back += 1
            told.waiting = alert
            return None
        return replace(alert, held_back=told.held_back)

    def due(self, now: datetime, cooldown: timedelta) -> list[Alert]:
        """Messages about what is held back and whose cooldown is over."""
        return [
            replace(told.waiting, held_back=told.held_back)
            for told in self.told.values()
            if told.waiting is not None and (told.sent_at is None or now - told.sent_at >= cooldown)
        ]

    def note_sent(self, message: Alert, now: datetime) -> None:
        """The message went out: its cooldown begins."""
        self.told[message.fingerprint] = Told(sent_at=now)
        if message.job or message.subjects:
            self.unsolved[message.fingerprint] = message

    def note_unsent(self, message: Alert) -> None:
        """No channel took the message: it waits for the next time."""
        told = self.told.setdefault(message.fingerprint, Told())
        told.waiting = replace(message, held_back=0)

    def solved_by(self, job: str, steps: frozenset[str], checks: frozenset[str]) -> list[Alert]:
        """The alerts that a run of the job has put right, whose steps succeeded and whose checks passed."""
        return [alert for alert in self.unsolved.values() if _is_solved(alert, job, steps, checks)]

    def note_solved(self, job: str, steps: frozenset[str], checks: frozenset[str]) -> None:
        """What the run has put right is told no more, neither what was sent nor what waits."""
        for alert in self.solved_by(job, steps, checks):
            del self.unsolved[alert.fingerprint]
        for told in self.told.values():
            if told.waiting is not None and _is_solved(told.waiting, job, steps, checks):
                told.waiting = None

    def is_told(self, alert: Alert) -> bool:
        """Whether everything that a standing alert is about was told before or waits to be."""
        return set(alert.subjects) <= self._told_subjects(alert.fingerprint)

    def note_standing(self, alert: Alert) -> None:
        """The alert stands as it is: what it is no longer about counts as new when it comes again."""
        sent, told = self.unsolved.get(alert.fingerprint), self.told.get(alert.fingerprint)
        left: set[str] = set()
        if sent is not None:
            left = set(sent.subjects) & set(alert.subjects)
            self.unsolved[alert.fingerprint] = replace(sent, subjects=tuple(sorted(left)))
        if told is not None and told.waiting is not None:
            told.waiting = alert if set(alert.subjects) - left else None

    def over(self, kind: str, standing: Collection[str]) -> list[Alert]:
        """Alerts of this kind that were sent and stand no more; `standing` has the fingerprints of those that do."""
        return [alert for key, alert in self.unsolved.items() if alert.kind == kind and key not in standing]

    def note_over(self, alert: Alert) -> None:
        """It was told that the alert stands no more."""
        del self.unsolved[alert.fingerprint]

    def drop_waiting(self, kind: str, standing: Collection[str]) -> None:
        """What was over before it was told is not told."""
        for key, told in self.told.items():
            if told.waiting is not None and told.waiting.kind == kind and key not in standing:
                told.waiting = None

    def forget_old(self, now: datetime) -> None:
        """Drop what nobody will ask for again."""
        self.unsolved = {key: alert for key, alert in self.unsolved.items() if alert.subjects or now - alert.at < _KEPT}
        self.told = {
            key: told
            for key, told in self.told.items()
            if told.waiting is not None or (told.sent_at is not None and now - told.sent_at < _KEPT)
        }

    def _told_subjects(self, fingerprint: str) -> set[str]:
        sent, told = self.unsolved.get(fingerprint), self.told.get(fingerprint)
        alerts = (sent, told.waiting if told is not None else None)
        return {subject for alert in alerts if alert is not None for subject in alert.subjects}


_ADAPTER: Final = TypeAdapter(Book)


@contextmanager
def opened_book(instance: DagsterInstance, now: datetime) -> Iterator[Book]:
    """The book of this instance, written back when the block ends without an error."""
    storage = instance.daemon_cursor_storage
    with _LOCK:
        book = _parsed(storage.get_cursor_values({_KEY}).get(_KEY))
        yield book
        book.forget_old(now)
        storage.set_cursor_values({_KEY: _ADAPTER.dump_json(book).decode()})


def _parsed(text: str | None) -> Book:
    if text is None:
        return Book()
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        log.warning("the memory of alerts is unreadable and begins anew", faults=error.error_count())
        return Book()


def _is_solved(alert: Alert, job: str, steps: frozenset[str], checks: frozenset[str]) -> bool:
    return alert.job == job and steps.issuperset(alert.steps) and checks.issuperset(alert.checks)
