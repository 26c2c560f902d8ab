"""Facts and daily marts by the day: what a backfill, from the page or the command, makes anew.

A table and its days are two assets. A run of the table brings whatever was landed, of whichever days, and its checks
look at the whole; a partition of its days is one day, there to be seen and to be made anew by itself.
"""

import json
import warnings

from dagster import AssetExecutionContext, AssetsDefinition, BackfillPolicy, BetaWarning, MaterializeResult, asset
from dagster_dbt import DbtCliResource, DbtProject

from orchestrator.assets.keys import GROUP_FACTS, GROUP_MARTS, MARTS_POOL, WRITER_POOL, fact_days_key, mart_days_key
from orchestrator.assets.landing import upstream_of_chain
from orchestrator.assets.policies import LANDING_RETRIES, MARTS_RETRIES, failing_for_good, no_retry_unless_transient
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds
from orchestrator.partitions.days import DAYS, DAYS_A_RUN, days_of
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.days import DayRange, daily_mart_of, refeed_days
from orchestrator.warehouse.loader import circumstances_of


def day_assets(project: DbtProject) -> list[AssetsDefinition]:
    """Two assets per feed with a chain: the days of its fact, and of its daily mart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # backfill_policy of an asset
        return [made(feed, project) for feed in chained_feeds() for made in (_fact_days, _mart_days)]


def _fact_days(feed: Feed, project: DbtProject) -> AssetsDefinition:
    @asset(
        key=fact_days_key(feed),
        group_name=GROUP_FACTS,
        deps=[feed.landing, *upstream_of_chain()],
        kinds={"clickhouse", "table"},
        partitions_def=DAYS,
        backfill_policy=BackfillPolicy.multi_run(DAYS_A_RUN),
        retry_policy=LANDING_RETRIES,
        pool=WRITER_POOL,
        description=f"The days of {feed.fact}, UTC. A day is there once rows of it were placed. Making it anew takes "
        "its facts out, feeds their rows again from landing, as codes resolve today, and tests them; other days stay.",
    )
    def fed_again(
        context: AssetExecutionContext, warehouse: WarehouseResource, dbt: DbtCliResource
    ) -> MaterializeResult[None]:
        days = days_of(context)
        with no_retry_unless_transient():
            circumstances = circumstances_of(warehouse.settings, dagster_run_id=context.run_id)
            results = refeed_days(warehouse.client(), feed, days, circumstances)
        context.log.info(f"{days} of {feed.fact} fed again from {len(results)} batches")
        _build(warehouse, dbt, project, feed.fact, days)
        return MaterializeResult(metadata=_told(days) | {"batches_fed_again": len(results)})

    return fed_again


def _mart_days(feed: Feed, project: DbtProject) -> AssetsDefinition:
    mart = daily_mart_of(feed)

    @asset(
        key=mart_days_key(feed),
        group_name=GROUP_MARTS,
        deps=[fact_days_key(feed)],
        kinds={"clickhouse", "dbt", "table"},
        partitions_def=DAYS,
        backfill_policy=BackfillPolicy.multi_run(DAYS_A_RUN),
        retry_policy=MARTS_RETRIES,
        pool=MARTS_POOL,
        description=f"The days of {mart}, UTC. Making one anew replaces its rows by what the facts say, and tests "
        "them; other days stay.",
    )
    def made_anew(
        context: AssetExecutionContext, warehouse: WarehouseResource, dbt: DbtCliResource
    ) -> MaterializeResult[None]:
        days = days_of(context)
        _build(warehouse, dbt, project, mart, days)
        return MaterializeResult(metadata=_told(days))

    return made_anew


def _build(warehouse: WarehouseResource, dbt: DbtCliResource, project: DbtProject, model: str, days: DayRange) -> None:
    """Let dbt build a model for these days, with the tests that it can judge by what is upstream of it."""
    warehouse.prepare_dbt()
    variables = json.dumps({"first_day": str(days.first), "last_day": str(days.last)})
    command = ["build", "--select", model, "--indirect-selection", "buildable", "--vars", variables]
    with no_retry_unless_transient(), failing_for_good(warehouse):
        dbt.cli(command, target_path=project.manifest_path.parent).wait()


def _told(days: DayRange) -> dict[str, str | int]:
    return {"first_day": str(days.first), "last_day": str(days.last), "days": len(days)}
