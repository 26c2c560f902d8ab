"""Freshness: limits of feeds.yml as checks that warn and as a policy; a feed without limits has neither."""

from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetsDefinition,
    AssetSelection,
    Definitions,
    asset,
    define_asset_job,
)
from known_codes import GOOD_ROW
from observation_files import OBSERVATIONS, file_of

from orchestrator.assets.landing import landing_assets
from orchestrator.checks.freshness import NEWEST_EVENT_IN_TIME, NEWEST_FILE_IN_TIME, freshness_checks, with_freshness
from orchestrator.feeds.feed import Feed, Freshness
from orchestrator.feeds.specs import get_feed
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.loader import load_file

WATCHED = replace(OBSERVATIONS, freshness=Freshness(run_within="2 HOUR", file_within="1 DAY", event_within="90 MINUTE"))


def evaluated(feed: Feed) -> dict[str, AssetCheckEvaluation]:
    """What the checks of a feed say; the run itself must succeed."""
    defs = Definitions(
        asset_checks=freshness_checks((feed,)),
        jobs=[define_asset_job("checks", AssetSelection.all_asset_checks())],
        resources={"warehouse": WarehouseResource()},
    )
    result = defs.resolve_job_def("checks").execute_in_process()
    assert result.success
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


@pytest.mark.usefixtures("shared_touchstone")
def test_what_is_old_warns_and_what_is_new_passes(desk_client: Client, tmp_path: Path) -> None:
    load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW]))
    said = evaluated(WATCHED)
    assert said[NEWEST_FILE_IN_TIME].passed
    assert said[NEWEST_FILE_IN_TIME].asset_key.to_user_string() == "landing_observations"
    old = said[NEWEST_EVENT_IN_TIME]
    assert (old.passed, old.severity) == (False, AssetCheckSeverity.WARN)
    assert old.asset_key.to_user_string() == "fct_observations"
    assert old.metadata["limit_seconds"].value == 5400
    assert old.metadata["newest"].value == "2026-01-05T00:00:00+00:00"


@pytest.mark.usefixtures("shared_touchstone")
def test_a_feed_of_which_nothing_ever_came_is_not_fresh() -> None:
    said = evaluated(WATCHED)
    assert {name: evaluation.passed for name, evaluation in said.items()} == {
        NEWEST_FILE_IN_TIME: False,
        NEWEST_EVENT_IN_TIME: False,
    }


def test_a_feed_without_limits_is_not_asked_about() -> None:
    assert freshness_checks((get_feed("instruments"),)) == []


def test_landing_and_fact_have_the_policy_of_their_feed_and_others_none() -> None:
    @asset(name=WATCHED.fact)
    def fact() -> None: ...

    def windows(assets: list[AssetsDefinition]) -> dict[str, str]:
        specs = [spec for definition in with_freshness(assets, (WATCHED,)) for spec in definition.specs]
        return {
            s.key.to_user_string(): str(s.freshness_policy.fail_window.to_timedelta())
            for s in specs
            if s.freshness_policy
        }  # type: ignore[attr-defined]

    assert windows([*landing_assets(), fact]) == {WATCHED.landing: "2:00:00", WATCHED.fact: "2:00:00"}
