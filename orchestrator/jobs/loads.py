"""Jobs that bring what is new: a feed's files with all that hangs on them, and the reference side without facts."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import FEEDS, chained_feeds
from orchestrator.jobs.everything import NOT_IN_WHOLE_RUNS

REFERENCE = "reference"
MICRO_BATCH = "micro_batch"


def load_job_name(feed: Feed) -> str:
    """Name of the job of a feed."""
    return f"load_{feed.name}"


def _downstream(*feeds: Feed) -> AssetSelection:
    return AssetSelection.assets(*[feed.landing for feed in feeds]).downstream() - NOT_IN_WHOLE_RUNS


load_jobs = [
    define_asset_job(
        load_job_name(feed),
        selection=_downstream(feed),
        executor_def=in_process_executor,
        description=f"New files of {feed.name}, and everything that hangs on them.",
    )
    for feed in FEEDS
]

micro_batch = define_asset_job(
    MICRO_BATCH,
    selection=_downstream(*chained_feeds()),
    executor_def=in_process_executor,
    description="New files of all feeds with facts, then replay, facts and marts; the reference side stays as it is.",
)

reference = define_asset_job(
    REFERENCE,
    selection=AssetSelection.all() - _downstream(*chained_feeds()) - NOT_IN_WHOLE_RUNS,
    executor_def=in_process_executor,
    description="The lookup desk, dimensions and dictionaries with their checks; no facts.",
)
