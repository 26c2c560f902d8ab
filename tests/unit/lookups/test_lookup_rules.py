"""Rules that the domains of the project do not all need: one parent, values, and files beside each other."""

from dataclasses import replace

from lookup_desk import HEADER, LOOKUPS, ROW, clean_desk, unminted

from orchestrator.lookups.domains import DOMAINS_BY_NAME
from orchestrator.lookups.parsing import parse_desk
from orchestrator.lookups.rules import duplicates, several_parents

ONE_PARENT = replace(DOMAINS_BY_NAME["sub_asset_class"], several_parents=False)


def parents_of(files: dict[str, bytes], domain=ONE_PARENT, catalogues: dict[str, bytes] | None = None):
    desk = parse_desk(files, catalogues or {})
    return list(several_parents(desk.listings[domain.name], replace(desk.registers[domain.name], domain=domain)))


def test_a_child_under_two_parents_is_found_where_one_is_the_rule() -> None:
    findings = parents_of(unminted(HEADER + ROW + ROW.replace("Equity", "Index").replace("PX_", "")))
    assert [(f.file, f.line, f.column, f.value, f.rule) for f in findings] == [
        ("lookups.csv", 3, "asset_class", "Index", "several-parents")
    ]
    assert "'Equity' on line 2" in findings[0].message


def test_a_child_under_two_parents_is_fine_where_it_is_allowed() -> None:
    assert parents_of(clean_desk(), DOMAINS_BY_NAME["sub_asset_class"]) == []


def test_a_domain_without_parent_has_nothing_to_say_about_parents() -> None:
    assert parents_of(clean_desk(), DOMAINS_BY_NAME["field"]) == []


def test_a_second_parent_in_a_catalogue_is_found() -> None:
    catalogues = {"vendor.csv": b"asset_class,sub_asset_class\nIndex,Common Stock\n"}
    [finding] = parents_of(unminted(HEADER + ROW), catalogues=catalogues)
    assert (finding.file, finding.line) == ("vendor.csv", 2)
    assert "line 2 of lookups.csv" in finding.message


def test_two_spellings_of_one_parent_are_one_parent() -> None:
    files = clean_desk() | {
        "lookups.csv": (HEADER + ROW.replace("Equity", "Shares")).encode(),
        "lookup_aliases.csv": b"domain,parent_key,alias,key\nasset_class,,Equity,Shares\n",
    }
    assert parents_of(files, catalogues={"v.csv": b"asset_class,sub_asset_class\nEquity,Common Stock\n"}) == []


def test_rows_of_repeated_cells_are_no_duplicates() -> None:
    [lookups, _] = parse_desk(unminted(LOOKUPS), {}).sheets
    assert list(duplicates(lookups.table)) == []
