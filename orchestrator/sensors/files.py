"""Files that arrive in the drop folder, and files of the lookup desk that change: what they ask for is run at once."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from dagster import (
    AssetKey,
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from orchestrator.assets.keys import MIGRATIONS
from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import FEEDS
from orchestrator.helpers import sha256_hex
from orchestrator.jobs.loads import REFERENCE, load_job_name
from orchestrator.sensors.cursors import keep, what_is_kept
from orchestrator.settings import Settings
from orchestrator.warehouse.loader import files_of

_SECONDS: Final = 5
# A file that is being written keeps changing; one that has not for so long, and not since the last look, is whole.
_SETTLED_SECONDS: Final = 2

Looks = Mapping[str, str]


@dataclass(frozen=True)
class Cursor:
    """What a sensor saw but has not asked for, and what it has asked to load: by file, its size and time of change."""

    seen: Looks = field(default_factory=dict)
    asked: Looks = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """From the text that was kept."""
        return cls(**json.loads(text))

    def after(self, looks: Looks, whole: Looks) -> "Cursor":
        """What follows when these files were there and those of them were asked for."""
        asked = {path: look for path, look in self.asked.items() if path in looks}
        asked |= whole
        return Cursor({path: look for path, look in looks.items() if asked.get(path) != look}, asked)

    def written(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), sort_keys=True)


def drop_sensors(settings: Settings) -> list[SensorDefinition]:
    """One sensor per feed."""
    return [_drop_sensor(feed, settings) for feed in FEEDS]


def _drop_sensor(feed: Feed, settings: Settings) -> SensorDefinition:
    @sensor(
        name=f"new_files_of_{feed.name}",
        job_name=load_job_name(feed),
        minimum_interval_seconds=_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Files of {feed.name} that are new or changed in the drop folder, once they are whole. A file "
        "counts as whole when it has not changed for two seconds, nor between two looks.",
    )
    def arrived(context: SensorEvaluationContext) -> SensorResult:
        if context.instance.get_latest_materialization_event(MIGRATIONS) is None:
            return SensorResult(skip_reason="There is no warehouse yet: run `everything` first.")
        looks = look_at(files_of(feed, settings.touchstone_drop_dir))
        kept = what_is_kept(context.instance, context.sensor_name, context.cursor)
        old = Cursor.read(kept) if kept else _first_look(context.instance, feed, looks)
        whole = whole_files(looks, old, now=time.time())
        following = old.after(looks, whole).written()
        cursor = keep(context.instance, context.sensor_name, following, cursor=context.cursor)
        if not whole:
            return SensorResult(skip_reason=f"No new file of {feed.name}.", cursor=cursor)
        context.log.info(f"{len(whole)} new files of {feed.name}")
        return SensorResult(run_requests=[RunRequest(run_key=_digest(whole))], cursor=cursor)

    return arrived


@sensor(
    name="lookup_files_changed",
    job_name=REFERENCE,
    minimum_interval_seconds=_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Files of seeds/ with another content than when the reference side was last asked for: a pull, a "
    "merge, an edit. Rows in quarantine that resolve by it are then replayed.",
)
def lookup_files_changed(context: SensorEvaluationContext) -> SensorResult:
    """The first look asks for nothing: `touchstone run` and the weekly schedule are there for what stands already."""
    content = sha256_hex(path.read_bytes() for path in sorted(SEEDS_DIR.glob("*.csv")))
    if context.cursor is None:
        return SensorResult(skip_reason="The lookup files were looked at for the first time.", cursor=content)
    if content == context.cursor:
        return SensorResult(skip_reason="The lookup files are as they were.")
    return SensorResult(run_requests=[RunRequest(run_key=content)], cursor=content)


def _first_look(instance: DagsterInstance, feed: Feed, looks: Looks) -> Cursor:
    """Files that have not changed since the feed was last landed were landed then."""
    event = instance.get_latest_materialization_event(AssetKey(feed.landing))
    landed_at = event.timestamp if event else 0.0
    return Cursor(asked={path: look for path, look in looks.items() if changed_at(look) < landed_at})


def look_at(paths: Iterable[Path]) -> dict[str, str]:
    """Size and time of change by file; a file that goes away meanwhile is not there."""
    looks = {}
    for path in paths:
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        looks[str(path)] = f"{stat.st_size}:{stat.st_mtime_ns}"
    return looks


def whole_files(looks: Looks, old: Cursor, *, now: float) -> dict[str, str]:
    """Files that are as they were at the last look, and were not asked for like this; not those changed just now."""
    return {
        path: look
        for path, look in looks.items()
        if old.seen.get(path) == look and old.asked.get(path) != look and _has_settled(look, now)
    }


def _has_settled(look: str, now: float) -> bool:
    return now - changed_at(look) >= _SETTLED_SECONDS


def changed_at(look: str) -> float:
    """When a file that looks so was changed, in seconds since 1970."""
    return int(look.partition(":")[2]) / 1e9


def _digest(files: Looks) -> str:
    return sha256_hex(f"{path}\0{look}\n".encode() for path, look in sorted(files.items()))
