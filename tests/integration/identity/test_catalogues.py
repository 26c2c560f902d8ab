"""A vendor's catalogue as a landed file: checked, minted and appended like the desk; a new content replaces the old one."""

import csv
from collections.abc import Callable
from pathlib import Path

from house import Checkout

FIELDS = 3_000


def write(path: Path, fields: range, description: str) -> None:
    rows = [(f"VENDOR_{number:05d}", "number", f"{description}, {number}") for number in fields]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("field", "field_type", "field_description"))
        writer.writerows(rows)


def test_a_catalogue_is_refused_until_minted_then_landed_appended_replaced_and_brought_back(
    new_checkout: Callable[[], Checkout], tmp_path: Path
) -> None:
    checkout, catalogue = new_checkout(), tmp_path / "vendor.csv"
    touchstone = checkout.touchstone
    touchstone("migrate")
    select = ("build", "--select", "+dict_field", "--exclude", "resource_type:test")

    def active() -> int:
        asked = "SELECT countIf(is_active) FROM dim_field_latest WHERE startsWith(code, 'VENDOR_')"
        return int(checkout.rows(asked)[0][0])

    write(catalogue, range(FIELDS), "words")
    refused = touchstone("load", "lookups", str(catalogue), must_succeed=False)
    assert refused.returncode == 1
    assert "has no ID" in refused.stderr
    touchstone("lookups", "mint", "--with", str(catalogue))
    assert "loaded" in touchstone("load", "lookups", str(catalogue)).stdout
    touchstone(*select)
    assert active() == FIELDS
    ids = checkout.rows("SELECT field_id, code FROM dim_field_latest ORDER BY field_id")

    first = catalogue.read_bytes()
    write(catalogue, range(FIELDS - 10), "other words")
    touchstone("load", "lookups", str(catalogue))
    touchstone(*select)
    assert active() == FIELDS - 10

    catalogue.write_bytes(first)
    touchstone("load", "lookups", str(catalogue))
    touchstone(*select)
    assert active() == FIELDS
    assert checkout.rows("SELECT field_id, code FROM dim_field_latest ORDER BY field_id") == ids
