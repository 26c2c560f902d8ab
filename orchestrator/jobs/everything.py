"""The job behind `touchstone run`: every asset and every check, in one process."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestrator.assets.keys import fact_days_key, mart_days_key
from orchestrator.feeds.specs import chained_feeds
from orchestrator.jobs.exports import EXPORT_ASSETS

EVERYTHING = "everything"

BY_DAY = AssetSelection.assets(*[key(feed) for feed in chained_feeds() for key in (fact_days_key, mart_days_key)])

# what runs of the whole leave out
NOT_IN_WHOLE_RUNS = BY_DAY | EXPORT_ASSETS

everything = define_asset_job(
    EVERYTHING,
    selection=AssetSelection.all() - NOT_IN_WHOLE_RUNS,
    executor_def=in_process_executor,  # a step costs seconds of process start, and the steps follow one another anyway
    description="From the lookup desk to the marts: all assets with all their checks, but no exports.",
)
