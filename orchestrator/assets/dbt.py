"""Every dbt node as an asset, every dbt test as an asset check."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from typing import Any

from clickhouse_connect.driver.client import Client
from dagster import AssetExecutionContext, AssetKey, AssetMaterialization, AssetsDefinition
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.dbt_manifest import validate_manifest

from orchestrator.assets.keys import WRITER_POOL, fact_days_key, mart_days_key
from orchestrator.assets.materialized import Narrator
from orchestrator.assets.policies import MARTS_RETRIES, REFERENCE_RETRIES, failing_for_good, no_retry_unless_transient
from orchestrator.assets.translator import RoomTranslator
from orchestrator.checks.failing_rows import with_failing_rows
from orchestrator.feeds.specs import chained_feeds
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.days import daily_mart_of, days_behind

REFERENCE = (
    "path:models/staging path:models/dimensions path:models/versions path:models/dictionaries resource_type:seed"
)
FACTS_AND_MARTS = "path:models/facts path:models/quarantine path:models/marts path:models/canonical"


def dbt_room_assets(project: DbtProject, translator: RoomTranslator) -> list[AssetsDefinition]:
    """Every node of the project, in two commands: landing stands between them, as codes resolve on landing.

    A test that looks at both sides (a fact's ID is in its dimension) belongs to the second command: the first is
    cautious and takes only tests of which it has every parent.
    """
    cautious = ["--indirect-selection", "cautious"]
    return [
        _dbt_assets(project, translator, "dbt_reference", REFERENCE, cautious, writes_dimensions=True),
        _dbt_assets(project, translator, "dbt_facts_and_marts", FACTS_AND_MARTS, [], writes_dimensions=False),
    ]


def _dbt_assets(
    project: DbtProject,
    translator: RoomTranslator,
    name: str,
    select: str,
    whole_build_flags: list[str],
    *,
    writes_dimensions: bool,
) -> AssetsDefinition:
    manifest = validate_manifest(project.manifest_path)
    target = project.manifest_path.parent

    @dbt_assets(
        name=name,
        manifest=manifest,
        project=project,
        select=select,
        dagster_dbt_translator=translator,
        retry_policy=REFERENCE_RETRIES if writes_dimensions else MARTS_RETRIES,
        pool=WRITER_POOL,
    )
    def build(context: AssetExecutionContext, dbt: DbtCliResource, warehouse: WarehouseResource) -> Iterator[Any]:
        with no_retry_unless_transient():
            warehouse.prepare_dbt()
            client = warehouse.client()
            behind = {} if writes_dimensions else _days_behind(context, client)
            narrator = Narrator(client, manifest, target)
        # dagster-dbt selects the tests of a part of the assets by itself
        flags = [] if context.is_subset else whole_build_flags
        command = ["build", *flags]
        lock = warehouse.only_writer(context.run_id) if writes_dimensions else nullcontext()
        with no_retry_unless_transient(), failing_for_good(warehouse), lock:
            invocation = dbt.cli(command, context=context, target_path=target)
            told = with_failing_rows(invocation.stream(), manifest, target, client)
            yield from narrator.completed(told)
        for key, days in behind.items():
            for day in days:
                context.log_event(AssetMaterialization(key, partition=str(day)))

    return build


def _days_behind(context: AssetExecutionContext, client: Client) -> dict[AssetKey, list[date]]:
    """By asset the days that this run brings, of facts that were landed and of the mart over them.

    A run without partitions takes whatever days there are. They are told, so that the page has them, to be made anew.
    """
    days = {}
    for feed in chained_feeds():
        behind = days_behind(client, feed)
        for table, key in ((feed.fact, fact_days_key(feed)), (daily_mart_of(feed), mart_days_key(feed))):
            if AssetKey(table) in context.selected_asset_keys:
                days[key] = behind
    return days
