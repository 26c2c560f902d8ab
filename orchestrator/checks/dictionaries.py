"""The dictionary gate as blocking checks: nothing is placed before each dictionary is proven to hold its dimension."""

from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetKey,
    multi_asset_check,
)

from orchestrator.assets.landing import upstream_of_chain
from orchestrator.assets.policies import REFERENCE_RETRIES, no_retry_unless_transient
from orchestrator.exceptions import DictionaryGateError
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.gate import pass_gate

HOLDS_ITS_DIMENSION = "holds_its_dimension"


def dictionary_gate() -> AssetChecksDefinition:
    """One blocking check per dictionary that placing asks, in one step."""
    names = upstream_of_chain()

    @multi_asset_check(
        name="dictionary_gate",
        can_subset=True,
        retry_policy=REFERENCE_RETRIES,
        specs=[
            AssetCheckSpec(
                HOLDS_ITS_DIMENSION,
                asset=AssetKey(name),
                blocking=True,
                description="Count and checksum of the elements are those of its source, on every host.",
            )
            for name in names
        ],
    )
    def gate(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
        with no_retry_unless_transient():
            yield from _evaluations(context, warehouse)

    return gate


def _evaluations(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
    client = warehouse.client()
    settings = warehouse.settings
    for key in sorted({check.asset_key for check in context.selected_asset_check_keys}):
        name = key.to_user_string()
        try:
            [proof] = pass_gate(
                client,
                [name],
                deadline_seconds=settings.touchstone_gate_seconds,
                cluster=settings.touchstone_cluster,
            )
        except DictionaryGateError as error:
            yield AssetCheckResult(check_name=HOLDS_ITS_DIMENSION, asset_key=key, passed=False, description=str(error))
            continue
        yield AssetCheckResult(
            check_name=HOLDS_ITS_DIMENSION,
            asset_key=key,
            passed=True,
            metadata={"elements": proof.elements, "checksum": proof.checksum},
        )
