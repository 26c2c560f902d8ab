"""Lineage of a dbt node: from its compiled SQL, or from feeds.yml where its rows arrive in the chain of a feed."""

from collections.abc import Mapping
from typing import Any

from orchestrator.feeds.specs import chained_feeds
from orchestrator.lineage.chain import lineage_of_fact, lineage_of_quarantine
from orchestrator.lineage.expressions import Lineage
from orchestrator.lineage.queries import lineage_of_query

Properties = Mapping[str, Any]


def lineage_of_node(properties: Properties, manifest: Mapping[str, Any], sql: str | None) -> Lineage:
    """By column of the node, as its YAML has them, the columns of its parents that it is made of.

    What a dimension takes from its own versions of before is left out.

    Args:
        properties: of the node in the manifest.
        manifest: dbt's manifest.
        sql: what dbt compiled; a seed has none, and no lineage.

    Raises:
        LineageError: the SQL cannot be read.
    """
    found = _of_chain(properties["name"])
    if found is None and sql is None:
        return {}
    parents = {
        parent["name"]: list(parent["columns"])
        for unique_id in properties["depends_on"]["nodes"]
        for parent in [manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]]
    }
    own = list(properties["columns"])
    if found is None:
        found = lineage_of_query(str(sql), properties["schema"], {**parents, properties["name"]: own})
    return {name: frozenset(column for column in found.get(name, ()) if column.relation in parents) for name in own}


def _of_chain(relation: str) -> Lineage | None:
    for feed in chained_feeds():
        if relation == feed.fact:
            return lineage_of_fact(feed)
        if relation == feed.quarantine:
            return lineage_of_quarantine(feed)
    return None
