"""Disks: too little free space is told before a load or a merge finds none."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from orchestrator.exceptions import DiskSpaceError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect


@dataclass(frozen=True)
class Disk:
    """A disk of the engine, or the one that a folder of ours lies on; bytes."""

    name: str
    free: int
    total: int

    @property
    def free_share(self) -> float:
        """Between 0 and 1; a disk without a size is never full."""
        return self.free / self.total if self.total else 1.0


def watch_disks(settings: Settings, dry_run: bool = False) -> dict[str, Any]:  # noqa: ARG001 it only looks
    """The free share of each disk.

    Raises:
        DiskSpaceError: less than TOUCHSTONE_MIN_FREE_SHARE of one is free; names all of those.
    """
    disks = list(_disks(settings))
    require_space(disks, settings.touchstone_min_free_share)
    return {disk.name: f"{disk.free_share:.0%} of {decimal(disk.total)} free" for disk in disks}


def require_space(disks: list[Disk], min_free_share: float) -> None:
    """Raises DiskSpaceError, naming the disks, where less than that share is free."""
    full = [
        f"{disk.name} has {decimal(disk.free)} of {decimal(disk.total)} free ({disk.free_share:.1%})"
        for disk in disks
        if disk.free_share < min_free_share
    ]
    if full:
        raise DiskSpaceError(
            f"Too little space: {'; '.join(full)}; at least {min_free_share:.0%} is wanted.",
            "Make room or add a disk; `touchstone maintain --only retention` removes what is old.",
        )


def _disks(settings: Settings) -> Iterator[Disk]:
    for name, free, total in (
        connect(settings).query("SELECT name, free_space, total_space FROM system.disks").result_rows
    ):
        yield Disk(f"engine disk {name}", int(free), int(total))
    folders = {"TOUCHSTONE_HOME": settings.touchstone_home}
    if settings.is_embedded:
        folders["TOUCHSTONE_BACKUP_DIR"] = settings.backup_dir
    for name, folder in folders.items():
        usage = shutil.disk_usage(_existing(folder))
        yield Disk(name, usage.free, usage.total)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
