"""Jobs by the day, for backfills and schedules: daily marts, and facts with the marts over them."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestrator.assets.keys import mart_days_key
from orchestrator.feeds.specs import chained_feeds
from orchestrator.jobs.everything import BY_DAY

# the run queue lets few of these run at once (jobs/instance.py)
OF_MARTS = {"touchstone/layer": "marts"}

DAILY_MARTS = "daily_marts"
FACTS_AGAIN = "facts_again"

daily_marts = define_asset_job(
    DAILY_MARTS,
    selection=AssetSelection.assets(*[mart_days_key(feed) for feed in chained_feeds()]),
    executor_def=in_process_executor,
    tags=OF_MARTS,
    description="Daily marts of a range of days, made anew from facts.",
)

facts_again = define_asset_job(
    FACTS_AGAIN,
    selection=BY_DAY,
    executor_def=in_process_executor,
    tags=OF_MARTS,
    description="Facts of a range of days fed again from landing, as codes resolve today; then their daily marts.",
)
