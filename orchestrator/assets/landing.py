"""Landing: the drop folder's files, loaded exactly once. Placing rows resolves codes, so dictionaries come first."""

from collections.abc import Iterator, Sequence

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    MaterializeResult,
    MetadataValue,
    asset,
)

from orchestrator.assets.keys import GROUP_LANDING, LEDGER, MIGRATIONS, ROW_COUNT, WRITER_POOL
from orchestrator.assets.policies import LANDING_RETRIES, no_retry_unless_transient
from orchestrator.constants import SEEDS_DIR
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import FEEDS
from orchestrator.lookups import require_clean_catalogue
from orchestrator.lookups.domains import ALL_DOMAINS
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.census import rows_of
from orchestrator.warehouse.loader import LoadResult, circumstances_of, files_of, load_file
from orchestrator.warehouse.quarantine import Selection, summary
from orchestrator.warehouse.reconciliation import red_batches

WITHIN_THRESHOLDS = "batches_within_thresholds"


def landing_assets() -> list[AssetsDefinition]:
    """One asset per feed, named as its landing table."""
    return [_landing_asset(feed) for feed in FEEDS]


def _landing_asset(feed: Feed) -> AssetsDefinition:
    @asset(
        name=feed.landing,
        group_name=GROUP_LANDING,
        deps=_upstream(feed),
        kinds={"clickhouse", "file", "table"},
        retry_policy=LANDING_RETRIES,
        pool=WRITER_POOL,
        check_specs=_checks(feed),
        description=f"One row per row of the drop folder's {feed.name} files, as received. Loaded files are skipped.",
    )
    def landing(context: AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[MaterializeResult[None]]:
        results = []
        with no_retry_unless_transient():
            client = warehouse.client()
            circumstances = circumstances_of(warehouse.settings, dagster_run_id=context.run.run_id)
            for path in files_of(feed, warehouse.settings.touchstone_drop_dir):
                if feed.is_catalogue:
                    require_clean_catalogue(SEEDS_DIR, path)
                results.append(load_file(client, feed, path, circumstances))
            checked = _within_thresholds(client, feed)
            reasons = _reasons(client, feed, results)
            rows = {ROW_COUNT: rows_of(client, feed.landing)}
        context.log.info(_summary(feed, results))
        yield MaterializeResult(metadata={**_metadata(results), **reasons, **rows}, check_results=checked)

    return landing


def upstream_of_chain() -> list[str]:
    """What placing a row asks, and so comes before it: dictionaries of codes, combinations, rules and reasons."""
    of_codes = [f"dict_{domain.name}{suffix}" for domain in ALL_DOMAINS for suffix in ("", "_ids")]
    return [*of_codes, "dict_combination", "dict_feed_rule", "dict_reason"]


def _upstream(feed: Feed) -> list[str]:
    if feed.is_catalogue:
        return [LEDGER.to_user_string()]
    if not feed.has_chain:
        return [MIGRATIONS.to_user_string()]
    return upstream_of_chain()


def _checks(feed: Feed) -> list[AssetCheckSpec]:
    if not feed.has_chain:
        return []
    limits = feed.thresholds
    return [
        AssetCheckSpec(
            WITHIN_THRESHOLDS,
            asset=AssetKey(feed.landing),
            description=f"No batch has more than {limits.rejected_rows} rows, or a share of {limits.rejected_share}, "
            "in open quarantine now (feeds.yml).",
        )
    ]


def _within_thresholds(client: Client, feed: Feed) -> list[AssetCheckResult]:
    if not feed.has_chain:
        return []
    red = red_batches(client, feed)
    told = {f"{file} ({batch_id})": "; ".join(over) for batch_id, file, over in red}
    return [
        AssetCheckResult(
            check_name=WITHIN_THRESHOLDS,
            passed=not red,
            severity=AssetCheckSeverity.ERROR,
            metadata={"red_batches": MetadataValue.json(told)},
        )
    ]


def _reasons(client: Client, feed: Feed, results: Sequence[LoadResult]) -> dict[str, MetadataValue]:
    """Rows rejected now, by reason."""
    new = tuple(result.batch_id for result in results if not result.was_known)
    if not (feed.has_chain and new):
        return {}
    counts = summary(client, feed, Selection(batches=new))
    return {"rejected_now_by_reason": MetadataValue.json({count.reason: count.rows for count in counts})}


def _summary(feed: Feed, results: Sequence[LoadResult]) -> str:
    new = [result for result in results if not result.was_known]
    return f"{feed.name}: {len(results)} files, {len(new)} of them new with {sum(r.counts.landed for r in new)} rows"


def _metadata(results: Sequence[LoadResult]) -> dict[str, MetadataValue]:
    new = [result for result in results if not result.was_known]
    counts = {
        "files": len(results),
        "files_loaded_now": len(new),
        "rows_landed_now": sum(result.counts.landed for result in new),
        "rows_accepted_now": sum(result.counts.accepted for result in new),
        "rows_rejected_now": sum(result.counts.rejected for result in new),
    }
    return {name: MetadataValue.int(count) for name, count in counts.items()}
