"""No storm: one message per kind and cooldown, the others counted and told later; recovery told once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alert_receivers import FAILED, NOON, Receiver, in_run
from dagster import DagsterInstance
from structlog.testing import CapturedCall

from orchestrator.alerts import Alert, Severity, raise_alert
from orchestrator.alerts.raising import send_held_back, tell_recovered
from orchestrator.alerts.story import RunStory
from orchestrator.exceptions import AlertError
from orchestrator.settings import Settings

COOLDOWN = timedelta(seconds=900)
AGAIN = Alert(
    kind="run_recovered",
    title="Job everything succeeds again",
    error="",
    remedy="Nothing.",
    severity=Severity.RECOVERED,
    environment="staging",
    at=NOON,
    job="everything",
)
SUCCESS = RunStory(succeeded_steps=frozenset({"landing_observations", "marts"}))


@pytest.fixture
def settings(webhook: Receiver) -> Settings:
    return Settings(touchstone_alert_webhook_url=webhook.url)


def fail(instance: DagsterInstance, settings: Settings, number: int, minutes: float = 0) -> bool:
    return raise_alert(instance, settings, in_run(number), now=NOON + timedelta(minutes=minutes))


def recovered(
    instance: DagsterInstance, settings: Settings, alert: Alert, story: RunStory, after: timedelta = timedelta(0)
) -> bool:
    return tell_recovered(instance, settings, alert, story, now=NOON + after)


def test_ten_failures_of_a_kind_give_one_message_and_the_next_tells_of_nine_held_back(
    instance: DagsterInstance, settings: Settings, webhook: Receiver
) -> None:
    assert [fail(instance, settings, number, number) for number in range(10)] == [True] + [False] * 9
    assert [body["run_id"] for body in webhook.bodies] == ["run-0"]
    assert fail(instance, settings, 10, minutes=15)
    assert [(body["run_id"], body["held_back"]) for body in webhook.bodies] == [("run-0", 0), ("run-10", 9)]
    assert send_held_back(instance, settings, now=NOON + timedelta(hours=1)) == 0


def test_what_is_held_back_is_told_after_the_cooldown_even_if_nothing_fails_any_more(
    instance: DagsterInstance, settings: Settings, webhook: Receiver
) -> None:
    for number in range(10):
        fail(instance, settings, number, number)
    assert send_held_back(instance, settings, now=NOON + COOLDOWN - timedelta(seconds=1)) == 0
    assert send_held_back(instance, settings, now=NOON + COOLDOWN) == 1
    assert send_held_back(instance, settings, now=NOON + 3 * COOLDOWN) == 0
    assert [(body["run_id"], body["held_back"]) for body in webhook.bodies] == [("run-0", 0), ("run-9", 9)]


@pytest.mark.parametrize(
    "changes",
    [
        {"job": "another"},
        {"kind": "quarantine"},
        {"steps": ("another",)},
        {"checks": ("unique of dim_field",)},
        {"error_class": "EngineError"},
        {"severity": Severity.WARNING},
    ],
)
def test_another_kind_of_failure_is_told_at_once(
    instance: DagsterInstance, settings: Settings, webhook: Receiver, changes: dict[str, object]
) -> None:
    assert raise_alert(instance, settings, FAILED, now=NOON)
    assert raise_alert(instance, settings, replace(FAILED, **changes), now=NOON)  # type: ignore[arg-type]
    assert len(webhook.bodies) == 2


def test_runs_words_times_and_the_order_of_names_make_no_other_kind() -> None:
    many = replace(FAILED, steps=("a", "b"))
    same = replace(many, steps=("b", "a"), run_id="x", error="other words", at=NOON + COOLDOWN, held_back=3)
    assert same.fingerprint == many.fingerprint


def test_the_memory_outlives_the_daemon(tmp_path: Path, settings: Settings, webhook: Receiver) -> None:
    for number in range(3):
        with DagsterInstance.local_temp(str(tmp_path)) as instance:
            fail(instance, settings, number)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert send_held_back(instance, settings, now=NOON + COOLDOWN) == 1
    assert [body["held_back"] for body in webhook.bodies] == [0, 2]


def test_an_unreadable_memory_begins_anew(instance: DagsterInstance, settings: Settings, webhook: Receiver) -> None:
    instance.daemon_cursor_storage.set_cursor_values({"touchstone/alerts": '{"of": "another version"'})
    assert fail(instance, settings, 0)
    assert not fail(instance, settings, 1)


def test_what_no_channel_took_is_sent_again_until_one_does(
    instance: DagsterInstance, settings: Settings, webhook: Receiver
) -> None:
    webhook.status = 500
    with pytest.raises(AlertError):
        fail(instance, settings, 0)
    with pytest.raises(AlertError):
        send_held_back(instance, settings, now=NOON + timedelta(minutes=1))
    webhook.status = 200
    assert send_held_back(instance, settings, now=NOON + timedelta(minutes=2)) == 1
    assert [(body["run_id"], body["held_back"]) for body in webhook.bodies] == [("run-0", 0)] * 3
    assert not fail(instance, settings, 1, minutes=3)


def test_without_a_channel_alerts_are_logged_and_counted_all_the_same(
    instance: DagsterInstance, logged: list[CapturedCall]
) -> None:
    assert fail(instance, Settings(), 0)
    assert not fail(instance, Settings(), 1)
    assert [(call.method_name, *call.args) for call in logged] == [
        ("error", "alert"),
        ("error", "alert"),
        ("info", "alert held back"),
    ]
    assert logged[0].kwargs["remedy"] == FAILED.remedy


def test_recovery_is_told_once_and_only_by_a_run_that_did_what_failed(
    instance: DagsterInstance, settings: Settings, webhook: Receiver
) -> None:
    fail(instance, settings, 0)
    others = RunStory(succeeded_steps=frozenset({"marts"}))
    assert not recovered(instance, settings, AGAIN, others)
    assert not recovered(instance, settings, replace(AGAIN, job="another"), SUCCESS)
    assert recovered(instance, settings, AGAIN, SUCCESS)
    assert not recovered(instance, settings, AGAIN, SUCCESS)
    assert [body["severity"] for body in webhook.bodies] == ["error", "recovered"]
    assert webhook.bodies[1]["steps"] == ["landing_observations"]
    assert FAILED.error in webhook.bodies[1]["error"]


def test_a_check_has_recovered_once_it_passes(instance: DagsterInstance, settings: Settings) -> None:
    raise_alert(instance, settings, replace(FAILED, checks=("unique of dim_field",)), now=NOON)
    assert not recovered(instance, settings, AGAIN, SUCCESS)
    assert recovered(instance, settings, AGAIN, replace(SUCCESS, passed_checks=frozenset({"unique of dim_field"})))


def test_a_job_that_fails_and_succeeds_in_turn_gives_two_messages_a_cooldown(
    instance: DagsterInstance, settings: Settings, webhook: Receiver
) -> None:
    for number in range(7):
        fail(instance, settings, number, number)
        recovered(instance, settings, AGAIN, SUCCESS)
    assert [body["severity"] for body in webhook.bodies] == ["error", "recovered"]
    assert send_held_back(instance, settings, now=NOON + COOLDOWN) == 0
    fail(instance, settings, 7, minutes=16)
    assert webhook.bodies[-1]["held_back"] == 6


def test_a_failure_after_a_recovery_is_told_when_the_cooldown_is_over(
    instance: DagsterInstance, settings: Settings, webhook: Receiver
) -> None:
    fail(instance, settings, 0)
    recovered(instance, settings, AGAIN, SUCCESS)
    fail(instance, settings, 1, minutes=5)
    assert send_held_back(instance, settings, now=NOON + COOLDOWN) == 1
    assert [body["run_id"] for body in webhook.bodies][-1] == "run-1"


def test_what_is_old_is_forgotten(instance: DagsterInstance, settings: Settings) -> None:
    fail(instance, settings, 0)
    assert not recovered(instance, settings, replace(AGAIN, job="another"), SUCCESS, timedelta(days=31))
    assert "run-0" not in instance.daemon_cursor_storage.get_cursor_values({"touchstone/alerts"})["touchstone/alerts"]
