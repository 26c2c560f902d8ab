"""Which records of runs may go: none that tells when an asset or a partition was made last, none that is a job's newest."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, StaticPartitionsDefinition, asset, job, materialize, op

from orchestrator.jobs.instance import dagster_instance
from orchestrator.settings import Settings
from orchestrator.warehouse.maintenance.run_records import old_runs, remove_runs

EVERYTHING_IS_OLD = timedelta(days=-1)


@asset
def plain() -> None: ...


@asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def in_partitions() -> None: ...


@op
def nothing() -> None: ...


@job
def upkeep() -> None:
    nothing()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with dagster_instance(Settings(touchstone_home=tmp_path)) as instance:
        yield instance


@pytest.fixture
def runs(instance: DagsterInstance) -> dict[str, str]:
    """IDs of runs by what they did, in their order."""
    done = {
        "plain, earlier": materialize([plain], instance=instance),
        "plain, last": materialize([plain], instance=instance),
        "a, earlier": materialize([in_partitions], partition_key="a", instance=instance),
        "b, last": materialize([in_partitions], partition_key="b", instance=instance),
        "a, last": materialize([in_partitions], partition_key="a", instance=instance),
        "upkeep, earlier": upkeep.execute_in_process(instance=instance),
        "upkeep, last": upkeep.execute_in_process(instance=instance),
    }
    return {name: result.run_id for name, result in done.items()}


def test_only_runs_of_long_ago_on_which_nothing_rests_are_old(instance: DagsterInstance, runs: dict[str, str]) -> None:
    found = old_runs(instance, EVERYTHING_IS_OLD)
    assert sorted(found) == sorted(runs[name] for name in runs if name.endswith("earlier"))
    assert old_runs(instance, timedelta(days=1)) == []


def test_removed_runs_are_gone_with_their_files_and_dagster_knows_of_every_partition_as_before(
    instance: DagsterInstance, runs: dict[str, str], tmp_path: Path
) -> None:
    def known() -> tuple[set[str], bool]:
        partitions = instance.get_materialized_partitions(AssetKey("in_partitions"))
        return partitions, instance.get_latest_materialization_event(AssetKey("plain")) is not None

    before = known()
    assert before == ({"a", "b"}, True)
    gone = old_runs(instance, EVERYTHING_IS_OLD)
    remove_runs(instance, gone)
    assert known() == before
    left = {record.dagster_run.run_id for record in instance.get_run_records()}
    assert left == set(runs.values()) - set(gone)
    assert [path for run in gone for path in tmp_path.rglob(f"*{run}*")] == []
    assert old_runs(instance, EVERYTHING_IS_OLD) == []
