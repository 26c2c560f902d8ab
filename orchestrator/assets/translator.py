"""How a dbt node becomes a Dagster asset. Decisions are pure functions of the node's properties in the manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dagster import AssetCheckSpec, AssetKey, AssetSpec, MetadataValue, PathMetadataValue, UrlMetadataValue
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestrator.assets.keys import (
    GROUP_LANDING,
    GROUP_OPERATIONS,
    GROUP_SEEDS,
    LOOKUP_DESK,
    MIGRATIONS,
    replay_key,
)
from orchestrator.feeds.specs import chained_feeds
from orchestrator.settings import Settings

Properties = Mapping[str, Any]

# name of the link in an asset's metadata
DBT_DOCS: Final = "dbt_docs"

VIEW: Final = "view"
DICTIONARY: Final = "dictionary"
_NOT_TABLES: Final = {"adopted_dictionary": DICTIONARY, "view": VIEW, "parameterized_view": VIEW, "seed": "seed"}


class RoomTranslator(DagsterDbtTranslator):
    """Asset key = object name, group = room; owners are those that dbt_project.yml gives the room."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_code_references=True, enable_source_tests_as_checks=True))
        self._docs = (settings.touchstone_docs_url, settings.docs_page)
        self._specs: dict[str, AssetSpec] = {}

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        """The spec of one node, with the foundations it stands on among its dependencies."""
        # dagster-dbt asks again for each child of a node
        if unique_id not in self._specs:
            spec = super().get_asset_spec(manifest, unique_id, project)
            properties = self.get_resource_props(manifest, unique_id)
            known = {dep.asset_key for dep in spec.deps}
            self._specs[unique_id] = spec.replace_attributes(
                deps=[*spec.deps, *(key for key in foundations_of(properties) if key not in known)],
                kinds=kinds_of(properties),
                metadata={**spec.metadata, DBT_DOCS: docs_link(properties, *self._docs)},
            )
        return self._specs[unique_id]

    def get_asset_check_spec(
        self, asset_spec: AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> AssetCheckSpec | None:
        """The spec of one test, with the test's own description."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        description = self.get_resource_props(manifest, unique_id).get("description")
        return spec._replace(description=description) if spec and description else spec

    def get_asset_key(self, dbt_resource_props: Properties) -> AssetKey:
        """The object's name alone: file name = object name = asset key."""
        return AssetKey(dbt_resource_props["name"])

    def get_description(self, dbt_resource_props: Properties) -> str:
        """What its YAML says; with the SQL as written, where it has some."""
        has_sql = bool(dbt_resource_props.get("raw_code"))
        return super().get_description(dbt_resource_props) if has_sql else str(dbt_resource_props["description"])

    def get_group_name(self, dbt_resource_props: Properties) -> str:
        """The room that the node's file is in."""
        return room_of(dbt_resource_props)


def room_of(properties: Properties) -> str:
    """`seeds`, `landing`, `operations`, or the folder below models/."""
    if properties["resource_type"] == "seed":
        return GROUP_SEEDS
    if properties["resource_type"] == "source":
        return GROUP_LANDING if properties["source_name"] == "landing" else GROUP_OPERATIONS
    return str(properties["fqn"][1])


def kinds_of(properties: Properties) -> set[str]:
    """Where it is and what it is there, and dbt where it is a node of it; Dagster takes three at most."""
    if properties["resource_type"] == "source":
        return {"clickhouse", "table"}
    return {"clickhouse", "dbt", _NOT_TABLES.get(properties["config"]["materialized"], "table")}


def docs_link(properties: Properties, url: str | None, page: Path) -> UrlMetadataValue | PathMetadataValue:
    """The node's place on the page of `touchstone docs` where that is published, else where the page is written.

    No browser opens a local file from Dagster's page, so that a fragment would help nobody.
    """
    if url is None:
        return MetadataValue.path(page)
    return MetadataValue.url(f"{url}#!/{properties['resource_type']}/{properties['unique_id']}")


def foundations_of(properties: Properties) -> list[AssetKey]:
    """Seeds need the checked desk and a migrated database; what migrations own needs the migrations."""
    if properties["resource_type"] == "seed":
        return [MIGRATIONS, LOOKUP_DESK]
    if is_owned_by_migrations(properties):
        return [MIGRATIONS, *_replay_before(properties)]
    return []


def _replay_before(properties: Properties) -> list[AssetKey]:
    """Facts and quarantine are looked at once what can be replayed was."""
    for feed in chained_feeds():
        if properties["name"] in (feed.fact, feed.quarantine):
            return [replay_key(feed.name)]
    return []


def is_owned_by_migrations(properties: Properties) -> bool:
    """True for tables and dictionaries that dbt adopts or appends to, but never creates."""
    owner: str | None = properties.get("config", {}).get("meta", {}).get("owner")
    return owner == "migrations" and bool(properties["resource_type"] == "model")
