"""`touchstone alert-test`: does a message reach people?"""

from rich.console import Console

from orchestrator.alerts.alert import Alert, Severity
from orchestrator.alerts.channels import channels_of, deliver
from orchestrator.helpers import utc_now
from orchestrator.settings import Settings


def send_test(console: Console, settings: Settings) -> bool:
    """Send a test message on every channel that is set, and print what happened to each; True when none failed."""
    deliveries = deliver(channels_of(settings), _test_message(settings))
    for delivery in deliveries:
        console.print(f"{delivery.channel:<8} {delivery.fault or 'delivered'}", markup=False)
    if not deliveries:
        console.print("No channel is set: alerts are only logged. docs/alerts.md says how to set one.")
    return all(delivery.fault is None for delivery in deliveries)


def _test_message(settings: Settings) -> Alert:
    return Alert(
        kind="test",
        title="Test message",
        error="Nothing failed; somebody tries whether alerts arrive.",
        remedy="Nothing.",
        severity=Severity.INFO,
        environment=settings.touchstone_environment,
        at=utc_now(),
    )
