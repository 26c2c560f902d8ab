"""Sensors for files: each whole file is asked for once, and none while it is being written."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from dagster import AssetMaterialization, DagsterInstance, SensorDefinition, SensorResult, build_sensor_context
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assets.keys import MIGRATIONS
from orchestrator.feeds.specs import FEEDS
from orchestrator.sensors import files
from orchestrator.sensors.files import Cursor, drop_sensors, lookup_files_changed, whole_files
from orchestrator.settings import Settings

Look = Callable[..., SensorResult]
LONG_AGO = 1_700_000_000


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "observations").mkdir()
    return tmp_path


@pytest.fixture
def look(drop: Path) -> Look:
    """The sensor's next look, with the cursor that it left."""
    sensors = {sensor.name: sensor for sensor in drop_sensors(Settings(touchstone_drop_dir=drop))}
    assert set(sensors) == {f"new_files_of_{feed.name}" for feed in FEEDS}
    return looking_with(sensors["new_files_of_observations"])


def looking_with(sensor: SensorDefinition, *, is_migrated: bool = True, landed: Sequence[str] = ()) -> Look:
    cursor: list[str | None] = [None]
    instance = DagsterInstance.ephemeral()
    if is_migrated:
        instance.report_runless_asset_event(AssetMaterialization(MIGRATIONS))
    for key in landed:
        instance.report_runless_asset_event(AssetMaterialization(key))

    def look(loses_cursor: bool = False) -> SensorResult:
        with build_sensor_context(cursor=cursor[0], instance=instance, sensor_name=sensor.name) as context:
            result = sensor(context)
        assert isinstance(result, SensorResult)
        if not loses_cursor and result.cursor is not None:
            cursor[0] = result.cursor
        return result

    return look


def write(path: Path, text: str, changed: float = LONG_AGO) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (changed, changed))


def requests(result: SensorResult) -> list[str | None]:
    return [request.run_key for request in result.run_requests or []]


def test_a_file_is_asked_for_at_the_second_look_and_then_never_again(drop: Path, look: Look) -> None:
    write(drop / "observations" / "a.csv", "x\n")
    assert requests(look()) == []
    assert len(requests(look())) == 1
    assert requests(look()) == []


def test_a_file_that_keeps_growing_is_left_until_it_stops(drop: Path, look: Look) -> None:
    path = drop / "observations" / "a.csv"
    for number in range(3):
        write(path, "x\n" * (number + 1), LONG_AGO + number)
        assert requests(look()) == []
    assert len(requests(look())) == 1


def test_a_file_that_changed_just_now_is_left_also_when_it_looks_the_same(
    drop: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.time, "time", lambda: LONG_AGO + 1.0)
    write(drop / "observations" / "a.csv", "x\n")
    assert [requests(look()), requests(look())] == [[], []]
    monkeypatch.setattr(files.time, "time", lambda: LONG_AGO + 2.0)
    assert len(requests(look())) == 1


def test_a_changed_file_is_asked_for_again_with_another_key(drop: Path, look: Look) -> None:
    path = drop / "observations" / "a.csv"
    write(path, "x\n")
    look()
    first = requests(look())
    write(path, "y\n", LONG_AGO + 5)
    assert requests(look()) == []
    second = requests(look())
    assert len(first) == len(second) == 1
    assert first != second


def test_several_files_are_one_request_and_what_no_feed_reads_is_none(drop: Path, look: Look) -> None:
    for name in ("a.csv", "b.csv.gz", "notes.txt", "a.csv.part"):
        write(drop / "observations" / name, name)
    look()
    assert len(requests(look())) == 1
    (drop / "observations" / "a.csv").unlink()
    assert requests(look()) == []


def test_a_drop_folder_that_is_not_there_asks_for_nothing(tmp_path: Path) -> None:
    sensors = drop_sensors(Settings(touchstone_drop_dir=tmp_path / "nowhere"))
    assert [requests(looking_with(sensor)()) for sensor in sensors] == [[] for _ in FEEDS]


def test_before_there_is_a_warehouse_no_file_is_asked_for_and_none_is_forgotten(drop: Path) -> None:
    write(drop / "observations" / "a.csv", "x\n")
    [sensor] = [
        sensor
        for sensor in drop_sensors(Settings(touchstone_drop_dir=drop))
        if sensor.name == "new_files_of_observations"
    ]
    look = looking_with(sensor, is_migrated=False)
    results = [look(), look()]
    assert [requests(result) for result in results] == [[], []]
    assert [result.cursor for result in results] == [None, None]


def test_files_that_were_landed_before_the_daemon_began_are_not_asked_for_but_those_that_came_since(
    drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(drop / "observations" / "old.csv", "x\n")
    [sensor] = [
        sensor
        for sensor in drop_sensors(Settings(touchstone_drop_dir=drop))
        if sensor.name == "new_files_of_observations"
    ]
    look = looking_with(sensor, landed=["landing_observations"])
    assert [requests(look()), requests(look())] == [[], []]
    monkeypatch.setattr(files.time, "time", lambda: 9_000_000_000.0)
    write(drop / "observations" / "new.csv", "x\n", 8_000_000_000)
    assert requests(look()) == []
    assert len(requests(look())) == 1


def test_the_cursor_is_short_however_many_files_there_are(drop: Path, look: Look) -> None:
    for number in range(50):
        write(drop / "observations" / f"file_{number:04d}.csv", "x\n")
    looks = [look() for _ in range(3)]
    assert [len(requests(result)) for result in looks] == [0, 1, 0]
    assert all(len(result.cursor or "") == 64 for result in looks)
    assert looks[1].cursor == looks[2].cursor


def test_what_was_asked_by_a_daemon_that_was_killed_at_it_is_asked_again(drop: Path, look: Look) -> None:
    write(drop / "observations" / "a.csv", "x\n")
    assert requests(look()) == []
    lost = requests(look(loses_cursor=True))
    assert len(lost) == 1
    assert requests(look()) == lost
    assert requests(look()) == []


def test_lookup_files_ask_for_the_reference_side_once_a_content(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SEEDS_DIR", desk)
    look = looking_with(lookup_files_changed)
    assert [requests(look()), requests(look())] == [[], []]
    before = (desk / "lookups.csv").read_bytes()
    (desk / "lookups.csv").write_bytes(before + b"\n")
    changed = requests(look())
    assert len(changed) == 1
    assert requests(look()) == []
    (desk / "lookups.csv").write_bytes(before)
    assert requests(look()) != changed


LOOKS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2).map(lambda n: f"{n}:{n}"))


@given(story=st.lists(LOOKS, max_size=12))
def test_in_any_story_a_state_of_a_file_that_lasts_is_asked_for_once_while_it_lasts(
    story: list[dict[str, str]],
) -> None:
    cursor, before, lasting = Cursor(), dict[str, str](), dict[str, str]()
    for looks in story:
        whole = whole_files(looks, cursor, now=LONG_AGO)
        assert all(before.get(path) == look for path, look in whole.items())
        assert all(lasting.get(path) != look for path, look in whole.items())
        lasting = {path: look for path, look in lasting.items() if looks.get(path) == look} | whole
        cursor, before = Cursor.read(cursor.after(looks, whole).written()), looks
