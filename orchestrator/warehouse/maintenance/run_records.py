"""Dagster's records of old runs: which of them nothing rests on any more, and their removal."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
)
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestrator.helpers import utc_now

_ENDED: Final = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_EVENTS_AT_ONCE: Final = 500


def old_runs(instance: DagsterInstance, keep: timedelta) -> list[str]:
    """IDs of runs that ended longer ago and on which nothing rests.

    With its records a run's materialisations go. So that Dagster knows of every asset and partition as before, the run
    that made the latest one of each stays, and so does the newest run of each job, however old they are.
    """
    ended = instance.get_run_records(RunsFilter(statuses=_ENDED, updated_before=utc_now() - keep))
    jobs = {record.dagster_run.job_name for record in ended}
    needed = {_newest_of(instance, job) for job in jobs}
    if ended:
        needed |= runs_with_latest_materializations(instance)
    return [record.dagster_run.run_id for record in ended if record.dagster_run.run_id not in needed]


def remove_runs(instance: DagsterInstance, run_ids: list[str]) -> None:
    """Remove the records of the runs, their events, and what their steps wrote to the terminal."""
    for run_id in run_ids:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        events = instance.event_log_storage
        if isinstance(events, SqliteEventLogStorage):
            # delete_run empties this file and leaves it as large as it was
            Path(events.path_for_shard(run_id)).unlink(missing_ok=True)


def runs_with_latest_materializations(instance: DagsterInstance) -> set[str]:
    """IDs of the runs that made the latest materialisation of an asset or of a partition of one."""
    needed: set[str] = set()
    for record in instance.get_asset_records():
        entry = record.asset_entry
        if entry.last_materialization_record is not None:
            needed.add(entry.last_materialization_record.run_id)
        needed.update(_runs_by_partition(instance, entry.asset_key))
    return needed


def _runs_by_partition(instance: DagsterInstance, key: AssetKey) -> Iterator[str]:
    latest = instance.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
    for storage_ids in _in_groups(sorted(latest.values())):
        found = instance.fetch_materializations(
            AssetRecordsFilter(asset_key=key, storage_ids=storage_ids), limit=_EVENTS_AT_ONCE
        )
        yield from (record.run_id for record in found.records)


def _in_groups(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), _EVENTS_AT_ONCE):
        yield numbers[start : start + _EVENTS_AT_ONCE]


def _newest_of(instance: DagsterInstance, job: str) -> str:
    [newest] = instance.get_run_records(RunsFilter(job_name=job, statuses=_ENDED), limit=1)
    return newest.dagster_run.run_id
