"""A project whose YAML was written for the upstream package runs with this one, and the YAML is not touched."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dagster import AssetCheckEvaluation, AssetExecutionContext, ExecuteInProcessResult, materialize
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from expectations_builds import FOREIGN, Built

from orchestrator.checks.failing_rows import FAILING_ROWS, with_failing_rows
from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.warehouse.dbt import DBT_EXECUTABLE

WARNED = {"every_price_has_a_volume": "1", "every_close_has_a_note": "5"}


@pytest.fixture(scope="module")
def foreign(build: Callable[[Path, Path], Built], tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The foreign project, built."""
    return build(FOREIGN, tmp_path_factory.mktemp("foreign"))


def test_everything_passes_but_what_the_data_lack(foreign: Built) -> None:
    tests = {
        name: outcome for name, outcome in foreign.outcomes.items() if foreign.nodes[name]["resource_type"] == "test"
    }
    assert len(tests) > 30
    assert {name: failures for name, (_, failures) in tests.items() if failures != "0"} == WARNED, foreign.said
    assert {status for name, (status, _) in tests.items() if name not in WARNED} == {"pass"}


def test_a_version_of_its_own_that_dispatch_puts_in_front_is_taken(foreign: Built) -> None:
    assert foreign.outcomes["own_version_of_a_test_is_taken"] == ("pass", "0")
    compiled = foreign.nodes["own_version_of_a_test_is_taken"]["compiled_code"]
    assert "'sedol' as present" in compiled


def test_stored_failures_are_the_rows(foreign: Built) -> None:
    relation = foreign.nodes["every_price_has_a_volume"]["relation_name"]
    rows = foreign.client.query(f"SELECT isin, toString(trading_date) FROM {relation}").result_rows
    assert rows == [("US88579Y1010", "2024-01-04")]


def test_dagster_shows_how_many_rows_fail_and_which(foreign: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {check.check_name: check for check in _in_dagster(foreign, monkeypatch).get_asset_check_evaluations()}
    assert {name for name, check in checks.items() if not check.passed} == set(WARNED)
    assert _told(checks["every_close_has_a_note"]) == (5, ["US88579Y1010"] * 2 + ["GB00B03MLX29"] * 3)
    assert _told(checks["every_price_has_a_volume"]) == (1, ["US88579Y1010"])
    assert all(FAILING_ROWS not in check.metadata for check in checks.values() if check.passed)


def _told(check: AssetCheckEvaluation) -> tuple[object, list[object]]:
    rows = [record.data["isin"] for record in check.metadata[FAILING_ROWS].records]
    return check.metadata["dagster_dbt/failed_row_count"].value, sorted(rows, reverse=True)


def _in_dagster(foreign: Built, monkeypatch: pytest.MonkeyPatch) -> ExecuteInProcessResult:
    for name, value in foreign.variables.items():
        monkeypatch.setenv(name, value)
    target = Path(foreign.variables["DBT_TARGET_PATH"])
    project = DbtProject(project_dir=FOREIGN, target_path=target, profiles_dir=DBT_PROJECT_DIR)

    @dbt_assets(manifest=target / "manifest.json", project=project, select="prices closes")
    def built(context: AssetExecutionContext, dbt: DbtCliResource):
        invocation = dbt.cli(["build"], context=context, target_path=target)
        yield from with_failing_rows(invocation.stream(), invocation.manifest, invocation.target_path, foreign.client)

    dbt = DbtCliResource(project_dir=str(FOREIGN), profiles_dir=str(DBT_PROJECT_DIR), dbt_executable=DBT_EXECUTABLE)
    return materialize([built], resources={"dbt": dbt})
