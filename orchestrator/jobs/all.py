"""Every job of the house."""

from dagster import JobDefinition
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestrator.jobs.data_quality import data_quality
from orchestrator.jobs.days import daily_marts, facts_again
from orchestrator.jobs.everything import everything
from orchestrator.jobs.exports import exports
from orchestrator.jobs.loads import load_jobs, micro_batch, reference
from orchestrator.jobs.maintenance import maintenance
from orchestrator.jobs.replay import replay_jobs

ALL_JOBS: list[JobDefinition | UnresolvedAssetJobDefinition] = [
    *(everything, reference, micro_batch, *load_jobs, *replay_jobs),
    *(facts_again, daily_marts, exports, maintenance, data_quality),
]
