"""The Dagster graph as Dagster sees it: every key, edge, check and job, so that a change of the graph is a visible diff."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, Definitions
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from house import variables_of

from orchestrator.assets.keys import LOOKUP_DESK, MIGRATIONS
from orchestrator.constants import DBT_PROJECT_DIR, MIGRATIONS_DIR
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.dbt import manifest_path

ROOMS = {
    "migrations", "seeds", "landing", "staging", "dimensions", "versions", "dictionaries", "facts", "quarantine", "marts",
    "canonical",
}  # fmt: skip


@pytest.fixture(scope="module")
def module_settings(new_settings: Callable[..., Settings]) -> Iterator[Settings]:
    """Settings for reading definitions; no engine is asked."""
    settings = new_settings()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables_of(settings).items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        yield settings
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def defs(module_settings: Settings) -> Definitions:
    from orchestrator.definitions import defs  # noqa: PLC0415 reads the settings when it is imported

    return defs


@pytest.fixture(scope="module")
def graph(defs: Definitions) -> AssetGraph:
    return defs.resolve_asset_graph()


def name(key: AssetKey) -> str:
    return key.to_user_string()


def test_keys_groups_edges_checks_and_jobs_are_as_in_the_snapshot(
    defs: Definitions, graph: AssetGraph, assert_snapshot: Callable[[str, str], None]
) -> None:
    lines = []
    for key in sorted(graph.get_all_asset_keys(), key=name):
        node = graph.get(key)
        lines.append(f"{node.group_name}/{name(key)} <- {', '.join(sorted(map(name, node.parent_keys))) or 'nothing'}")
        checks = sorted(check.name for check in graph.asset_check_keys if check.asset_key == key)
        lines += [f"    check {check}" for check in checks]
    lines += [f"job {job.name}" for job in sorted(defs.resolve_all_job_defs(), key=lambda job: job.name)]
    assert_snapshot("asset_graph.txt", "\n".join(lines) + "\n")


def test_groups_are_the_rooms_of_the_house(graph: AssetGraph) -> None:
    groups = {graph.get(key).group_name for key in graph.materializable_asset_keys}
    assert groups == ROOMS
    folders = {path.name for path in (DBT_PROJECT_DIR / "models").iterdir() if path.is_dir()}
    assert folders <= groups
    assert MIGRATIONS_DIR.name in groups


def test_every_dbt_test_is_an_asset_check(graph: AssetGraph, module_settings: Settings) -> None:
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    assert tests
    assert tests == {check.name for check in graph.asset_check_keys}


def test_every_dbt_model_and_seed_is_an_asset_of_the_same_name(graph: AssetGraph, module_settings: Settings) -> None:
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    nodes = {n["name"] for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")}
    assert nodes
    assert nodes <= {name(key) for key in graph.materializable_asset_keys}


def test_every_check_blocks_but_the_one_that_warns(graph: AssetGraph) -> None:
    checks = [graph.get(key) for key in graph.asset_check_keys]
    assert checks
    waving = [check.key.name for check in checks if not check.blocking]
    # a combination may be retired after its facts
    assert len(waving) == 1
    assert waving[0].startswith("permitted_combinations_")


def test_facts_come_after_landing_which_comes_after_every_dictionary(graph: AssetGraph) -> None:
    dictionaries = {name(key) for key in graph.get_all_asset_keys() if name(key).startswith("dict_")}
    asked = {key for key in dictionaries if not key.endswith("_history")}
    assert len(asked) >= 16
    assert {name(key) for key in graph.get(AssetKey("landing_observations")).parent_keys} == asked
    assert AssetKey("landing_observations") in graph.get(AssetKey("fct_observations")).parent_keys


def test_what_migrations_own_depends_on_them_and_seeds_on_the_checked_desk(graph: AssetGraph) -> None:
    for owned in ("dim_field", "dict_field", "fct_observations", "quarantine_observations", "landing_instruments"):
        assert MIGRATIONS in graph.get(AssetKey(owned)).parent_keys, owned
    for seed in ("lookups", "lookup_aliases", "sources", "ops_ledger"):
        assert {MIGRATIONS, LOOKUP_DESK} <= graph.get(AssetKey(seed)).parent_keys, seed


def test_every_file_of_the_dbt_project_holds_the_object_it_is_named_after(
    module_settings: Settings, graph: AssetGraph
) -> None:
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert models
    assert [node["name"] for node in models if Path(node["path"]).stem != node["name"]] == []


def test_every_model_and_column_is_described_with_the_grain_first(module_settings: Settings, graph: AssetGraph) -> None:
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    nodes += [source for source in manifest["sources"].values() if source["source_name"] == "landing"]
    assert len(nodes) > 30
    assert [n["name"] for n in nodes if not n["description"].startswith(("One row per ", "One element per "))] == []
    assert [(n["name"], c["name"]) for n in nodes for c in n["columns"].values() if not c["description"]] == []
    assert [n["name"] for n in nodes if not n["columns"]] == []
