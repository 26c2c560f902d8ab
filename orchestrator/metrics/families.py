"""Every metric that is exported: name, meaning and labels, declared once. All of them are gauges."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import GaugeMetricFamily

PREFIX: Final = "touchstone_"


@dataclass(frozen=True)
class Family:
    """One metric.

    Attributes:
        name: with prefix and unit.
        means: what one value says, without a full stop.
        labels: names of its labels.
    """

    name: str
    means: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """One value of a metric, with the values of its labels."""

    family: Family
    value: float
    labels: tuple[str, ...] = ()


def _family(name: str, means: str, *labels: str) -> Family:
    return Family(f"{PREFIX}{name}", means, labels)


ENGINE_UP: Final = _family("engine_up", "1 when ClickHouse answers, 0 when it does not")
READ: Final = _family("part_read", "1 when this part of the metrics could be read, 0 when it failed", "part")
READ_SECONDS: Final = _family("part_read_seconds", "How long reading this part of the metrics took", "part")

ROWS: Final = _family("rows", "Rows of a table", "table")
IDS: Final = _family("ids", "IDs of a domain", "domain")
FEED_ROWS: Final = _family("feed_rows", "Rows of a feed by place: landing, fact, open or discarded", "feed", "place")
OPEN_ROWS: Final = _family(
    "quarantine_open_rows",
    "Rows in open quarantine by reason; a row counts for each of its reasons",
    "feed",
    "reason",
)
BATCHES: Final = _family("batches", "Batches of a feed by their latest state", "feed", "state")
NEWEST: Final = _family(
    "feed_newest_timestamp_seconds", "Unix time of the newest committed file, or of the newest event", "feed", "of"
)
AGE: Final = _family("feed_age_seconds", "Age of the newest committed file, or of the newest event", "feed", "of")
AGE_LIMIT: Final = _family("feed_age_limit_seconds", "How old that may be, as feeds.yml declares", "feed", "of")

ELEMENTS: Final = _family("dictionary_elements", "Elements of a dictionary", "dictionary")
DICTIONARY_BYTES: Final = _family("dictionary_bytes", "Memory that a dictionary takes", "dictionary")
DICTIONARY_AGE: Final = _family(
    "dictionary_age_seconds", "Time since a dictionary was last loaded with success", "dictionary"
)
DICTIONARY_STATUS: Final = _family(
    "dictionary_status", "1 for the status that a dictionary has, as ClickHouse calls it", "dictionary", "status"
)
DICTIONARY_FAILED: Final = _family(
    "dictionary_failed", "1 when the last load of a dictionary failed, 0 when it did not", "dictionary"
)

PARTS: Final = _family("table_parts", "Active parts of a table", "table")
PARTITION_PARTS: Final = _family("table_partition_parts", "Active parts of its partition that has most", "table")
TABLE_BYTES: Final = _family("table_bytes", "Bytes on disk of the active parts of a table", "table")
MUTATIONS: Final = _family("table_mutations", "Mutations of a table that are not done", "table")
DISK_FREE: Final = _family("disk_free_bytes", "Free space of a disk of the engine", "disk")
DISK_TOTAL: Final = _family("disk_total_bytes", "Size of a disk of the engine", "disk")

JOB_RUNS: Final = _family("job_runs", "Recorded runs of a job by status", "dagster_job", "status")
JOB_SUCCEEDED: Final = _family(
    "job_last_run_succeeded", "1 when the last finished run of a job succeeded", "dagster_job"
)
JOB_SECONDS: Final = _family("job_last_run_seconds", "Duration of the last finished run of a job", "dagster_job")
JOB_ENDED: Final = _family(
    "job_last_run_timestamp_seconds", "Unix time of the end of the last finished run", "dagster_job"
)
STEP_SECONDS: Final = _family("step_last_run_seconds", "Duration of a step in that run", "dagster_job", "step")
CHECKS: Final = _family("checks", "Checks by result of their last evaluation: passed, warned or failed", "result")
CHECK_NOT_PASSED: Final = _family(
    "check_not_passed", "1 for each check that warned or failed in its last evaluation", "asset", "check", "result"
)

FAMILIES: Final = tuple(family for family in list(globals().values()) if isinstance(family, Family))


def exposed(readings: Iterable[Reading]) -> Iterator[GaugeMetricFamily]:
    """The readings as prometheus_client has them: by metric, in the order of `FAMILIES`; none without a value."""
    by_family: dict[Family, list[Reading]] = {}
    for reading in readings:
        by_family.setdefault(reading.family, []).append(reading)
    for family in FAMILIES:
        if family not in by_family:
            continue
        gauge = GaugeMetricFamily(family.name, f"{family.means}.", labels=family.labels)
        for reading in by_family[family]:
            gauge.add_metric(reading.labels, reading.value)
        yield gauge
