"""Landing: files of the drop folder and objects of the bucket, loaded exactly once.

Placing rows resolves codes, so dictionaries come first.
"""

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
from orchestrator.feeds.buckets import deliveries_of, fetched
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.sources import Source, source_of
from orchestrator.feeds.specs import FEEDS
from orchestrator.lookups import require_clean_catalogue
from orchestrator.lookups.domains import ALL_DOMAINS
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.settings import Settings
from orchestrator.warehouse.census import rows_of
from orchestrator.warehouse.loader import Circumstances, LoadResult, circumstances_of, files_of, load_file
from orchestrator.warehouse.objects import not_taken
from orchestrator.warehouse.quarantine import Selection, summary
from orchestrator.warehouse.quarantine.thresholds import open_batches, red_batches

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
        description=f"One row per row of the {feed.name} files in the drop folder and the bucket, as received. Loaded "
        "ones are skipped.",
    )
    def landing(context: AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[MaterializeResult[None]]:
        with no_retry_unless_transient():
            client = warehouse.client()
            results = _load_all(client, feed, warehouse.settings, context.run.run_id)
            checked = _within_thresholds(client, feed)
            reasons = _reasons(client, feed, results)
            rows = {ROW_COUNT: rows_of(client, feed.landing)}
        context.log.info(_summary(feed, results))
        yield MaterializeResult(metadata={**_metadata(results), **reasons, **rows}, check_results=checked)

    return landing


def _load_all(client: Client, feed: Feed, settings: Settings, run_id: str) -> list[LoadResult]:
    """Files by name, then new objects, the oldest first; an object is on this disk only while it is loaded."""
    circumstances = circumstances_of(settings, dagster_run_id=run_id)
    results = [
        _load(client, feed, source_of(path), circumstances) for path in files_of(feed, settings.touchstone_drop_dir)
    ]
    for stored in not_taken(client, feed, deliveries_of(feed, settings)):
        with fetched(settings, stored) as source:
            results.append(_load(client, feed, source, circumstances))
    return results


def _load(client: Client, feed: Feed, source: Source, circumstances: Circumstances) -> LoadResult:
    if feed.is_catalogue and source.path is not None:
        require_clean_catalogue(SEEDS_DIR, source.path, called=source.place)
    return load_file(client, feed, source, circumstances)


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
    red = red_batches(feed, open_batches(client, feed))
    told = {f"{batch.source_file} ({batch.batch_id})": "; ".join(batch.over) for batch in red}
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
