"""What an alert says, whichever channel carries it."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.helpers import sha256_hex

_FINGERPRINT_DIGITS = 16


class Severity(StrEnum):
    """How much an alert matters."""

    ERROR = "error"
    WARNING = "warning"
    RECOVERED = "recovered"
    INFO = "info"


@dataclass(frozen=True)
class Alert:
    """One message to people.

    Attributes:
        kind: what sort of thing happened, such as `run_failed`; alerts of different kinds are never the same.
        title: what failed, in a few words.
        error: why, in one sentence.
        remedy: what a person does next, in one sentence.
        at: when it happened, in UTC.
        job, partition, run_id, run_url: the run, where there is one.
        steps, assets, checks: what failed in it; a check is written `check of asset`.
        details: one line per failure.
        error_class: class of the first error.
        subjects: of something that lasts, such as a feed that is stale: what is concerned, such as its batches. Such
            an alert stands until it is told that it is over (`raising.tell_standing`).
        held_back: alerts of the same kind that were not sent since the last message.
    """

    kind: str
    title: str
    error: str
    remedy: str
    severity: Severity
    environment: str
    at: datetime
    job: str = ""
    partition: str = ""
    run_id: str = ""
    run_url: str = ""
    steps: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    error_class: str = ""
    subjects: tuple[str, ...] = ()
    held_back: int = 0

    @property
    def fingerprint(self) -> str:
        """The same for alerts that say the same, whenever and in whichever run it happened."""
        said = [self.kind, self.severity, self.job, *map(sorted, (self.steps, self.assets, self.checks))]
        return sha256_hex([json.dumps([*said, self.error_class]).encode()])[:_FINGERPRINT_DIGITS]

    @property
    def failures(self) -> int:
        """How many failures this one message tells of."""
        return max(1, len(self.subjects or self.details))
