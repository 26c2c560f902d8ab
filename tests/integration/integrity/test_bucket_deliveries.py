"""From an object in a bucket to facts: the sensor asks, the job loads it once, the audit trail and a trace name it."""

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from buckets import client_of, new_bucket, s3_server
from clickhouse_connect.driver.client import Client
from dagster import (
    AssetMaterialization,
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
    SensorResult,
    build_sensor_context,
    define_asset_job,
)
from house import variables_of
from known_codes import GOOD_ROW
from observation_files import OBSERVATIONS, file_of
from rich.console import Console

from orchestrator.assets.keys import MIGRATIONS
from orchestrator.assets.landing import landing_assets
from orchestrator.assets.policies import REMEDY
from orchestrator.exceptions import FeedFileError, LookupFileError
from orchestrator.feeds import buckets
from orchestrator.jobs.loads import load_job_name
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.sensors.buckets import bucket_sensors
from orchestrator.settings import Settings, get_settings
from orchestrator.verbs.load import load_files, named_deliveries, rehearse_files
from orchestrator.warehouse.batches import last_commit
from orchestrator.warehouse.tracing.files import find_file
from orchestrator.warehouse.tracing.keys import RowKey

LATER = ("2026-01-06", *GOOD_ROW[1:])
BAD = (*GOOD_ROW[:-1], "not a number")


@dataclass
class Desk:
    """A bucket, and the sensor and job of a feed."""

    endpoint: str
    bucket: str
    instance: DagsterInstance
    folder: Path
    cursor: str | None = None

    def put(self, name: str, rows: Sequence[Sequence[str]], feed: str = "observations") -> str:
        """Puts a file there; gives its address."""
        content = file_of(self.folder / "written.csv", rows).read_bytes()
        key = f"from/vendors/{feed}/{name}"
        body = gzip.compress(content) if name.endswith(".gz") else content
        client_of(self.endpoint).put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def remove(self, url: str) -> None:
        client_of(self.endpoint).delete_object(Bucket=self.bucket, Key=url.removeprefix(f"s3://{self.bucket}/"))

    def asked(self) -> list[str | None]:
        """Run keys of what the sensor asks for at its next look."""
        [sensor] = [one for one in bucket_sensors(get_settings()) if one.name == "new_objects_of_observations"]
        assert {target.job_name for target in sensor.targets} == {load_job_name(OBSERVATIONS)}
        with build_sensor_context(cursor=self.cursor, instance=self.instance) as context:
            result = sensor(context)
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        return [request.run_key for request in result.run_requests or []]

    def run(self) -> ExecuteInProcessResult:
        """What the job does in landing."""
        landing = [asset for asset in landing_assets() if asset.key.to_user_string() == OBSERVATIONS.landing]
        name = load_job_name(OBSERVATIONS)
        defs = Definitions(
            assets=landing,
            jobs=[define_asset_job(name, selection=landing)],
            resources={"warehouse": WarehouseResource()},
        )
        return defs.resolve_job_def(name).execute_in_process(instance=self.instance, raise_on_error=False)

    def loaded_by_run(self) -> tuple[Any, Any]:
        """Files loaded, and rows accepted, by one more run."""
        done = self.run()
        assert done.success
        [event] = done.asset_materializations_for_node(OBSERVATIONS.landing)
        return event.metadata["files_loaded_now"].value, event.metadata["rows_accepted_now"].value


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def desk(
    endpoint: str, world: Client, shared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """With an empty warehouse, no file in the drop folder, and the environment that names the bucket."""
    for table in ("landing_observations", "fct_observations", "quarantine_observations", "ops_batches"):
        world.command(f"TRUNCATE TABLE {table}")
    bucket = new_bucket(endpoint)
    variables = variables_of(shared) | {
        "TOUCHSTONE_DROP_DIR": str(tmp_path / "nothing dropped"),
        "TOUCHSTONE_DROP_URL": f"s3://{bucket}/from/vendors/",
        "TOUCHSTONE_S3_ENDPOINT": endpoint,
        "TOUCHSTONE_S3_REGION": "eu-north-1",
        "TOUCHSTONE_S3_ACCESS_KEY_ID": "somebody",
        "TOUCHSTONE_S3_SECRET_ACCESS_KEY": "secret",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(AssetMaterialization(MIGRATIONS))
        yield Desk(endpoint, bucket, instance, tmp_path)
    get_settings.cache_clear()


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses of what is fetched."""
    fetch = buckets._fetch
    fetched: list[str] = []

    def noted(settings: Settings, stored: buckets.StoredObject, path: Path) -> str:
        fetched.append(stored.url)
        return fetch(settings, stored, path)

    monkeypatch.setattr(buckets, "_fetch", noted)
    return fetched


def test_an_object_is_asked_for_once_loaded_once_and_known_by_its_address(
    desk: Desk, world: Client, fetches: list[str]
) -> None:
    spooled = set(get_settings().spool_dir.glob("*"))
    assert desk.asked() == []
    desk.put("half.csv.part", [GOOD_ROW])
    assert desk.asked() == []
    url = desk.put("2026/a.csv.gz", [GOOD_ROW, BAD])
    assert len(desk.asked()) == 1
    assert desk.loaded_by_run() == (1, 1)
    assert world.query("SELECT value_number FROM fct_observations").result_rows == [(1.5,)]
    assert world.query("SELECT DISTINCT source_file FROM ops_batches").result_rows == [(url,)]
    assert desk.asked() == []
    assert desk.loaded_by_run() == (0, 0)
    assert fetches == [url]
    assert set(get_settings().spool_dir.glob("*")) == spooled


def test_a_row_is_traced_to_its_object(desk: Desk, world: Client) -> None:
    url = desk.put("a.csv", [GOOD_ROW])
    desk.loaded_by_run()
    [(batch, content, message)] = world.query(
        "SELECT batch_id, toString(content_sha256), message FROM ops_batches WHERE state = 'committed'"
    ).result_rows
    assert message.startswith("ETag ")
    found = find_file(OBSERVATIONS, RowKey(batch, 1), (url, content), drop_dir=desk.folder, told=None)
    assert (found.name, found.path) == (url, "")
    assert found.note == "it is an object of a bucket; --file names a copy of it"
    copy = desk.folder / "written.csv"
    assert find_file(OBSERVATIONS, RowKey(batch, 1), (url, content), drop_dir=desk.folder, told=copy).line == 2


def test_another_content_is_another_arrival_and_so_is_the_first_one_when_it_comes_back(
    desk: Desk, world: Client, fetches: list[str]
) -> None:
    desk.put("a.csv", [GOOD_ROW])
    keys = desk.asked()
    assert desk.loaded_by_run() == (1, 1)
    desk.put("a.csv", [LATER])
    keys += desk.asked()
    assert desk.loaded_by_run() == (1, 1)
    desk.put("a.csv", [GOOD_ROW])
    keys += desk.asked()
    assert desk.loaded_by_run() == (0, 0)
    assert desk.asked() == []
    assert len(keys) == 3
    assert len(fetches) == 3
    assert desk.loaded_by_run() == (0, 0)
    assert len(fetches) == 3
    assert world.query("SELECT count() FROM fct_observations").result_rows == [(2,)]


def test_the_same_content_under_another_name_adds_no_row_and_makes_the_feed_no_fresher(
    desk: Desk, world: Client, fetches: list[str]
) -> None:
    desk.put("a.csv", [GOOD_ROW])
    desk.loaded_by_run()
    fresh = last_commit(world, OBSERVATIONS)
    again = desk.put("b.csv", [GOOD_ROW])
    assert len(desk.asked()) == 1
    assert [desk.loaded_by_run(), desk.loaded_by_run()] == [(0, 0), (0, 0)]
    assert fetches[1:] == [again]
    assert world.query("SELECT count() FROM landing_observations").result_rows == [(1,)]
    assert last_commit(world, OBSERVATIONS) == fresh


def test_what_was_taken_or_went_away_is_not_asked_for(desk: Desk) -> None:
    urls = [desk.put(name, [row]) for name, row in (("a.csv", GOOD_ROW), ("b.csv", LATER))]
    desk.loaded_by_run()
    assert desk.asked() == []
    desk.remove(urls[0])
    assert desk.asked() == []
    desk.put("a.csv", [GOOD_ROW])
    assert desk.asked() == []
    desk.put("c.csv", [BAD])
    assert len(desk.asked()) == 1
    assert desk.asked() == []


def test_the_cursor_has_the_same_size_however_much_there_is(desk: Desk) -> None:
    sizes = set()
    for number in range(5):
        desk.put(f"{number}.csv", [GOOD_ROW])
        assert len(desk.asked()) == 1
        sizes.add(len(desk.cursor or ""))
    assert sizes == {64}


def test_an_engine_that_is_down_is_left_so_and_what_is_there_asked_for(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("a.csv", [GOOD_ROW])
    desk.loaded_by_run()
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "nobody"))
    get_settings.cache_clear()
    assert len(desk.asked()) == 1
    assert desk.asked() == []
    assert not (tmp_path / "nobody").exists()


def test_before_there_is_a_warehouse_nothing_is_asked_for_and_nothing_forgotten(desk: Desk) -> None:
    desk.put("a.csv", [GOOD_ROW])
    with DagsterInstance.ephemeral() as empty:
        new = Desk(desk.endpoint, desk.bucket, empty, desk.folder)
        assert new.asked() == []
        assert new.cursor is None


def test_a_bucket_that_there_is_none_of_fails_the_run_for_good_with_a_remedy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_DROP_URL", "s3://nowhere")
    get_settings.cache_clear()
    done = desk.run()
    [failure] = done.get_step_failure_events()
    assert not [event for event in done.all_events if event.is_step_up_for_retry]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "s3://nowhere/observations/: there is no such bucket" in str(data.description)
    assert data.metadata[REMEDY].value == "Create it, or mend TOUCHSTONE_DROP_URL."


def test_objects_are_loaded_and_rehearsed_by_name_too(desk: Desk, world: Client) -> None:
    settings = get_settings()
    urls = [desk.put(name, [row]) for name, row in (("a.csv", GOOD_ROW), ("b.csv.gz", LATER), ("c.csv", BAD))]
    pattern = f"s3://{desk.bucket}/from/**/*.csv*"
    console = Console(record=True, width=200)
    assert not rehearse_files(console, settings, "observations", named_deliveries(settings, [pattern], None, ""), 5)
    assert f"{urls[2]}, line 2: bad_value" in console.export_text()
    assert world.query("SELECT count() FROM ops_batches").result_rows == [(0,)]
    told = [line for _, line in load_files(settings, "observations", named_deliveries(settings, [pattern], None, ""))]
    assert [line.partition(": ")[0] for line in told] == urls
    assert "1 row landed, 1 in facts, 0 in quarantine" in told[1]
    again = list(load_files(settings, "observations", named_deliveries(settings, [urls[0]], None, "")))
    assert "already loaded, nothing done" in again[0][1]
    # what was loaded by hand is not taken again
    assert desk.loaded_by_run() == (0, 0)


@pytest.mark.parametrize(
    ("feed", "error", "said"),
    [("observations", FeedFileError, r":2: .*columns"), ("lookups", LookupFileError, r"s3://\S+/a\.csv")],
)
def test_a_fault_in_an_object_is_told_by_its_address(desk: Desk, feed: str, error: type[Exception], said: str) -> None:
    url = desk.put("a.csv", [("too", "few")], feed)
    settings = get_settings()
    with pytest.raises(error, match=said) as caught:
        list(load_files(settings, feed, named_deliveries(settings, [url], None, "")))
    assert url in str(caught.value)
    assert str(settings.spool_dir) not in str(caught.value)


def test_without_a_bucket_there_is_no_sensor(desk: Desk, all_names: Callable[[Settings], set[str]]) -> None:
    named = get_settings()
    assert {name for name in all_names(named) if "objects" in name} == {
        "new_objects_of_instruments", "new_objects_of_lookups", "new_objects_of_observations",
    }  # fmt: skip
    assert not [name for name in all_names(named.model_copy(update={"touchstone_drop_url": None})) if "objects" in name]


@pytest.fixture
def all_names() -> Callable[[Settings], set[str]]:
    from orchestrator.sensors.all import all_sensors  # noqa: PLC0415 reads the settings when it is imported

    return lambda settings: {sensor.name for sensor in all_sensors(settings)}
