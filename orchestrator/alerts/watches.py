"""From what lasts in the warehouse to alerts: batches over their thresholds, feeds that are stale. Pure functions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.alerts.alert import Alert, Severity
from orchestrator.feeds.feed import Feed
from orchestrator.helpers import plural
from orchestrator.warehouse.freshness import EVENT, FILE, RUN, Overdue
from orchestrator.warehouse.quarantine.thresholds import TooFull

QUARANTINE: Final = "quarantine"
FRESHNESS: Final = "freshness"

_OPEN_ROWS: Final = "open rows"
# so that a message shows some of both; a rendered one has ten lines
_MOST_LINES: Final = 5
_MOST_BATCHES: Final = 3

_WHAT: Final = {RUN: "run that landed files", FILE: "file", EVENT: "event"}
_REMEDIES_OF_FRESHNESS: Final = {
    RUN: "See on Dagster's page whether its daemon, sensors and schedules are on and runs succeed.",
    FILE: "Ask the sender for the file; see whether it lies in the drop folder or the bucket under a name that is "
    "passed over (docs/operations.md, Schedules and sensors).",
    EVENT: "Files come without new events: ask the sender.",
}


def alert_of_quarantine(feed: Feed, found: TooFull, environment: str, at: datetime) -> Alert:
    """The alert of a feed whose quarantine is over thresholds."""
    open_rows = [found.open_rows] if found.open_rows else []
    faults = [*map(str, found.red), *open_rows]
    lines = [f"{count.reason}, {plural(count.rows, 'row')}: {count.remedy}" for count in found.reasons]
    return Alert(
        kind=QUARANTINE,
        title=f"Quarantine of {feed.name} is over its thresholds",
        error=_first_of(faults),
        remedy=_remedy_of_quarantine(feed, found),
        severity=Severity.ERROR,
        environment=environment,
        at=at,
        assets=(feed.quarantine,),
        details=(*_some(faults), *_some(lines)),
        subjects=(*(str(batch.batch_id) for batch in found.red), *(_OPEN_ROWS for _ in open_rows)),
    )


def quarantine_recovered(alert: Alert, at: datetime) -> Alert:
    """The message that quarantine is within its thresholds again."""
    [quarantine] = alert.assets
    return _recovered(alert, f"{quarantine} is within its thresholds again", at)


def alert_of_overdue(feed: Feed, overdue: Sequence[Overdue], environment: str, at: datetime) -> Alert:
    """The alert of a feed that is stale, by one limit or several."""
    faults = [_overdue_in_words(found) for found in overdue]
    return Alert(
        kind=FRESHNESS,
        title=f"Feed {feed.name} is stale",
        error=_first_of(faults),
        remedy=" ".join(_REMEDIES_OF_FRESHNESS[found.of] for found in overdue),
        severity=Severity.WARNING,
        environment=environment,
        at=at,
        assets=(feed.landing,),
        details=tuple(faults),
        subjects=tuple(found.of for found in overdue),
    )


def freshness_recovered(alert: Alert, at: datetime) -> Alert:
    """The message that a feed is fresh again."""
    [landing] = alert.assets
    return _recovered(alert, f"{landing} is fresh again", at)


def _recovered(alert: Alert, title: str, at: datetime) -> Alert:
    return replace(
        alert,
        kind=f"{alert.kind}_recovered",
        title=title,
        error="",
        remedy="Nothing.",
        severity=Severity.RECOVERED,
        at=at,
        details=(),
        subjects=(),
        held_back=0,
    )


def _remedy_of_quarantine(feed: Feed, found: TooFull) -> str:
    batches = () if found.open_rows else found.red[:_MOST_BATCHES]
    some = "".join(f" --batch {batch.batch_id}" for batch in batches)
    return (
        f"See `touchstone quarantine list {feed.name}{some}` and `touchstone quarantine show`; mend codes or file, "
        "then replay or discard the rows: docs/operations.md, Bad batch."
    )


def _overdue_in_words(found: Overdue) -> str:
    what, allowed = _WHAT[found.of], f"feeds.yml allows {span_in_words(found.limit)}"
    if found.newest is None:
        return f"There was no {what} in {span_in_words(found.age)}; {allowed}."
    return f"The newest {what} is of {found.newest:%Y-%m-%d %H:%M} UTC, {span_in_words(found.age)} ago; {allowed}."


def span_in_words(span: timedelta) -> str:
    """Its two largest units: `4 days`, `1 day 2 hours`, `90 minutes` as `1 hour 30 minutes`."""
    minutes = int(span.total_seconds() // 60)
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    told = [plural(count, unit) for count, unit in parts if count]
    return " ".join(told[:2]) or plural(0, "minute")


def _first_of(faults: Sequence[str]) -> str:
    return faults[0] if len(faults) == 1 else f"{len(faults)} at once, the first: {faults[0]}"


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], *([f"and {more} more like this"] if more > 0 else [])]
