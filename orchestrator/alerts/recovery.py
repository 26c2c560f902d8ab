"""The message that something told before is over. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.alerts.alert import Alert
from orchestrator.helpers import plural


def alert_of_recovery(message: Alert, solved: Sequence[Alert]) -> Alert:
    """The message filled in with what is over; there is some.

    Args:
        message: that a job succeeds again.
        solved: the alerts that were sent before.
    """
    since = min(alert.at for alert in solved)
    return replace(
        message,
        error=f"Over: {plural(len(solved), 'problem')} since {since:%Y-%m-%d %H:%M} UTC, the first: {solved[0].error}",
        assets=_all(alert.assets for alert in solved),
        checks=_all(alert.checks for alert in solved),
        steps=_all(alert.steps for alert in solved),
        details=tuple(alert.error for alert in solved),
    )


def _all(names: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))
