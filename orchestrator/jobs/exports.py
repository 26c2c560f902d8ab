"""The job that writes exports: no other job does, as files for others are no part of building the warehouse."""

from dagster import AssetSelection, define_asset_job, in_process_executor

from orchestrator.assets.keys import GROUP_EXPORTS

EXPORTS = "exports"
EXPORT_ASSETS = AssetSelection.groups(GROUP_EXPORTS)

exports = define_asset_job(
    EXPORTS,
    selection=EXPORT_ASSETS,
    executor_def=in_process_executor,
    description="Every export of exports.yml, of the days that changed since they were last written.",
)
