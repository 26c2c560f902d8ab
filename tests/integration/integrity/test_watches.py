"""The sensors that watch the warehouse itself: too full a quarantine and a stale feed, each told once and once when over."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alert_receivers import Receiver, receiver
from clickhouse_connect.driver.client import Client
from dagster import AssetKey, AssetMaterialization, DagsterInstance, SkipReason, build_sensor_context
from house import variables_of
from known_codes import GOOD_ROW
from observation_files import OBSERVATIONS

from orchestrator.embedded import engine_state
from orchestrator.feeds.feed import Feed, Freshness, Thresholds
from orchestrator.feeds.specs import FEEDS
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.sensors.watches import watch_sensors
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import LoadResult
from orchestrator.warehouse.quarantine import Selection, discard, replay

BAD = [(*GOOD_ROW[:-1], f"x{number}") for number in range(4)]
GOOD = [(*GOOD_ROW[:-1], str(number)) for number in range(4)]
NEVER = [(*GOOD_ROW[:2], "NEVER", *GOOD_ROW[3:-1], str(number)) for number in range(2)]
STRICT = replace(OBSERVATIONS, thresholds=Thresholds(rejected_share=0.4, share_from_rows=4))
SMALL = replace(OBSERVATIONS, thresholds=Thresholds(rejected_rows=100, open_rows=5))

Look = Callable[..., str]


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with receiver() as received:
        yield received


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(scope="module")
def remedies(world: Client) -> None:
    """Of the reasons that these tests see."""
    for bit, (reason, remedy) in enumerate(
        [("bad_value", "Have it corrected."), ("duplicate_in_batch", "Discard it.")]
    ):
        world.command(
            f"INSERT INTO dim_reason VALUES ('observations', '{reason}', {bit}, '', '{remedy}', 1, now64(6), now64(6), 0)"
        )
    world.command("SYSTEM RELOAD DICTIONARY dict_reason")


@pytest.fixture(autouse=True)
def of_this_world(
    world: Client, shared: Settings, remedies: None, webhook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """An empty warehouse, and alerts without a cooldown to the receiver."""
    for table in ("landing_observations", "fct_observations", "quarantine_observations", "ops_batches"):
        world.command(f"TRUNCATE TABLE {table}")
    variables = variables_of(shared) | {
        "TOUCHSTONE_ALERT_WEBHOOK_URL": webhook.url,
        "TOUCHSTONE_ALERT_COOLDOWN_SECONDS": "0",
        "TOUCHSTONE_ENVIRONMENT": "staging",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def look(instance: DagsterInstance) -> Look:
    """One look of a sensor at feeds; gives what it says."""

    def look(name: str, *feeds: Feed) -> str:
        [sensor] = [sensor for sensor in watch_sensors(feeds) if sensor.name == name]
        context = build_sensor_context(instance=instance, resources={"warehouse": WarehouseResource()})
        answer = sensor(context)
        assert isinstance(answer, SkipReason)
        return str(answer.skip_message)

    return look


def landed_by_a_run(instance: DagsterInstance, feed: Feed) -> None:
    instance.report_runless_asset_event(AssetMaterialization(AssetKey(feed.landing)))


def test_a_red_batch_is_told_once_with_reasons_remedies_and_commands_and_once_when_its_rows_are_dealt_with(
    look: Look, load: Callable[..., LoadResult], world: Client, webhook: Receiver
) -> None:
    load("good.csv", GOOD)
    look("quarantine_over_threshold", STRICT)
    assert webhook.bodies == []
    red = load("red.csv", [*BAD, *NEVER, *[(*GOOD_ROW[:-1], "7.5")] * 2])
    for _ in range(3):
        look("quarantine_over_threshold", STRICT)
    [told] = webhook.bodies
    assert (told["kind"], told["severity"], told["environment"]) == ("quarantine", "error", "staging")
    assert told["title"] == "Quarantine of observations is over its thresholds"
    assert told["error"] == f"red.csv (batch {red.batch_id}): 87.50% of the rows rejected, at most 40.00% are let pass"
    assert (told["assets"], told["subjects"]) == (["quarantine_observations"], [str(red.batch_id)])
    assert told["details"] == [
        told["error"],
        "bad_value, 4 rows: Have it corrected.",
        "unknown_instrument, 2 rows: Load it.",
        "duplicate_in_batch, 1 row: Discard it.",
    ]
    assert f"`touchstone quarantine list observations --batch {red.batch_id}`" in told["remedy"]

    load("red too.csv", [*BAD[:3], (*GOOD_ROW[:-1], "9.5")])
    look("quarantine_over_threshold", STRICT)
    assert webhook.bodies[-1]["error"].startswith("2 at once, the first: red.csv")
    look("quarantine_over_threshold", STRICT)
    assert len(webhook.bodies) == 2

    discard(world, OBSERVATIONS, Selection(batches=(red.batch_id,)), "sent wrongly")
    look("quarantine_over_threshold", STRICT)
    assert len(webhook.bodies) == 2
    discard(world, OBSERVATIONS, Selection(), "sent wrongly")
    assert look("quarantine_over_threshold", STRICT) == "0 alerts of quarantine in force, 1 message sent."
    assert webhook.bodies[-1]["title"] == "quarantine_observations is within its thresholds again"
    look("quarantine_over_threshold", STRICT)
    assert len(webhook.bodies) == 3


def test_a_batch_that_turns_red_again_is_told_again(
    look: Look, load: Callable[..., LoadResult], world: Client, webhook: Receiver
) -> None:
    load("red.csv", BAD)
    look("quarantine_over_threshold", STRICT)
    discard(world, OBSERVATIONS, Selection(), "sent wrongly")
    look("quarantine_over_threshold", STRICT)
    replay(world, OBSERVATIONS, Selection(discarded=True), note="they were right")
    look("quarantine_over_threshold", STRICT)
    assert [body["severity"] for body in webhook.bodies] == ["error", "recovered", "error"]


def test_all_open_rows_have_a_threshold_of_their_own(
    look: Look, load: Callable[..., LoadResult], webhook: Receiver
) -> None:
    load("a.csv", BAD)
    look("quarantine_over_threshold", SMALL)
    assert webhook.bodies == []
    load("b.csv", [BAD[0], *NEVER])
    look("quarantine_over_threshold", SMALL)
    [told] = webhook.bodies
    assert told["error"] == "7 rows in open quarantine, at most 5 are let lie"
    assert told["subjects"] == ["open rows"]
    assert told["details"][1:] == ["bad_value, 5 rows: Have it corrected.", "unknown_instrument, 2 rows: Load it."]
    assert "`touchstone quarantine list observations`" in told["remedy"]


def test_the_feeds_of_the_house_are_watched_by_their_own_limits(look: Look, webhook: Receiver) -> None:
    assert look("quarantine_over_threshold", *FEEDS) == "0 alerts of quarantine in force, 0 messages sent."
    assert look("freshness_watch", *FEEDS) == "0 alerts of freshness in force, 0 messages sent."
    assert webhook.bodies == []


def watched(**limits: str) -> Feed:
    return replace(OBSERVATIONS, freshness=Freshness(**limits))


def commit_earlier(world: Client, days: int) -> None:
    """As if everything had been loaded so many days before."""
    world.command("CREATE TABLE moved AS ops_batches")
    world.command(
        f"INSERT INTO moved SELECT * REPLACE (recorded_at - INTERVAL {days} DAY AS recorded_at) FROM ops_batches"
    )
    world.command("EXCHANGE TABLES moved AND ops_batches")
    world.command("DROP TABLE moved")


def test_a_feed_that_gets_no_file_is_told_once_and_once_when_one_came(
    look: Look, load: Callable[..., LoadResult], world: Client, webhook: Receiver
) -> None:
    feed = watched(file_within="1 DAY")
    load("a.csv", GOOD[:1])
    look("freshness_watch", feed)
    assert webhook.bodies == []
    commit_earlier(world, 2)
    for _ in range(3):
        look("freshness_watch", feed)
    [told] = webhook.bodies
    assert (told["kind"], told["severity"], told["title"]) == ("freshness", "warning", "Feed observations is stale")
    assert told["error"].startswith("The newest file is of ")
    assert ", 2 days" in told["error"]
    assert told["error"].endswith(" ago; feeds.yml allows 1 day.")
    assert (told["assets"], told["subjects"]) == (["landing_observations"], ["file"])
    load("b.csv", GOOD[1:2])
    look("freshness_watch", feed)
    look("freshness_watch", feed)
    assert [body["kind"] for body in webhook.bodies] == ["freshness", "freshness_recovered"]
    assert webhook.bodies[1]["title"] == "landing_observations is fresh again"


def test_old_events_in_new_files_are_told_as_that(
    look: Look, load: Callable[..., LoadResult], webhook: Receiver
) -> None:
    load("a.csv", GOOD[:1])
    feed = watched(event_within="1 DAY", run_within="30 DAY", file_within="1 DAY")
    look("freshness_watch", feed)
    [told] = webhook.bodies
    assert told["subjects"] == ["event"]
    assert told["error"].startswith("The newest event is of 2026-01-05 00:00 UTC, ")
    assert "ask the sender" in told["remedy"]


def test_what_never_came_is_missed_as_long_as_the_warehouse_is_there(
    look: Look, instance: DagsterInstance, world: Client, webhook: Receiver
) -> None:
    limits = {"file_within": "3 DAY", "run_within": "3 DAY", "event_within": "3 DAY"}
    look("freshness_watch", watched(**limits))
    assert webhook.bodies == []
    world.command("CREATE TABLE versions_before AS schema_versions")
    world.command(
        "INSERT INTO versions_before SELECT * REPLACE (created_at - INTERVAL 4 DAY AS created_at) FROM schema_versions"
    )
    world.command("EXCHANGE TABLES versions_before AND schema_versions")
    try:
        look("freshness_watch", watched(**limits))
        [told] = webhook.bodies
        assert sorted(told["subjects"]) == ["event", "file", "run"]
        assert told["error"].startswith("3 at once, the first: There was no run that landed files in 4 days")
        landed_by_a_run(instance, OBSERVATIONS)
        look("freshness_watch", watched(run_within="3 DAY"))
        assert webhook.bodies[-1]["kind"] == "freshness_recovered"
    finally:
        world.command("EXCHANGE TABLES versions_before AND schema_versions")
        world.command("DROP TABLE versions_before")


@pytest.mark.parametrize("name", ["quarantine_over_threshold", "freshness_watch"])
def test_without_engine_or_warehouse_nothing_is_told_and_nothing_started(
    name: str, look: Look, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said() -> str:
        get_settings.cache_clear()
        return look(name, *FEEDS)

    monkeypatch.setenv("CLICKHOUSE_DATABASE", settings.clickhouse_database)
    assert f"There is no database {settings.clickhouse_database}" in said()
    connect(settings).command(f"CREATE DATABASE {settings.clickhouse_database}")
    assert "has no table fct_observations" in said()
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "nobody"))
    assert "No engine is running" in said()
    assert engine_state(tmp_path / "nobody" / "engine") is None
