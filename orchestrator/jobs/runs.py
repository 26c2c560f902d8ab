"""Running the job from the command: a real, recorded Dagster run with its progress on the terminal."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckSeverity,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    JobDefinition,
)
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.checks.results import in_words
from orchestrator.helpers import get_logger, one_line
from orchestrator.jobs.output import chatter_to
from orchestrator.jobs.processes import end_lost_runs, this_process

log = get_logger(__name__)

_POLL_SECONDS = 0.25
_NO_TAGS: Mapping[str, str] = {}
_TELL_SECONDS = 5
_TOLD_CHARACTERS = 800
_FAILURE_PREFIX = "dagster._core.definitions.events.Failure: "
_COUNTED_EVENTS = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_CHECK_EVALUATION}
_TOLD_EVENTS = {
    *_COUNTED_EVENTS,
    DagsterEventType.STEP_START,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
}


@dataclass
class RunOutcome:
    """What a run did.

    Attributes:
        run_id: Dagster's ID of the run.
        succeeded: True when every step succeeded and no blocking check failed.
        checks_passed, checks_failed, checks_warned: checks by their last evaluation; what only warns does not fail.
        failed: failed checks and messages of failed steps.
        warned: checks that warn.
        materialized: names of assets, however many days of them.
        seconds: wall time per step, in the order of their start.
    """

    run_id: str
    succeeded: bool = False
    checks_passed: int = 0
    checks_failed: int = 0
    checks_warned: int = 0
    materialized: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def execute(
    job: JobDefinition,
    instance: DagsterInstance,
    run_id: str,
    *,
    expected_events: int,
    log_file: Path,
    tags: Mapping[str, str] = _NO_TAGS,
) -> RunOutcome:
    """Execute the job in this process, recorded in the instance, with a progress bar or progress lines.

    Args:
        job: a job with the in-process executor.
        instance: where the run is recorded.
        run_id: ID for the new run.
        expected_events: materialisations and check evaluations that a whole run has.
        log_file: takes what Dagster and dbt say.
        tags: of the run, such as its days.
    """
    end_lost_runs(instance)
    finished = threading.Event()
    with chatter_to(log_file) as console:
        watcher = threading.Thread(
            target=_watch, args=(instance, run_id, expected_events, console, finished), name="progress", daemon=True
        )
        watcher.start()
        try:
            result = job.execute_in_process(
                instance=instance, run_id=run_id, raise_on_error=False, tags={**this_process(), **tags}
            )
        finally:
            finished.set()
            watcher.join()
    return _outcome(instance, run_id, succeeded=result.success)


def _outcome(instance: DagsterInstance, run_id: str, *, succeeded: bool) -> RunOutcome:
    outcome = RunOutcome(run_id, succeeded=succeeded)
    started: dict[str, float] = {}
    evaluations: dict[AssetCheckKey, AssetCheckEvaluation] = {}
    for record in instance.get_records_for_run(run_id, of_type=_TOLD_EVENTS).records:
        entry = record.event_log_entry
        event = entry.get_dagster_event()
        step = event.step_key or ""
        if event.event_type == DagsterEventType.STEP_START:
            started.setdefault(step, entry.timestamp)
        elif event.event_type in (DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE):
            outcome.seconds[step] = entry.timestamp - started[step]
        if event.event_type == DagsterEventType.STEP_FAILURE:
            outcome.failed.append(f"step {step}: {_told(event.step_failure_data.error_display_string)}")
        elif event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            outcome.materialized.add(_subject(event))
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            evaluations[evaluation.asset_check_key] = evaluation
    _count_checks(outcome, evaluations.values())
    return outcome


def _count_checks(outcome: RunOutcome, evaluations: Iterable[AssetCheckEvaluation]) -> None:
    """Each check once: a step that was tried again has evaluated its checks again, and the last word counts."""
    for evaluation in evaluations:
        said = _told(in_words(evaluation))
        named = f"check {evaluation.check_name} of {evaluation.asset_key.to_user_string()}{said and f': {said}'}"
        if evaluation.passed:
            outcome.checks_passed += 1
        elif evaluation.severity == AssetCheckSeverity.WARN:
            outcome.checks_warned += 1
            outcome.warned.append(named)
        else:
            outcome.checks_failed += 1
            outcome.failed.append(named)


def _told(text: str) -> str:
    return one_line(text.split("Stack Trace:", maxsplit=1)[0])[:_TOLD_CHARACTERS]


def _watch(instance: DagsterInstance, run_id: str, expected: int, console: Console, finished: threading.Event) -> None:
    """Follow the recorded events, which is all that any onlooker can see of a run."""
    cursor: str | None = None
    told_at = time.monotonic()
    with _progress(console) as progress:
        task = progress.add_task("starting", total=expected)
        is_last_look = False
        while not is_last_look:
            is_last_look = finished.wait(_POLL_SECONDS)
            connection = instance.get_records_for_run(run_id, cursor=cursor, of_type=_COUNTED_EVENTS)
            cursor = connection.cursor
            for record in connection.records:
                event = record.event_log_entry.get_dagster_event()
                progress.update(task, advance=1, description=_subject(event))
            if not console.is_terminal and (is_last_look or time.monotonic() - told_at > _TELL_SECONDS):
                told_at = time.monotonic()
                done = progress.tasks[task]
                log.info("progress", done=int(done.completed), of=expected, last=done.description)


def _subject(event: DagsterEvent) -> str:
    if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
        return event.asset_check_evaluation_data.check_name
    return event.asset_key.to_user_string() if event.asset_key else ""


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<48.48}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
