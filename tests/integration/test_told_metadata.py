"""What a run records of each materialised dbt node and of each dbt test, as Dagster's page shows it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterInstance, Output
from house import Checkout, FirstRun

from orchestrator.assets.keys import COLUMN_LINEAGE, ROW_COUNT
from orchestrator.assets.materialized import COMPILED_SQL, MADE_OF, Narrator
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect

Metadata = Mapping[str, Any]

# of an append to a log of versions: when and by which batch; what comes from no relation
LOG = {"valid_from", "recorded_at", "batch_id"}


@pytest.fixture(scope="module")
def checkout(first_run: FirstRun) -> Checkout:
    return first_run.checkout


@pytest.fixture(scope="module")
def instance(checkout: Checkout) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(checkout.home / "dagster")) as instance:
        yield instance


@pytest.fixture(scope="module")
def manifest(checkout: Checkout) -> Metadata:
    return json.loads((checkout.home / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nodes(manifest: Metadata) -> dict[str, Metadata]:
    """Properties of models and seeds by name."""
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")}


@pytest.fixture(scope="module")
def told(instance: DagsterInstance, nodes: dict[str, Metadata]) -> dict[str, Metadata]:
    """Metadata of each node's last materialisation."""
    events = {name: instance.get_latest_materialization_event(AssetKey(name)) for name in nodes}
    assert len(events) > 60
    return {name: event.asset_materialization.metadata for name, event in events.items()}


def lineage_of(metadata: Metadata) -> dict[str, str]:
    found = metadata.get(COLUMN_LINEAGE)
    return {
        name: " ".join(sorted(f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps))
        for name, deps in (found.value.deps_by_column.items() if found else ())
    }


def test_rows_of_tables_and_dictionaries_are_told_and_views_are_not_run(
    checkout: Checkout, told: dict[str, Metadata]
) -> None:
    rows = {name: metadata[ROW_COUNT].value if ROW_COUNT in metadata else None for name, metadata in told.items()}
    live = checkout.rows("SELECT name, engine FROM system.tables WHERE database = currentDatabase()")
    engines = {name: engine for name, engine in live if name in told}
    assert {name for name, counted in rows.items() if counted is None} == {n for n, e in engines.items() if e == "View"}
    tables = [name for name, engine in engines.items() if engine == "MergeTree"]
    assert len(tables) > 15
    [counted] = checkout.rows("SELECT " + ", ".join(f"(SELECT count() FROM {name})" for name in tables))
    assert {name: rows[name] for name in tables} == dict(zip(tables, map(int, counted), strict=True))
    assert rows["dict_instrument"] == rows["dim_instrument"] == 2050


def test_landing_and_ledger_tell_their_rows_too(checkout: Checkout, instance: DagsterInstance) -> None:
    for name in ("landing_observations", "ops_ledger"):
        event = instance.get_latest_materialization_event(AssetKey(name))
        assert event
        assert event.asset_materialization
        [[rows]] = checkout.rows(f"SELECT count() FROM {name}")
        assert event.asset_materialization.metadata[ROW_COUNT].value == int(rows) > 0


def test_every_edge_of_lineage_is_a_column_of_a_parent(told: dict[str, Metadata], manifest: Metadata) -> None:
    everything = {**manifest["nodes"], **manifest["sources"]}
    for metadata in told.values():
        properties = everything[metadata["unique_id"].value]
        parents = [everything[parent] for parent in properties["depends_on"].get("nodes", [])]
        columns = {f"{parent['name']}.{column}" for parent in parents for column in parent["columns"]}
        lineage = lineage_of(metadata)
        assert set(" ".join(lineage.values()).split()) <= columns, properties["name"]
        assert lineage.keys() == (set() if properties["resource_type"] == "seed" else set(properties["columns"]))


def test_columns_that_come_from_no_relation_are_those_that_are_made_here(
    told: dict[str, Metadata], nodes: dict[str, Metadata]
) -> None:
    of_nothing: dict[str, set[str]] = {}
    for name, metadata in told.items():
        made = {column for column, inputs in lineage_of(metadata).items() if not inputs}
        if made:
            of_nothing.setdefault(nodes[name]["fqn"][1], set()).update(made)
    assert of_nothing.keys() == {"dimensions", "marts", "quarantine", "staging"}
    assert of_nothing["marts"] == {"observations"}  # count()
    assert of_nothing["quarantine"] == {"attempt", "operation_id"}
    assert of_nothing["staging"] == {"parent_id", "is_ledger"}
    # versions go on from the dimension itself; rules and reasons come from feeds.yml
    known = {"is_active", "version", *LOG}
    assert of_nothing["dimensions"] == known | {"feed", "rule", "action", "reason", "bit", "at_column", "remedy"}


def test_lineage_of_a_mart_a_view_a_fact_and_a_dimension_is_as_a_person_would_draw_it(
    told: dict[str, Metadata],
) -> None:
    fact = "fct_observations"
    assert lineage_of(told["mart_daily_observations"]) == {
        "day": f"{fact}.observed_at",
        "source_id": f"{fact}.source_id",
        "asset_class_id": f"{fact}.asset_class_id",
        "source": f"dict_source.code {fact}.source_id",
        "asset_class": f"dict_asset_class.code {fact}.asset_class_id",
        "observations": "",
        "instruments": f"{fact}.instrument_id",
        "fields": f"{fact}.field_id",
        "first_known_at": f"{fact}.known_at",
        "last_known_at": f"{fact}.known_at",
    }
    names = ("instrument", "field", "data_class", "product_type", "asset_class", "sub_asset_class", "source")
    assert lineage_of(told["v_observations"]) == {
        **{name: f"dict_{name}.code {fact}.{name}_id" for name in names},
        "instrument_name": f"dict_instrument.name {fact}.instrument_id",
        **{
            name: f"{fact}.{name}"
            for name in (
                *("instrument_id", "field_id", "source_id", "value_number", "value_text", "value_date"),
                *("observed_at", "known_at"),
            )
        },
    }
    assert f"| source | dict_source.code, {fact}.source_id |\n" in told["mart_daily_observations"][MADE_OF].value
    of_fact = lineage_of(told[fact])
    assert of_fact["instrument_id"] == "dict_instrument_ids.instrument_id landing_observations.instrument"
    assert of_fact["value_number"] == (
        "dict_field.field_type dict_field_ids.field_id landing_observations.field landing_observations.value"
    )
    assert of_fact["known_at"] == "landing_observations.received_at"
    assert lineage_of(told["dim_field"]) == {
        "field_id": "stg_lookup_codes.id",
        "code": "stg_lookup_codes.code",
        "field_type": "stg_lookups.field_type",
        "description": "stg_lookups.field_description",
        **dict.fromkeys(("is_active", "version", *LOG), ""),
    }
    assert lineage_of(told["dict_field_ids"]) == {
        "code": "dim_alias.code dim_field.code",
        "field_id": "dim_alias.id dim_field.field_id",
    }


def test_the_sql_that_ran_is_told_of_what_dbt_computes_and_of_nothing_that_it_only_adopts(
    told: dict[str, Metadata], nodes: dict[str, Metadata]
) -> None:
    sql = {name: metadata[COMPILED_SQL].value for name, metadata in told.items() if COMPILED_SQL in metadata}
    models = {name for name, node in nodes.items() if node["resource_type"] == "model"}
    assert models - sql.keys() == {"fct_observations", "quarantine_observations"}
    assert sql.keys() <= models
    assert "FROM `touchstone`.`fct_observations`" in sql["mart_daily_observations"]
    assert max(map(len, sql.values())) < 9000


def test_what_cannot_be_told_is_left_out_and_fails_nothing(settings: Settings, tmp_path: Path) -> None:
    node = {
        **{
            "name": "nowhere",
            "resource_type": "model",
            "package_name": "touchstone",
            "original_file_path": "nowhere.sql",
        },
        **{"config": {"materialized": "table"}, "depends_on": {"nodes": []}, "columns": {"a": {}}, "schema": "db"},
    }
    compiled = tmp_path / "compiled" / "touchstone" / "nowhere.sql"
    compiled.parent.mkdir(parents=True)
    compiled.write_text("SELECT FROM WHERE " + "x" * 20_000, encoding="utf-8")
    event = Output(None, output_name="nowhere", metadata={"unique_id": "model.touchstone.nowhere"})
    narrator = Narrator(connect(settings), {"nodes": {"model.touchstone.nowhere": node}}, tmp_path)
    [completed] = narrator.completed([event])
    assert completed.metadata.keys() == {"unique_id", COMPILED_SQL}
    assert completed.metadata[COMPILED_SQL].value.endswith("-- and 12018 characters more\n```")


def test_a_dbt_test_tells_how_many_rows_it_found(instance: DagsterInstance) -> None:
    key = AssetCheckKey(AssetKey("fct_observations"), "no_orphans_fct_observations")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert evaluation.metadata["dagster_dbt/failed_row_count"].value == 0
