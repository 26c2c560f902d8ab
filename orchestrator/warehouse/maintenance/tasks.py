"""The tasks of maintenance by name, as the verb and the Dagster job do them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.settings import Settings
from orchestrator.warehouse.maintenance.disks import watch_disks
from orchestrator.warehouse.maintenance.drift import prove_agreement, prove_places
from orchestrator.warehouse.maintenance.drills import back_up_and_drill
from orchestrator.warehouse.maintenance.merges import merge_crowded_partitions
from orchestrator.warehouse.maintenance.retention import keep_and_remove

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """One thing to do.

    Attributes:
        name: as `touchstone maintain --only` takes it.
        means: what it does, without a full stop.
        do: does it, or only looks where its second argument is True; gives what it found and did, for people.
    """

    name: str
    means: str
    do: Callable[[Settings, bool], Report]


_ALL: Final = (
    Task("disk", "looking at the free space of every disk", watch_disks),
    Task("merges", "merging partitions of many small parts", merge_crowded_partitions),
    Task("retention", "removing old records of runs and leftovers of loads", keep_and_remove),
    Task("reconcile", "proving that every landed row has its place", prove_places),
    Task("drift", "comparing live objects with migrations and feeds.yml", prove_agreement),
    Task("backup", "backing up, and restoring the backup under another name", back_up_and_drill),
)
TASKS: Final[Mapping[str, Task]] = {task.name: task for task in _ALL}
