"""What assets beside dbt take over from it: the owners of their room, and how their tables are described there."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dagster import AssetsDefinition, AssetSpec, BetaWarning, with_source_code_references
from dagster_dbt import DbtProject
from dagster_dbt.dbt_manifest import validate_manifest

from orchestrator.assets.keys import GROUP_EXPORTS, GROUP_MIGRATIONS, MIGRATIONS
from orchestrator.assets.translator import RoomTranslator

# of the rooms that dbt knows nothing of; all others have theirs from dbt_project.yml
_OWNERS: Final = {GROUP_MIGRATIONS: ["team:platform"], GROUP_EXPORTS: ["team:analytics"]}

# Dagster's own bookkeeping of a node, which is nothing to read
_OF_DAGSTER_DBT: Final = "dagster_dbt/"


def assets_beside_dbt(
    assets: Iterable[AssetsDefinition],
    of_dbt: Iterable[AssetsDefinition],
    project: DbtProject,
    translator: RoomTranslator,
) -> list[AssetsDefinition]:
    """The assets completed, and one more for each source of dbt that none of them writes: the audit trail.

    Args:
        assets: those written in Python.
        of_dbt: those of dbt's nodes.
        project: the dbt project.
        translator: what made `of_dbt`.
    """
    manifest = validate_manifest(project.manifest_path)
    sources = [translator.get_asset_spec(manifest, unique_id, project) for unique_id in manifest["sources"]]
    owners = owners_by_group([*sources, *(spec for asset in of_dbt for spec in asset.specs)])
    described = {spec.key: _readable(spec.metadata) for spec in sources}

    def completed(spec: AssetSpec) -> AssetSpec:
        metadata = {**described.get(spec.key, {}), **spec.metadata}
        return spec.replace_attributes(owners=owners.get(str(spec.group_name), ()), metadata=metadata)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)
        mapped = [asset.map_asset_specs(completed) for asset in assets]
        written = {key for asset in mapped for key in asset.keys}
        audit = [_audited(spec) for spec in sources if spec.key not in written]
        linked = [asset for asset in with_source_code_references(mapped) if isinstance(asset, AssetsDefinition)]
        return [*linked, AssetsDefinition(specs=audit)]


def owners_by_group(specs: Sequence[AssetSpec]) -> Mapping[str, Sequence[str]]:
    """Who answers for a room, as its dbt nodes say."""
    return _OWNERS | {str(spec.group_name): spec.owners for spec in specs}


def _audited(source: AssetSpec) -> AssetSpec:
    return source.replace_attributes(deps=[MIGRATIONS], metadata=_readable(source.metadata))


def _readable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if not name.startswith(_OF_DAGSTER_DBT)}
