"""The Dagster instance of a TOUCHSTONE_HOME: its configuration, and how an older one is brought up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from dagster import DagsterInstance

from orchestrator.helpers import get_logger, sha256_hex
from orchestrator.settings import Settings

log = get_logger(__name__)

_FILE: Final = "dagster.yaml"
_STAMP: Final = "# As Touchstone wrote it; once edited it is left alone. sha256 "
# of the file as it was before there were stamps
_UNSTAMPED: Final = frozenset({"2069dc48c4d6978ce5a178ff8bd38e5d751da4c23f044efe6f040e30e0592adb"})

_TICKS_KEPT: Final = {"skipped": 2, "success": 30, "failure": 90, "started": 7}  # days

# what is the same wherever the folder is
INSTANCE_CONFIG: Final[dict[str, Any]] = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "python_logs": {"managed_python_loggers": ["orchestrator"], "python_log_level": "INFO"},
    "concurrency": {
        # a pool has one slot unless `dagster instance concurrency set POOL N` says otherwise
        "pools": {"default_limit": 1},
        "runs": {
            "max_concurrent_runs": 4,
            # backfills and marts never take all places
            "tag_concurrency_limits": [
                {"key": "dagster/backfill", "limit": 2},
                {"key": "touchstone/layer", "value": "marts", "limit": 2},
            ],
        },
    },
    "run_launcher": {"module": "orchestrator.jobs.launcher", "class": "WatchedRunLauncher"},
    "run_monitoring": {
        "enabled": True,
        "start_timeout_seconds": 300,
        "cancel_timeout_seconds": 300,
        "max_runtime_seconds": 24 * 60 * 60,
        "poll_interval_seconds": 30,
        "free_slots_after_run_end_seconds": 30,
    },
    # of a run whose process was lost; a failed step has its own retries (assets/policies.py)
    "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
    # a sensor is evaluated thousands of times a day, mostly to find nothing
    "retention": {
        "schedule": {"purge_after_days": dict(_TICKS_KEPT)},
        "sensor": {"purge_after_days": dict(_TICKS_KEPT)},
    },
}


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The Dagster instance of this TOUCHSTONE_HOME, the same one that `touchstone ui` opens."""
    write_instance_config(settings.dagster_dir)
    with DagsterInstance.from_config(str(settings.dagster_dir)) as instance:
        yield instance


def write_instance_config(folder: Path) -> None:
    """Put dagster.yaml into its folder. An older one is replaced if nobody edited it; an edited one stays as it is.

    The first line holds the hash of the others: a file that does not fit its hash was edited.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    wanted = _stamped(yaml.safe_dump(instance_config(folder)))
    found = path.read_text(encoding="utf-8") if path.exists() else None
    if found == wanted:
        return
    if found is not None and not _is_as_written(found):
        log.info("dagster.yaml was edited and stays as it is", path=str(path))
        return
    beside = path.with_name(f"{_FILE}.new")
    beside.write_text(wanted, encoding="utf-8")
    beside.replace(path)


def instance_config(folder: Path) -> dict[str, Any]:
    """What dagster.yaml in this folder says; Dagster wants the place of its history with the class that writes it."""
    history = {
        "module": "orchestrator.jobs.event_log",
        "class": "KeptOpenSqliteStorage",
        "config": {"base_dir": str(folder.absolute())},
    }
    return {**INSTANCE_CONFIG, "storage": {"custom": history}}


def _is_as_written(text: str) -> bool:
    first, _, body = text.partition("\n")
    return first == _STAMP + _digest(body) or _digest(text) in _UNSTAMPED


def _stamped(body: str) -> str:
    return f"{_STAMP}{_digest(body)}\n{body}"


def _digest(text: str) -> str:
    return sha256_hex([text.encode()])
