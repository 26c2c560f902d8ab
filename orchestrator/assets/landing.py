"""Landing: the files of the drop folder, loaded exactly once. Codes resolve on landing, so dictionaries come first."""

from collections.abc import Sequence

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from orchestrator.assets.keys import GROUP_LANDING, LEDGER, MIGRATIONS, WRITER_POOL
from orchestrator.assets.policies import RETRY_POLICY, no_retry_unless_transient
from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.specs import FEEDS, Feed
from orchestrator.lookups import require_clean_catalogue
from orchestrator.lookups.domains import ALL_DOMAINS
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.loader import LoadResult, files_of, load_file


def landing_assets() -> list[AssetsDefinition]:
    """One asset per feed, named as its landing table."""
    return [_landing_asset(feed) for feed in FEEDS]


def _landing_asset(feed: Feed) -> AssetsDefinition:
    @asset(
        name=feed.landing,
        group_name=GROUP_LANDING,
        deps=_upstream(feed),
        kinds={"clickhouse", "file"},
        retry_policy=RETRY_POLICY,
        pool=WRITER_POOL,
        description=f"One row per row of the drop folder's {feed.name} files, as received. Loaded files are skipped.",
    )
    def landing(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult[None]:
        results = []
        with no_retry_unless_transient():
            client = warehouse.client()
            for path in files_of(feed, warehouse.settings.touchstone_drop_dir):
                if feed.is_catalogue:
                    require_clean_catalogue(SEEDS_DIR, path)
                results.append(load_file(client, feed, path, dagster_run_id=context.run_id))
        context.log.info(_summary(feed, results))
        return MaterializeResult(metadata=_metadata(results))

    return landing


def _upstream(feed: Feed) -> list[str]:
    """Codes resolve on landing, so what a chain asks comes first: dictionaries of codes, combinations and rules."""
    if feed.is_catalogue:
        return [LEDGER.to_user_string()]
    if not feed.has_chain:
        return [MIGRATIONS.to_user_string()]
    of_codes = [f"dict_{domain.name}{suffix}" for domain in ALL_DOMAINS for suffix in ("", "_ids")]
    return [*of_codes, "dict_combination", "dict_feed_rule"]


def _summary(feed: Feed, results: Sequence[LoadResult]) -> str:
    new = [result for result in results if not result.was_known]
    return f"{feed.name}: {len(results)} files, {len(new)} of them new with {sum(r.counts.landed for r in new)} rows"


def _metadata(results: Sequence[LoadResult]) -> dict[str, int]:
    new = [result for result in results if not result.was_known]
    return {
        "files": len(results),
        "files_loaded_now": len(new),
        "rows_landed_now": sum(result.counts.landed for result in new),
        "rows_accepted_now": sum(result.counts.accepted for result in new),
        "rows_rejected_now": sum(result.counts.rejected for result in new),
    }
