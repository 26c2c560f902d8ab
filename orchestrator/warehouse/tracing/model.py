"""What a trace tells, as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from orchestrator.lookups.origins import Origin

IN_FACT: Final = "fact"
IN_QUARANTINE: Final = "quarantine"
DISCARDED: Final = "discarded"
NOWHERE: Final = "nowhere"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
# 64-bit numbers that JSON readers with doubles would round
_WIDE: Final = {"batch_id", "operation_id"}


@dataclass(frozen=True)
class LedgerEntry:
    """A line of seeds/lookup_ids.csv, and when this warehouse saw it first; either may be absent."""

    origin: Origin | None
    seen_at: datetime | None


@dataclass(frozen=True)
class LandedCode:
    """The landed row that brought a code whose ID the warehouse minted."""

    table: str
    file: str
    batch_id: int
    row_number: int
    received_at: datetime


@dataclass(frozen=True)
class Version:
    """One version of a dimension's ID."""

    version: int
    code: str
    is_active: bool
    attributes: Mapping[str, str]
    valid_from: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class TracedId:
    """One ID of the row.

    Attributes:
        column: of the feed, such as `instrument`.
        id: 0 where the text resolves to nothing.
        received: the text that was resolved.
        now: the version that names it now.
        then: the version that named it when the row became known.
        versions: how many there are.
        ledger, first_landed: where the ID comes from: a line of the ledger, or a landed code.
    """

    column: str
    domain: str
    id: int
    received: str
    now: Version | None
    then: Version | None
    versions: int
    ledger: LedgerEntry | None = None
    first_landed: LandedCode | None = None


@dataclass(frozen=True)
class Fact:
    """The row as a fact; `copies` above 1 means that it is in the fact more than once."""

    table: str
    event_time: datetime
    known_at: datetime
    measures: Mapping[str, Any]
    copies: int
    later_versions: int


@dataclass(frozen=True)
class LandedRow:
    """The row as received."""

    table: str
    received_at: datetime
    cells: Mapping[str, str]


@dataclass(frozen=True)
class DeliveredFile:
    """The file of the row.

    Attributes:
        line: on which the row begins; None where the file cannot tell.
        path: where the very content was found again; empty if it was not.
        note: why there is no line.
    """

    name: str
    content_sha256: str
    row_number: int
    line: int | None
    path: str
    note: str


@dataclass(frozen=True)
class StateChange:
    """One row of the audit trail: of a batch, or of a replay or discard."""

    state: str
    recorded_at: datetime
    code_version: str
    dagster_run_id: str
    rows: Mapping[str, int]
    message: str


@dataclass(frozen=True)
class BatchHistory:
    """The batch, with each change of its state in order; both are empty for one that nobody recorded."""

    batch_id: int
    received_at: datetime | None
    states: tuple[StateChange, ...]


@dataclass(frozen=True)
class Operation:
    """A replay or a discard that this row was in."""

    operation_id: int
    action: str
    selection: str
    note: str
    actor: str
    states: tuple[StateChange, ...]


@dataclass(frozen=True)
class Attempt:
    """One entry of the row in quarantine's log: reasons with their remedies; without any it was accepted."""

    attempt: int
    outcome: str
    reasons: Mapping[str, str]
    operation: Operation | None


@dataclass(frozen=True)
class Verdict:
    """What the chain would say now of a row that is in no fact."""

    is_acceptable: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DagsterRun:
    """A run that placed or replayed the row; `status` is empty where the instance here does not know it."""

    run_id: str
    status: str
    job: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Provenance:
    """Code and schema.

    Attributes:
        code_versions: of the package, as recorded with the batch and its operations.
        code_version_now: of the package that asks.
        commit_recorded: always False: batches record the package's version, not the commit that was checked out.
        migrations_then: applied when the batch was recorded last.
        migrations_now: applied now.
    """

    code_versions: tuple[str, ...]
    code_version_now: str
    commit_recorded: bool
    migrations_then: tuple[int, ...]
    migrations_now: tuple[int, ...]


@dataclass(frozen=True)
class Trace:
    """All that one row came from."""

    feed: str
    key: str
    place: str
    fact: Fact | None
    ids: tuple[TracedId, ...]
    landed: LandedRow | None
    file: DeliveredFile
    batch: BatchHistory
    attempts: tuple[Attempt, ...]
    verdict: Verdict | None
    runs: tuple[DagsterRun, ...]
    provenance: Provenance


def as_json(told: Any) -> Any:  # noqa: ANN401 whatever dataclasses hold
    """A dataclass as JSON has it: times in ISO 8601, IDs of batches and operations as text."""
    return _plain(asdict(told))


def _plain(value: Any) -> Any:  # noqa: ANN401 as above
    if isinstance(value, dict):
        return {
            name: str(item) if name in _WIDE and isinstance(item, int) else _plain(item) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
