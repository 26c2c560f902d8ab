"""From a run's story to its one alert, which names all its failures. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dagster import DagsterRun

from orchestrator.alerts.alert import Alert, Severity
from orchestrator.alerts.story import RunStory, end_of_run
from orchestrator.assets.landing import WITHIN_THRESHOLDS
from orchestrator.checks.dictionaries import HOLDS_ITS_DIMENSION
from orchestrator.helpers import plural
from orchestrator.settings import Settings

RUN_FAILED: Final = "run_failed"
CHECKS_FAILED: Final = "checks_failed"
RUN_RECOVERED: Final = "run_recovered"

_MOST_DETAILS: Final = 50
_CRASH: Final = "RunCrash"
_WILL_RETRY_TAG: Final = "dagster/will_retry"
_PARTITION_TAG: Final = "dagster/partition"
_RANGE_TAGS: Final = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")

_REMEDIES_OF_CHECKS: Final = {
    WITHIN_THRESHOLDS: "See `touchstone quarantine list`: mend the codes or the file, then replay or discard the rows.",
    HOLDS_ITS_DIMENSION: "See its last error in system.dictionaries, mend its source, then run the job again.",
}
_REMEDY_OF_CHECKS: Final = (
    "Run the check's SQL, which its metadata in Dagster holds, to see the rows; mend them or the model, then run the "
    "job again from the failure."
)
_REMEDY_OF_STEPS: Final = "Read the step's log in the run, mend the cause, then run the job again from the failure."
_REMEDY_OF_CRASHES: Final = "See why its process ended (memory, a restart), then run the job again from the failure."
_REMEDY_OF_RETRIED: Final = "Nothing yet: Dagster starts the run again by itself, and tells if that fails as well."


@dataclass(frozen=True)
class Surroundings:
    """Where a run took place: the environment's name, and the address of Dagster's page."""

    environment: str
    ui_url: str

    @classmethod
    def of(cls, settings: Settings) -> "Surroundings":
        """What the settings say."""
        return cls(settings.touchstone_environment, settings.ui_url)

    def url_of_run(self, run_id: str) -> str:
        """Address of a run's page."""
        return f"{self.ui_url}/runs/{run_id}"


def alert_of_failed_run(
    run: DagsterRun, story: RunStory, reported: str, surroundings: Surroundings, at: datetime
) -> Alert:
    """The alert of a run that failed.

    Args:
        run: the run.
        story: what its events say.
        reported: the message of the event that ended it; it counts only where nothing else says more.
        surroundings: where it took place.
        at: when it failed.
    """
    broken_off = story.broken_off or {}
    is_crash = not (story.faults or story.failed_checks)
    details = [*_lines_of_checks(story), *_lines_of_faults(story)]
    error = details[0] if details else story.last_words or end_of_run(reported) or "It ended without a word."
    # Dagster promises it to every run, but starts only those again that a code location has launched
    will_retry = run.tags.get(_WILL_RETRY_TAG) == "true" and run.remote_job_origin is not None
    return Alert(
        kind=RUN_FAILED,
        title=f"Job {run.job_name} {_how(story, is_crash=is_crash)}",
        error=error if len(details) <= 1 else f"{len(details)} failures, the first: {error}",
        remedy=_REMEDY_OF_RETRIED if will_retry else _remedy_of(story, is_crash=is_crash),
        severity=Severity.WARNING if will_retry else Severity.ERROR,
        environment=surroundings.environment,
        at=at,
        job=run.job_name,
        partition=partition_of(run.tags),
        run_id=run.run_id,
        run_url=surroundings.url_of_run(run.run_id),
        steps=tuple(fault.step for fault in story.faults) + tuple(broken_off),
        assets=_assets_of(story, broken_off),
        checks=tuple(map(str, story.failed_checks)),
        details=tuple(details[:_MOST_DETAILS]),
        error_class=_CRASH if is_crash else _class_of(story),
    )


def alert_of_failed_checks(run: DagsterRun, story: RunStory, surroundings: Surroundings, at: datetime) -> Alert:
    """The alert of a run that succeeded although checks failed that block nothing; the story has some."""
    details = _lines_of_checks(story)
    return Alert(
        kind=CHECKS_FAILED,
        title=f"Job {run.job_name} succeeded, {plural(len(details), 'check')} failed",
        error=details[0] if len(details) == 1 else f"{len(details)} failures, the first: {details[0]}",
        remedy=_remedy_of(story, is_crash=False),
        severity=Severity.ERROR,
        environment=surroundings.environment,
        at=at,
        job=run.job_name,
        partition=partition_of(run.tags),
        run_id=run.run_id,
        run_url=surroundings.url_of_run(run.run_id),
        assets=_assets_of(story, {}),
        checks=tuple(map(str, story.failed_checks)),
        details=tuple(details[:_MOST_DETAILS]),
        error_class="FailedCheck",
    )


def alert_of_success(run: DagsterRun, surroundings: Surroundings, at: datetime) -> Alert:
    """The message that a job succeeds again; what has recovered is filled in from what was told."""
    return Alert(
        kind=RUN_RECOVERED,
        title=f"Job {run.job_name} succeeds again",
        error="",
        remedy="Nothing.",
        severity=Severity.RECOVERED,
        environment=surroundings.environment,
        at=at,
        job=run.job_name,
        partition=partition_of(run.tags),
        run_id=run.run_id,
        run_url=surroundings.url_of_run(run.run_id),
    )


def partition_of(tags: Mapping[str, str]) -> str:
    """The partition that a run's tags name, or the range of them."""
    first, last = (tags.get(name, "") for name in _RANGE_TAGS)
    return tags.get(_PARTITION_TAG) or (f"{first} to {last}" if first else "")


def _how(story: RunStory, *, is_crash: bool) -> str:
    if is_crash:
        return "broke off"
    counted = ((len(story.failed_checks), "check"), (len(story.faults), "step"))
    return "failed: " + ", ".join(plural(count, noun) for count, noun in counted if count)


def _lines_of_checks(story: RunStory) -> list[str]:
    return [
        f"Check {check} failed{f': {check.description}' if check.description else '.'}" for check in story.failed_checks
    ]


def _lines_of_faults(story: RunStory) -> list[str]:
    return [f"{fault.step}: {fault.sentence}" for fault in story.faults]


def _assets_of(story: RunStory, broken_off: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    of_steps = [asset for fault in story.faults for asset in fault.assets]
    of_checks = [check.asset for check in story.failed_checks]
    interrupted = [asset for assets in broken_off.values() for asset in assets]
    return tuple(dict.fromkeys([*of_checks, *of_steps, *interrupted]))


def _class_of(story: RunStory) -> str:
    return story.faults[0].error_class if story.faults else "FailedCheck"


def _remedy_of(story: RunStory, *, is_crash: bool) -> str:
    if is_crash:
        return _REMEDY_OF_CRASHES
    own = [fault.remedy for fault in story.faults if fault.remedy]
    if own:
        return own[0]
    if story.failed_checks:
        return _REMEDIES_OF_CHECKS.get(story.failed_checks[0].name, _REMEDY_OF_CHECKS)
    return _REMEDY_OF_STEPS
