"""The domains of the lookup desk, declared once; everything else follows from this tuple."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Domain:
    """A set of codes that own frozen integer IDs.

    Attributes:
        name: the domain's name, as the ledger writes it.
        seed: name of the file in `seeds/` that lists the keys.
        key_column: column of that file that holds the key.
        parent: the domain within which a key is unique, or None if a key is unique in its whole domain. The parent's
            key column stands in the same seed.
        attributes: column in the seed -> name of the attribute in the dimension.
    """

    name: str
    seed: str
    key_column: str
    parent: str | None = None
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


LOOKUPS_FILE: Final = "lookups.csv"
SOURCES_FILE: Final = "sources.csv"
LEDGER_FILE: Final = "lookup_ids.csv"

DOMAINS: Final[tuple[Domain, ...]] = (
    Domain("product_type", LOOKUPS_FILE, "product_type"),
    Domain("data_class", LOOKUPS_FILE, "data_class"),
    Domain(
        "field",
        LOOKUPS_FILE,
        "field",
        attributes=MappingProxyType({"field_type": "field_type", "field_description": "description"}),
    ),
    Domain("asset_class", LOOKUPS_FILE, "asset_class"),
    Domain("sub_asset_class", LOOKUPS_FILE, "sub_asset_class", parent="asset_class"),
    Domain(
        "source",
        SOURCES_FILE,
        "source",
        attributes=MappingProxyType({"source_name": "name", "source_licence": "licence"}),
    ),
)

DOMAINS_BY_NAME: Final[Mapping[str, Domain]] = MappingProxyType({domain.name: domain for domain in DOMAINS})

SEED_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        LOOKUPS_FILE: (
            "product_type",
            "data_class",
            "field",
            "asset_class",
            "sub_asset_class",
            "field_type",
            "field_description",
        ),
        SOURCES_FILE: ("source", "source_name", "source_licence"),
        LEDGER_FILE: ("domain", "parent_key", "key", "id"),
    }
)

FIELD_TYPES: Final = frozenset({"number", "integer", "text", "identifier", "date", "boolean"})
