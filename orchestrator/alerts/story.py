"""What a run's recorded events say: steps that failed, broke off or succeeded, and checks. Pure functions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dagster import AssetCheckSeverity, DagsterEvent, DagsterEventType, MetadataValue
from dagster_shared.error import SerializableErrorInfo

from orchestrator.assets.policies import REMEDY
from orchestrator.checks.results import in_words
from orchestrator.helpers import one_line

TOLD_EVENTS: Final = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.ENGINE_EVENT,
    DagsterEventType.STEP_START,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SKIPPED,
}
_ENDS: Final = {DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE, DagsterEventType.STEP_SKIPPED}

_SENTENCE_CHARACTERS: Final = 300
# what Dagster puts around an error of a step
_WRAPPERS: Final = {"DagsterExecutionStepExecutionError", "RetryRequestedFromPolicy", "Failure"}
_CLASS_PREFIX: Final = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*: ")
_DBT_ERRORS: Final = "Errors parsed from dbt logs:"
_DBT_NODE: Final = re.compile(r"\bin (?:model|seed|snapshot|test) (\w+)")
_SPEAKER: Final = re.compile(r"^\[\w+\] ")
_OF_MONITORING: Final = re.compile(r"^Detected run worker status \w+: '(.*?)\.?'\. Marking run .*$")
_LAST_WORDS: Final = re.compile(r"unexpectedly exited|terminated by signal|no longer|Detected run worker|timed out")


@dataclass(frozen=True)
class StepFault:
    """Why a step failed, with the assets it was about."""

    step: str
    assets: tuple[str, ...]
    error_class: str
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed with the severity of an error."""

    name: str
    asset: str
    description: str = ""

    def __str__(self) -> str:
        return f"{self.name} of {self.asset}"


@dataclass(frozen=True)
class RunStory:
    """What happened in a run.

    Attributes:
        faults: steps that failed for good.
        broken_off: steps that began and never ended, with their assets.
        succeeded_steps: names of those that did.
        failed_checks: by their last evaluation; checks that only warn are not among them.
        passed_checks: the others that were evaluated, each as `check of asset`.
        last_words: what the process that watches the run said of its end, or nothing.
    """

    faults: tuple[StepFault, ...] = ()
    broken_off: Mapping[str, tuple[str, ...]] | None = None
    succeeded_steps: frozenset[str] = frozenset()
    failed_checks: tuple[FailedCheck, ...] = ()
    passed_checks: frozenset[str] = frozenset()
    last_words: str = ""


def story_of(events: Iterable[DagsterEvent]) -> RunStory:
    """Read the story from the events of one run, in their order."""
    planned: dict[str, list[str]] = {}
    started: dict[str, None] = {}
    ended: dict[str, DagsterEvent] = {}
    checks: dict[str, FailedCheck | None] = {}
    last_words = ""
    for event in events:
        step = event.step_key or ""
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED and event.asset_key:
            planned.setdefault(step, []).append(event.asset_key.to_user_string())
        elif event.event_type == DagsterEventType.STEP_START:
            started[step] = None
        elif event.event_type in _ENDS:
            ended[step] = event
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            check, failed = _check_of(event)
            checks[str(check)] = check if failed else None
        elif event.event_type == DagsterEventType.ENGINE_EVENT and _LAST_WORDS.search(event.message or ""):
            last_words = end_of_run(event.message or "")
    return RunStory(
        faults=tuple(_fault_of(event, planned) for event in ended.values() if event.is_step_failure),
        broken_off={step: _assets_of(step, planned) for step in started if step not in ended},
        succeeded_steps=frozenset(step for step, event in ended.items() if event.is_step_success),
        failed_checks=tuple(check for check in checks.values() if check is not None),
        passed_checks=frozenset(name for name, check in checks.items() if check is None),
        last_words=last_words,
    )


def one_sentence(text: str) -> str:
    """The telling part of an error's text on one line: of dbt's output its errors, of others the first paragraph."""
    _, _, parsed = text.partition(_DBT_ERRORS)
    told = (parsed or text).split("Stack Trace:", maxsplit=1)[0].strip()
    paragraph = told if parsed else told.split("\n\n", maxsplit=1)[0]
    line = one_line(paragraph)
    return line if len(line) <= _SENTENCE_CHARACTERS else line[: _SENTENCE_CHARACTERS - 1] + "…"


def end_of_run(text: str) -> str:
    """Why a run ended, without who said it and what that might mean."""
    line = _OF_MONITORING.sub(r"\1", _SPEAKER.sub("", one_sentence(text)))
    return line.split(". ", maxsplit=1)[0].rstrip(".") + "." if line else ""


def _check_of(event: DagsterEvent) -> tuple[FailedCheck, bool]:
    evaluation = event.asset_check_evaluation_data
    check = FailedCheck(
        evaluation.check_name, evaluation.asset_key.to_user_string(), one_sentence(in_words(evaluation))
    )
    return check, not evaluation.passed and evaluation.severity == AssetCheckSeverity.ERROR


def _fault_of(event: DagsterEvent, planned: Mapping[str, Sequence[str]]) -> StepFault:
    step = event.step_key or ""
    data = event.step_failure_data
    error = _first_telling(data.error)
    text = _CLASS_PREFIX.sub("", error.message) if error else ""
    remedy = ""
    if data.user_failure_data is not None:
        text = data.user_failure_data.description or text
        remedy = _text_of(data.user_failure_data.metadata.get(REMEDY))
    return StepFault(
        step=step,
        assets=_assets_of(step, planned, text),
        error_class=(error.cls_name if error else None) or "Failure",
        sentence=one_sentence(text.removesuffix(remedy)) or "It failed without a word.",
        remedy=remedy,
    )


def _assets_of(step: str, planned: Mapping[str, Sequence[str]], text: str = "") -> tuple[str, ...]:
    """The step's one asset; of a dbt command's many those that its errors name."""
    assets = planned.get(step, [])
    if len(assets) == 1:
        return tuple(assets)
    named = _DBT_NODE.findall(text)
    return tuple(asset for asset in assets if asset in named)


def _first_telling(error: SerializableErrorInfo | None) -> SerializableErrorInfo | None:
    """The outermost error that is not one of Dagster's wrappers, or the innermost of those."""
    while error is not None and error.cls_name in _WRAPPERS and error.cause is not None:
        error = error.cause
    return error


def _text_of(value: MetadataValue | None) -> str:
    return str(value.value) if value is not None else ""
