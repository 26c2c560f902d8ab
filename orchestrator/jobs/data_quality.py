"""The job that evaluates checks and builds nothing: dbt tests, dictionary gate, freshness."""

from dagster import AssetCheckKey, AssetKey, AssetSelection, define_asset_job, in_process_executor

from orchestrator.assets.landing import WITHIN_THRESHOLDS
from orchestrator.feeds.specs import chained_feeds

DATA_QUALITY = "data_quality"
# evaluated by the step that lands files, and by nothing else
_ON_LANDING = [AssetCheckKey(AssetKey(feed.landing), WITHIN_THRESHOLDS) for feed in chained_feeds()]

data_quality = define_asset_job(
    DATA_QUALITY,
    selection=AssetSelection.all_asset_checks() - AssetSelection.checks(*_ON_LANDING),
    executor_def=in_process_executor,
    description="Every check that stands for itself, on what is there: reconciliation of batches and the orphan scan "
    "among them. Nothing is built or loaded.",
)
