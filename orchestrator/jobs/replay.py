"""The jobs that replay a feed's quarantine and bring up to date what hangs on its facts."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestrator.assets.keys import replay_key
from orchestrator.feeds.specs import chained_feeds
from orchestrator.jobs.everything import NOT_IN_WHOLE_RUNS


def replay_job_name(feed: str) -> str:
    """Name of the job of a feed."""
    return f"replay_quarantine_of_{feed}"


replay_jobs = [
    define_asset_job(
        replay_job_name(feed.name),
        selection=AssetSelection.assets(replay_key(feed.name)).downstream() - NOT_IN_WHOLE_RUNS,
        executor_def=in_process_executor,
        description=f"What quarantine of {feed.name} holds and dictionaries resolve now, fed again; "
        "then facts and marts.",
    )
    for feed in chained_feeds()
]
