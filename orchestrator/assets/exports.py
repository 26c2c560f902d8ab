"""Exports: each declared one, in all its formats, as an asset that writes what changed since it was last written."""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from orchestrator.assets.keys import EXPORT_POOL, GROUP_EXPORTS, export_key
from orchestrator.assets.policies import EXPORTS_RETRIES, no_retry_unless_transient
from orchestrator.exports.specs import EXPORTS, ExportFormat, ExportSpec
from orchestrator.resources.warehouse import WarehouseResource

if TYPE_CHECKING:
    from orchestrator.exports.exporting import ExportResult


def export_assets() -> list[AssetsDefinition]:
    """One asset per export, behind the asset of its relation."""
    return [_export_asset(spec) for spec in EXPORTS]


def _export_asset(spec: ExportSpec) -> AssetsDefinition:
    @asset(
        key=export_key(spec.name),
        group_name=GROUP_EXPORTS,
        deps=[spec.relation],
        kinds={str(kind) for kind in spec.formats},
        retry_policy=EXPORTS_RETRIES,
        pool=EXPORT_POOL,
        description=f"{spec.description} Files and tables for others, of days that changed since their last export.",
    )
    def exported(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult[None]:
        from orchestrator.exports.exporting import ExportRequest, export  # noqa: PLC0415 a second that definitions save

        results = {}
        with no_retry_unless_transient():
            client = warehouse.client()
            for kind in spec.formats:
                request = ExportRequest(spec, kind, only_changed=True, run_id=context.run.run_id)
                results[kind] = export(client, warehouse.settings, request)
                context.log.info(_summary(spec, kind, results[kind]))
        return MaterializeResult(metadata=_metadata(results))

    return exported


def _summary(spec: ExportSpec, kind: ExportFormat, result: "ExportResult") -> str:
    return (
        f"{spec.name} as {kind}: {result.written} files written with {result.rows} rows, {result.unchanged} unchanged, "
        f"{result.removed} removed"
    )


def _metadata(results: "dict[ExportFormat, ExportResult]") -> dict[str, MetadataValue]:
    totals = {
        "files_written_now": sum(result.written for result in results.values()),
        "files_unchanged": sum(result.unchanged for result in results.values()),
        "days_removed_now": sum(result.removed for result in results.values()),
        "rows_written_now": sum(result.rows for result in results.values()),
        "bytes_written_now": sum(result.bytes for result in results.values()),
        **{f"rows_as_{kind}": result.rows for kind, result in results.items()},
    }
    paths = {f"path_of_{kind}": MetadataValue.path(result.url) for kind, result in results.items()}
    return paths | {name: MetadataValue.int(count) for name, count in totals.items()}
