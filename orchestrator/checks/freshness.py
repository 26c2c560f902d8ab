"""Freshness as feeds.yml declares it: a policy for runs that do not come, checks for files and events that do not."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    FreshnessPolicy,
    multi_asset_check,
)

from orchestrator.feeds.feed import Feed, span_of
from orchestrator.feeds.specs import FEEDS
from orchestrator.helpers import utc_now
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.freshness import EVENT, FILE, limits_of, newest_of

NEWEST_FILE_IN_TIME = "newest_file_in_time"
NEWEST_EVENT_IN_TIME = "newest_event_in_time"
_NAMES = {FILE: NEWEST_FILE_IN_TIME, EVENT: NEWEST_EVENT_IN_TIME}


def with_freshness(assets: Iterable[AssetsDefinition], feeds: tuple[Feed, ...] = FEEDS) -> list[AssetsDefinition]:
    """The assets, with a policy on landing and fact of each feed that says within what time a run has to come."""
    policies = {
        AssetKey(table): FreshnessPolicy.time_window(fail_window=span_of(feed.freshness.run_within))
        for feed in feeds
        if feed.freshness.run_within
        for table in (feed.landing, feed.fact)
    }

    def fresh(spec: AssetSpec) -> AssetSpec:
        policy = policies.get(spec.key)
        return spec.replace_attributes(freshness_policy=policy) if policy else spec

    return [asset.map_asset_specs(fresh) for asset in assets]


def freshness_checks(feeds: tuple[Feed, ...] = FEEDS) -> list[AssetChecksDefinition]:
    """One check per limit on files or events, in one step; they warn and block nothing."""
    limits = {_key_of(feed, of): (feed, of) for feed in feeds for of in limits_of(feed)}
    if not limits:
        return []

    @multi_asset_check(
        name="freshness",
        specs=[
            AssetCheckSpec(
                key.name,
                asset=key.asset_key,
                description=f"The newest {of} of {feed.name} is at most {limits_of(feed)[of]} old (feeds.yml).",
            )
            for key, (feed, of) in limits.items()
        ],
        can_subset=True,
    )
    def freshness(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
        client = warehouse.client()
        for key in sorted(context.selected_asset_check_keys):
            feed, of = limits[key]
            yield _result(key, newest_of(client, feed).get(of), limits_of(feed)[of])

    return [freshness]


def _result(key: AssetCheckKey, newest: datetime | None, limit: timedelta) -> AssetCheckResult:
    metadata: dict[str, str | float] = {"limit_seconds": limit.total_seconds()}
    age = None
    if newest is not None:
        age = utc_now() - newest
        metadata |= {"age_seconds": age.total_seconds(), "newest": newest.isoformat()}
    return AssetCheckResult(
        check_name=key.name,
        asset_key=key.asset_key,
        passed=age is not None and age <= limit,
        severity=AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _key_of(feed: Feed, of: str) -> AssetCheckKey:
    return AssetCheckKey(AssetKey(feed.fact if of == EVENT else feed.landing), _NAMES[of])
