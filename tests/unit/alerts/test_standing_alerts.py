"""What lasts is told once when it begins, again when more is concerned, and once when it is over; never in a storm."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from alert_receivers import NOON, Receiver
from dagster import DagsterInstance
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.alerts import Alert, Severity
from orchestrator.alerts.book import Book
from orchestrator.alerts.raising import send_held_back, tell_standing
from orchestrator.alerts.watches import FRESHNESS, QUARANTINE, quarantine_recovered, span_in_words
from orchestrator.exceptions import AlertError
from orchestrator.settings import Settings

COOLDOWN = timedelta(seconds=900)
RED = Alert(
    kind=QUARANTINE,
    title="Quarantine of prices is over its thresholds",
    error="a.csv (batch 1): 50.00% of the rows rejected, at most 5.00% are let pass",
    remedy="See `touchstone quarantine list prices --batch 1`.",
    severity=Severity.ERROR,
    environment="staging",
    at=NOON,
    assets=("quarantine_prices",),
    subjects=("1",),
)
OTHER = replace(RED, assets=("quarantine_quotes",))

Tell = Callable[..., int]


@pytest.fixture
def settings(webhook: Receiver) -> Settings:
    return Settings(touchstone_alert_webhook_url=webhook.url)


@pytest.fixture
def tell(instance: DagsterInstance, settings: Settings) -> Tell:
    """What the sensor tells at its next look."""

    def tell(*standing: Alert, minutes: float = 0) -> int:
        now = NOON + timedelta(minutes=minutes)
        return tell_standing(
            instance, settings, QUARANTINE, standing, lambda alert: quarantine_recovered(alert, now), now=now
        )

    return tell


def of(*batches: str) -> Alert:
    return replace(RED, subjects=batches)


def test_it_is_told_once_while_it_stands_and_once_when_it_is_over(tell: Tell, webhook: Receiver) -> None:
    assert [tell(RED, minutes=minutes) for minutes in range(60)] == [1] + [0] * 59
    assert [tell(minutes=minutes) for minutes in range(60, 70)] == [1] + [0] * 9
    begun, over = webhook.bodies
    assert (begun["kind"], begun["severity"], begun["subjects"], begun["failures"]) == ("quarantine", "error", ["1"], 1)
    assert (over["kind"], over["severity"]) == ("quarantine_recovered", "recovered")
    assert over["title"] == "quarantine_prices is within its thresholds again"
    assert over["error"] == f"Over: 1 problem since 2026-03-04 12:00 UTC, the first: {RED.error}"


def test_more_that_is_concerned_is_told_when_the_cooldown_is_over(
    tell: Tell, webhook: Receiver, instance: DagsterInstance, settings: Settings
) -> None:
    assert tell(of("1")) == 1
    assert [tell(of("1", "2"), minutes=minutes) for minutes in (1, 2, 3)] == [0, 0, 0]
    assert send_held_back(instance, settings, now=NOON + timedelta(minutes=14)) == 0
    assert send_held_back(instance, settings, now=NOON + COOLDOWN) == 1
    assert (webhook.bodies[-1]["subjects"], webhook.bodies[-1]["held_back"]) == (["1", "2"], 1)
    assert tell(of("1", "2"), minutes=16) == 0
    assert tell(of("2"), minutes=17) == 0
    assert tell(of("1", "2", "3"), minutes=60) == 1
    assert tell(minutes=61) == 1
    assert [body["severity"] for body in webhook.bodies] == ["error", "error", "error", "recovered"]


def test_what_comes_again_after_it_went_is_told_again(tell: Tell, webhook: Receiver) -> None:
    tell(of("1", "2"))
    tell(of("1"), minutes=20)
    assert tell(of("1", "2"), minutes=21) == 1


def test_each_feed_is_told_by_itself(tell: Tell, webhook: Receiver) -> None:
    assert tell(RED, OTHER) == 2
    assert tell(OTHER, minutes=1) == 1
    assert webhook.bodies[-1]["assets"] == ["quarantine_prices"]
    assert tell(OTHER, minutes=2) == 0
    assert tell(minutes=3) == 1


def test_what_begins_and_ends_by_turns_gives_two_messages_a_cooldown_and_none_of_what_is_over(
    tell: Tell, webhook: Receiver, instance: DagsterInstance, settings: Settings
) -> None:
    for minute in range(14):
        tell(*([RED] if minute % 2 == 0 else []), minutes=minute)
    assert [body["severity"] for body in webhook.bodies] == ["error", "recovered"]
    assert send_held_back(instance, settings, now=NOON + COOLDOWN) == 0
    tell(RED, minutes=20)
    assert (webhook.bodies[-1]["severity"], webhook.bodies[-1]["held_back"]) == ("error", 6)


def test_what_no_channel_took_is_sent_by_one_sensor_alone_once_it_does(
    tell: Tell, webhook: Receiver, instance: DagsterInstance, settings: Settings
) -> None:
    webhook.status = 500
    with pytest.raises(AlertError):
        tell(RED)
    assert tell(RED, minutes=1) == 0
    webhook.status = 200
    assert send_held_back(instance, settings, now=NOON + timedelta(minutes=2)) == 1
    assert [tell(RED, minutes=3), send_held_back(instance, settings, now=NOON + timedelta(hours=1))] == [0, 0]
    webhook.status = 500
    with pytest.raises(AlertError):
        tell(minutes=60)
    webhook.status = 200
    assert tell(minutes=61) == 1
    assert tell(minutes=62) == 0
    assert len(webhook.bodies) == 4


def test_what_was_never_told_is_not_told_to_be_over(
    tell: Tell, webhook: Receiver, instance: DagsterInstance, settings: Settings
) -> None:
    webhook.status = 500
    with pytest.raises(AlertError):
        tell(RED)
    webhook.status = 200
    assert tell(minutes=1) == 0
    assert send_held_back(instance, settings, now=NOON + timedelta(hours=1)) == 0
    assert len(webhook.bodies) == 1


def test_it_is_remembered_for_as_long_as_it_stands(tell: Tell, webhook: Receiver) -> None:
    tell(RED)
    for day in range(1, 100):
        assert tell(RED, minutes=day * 24 * 60) == 0
    assert tell(minutes=100 * 24 * 60) == 1


def test_another_kind_is_left_alone(
    tell: Tell, webhook: Receiver, instance: DagsterInstance, settings: Settings
) -> None:
    tell(RED)
    sent = tell_standing(instance, settings, FRESHNESS, [], lambda alert: alert, now=NOON)
    assert sent == 0
    assert len(webhook.bodies) == 1


LOOKS = st.lists(st.frozensets(st.sampled_from("abc")), max_size=12)


@given(LOOKS)
def test_in_any_story_what_stands_is_sent_or_waits_and_what_is_over_neither(looks: list[frozenset[str]]) -> None:
    """The book alone, an hour between looks, so that nothing is held back; every message is taken."""
    book, told = Book(), False
    for hour, subjects in enumerate(looks):
        now = NOON + timedelta(hours=hour)
        alert = replace(RED, subjects=tuple(sorted(subjects)))
        standing = {alert.fingerprint} if subjects else set()
        if subjects and not book.is_told(alert):
            message = book.admit(alert, now, COOLDOWN)
            assert message is not None
            book.note_sent(message, now)
        elif subjects:
            book.note_standing(alert)
        assert bool(book.over(QUARANTINE, standing)) == (told and not subjects)
        for over in book.over(QUARANTINE, standing):
            book.note_over(over)
        book.drop_waiting(QUARANTINE, standing)
        told = bool(subjects)
        assert not subjects or book.is_told(alert)
        assert {key for key in book.unsolved if subjects} == standing


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "0 minutes"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(days=4), "4 days"),
        (timedelta(days=1, hours=2, minutes=3), "1 day 2 hours"),
        (timedelta(days=2, minutes=3), "2 days 3 minutes"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span: timedelta, words: str) -> None:
    assert span_in_words(span) == words
