"""What a change of the desk does, by kind; and how it is told."""

import json

from lookup_desk import HEADER, LOOKUPS, ROW, clean_desk, desk_with_aliases, desk_with_lookups

from orchestrator.lookups.changes_report import render_changes
from orchestrator.lookups.compare import AttributeChange, Changes, Code, Merge, Rename, compare
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


def told(changes: Changes, output_format: Format, usage: Usage | None = None) -> str:
    return "\n".join(render_changes(changes, "v1", usage or Usage(), output_format))


MERGED = compare(
    clean_desk(),
    desk_with_aliases("field,,PX_LAST,LAST", lookups=HEADER + ROW.replace("PX_LAST", "LAST").replace("Common", "A|B")),
)


def test_text_names_every_kind_and_the_facts() -> None:
    text = told(MERGED, Format.TEXT, Usage({"field": {"fct_observations": 1234}}))
    assert "New codes: 2\n  domain 'product_type', code 'A|B Stock', ID 'not minted yet'" in text
    assert "Renamed codes: 1\n  domain 'field', before 'PX_LAST', now 'LAST', ID '2'" in text
    assert text.endswith("facts: fct_observations: 1,234 rows with these codes of field")


def test_text_says_so_when_nothing_changes_or_nothing_could_be_counted() -> None:
    assert told(Changes(), Format.TEXT) == "lookup desk compared with v1\nno code changes"
    assert told(MERGED, Format.TEXT, Usage(reason="not counted: down")).endswith("facts: not counted: down")


def test_markdown_is_a_table_for_each_kind() -> None:
    text = told(MERGED, Format.MARKDOWN, Usage({"field": {"fct_observations": 1234}}))
    assert "| field |  | PX\\_LAST | LAST | 2 |" in text
    assert r"A\|B Stock" in text
    assert text.endswith("| field | fct\\_observations | 1,234 |")
    assert told(Changes(), Format.MARKDOWN).endswith("No code changes.")


def test_json_has_every_kind() -> None:
    parsed = json.loads(told(MERGED, Format.JSON, Usage({"field": {"fct_observations": 1}})))
    assert set(parsed) == {"base", "new", "retired", "returned", "renamed", "merged", "changed", "facts"}
    assert parsed["renamed"] == [{"domain": "field", "parent_key": "", "old": "PX_LAST", "new": "LAST", "id": 2}]
    assert parsed["facts"] == {"rows": {"field": {"fct_observations": 1}}, "reason": ""}
