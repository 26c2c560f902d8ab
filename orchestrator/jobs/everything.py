"""The job behind `touchstone run`: every asset and every check, in one process."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestrator.jobs.exports import EXPORT_ASSETS

EVERYTHING = "everything"

everything = define_asset_job(
    EVERYTHING,
    selection=AssetSelection.all() - EXPORT_ASSETS,
    executor_def=in_process_executor,  # a step costs seconds of process start, and the steps follow one another anyway
    description="From the lookup desk to the marts: all assets with all their checks, but no exports.",
)
