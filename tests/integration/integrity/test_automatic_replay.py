"""Dagster's side of quarantine: the sensor that asks for a replay, the asset that does it, thresholds as a check."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from dagster import (
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
    RunRequest,
    SkipReason,
    build_sensor_context,
    materialize,
)
from house import variables_of
from known_codes import GOOD_ROW
from observation_files import teach_instrument

from orchestrator.assets.landing import WITHIN_THRESHOLDS, landing_assets
from orchestrator.assets.replay import replay_assets
from orchestrator.checks.dictionaries import HOLDS_ITS_DIMENSION, dictionary_gate
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.sensors.replay import replay_sensors
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.loader import LoadResult

LATE = (*GOOD_ROW[:2], "LATE", *GOOD_ROW[3:])
NEVER = (*GOOD_ROW[:2], "NEVER", *GOOD_ROW[3:])
SENSOR = next(sensor for sensor in replay_sensors() if sensor.name == "observations_in_quarantine_that_resolve")
[REPLAY] = replay_assets()


@pytest.fixture(autouse=True)
def of_this_world(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in variables_of(shared).items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def asked() -> RunRequest | SkipReason:
    context = build_sensor_context(instance=DagsterInstance.ephemeral(), resources={"warehouse": WarehouseResource()})
    answer = SENSOR(context)
    assert isinstance(answer, RunRequest | SkipReason)
    return answer


def materialized(*assets: object) -> ExecuteInProcessResult:
    return materialize(list(assets), resources={"warehouse": WarehouseResource()}, raise_on_error=False)  # type: ignore[arg-type]


def test_the_sensor_asks_once_for_rows_that_a_dictionary_has_learned_to_resolve_and_the_asset_replays_those(
    world: Client, load: Callable[..., LoadResult]
) -> None:
    load("a.csv", [GOOD_ROW, LATE, NEVER])
    nothing = asked()
    assert isinstance(nothing, SkipReason)
    assert "would be accepted now" in str(nothing.skip_message)

    teach_instrument(world, 21, "LATE")
    request = asked()
    assert isinstance(request, RunRequest)
    again = asked()
    assert isinstance(again, RunRequest)
    assert request.run_key == again.run_key
    assert request.tags["touchstone/rows_to_replay"] == "1"

    done = materialized(REPLAY)
    assert done.success
    [event] = done.asset_materializations_for_node("replay_observations")
    told = {name: entry.value for name, entry in event.metadata.items()}
    assert (told["rows_replayed"], told["rows_accepted_now"], told["rows_still_open"]) == (1, 1, 1)
    assert world.query("SELECT count() FROM fct_observations WHERE instrument_id = 21").result_rows == [(1,)]
    assert isinstance(asked(), SkipReason)
    [(note, run)] = world.query("SELECT note, dagster_run_id FROM ops_quarantine WHERE state = 'done'").result_rows
    assert (note, run) == ("automatic", done.run_id)


def test_the_sensor_leaves_an_engine_alone_that_is_down(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path_factory.mktemp("nobody")))
    get_settings.cache_clear()
    answer = asked()
    assert isinstance(answer, SkipReason)
    assert "No engine is running" in str(answer.skip_message)


def test_a_batch_over_a_threshold_fails_the_check_of_landing_until_its_rows_are_dealt_with(
    world: Client, load: Callable[..., LoadResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_DROP_DIR", str(tmp_path / "nothing dropped"))
    get_settings.cache_clear()
    landing = next(asset for asset in landing_assets() if asset.key.to_user_string() == "landing_observations")
    assert load("few.csv", [GOOD_ROW, (*GOOD_ROW[:-1], "x")]).over == ()
    many = [(*GOOD_ROW[:-1], str(number) if number % 2 else f"x{number}") for number in range(100)]
    assert load("red.csv", many).over == ("50.00% of the rows rejected, at most 5.00% are let pass",)

    def evaluation() -> tuple[bool, object]:
        [check] = materialized(landing).get_asset_check_evaluations()
        assert check.check_name == WITHIN_THRESHOLDS
        return check.passed, check.metadata["red_batches"].value

    passed, red = evaluation()
    assert not passed
    assert "red.csv" in str(red)
    world.command("TRUNCATE TABLE quarantine_observations")
    assert evaluation() == (True, {})


def test_the_gate_fails_the_check_of_a_dictionary_that_is_behind_and_passes_once_it_is_reloaded(
    world: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_GATE_SECONDS", "0")
    get_settings.cache_clear()
    world.command("INSERT INTO dim_source VALUES (77, 'late', '', '', true, 1, '2026-01-01', '2026-01-01', 0)")

    def failed() -> set[str]:
        defs = Definitions(asset_checks=[dictionary_gate()], resources={"warehouse": WarehouseResource()})
        done = defs.resolve_implicit_global_asset_job_def().execute_in_process(raise_on_error=False)
        evaluations = done.get_asset_check_evaluations()
        assert len(evaluations) > 10
        assert {evaluation.check_name for evaluation in evaluations} == {HOLDS_ITS_DIMENSION}
        return {evaluation.asset_key.to_user_string() for evaluation in evaluations if not evaluation.passed}

    assert failed() == {"dict_source", "dict_source_ids"}
    for name in ("dict_source", "dict_source_ids"):
        world.command(f"SYSTEM RELOAD DICTIONARY {name}")
    assert failed() == set()
