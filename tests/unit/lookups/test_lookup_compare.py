"""What a change of the desk does, by kind; and how it is told."""

import json
from dataclasses import replace

import pytest
from fixture_domains import FIXTURE_DOMAINS, declared_instead
from lookup_desk import HEADER, LOOKUPS, ROW, clean_desk, desk_with_aliases, desk_with_lookups

from orchestrator.lookups import check_lookups
from orchestrator.lookups.changes_report import render_changes
from orchestrator.lookups.compare import AttributeChange, Changes, Code, Merge, Rename, compare
from orchestrator.lookups.domains import Declared
from orchestrator.lookups.reports import Format
from orchestrator.warehouse.usage import Usage


def changes_to(after: dict[str, bytes]) -> Changes:
    return compare(clean_desk(), after)


def test_nothing_changes_in_the_same_desk_whatever_the_order_of_its_rows() -> None:
    header, *rows = LOOKUPS.splitlines(keepends=True)
    assert changes_to(desk_with_lookups(header + "".join(reversed(rows)))) == Changes()
    assert changes_to(clean_desk()).is_empty


def test_a_new_code_is_told_with_its_id_or_as_not_minted() -> None:
    after = desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "BID"))
    assert changes_to(after) == Changes(new=[Code("field", "", "BID", None)])
    after["lookup_ids.csv"] += b"field,,BID,3\n"
    assert changes_to(after) == Changes(new=[Code("field", "", "BID", 3)])


def test_codes_minted_for_a_catalogue_are_new_although_the_desk_does_not_list_them() -> None:
    after = clean_desk()
    after["lookup_ids.csv"] += b"field,,VENDOR_1,3\nsub_asset_class,Equity,REIT,4\n"
    minted = [Code("field", "", "VENDOR_1", 3), Code("sub_asset_class", "Equity", "REIT", 4)]
    assert changes_to(after) == Changes(new=minted)
    assert compare(after, after).is_empty


def test_a_retired_code_is_told_with_its_id_and_comes_back_with_it() -> None:
    after = desk_with_lookups(LOOKUPS.replace("NAME", "PX_LAST").replace('text,"name, as traded"', "number,last price"))
    assert changes_to(after) == Changes(retired=[Code("field", "", "NAME", 1)])
    assert compare(after, clean_desk()) == Changes(returned=[Code("field", "", "NAME", 1)])


def test_a_renamed_code_is_told_with_both_keys() -> None:
    after = desk_with_aliases("field,,PX_LAST,LAST", lookups=LOOKUPS.replace("PX_LAST", "LAST"))
    assert changes_to(after) == Changes(renamed=[Rename("field", "", "PX_LAST", "LAST", 2)])
    assert changes_to(after).affected_ids() == {"field": {2}}


def test_a_renamed_parent_does_nothing_to_its_children() -> None:
    after = desk_with_aliases("asset_class,,Equity,Shares", lookups=LOOKUPS.replace("Equity", "Shares"))
    assert changes_to(after) == Changes(renamed=[Rename("asset_class", "", "Equity", "Shares", 2)])


def test_a_merged_code_is_told_with_both_ids() -> None:
    lookups = LOOKUPS.replace("NAME", "PX_LAST").replace('text,"name, as traded"', "number,last price")
    after = desk_with_aliases("field,,NAME,PX_LAST", lookups=lookups)
    assert changes_to(after) == Changes(merged=[Merge("field", "", "NAME", 1, "PX_LAST", 2)])


def test_changed_attributes_are_told_before_and_after_through_a_rename() -> None:
    change = AttributeChange("field", "PX_LAST", 2, "description", "last price", "latest price")
    assert changes_to(desk_with_lookups(LOOKUPS.replace("last price", "latest price"))) == Changes(changed=[change])
    lookups = LOOKUPS.replace("PX_LAST", "LAST").replace("last price", "latest price")
    after = desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)
    assert changes_to(after).changed == [change._replace(key="LAST")]


def test_a_desk_that_was_not_there_is_all_new_and_one_that_is_gone_all_retired() -> None:
    assert len(compare({}, clean_desk()).new) == len(compare(clean_desk(), {}).retired) == 14


def without(domain: str, attribute: str = "") -> Declared:
    """The domains of the fixture but one, or all of them but one's attribute."""
    domains = [known for known in FIXTURE_DOMAINS.domains if attribute or known.name != domain]
    fewer = [tuple(known for known in each.attributes if known.name != attribute) for each in domains]
    return Declared(
        FIXTURE_DOMAINS.files,
        tuple(replace(each, attributes=kept) for each, kept in zip(domains, fewer, strict=True)),
    )


def test_a_domain_that_was_declared_later_is_all_new_and_the_others_are_as_they_were() -> None:
    header, *rows = (line.partition(",")[2] for line in LOOKUPS.splitlines(keepends=True))
    with declared_instead(without("product_type")):
        before = clean_desk(header + "".join(rows))
        assert check_lookups(before) == []
    changes = compare(before, clean_desk())
    assert [code.domain for code in changes.new] == ["product_type"] * 3
    assert changes == Changes(new=changes.new)


def test_a_domain_that_is_declared_no_longer_changes_no_other() -> None:
    before = clean_desk()
    with declared_instead(without("product_type")):
        after = clean_desk("".join(line.partition(",")[2] for line in LOOKUPS.splitlines(keepends=True)))
        assert compare(before, after) == Changes()


def test_an_attribute_that_was_declared_later_was_blank() -> None:
    with declared_instead(without("source", "licence")):
        before = clean_desk(sources="source,source_name\nyahoo,Yahoo\n")
        assert check_lookups(before) == []
    change = AttributeChange("source", "yahoo", 1, "licence", "", "MIT")
    assert compare(before, clean_desk()) == Changes(changed=[change])


@pytest.mark.parametrize("broken", [b"", b"\xff\xfe", b'"', b"field,field\nA,B\n"])
def test_an_earlier_file_that_cannot_be_read_has_no_codes(broken: bytes) -> None:
    changes = compare({**clean_desk(), "sources.csv": broken}, clean_desk())
    assert changes == Changes(returned=[Code("source", "", "yahoo", 1)])


def told(changes: Changes, output_format: Format, usage: Usage | None = None) -> str:
    return "\n".join(render_changes(changes, "v1", usage or Usage(), output_format))


@pytest.fixture
def merged() -> Changes:
    """Changes of most kinds."""
    lookups = HEADER + ROW.replace("PX_LAST", "LAST").replace("Common", "A|B")
    return changes_to(desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups))


def test_text_names_every_kind_and_the_facts(merged: Changes) -> None:
    text = told(merged, Format.TEXT, Usage({"field": {"fct_observations": 1234}}))
    assert "New codes: 2\n  domain 'product_type', code 'A|B Stock', ID 'not minted yet'" in text
    assert "Renamed codes: 1\n  domain 'field', before 'PX_LAST', now 'LAST', ID '2'" in text
    assert text.endswith("facts: fct_observations: 1,234 rows with these codes of field")


def test_text_says_so_when_nothing_changes_or_nothing_could_be_counted(merged: Changes) -> None:
    assert told(Changes(), Format.TEXT) == "lookup desk compared with v1\nno code changes"
    assert told(merged, Format.TEXT, Usage(reason="not counted: down")).endswith("facts: not counted: down")


def test_markdown_is_a_table_for_each_kind(merged: Changes) -> None:
    text = told(merged, Format.MARKDOWN, Usage({"field": {"fct_observations": 1234}}))
    assert "| field |  | PX\\_LAST | LAST | 2 |" in text
    assert r"A\|B Stock" in text
    assert text.endswith("| field | fct\\_observations | 1,234 |")
    assert told(Changes(), Format.MARKDOWN).endswith("No code changes.")


def test_json_has_every_kind(merged: Changes) -> None:
    parsed = json.loads(told(merged, Format.JSON, Usage({"field": {"fct_observations": 1}})))
    assert set(parsed) == {"base", "new", "retired", "returned", "renamed", "merged", "changed", "facts"}
    assert parsed["renamed"] == [{"domain": "field", "parent_key": "", "old": "PX_LAST", "new": "LAST", "id": 2}]
    assert parsed["facts"] == {"rows": {"field": {"fct_observations": 1}}, "reason": ""}
