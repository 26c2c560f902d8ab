"""The Dagster graph as Dagster sees it: every key, edge, check and job, so that a change of the graph is a visible diff."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, Definitions
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from fixture_domains import FIXTURE_DOMAINS
from house import variables_of

from orchestrator.assets.keys import LOOKUP_DESK, MIGRATIONS
from orchestrator.assets.landing import WITHIN_THRESHOLDS
from orchestrator.assets.translator import DBT_DOCS
from orchestrator.checks.dictionaries import HOLDS_ITS_DIMENSION
from orchestrator.checks.freshness import NEWEST_FILE_IN_TIME
from orchestrator.constants import DBT_PROJECT_DIR, MIGRATIONS_DIR, SCHEMA_FILE
from orchestrator.exports.specs import EXPORTS
from orchestrator.jobs.data_quality import DATA_QUALITY
from orchestrator.lookups.domains import ALL_DOMAINS, DOMAINS, DOMAINS_BY_NAME, Domain
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.dbt import manifest_path

ROOMS = {
    "migrations", "seeds", "landing", "staging", "dimensions", "versions", "dictionaries", "facts", "quarantine", "marts",
    "canonical", "exports",
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


def described(graph: AssetGraph) -> dict[str, str]:
    """Group, parents and checks of every asset."""
    checks: dict[AssetKey, list[str]] = {}
    for check in sorted(graph.asset_check_keys, key=lambda check: check.name):
        checks.setdefault(check.asset_key, []).append(f"    check {check.name}\n")
    told = {}
    for key in sorted(graph.get_all_asset_keys(), key=name):
        node = graph.get(key)
        parents = ", ".join(sorted(map(name, node.parent_keys))) or "nothing"
        told[name(key)] = f"{node.group_name}/{name(key)} <- {parents}\n{''.join(checks.get(key, []))}"
    return told


def assets_of(domain: Domain) -> list[str]:
    """What a domain consists of."""
    dim, dictionary = f"dim_{domain.name}", f"dict_{domain.name}"
    return [
        *(dim, f"{dim}_latest", f"{dim}_ranges", f"{dim}_previous"),
        *(dictionary, f"{dictionary}_ids", f"{dictionary}_history"),
    ]


def without(further: list[Domain], assets: dict[str, str]) -> dict[str, str]:
    """The assets as they would be if these domains were not declared."""
    gone = {asset for domain in further for asset in assets_of(domain)}
    told = {}
    for asset, text in assets.items():
        head, _, checks = text.partition("\n")
        own, _, parents = head.partition(" <- ")
        kept = ", ".join(parent for parent in parents.split(", ") if parent not in gone)
        told[asset] = f"{own} <- {kept}\n{checks}"
    return {asset: text for asset, text in told.items() if asset not in gone}


def shape_of(domain: Domain, assets: dict[str, str]) -> str:
    """What a domain's assets hang on and which kinds of checks they have, whatever its name, parent and attributes are."""
    names = {domain.name: "<domain>", domain.staging: "<staging>", f"dim_{domain.parent}": "dim_<parent>"}
    words = re.compile(
        rf"\b(dim_|dict_)?({'|'.join(map(re.escape, names))})(?=_(?:latest|ranges|previous|ids|history)\b|\b)"
    )
    told = []
    for asset in assets_of(domain):
        head, _, checks = assets[asset].partition("\n")
        kinds = sorted(re.findall(rf"check (\w+?)_{asset}(?:_|$)", checks, flags=re.MULTILINE))
        # of attributes with a list of values only
        kinds = [kind for kind in kinds if kind != "accepted_values"]
        told.append(words.sub(lambda found: (found[1] or "") + names[found[2]], head) + "\n" + "\n".join(kinds))
    return "\n".join(told)


def test_keys_groups_edges_checks_and_jobs_are_as_in_the_snapshot(
    defs: Definitions, graph: AssetGraph, assert_snapshot: Callable[[str, str], None]
) -> None:
    """The snapshot has the domains of the fixture; those declared since have a test of their own."""
    known = {domain.name for domain in FIXTURE_DOMAINS.domains}
    assets = without([domain for domain in ALL_DOMAINS if domain.name not in known], described(graph))
    told = [*assets.values(), *told_rooms(graph), *told_jobs(defs), *told_clock(defs)]
    assert_snapshot("asset_graph.txt", "".join(told))


def told_rooms(graph: AssetGraph) -> list[str]:
    """Each group with its owners and with the kinds of things in it."""
    owners: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        group = str(graph.get(key).group_name)
        owners.setdefault(group, set()).update(graph.get(key).owners)
        kinds.setdefault(group, set()).add("+".join(sorted(kinds_of(graph, key))))
    return [
        f"room {room}: {', '.join(sorted(owners[room]))}; {', '.join(sorted(kinds[room]))}\n" for room in sorted(owners)
    ]


def kinds_of(graph: AssetGraph, key: AssetKey) -> set[str]:
    prefix = "dagster/kind/"
    return {tag.removeprefix(prefix) for tag in graph.get(key).tags if tag.startswith(prefix)}


def told_jobs(defs: Definitions) -> list[str]:
    """Each job with the groups that it materialises; of the landing of which feeds."""
    told = []
    for job in sorted(defs.resolve_all_job_defs(), key=lambda job: job.name):
        keys = job.asset_layer.executable_asset_keys
        groups = sorted({str(job.asset_layer.get(key).group_name) for key in keys})
        by_day = " by day" if job.partitions_def else ""
        told.append(f"job {job.name}{by_day}: {', '.join(groups)}\n")
    return told


def told_clock(defs: Definitions) -> list[str]:
    """Each schedule with its time, each sensor with its interval, both with their jobs."""
    repository = defs.get_repository_def()
    schedules = [
        f"schedule {schedule.name}: {schedule.cron_schedule} {schedule.execution_timezone} -> {schedule.job_name}\n"
        for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name)
    ]
    sensors = [
        f"sensor {sensor.name}: every {sensor.minimum_interval_seconds} s"
        f" -> {', '.join(target.job_name for target in sensor.targets) or 'nothing'}\n"
        for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
    ]
    return schedules + sensors


def test_every_domain_of_the_ledger_has_the_assets_and_kinds_of_checks_of_a_known_one(graph: AssetGraph) -> None:
    assets = described(graph)
    plain = shape_of(DOMAINS_BY_NAME["data_class"], assets)
    child = shape_of(DOMAINS_BY_NAME["sub_asset_class"], assets)
    assert plain.count("<domain>") > 10
    assert plain.count("answers_as_of") == 1
    assert "relationships" in child
    for domain in DOMAINS:
        assert shape_of(domain, assets) == (child if domain.parent else plain)


def test_only_the_job_exports_writes_exports(defs: Definitions) -> None:
    written = {
        job.name: {name(key) for key in job.asset_layer.selected_asset_keys if name(key).startswith("export_")}
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    assert written.pop("exports") == {f"export_{spec.name}" for spec in EXPORTS}
    assert len(written) >= 2
    assert not any(written.values())


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
    of_dagster = {WITHIN_THRESHOLDS, HOLDS_ITS_DIMENSION, NEWEST_FILE_IN_TIME}
    assert tests == {check.name for check in graph.asset_check_keys} - of_dagster


def test_a_check_is_named_by_its_kind_and_by_what_it_looks_at(graph: AssetGraph, module_settings: Settings) -> None:
    """Short enough to be read in a list; without a name in the YAML dbt makes one of all arguments."""
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert len(tests) > 100
    wanted = {}
    for test in tests:
        if test["test_metadata"][
            "namespace"
        ]:  # a kind of a package says too little, so its tests have names of their own
            assert test["name"].endswith(test["attached_node"].rpartition(".")[2])
            continue
        of = test["attached_node"].rpartition(".")[2]
        parts = (test["test_metadata"]["name"], of, test["column_name"])
        wanted[test["name"]] = "_".join(filter(None, parts))
    assert list(wanted) == list(wanted.values())
    assert len({test["name"] for test in tests}) == len(tests)


def test_every_dbt_model_and_seed_is_an_asset_of_the_same_name(graph: AssetGraph, module_settings: Settings) -> None:
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    nodes = {n["name"] for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")}
    assert nodes
    assert nodes <= {name(key) for key in graph.materializable_asset_keys}


def test_every_check_blocks_but_those_that_tell_of_the_vendor_s_data(graph: AssetGraph) -> None:
    checks = [graph.get(key) for key in graph.asset_check_keys]
    assert checks
    waving = sorted(check.key.name for check in checks if not check.blocking)
    told = (
        WITHIN_THRESHOLDS, "codes_are_used_", "currencies_have_three_letters_", "isins_are_well_formed_",
        "mics_are_well_formed_", NEWEST_FILE_IN_TIME, "news_of_the_last_four_days_", "permitted_combinations_",
        "prices_are_above_zero_", "rows_like_before_", "versions_do_not_contradict_",
    )  # fmt: skip
    assert len(waving) == len(told)
    assert all(name.startswith(start) for name, start in zip(waving, told, strict=True))


def test_the_job_of_data_quality_has_every_check_that_stands_for_itself_and_builds_nothing(
    defs: Definitions, graph: AssetGraph
) -> None:
    layer = defs.resolve_job_def(DATA_QUALITY).asset_layer
    assert list(layer.selected_asset_keys) == list(layer.executable_asset_keys) == []
    on_landing = {key for key in graph.asset_check_keys if key.name == WITHIN_THRESHOLDS}
    assert on_landing
    assert set(layer.asset_graph.asset_check_keys) == graph.asset_check_keys - on_landing


def test_a_check_says_what_the_dbt_test_says_of_itself(graph: AssetGraph) -> None:
    [key] = [key for key in graph.asset_check_keys if key.name == "no_orphans_fct_observations"]
    assert (graph.get(key).description or "").startswith("Every ID of every fact is in its dictionary")


def test_the_gate_is_a_blocking_check_of_every_dictionary_that_placing_asks(graph: AssetGraph) -> None:
    gated = {name(key.asset_key) for key in graph.asset_check_keys if key.name == HOLDS_ITS_DIMENSION}
    assert gated == {name(key) for key in graph.get(AssetKey("landing_observations")).parent_keys}


def test_facts_come_after_landing_which_comes_after_every_dictionary(graph: AssetGraph) -> None:
    dictionaries = {name(key) for key in graph.get_all_asset_keys() if name(key).startswith("dict_")}
    asked = {key for key in dictionaries if not key.endswith("_history")}
    assert len(asked) >= 16
    assert {name(key) for key in graph.get(AssetKey("landing_observations")).parent_keys} == asked
    assert AssetKey("landing_observations") in graph.get(AssetKey("fct_observations")).parent_keys


def test_every_asset_has_an_owner_and_those_of_a_room_have_the_same(graph: AssetGraph) -> None:
    owners: dict[str, set[frozenset[str]]] = {}
    for key in graph.get_all_asset_keys():
        owners.setdefault(str(graph.get(key).group_name), set()).add(frozenset(graph.get(key).owners))
    assert owners.keys() == {*ROOMS, "operations"}
    assert {room for room, teams in owners.items() if len(teams) != 1 or frozenset() in teams} == set()


def test_every_asset_says_what_kind_of_thing_it_is(graph: AssetGraph) -> None:
    expected = {
        "dim_field": {"clickhouse", "dbt", "table"},
        "dict_field": {"clickhouse", "dbt", "dictionary"},
        "dim_field_latest": {"clickhouse", "dbt", "view"},
        "v_observations_as_of": {"clickhouse", "dbt", "view"},
        "lookups": {"clickhouse", "dbt", "seed"},
        "landing_observations": {"clickhouse", "file", "table"},
        "ops_batches": {"clickhouse", "table"},
    }
    assert {asset: kinds_of(graph, AssetKey(asset)) for asset in expected} == expected
    assert [name(key) for key in graph.get_all_asset_keys() if not kinds_of(graph, key)] == []


def test_every_asset_leads_to_its_source_and_what_dbt_describes_to_its_docs(
    graph: AssetGraph, module_settings: Settings
) -> None:
    linked = set()
    for key in graph.get_all_asset_keys():
        metadata = graph.get(key).metadata
        files = [Path(code.file_path) for code in metadata["dagster/code_references"].code_references]
        assert [path for path in files if not path.is_file()] == [], name(key)
        if DBT_DOCS in metadata:
            assert metadata[DBT_DOCS].value == str(module_settings.docs_page)
            linked.add(name(key))
    assert {"fct_observations", "dict_field", "lookups", "landing_observations", "ops_ledger", "ops_batches"} <= linked
    assert name(MIGRATIONS) not in linked


def test_tables_that_dbt_only_reads_are_described_as_migrations_made_them(graph: AssetGraph) -> None:
    made = dict(
        re.findall(
            r"^CREATE TABLE (\w+)\n\((.*?)^\)", SCHEMA_FILE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
    )
    tables = [key for key in graph.get_all_asset_keys() if name(key).startswith(("landing_", "ops_"))]
    assert len(tables) >= 7
    for key in tables:
        schema = graph.get(key).metadata["dagster/column_schema"]
        assert schema, name(key)
        live = re.findall(r"^    `(\w+)` (.*?)(?: DEFAULT .*?)?(?: CODEC\(.*\))?,?$", made[name(key)], re.MULTILINE)
        assert [(column.name, column.type) for column in schema.columns] == live


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


def test_what_stands_on_a_tested_model_stands_on_all_that_the_test_looks_at(module_settings: Settings) -> None:
    """dbt lets a failed test stop only models that have all of the test's parents upstream."""
    manifest = json.loads(manifest_path(module_settings).read_text(encoding="utf-8"))
    upstream = {node: ancestors(manifest["parent_map"], node) for node in manifest["nodes"]}
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test" and stops_others(node)]
    assert len(tests) > 100
    not_stopped = {
        (test["name"], model): sorted(parents - upstream[model])
        for test in tests
        for parents in [set(test["depends_on"]["nodes"])]
        for model in manifest["nodes"]
        if model.startswith("model.") and test["attached_node"] in upstream[model] and parents - upstream[model]
    }
    assert not_stopped == {}


def ancestors(parents: dict[str, list[str]], node: str) -> set[str]:
    """All that a node stands on."""
    found: set[str] = set()
    waiting = list(parents[node])
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            waiting += parents.get(parent, [])
    return found


def stops_others(test: dict[str, Any]) -> bool:
    """A test of a model, of severity error."""
    return bool(test["attached_node"]) and test["config"]["severity"].lower() == "error"
