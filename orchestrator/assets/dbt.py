"""Every dbt node as an asset, every dbt test as an asset check."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from dagster import AssetExecutionContext, AssetsDefinition, Failure
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestrator.assets.keys import WRITER_POOL
from orchestrator.assets.policies import MARTS_RETRIES, REFERENCE_RETRIES, is_transient, no_retry_unless_transient
from orchestrator.assets.translator import RoomTranslator
from orchestrator.exceptions import EngineError
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.client import running_address

REFERENCE = (
    "path:models/staging path:models/dimensions path:models/versions path:models/dictionaries resource_type:seed"
)
FACTS_AND_MARTS = "path:models/facts path:models/quarantine path:models/marts path:models/canonical"


def dbt_room_assets(project: DbtProject) -> list[AssetsDefinition]:
    """Every node of the project, in two commands: landing stands between them, as codes resolve on landing.

    A test that looks at both sides (a fact's ID is in its dimension) belongs to the second command: the first is
    cautious and takes only tests of which it has every parent.
    """
    return [
        _dbt_assets(project, "dbt_reference", REFERENCE, ["--indirect-selection", "cautious"], writes_dimensions=True),
        _dbt_assets(project, "dbt_facts_and_marts", FACTS_AND_MARTS, [], writes_dimensions=False),
    ]


def _dbt_assets(
    project: DbtProject, name: str, select: str, whole_build_flags: list[str], *, writes_dimensions: bool
) -> AssetsDefinition:
    @dbt_assets(
        name=name,
        manifest=project.manifest_path,
        project=project,
        select=select,
        dagster_dbt_translator=RoomTranslator(),
        retry_policy=REFERENCE_RETRIES if writes_dimensions else MARTS_RETRIES,
        pool=WRITER_POOL,
    )
    def build(context: AssetExecutionContext, dbt: DbtCliResource, warehouse: WarehouseResource) -> Iterator[Any]:
        # dagster-dbt selects the tests of a part of the assets by itself
        flags = [] if context.is_subset else whole_build_flags
        command = ["build", *flags]
        with no_retry_unless_transient():
            warehouse.prepare_dbt()
            try:
                with warehouse.only_writer(context.run_id) if writes_dimensions else nullcontext():
                    yield from dbt.cli(command, context=context, target_path=project.manifest_path.parent).stream()
            except DagsterDbtCliRuntimeError as error:
                may_pass = is_transient(error) or _engine_is_away(warehouse)
                raise Failure(description=str(error), metadata=error.metadata, allow_retries=may_pass) from error

    return build


def _engine_is_away(warehouse: WarehouseResource) -> bool:
    """A dbt command that failed while the engine stands failed for good; one that lost it may be tried again."""
    try:
        running_address(warehouse.settings)
        if not warehouse.settings.is_embedded:
            warehouse.client()
    except EngineError:
        return True
    return False
