"""Replay: what quarantine holds and dictionaries have learned to resolve since enters the chain again."""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from orchestrator.assets.keys import GROUP_QUARANTINE, WRITER_POOL, replay_key
from orchestrator.assets.landing import upstream_of_chain
from orchestrator.assets.policies import LANDING_RETRIES, no_retry_unless_transient
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.quarantine import count_selected, replay
from orchestrator.warehouse.quarantine.selection import ALL_OPEN


def replay_assets() -> list[AssetsDefinition]:
    """One asset per feed with a chain."""
    return [_replay_asset(feed) for feed in chained_feeds()]


def _replay_asset(feed: Feed) -> AssetsDefinition:
    @asset(
        key=replay_key(feed.name),
        group_name=GROUP_QUARANTINE,
        deps=[feed.landing, *upstream_of_chain()],
        kinds={"clickhouse"},
        retry_policy=LANDING_RETRIES,
        pool=WRITER_POOL,
        description=f"Rows in quarantine of {feed.name} that would be accepted now, fed again, each once. The others "
        "stay as they are.",
    )
    def replayed(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult[None]:
        with no_retry_unless_transient():
            client = warehouse.client()
            outcome = replay(
                client,
                feed,
                only_acceptable=True,
                wait_seconds=warehouse.settings.touchstone_lock_wait_seconds,
                note="automatic",
                dagster_run_id=context.run.run_id,
            )
            still_open = count_selected(client, feed, ALL_OPEN)
        context.log.info(f"{outcome.accepted} of {outcome.selected} rows replayed are in {feed.fact} now")
        return MaterializeResult(
            metadata={
                "rows_replayed": outcome.selected,
                "rows_accepted_now": outcome.accepted,
                "rows_still_open": still_open,
                "operation_id": str(outcome.operation_id),
            }
        )

    return replayed
