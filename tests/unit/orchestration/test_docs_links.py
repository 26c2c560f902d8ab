"""Where an asset leads to on the page of dbt's docs."""

from pathlib import Path

import pytest
from dagster import MetadataValue

from orchestrator.assets.translator import docs_link

PAGE = Path("/home/of/touchstone/static_index.html")


@pytest.mark.parametrize(
    ("resource_type", "unique_id"),
    [
        ("model", "model.touchstone.dim_field"),
        ("seed", "seed.touchstone.lookups"),
        ("source", "source.touchstone.landing.landing_observations"),
    ],
)
def test_a_node_leads_to_its_place_on_the_published_page(resource_type: str, unique_id: str) -> None:
    link = docs_link({"resource_type": resource_type, "unique_id": unique_id}, "https://docs.example/model.html", PAGE)
    assert link == MetadataValue.url(f"https://docs.example/model.html#!/{resource_type}/{unique_id}")


def test_without_a_published_page_the_file_is_named() -> None:
    link = docs_link({"resource_type": "model", "unique_id": "model.touchstone.dim_field"}, None, PAGE)
    assert link == MetadataValue.path(PAGE)
