"""Aliases: what is wrong with them, and which ID a spelling resolves to."""

import pytest
from lookup_desk import (
    ALIASES_HEADER,
    HEADER,
    LOOKUPS,
    ROW,
    clean_desk,
    desk_with_aliases,
    found,
    ledger_text,
    only,
    rules_of,
)

from orchestrator.exceptions import LedgerError
from orchestrator.lookups import LedgerLine, check_lookups, mint
from orchestrator.lookups.parsing import parse_desk

RENAMED = LOOKUPS.replace("PX_LAST", "LAST_PRICE")


def id_of(files: dict[str, bytes], domain: str, key: str, parent_key: str = "") -> int | None:
    return parse_desk(files, {}).registers[domain].find(parent_key, key)


def test_a_desk_without_aliases_and_one_with_a_header_only_are_clean() -> None:
    assert check_lookups(clean_desk()) == []
    assert check_lookups(desk_with_aliases()) == []


def test_an_empty_file_of_aliases_is_an_error_and_makes_no_key_look_new() -> None:
    files = {**desk_with_aliases(lookups=RENAMED), "lookup_aliases.csv": b""}
    assert found(files) == [("lookup_aliases.csv", 0, "", "empty-file")]


def test_a_renamed_key_keeps_its_id_and_is_not_minted() -> None:
    files = desk_with_aliases("field,,PX_LAST,LAST_PRICE", lookups=RENAMED)
    assert check_lookups(files) == []
    assert mint(files).lines == ()
    assert id_of(files, "field", "LAST_PRICE") == id_of(files, "field", "PX_LAST") == 2


def test_a_key_renamed_twice_keeps_its_id() -> None:
    lookups = LOOKUPS.replace("PX_LAST", "LAST")
    files = desk_with_aliases("field,,PX_LAST,LAST", "field,,LAST_PRICE,LAST", lookups=lookups)
    assert check_lookups(files) == []
    assert {id_of(files, "field", key) for key in ("PX_LAST", "LAST_PRICE", "LAST")} == {2}


def test_a_key_renamed_back_keeps_its_id() -> None:
    files = desk_with_aliases("field,,LAST_PRICE,PX_LAST")
    assert check_lookups(files) == []
    assert id_of(files, "field", "PX_LAST") == id_of(files, "field", "LAST_PRICE") == 2


def test_a_renamed_key_that_is_retired_keeps_its_alias_with_a_warning_and_still_resolves() -> None:
    files = desk_with_aliases("field,,PX_LAST,CLOSING", lookups=HEADER + ROW.replace("PX_LAST", "NAME"))
    [finding] = [finding for finding in check_lookups(files) if finding.file == "lookup_aliases.csv"]
    assert (finding.rule, finding.severity, finding.value) == ("alias-to-nothing", "warning", "CLOSING")
    assert "If 'CLOSING' was retired, keep the line" in finding.remedy
    assert mint(files).lines == ()
    assert id_of(files, "field", "CLOSING") == id_of(files, "field", "PX_LAST") == 2


def test_a_key_renamed_twice_that_is_retired_keeps_both_aliases() -> None:
    lookups = HEADER + ROW.replace("PX_LAST", "NAME")
    files = desk_with_aliases("field,,PX_LAST,CLOSING", "field,,LAST_PRICE,CLOSING", lookups=lookups)
    findings = [finding for finding in check_lookups(files) if finding.file == "lookup_aliases.csv"]
    assert [(finding.line, finding.severity) for finding in findings] == [(2, "warning"), (3, "warning")]
    assert {id_of(files, "field", key) for key in ("PX_LAST", "LAST_PRICE", "CLOSING")} == {2}


def test_an_alias_to_a_misspelt_new_key_is_an_error_that_names_it_and_no_id_is_minted() -> None:
    files = desk_with_aliases("field,,PX_LAST,LAST_PRCE", lookups=RENAMED)
    [finding] = [finding for finding in check_lookups(files) if finding.file == "lookup_aliases.csv"]
    assert (finding.rule, finding.severity) == ("alias-to-nothing", "error")
    assert "Write 'LAST_PRICE' if that is meant" in finding.remedy
    with pytest.raises(LedgerError, match="LAST_PRCE"):
        mint(files)


def test_a_merged_key_keeps_its_own_id_and_so_does_the_other() -> None:
    lookups = HEADER + ROW
    files = desk_with_aliases("field,,NAME,PX_LAST", lookups=lookups)
    assert check_lookups(files) == []
    assert (id_of(files, "field", "NAME"), id_of(files, "field", "PX_LAST")) == (1, 2)


def test_two_keys_renamed_to_one_new_key_are_an_error_until_one_of_them_is_merged_without_an_alias() -> None:
    lookups = HEADER + ROW.replace("PX_LAST", "BOTH")
    finding = only(desk_with_aliases("field,,PX_LAST,BOTH", "field,,NAME,BOTH", lookups=lookups))
    assert (finding.line, finding.value, finding.rule) == (3, "NAME", "alias-ambiguous")
    assert "'PX_LAST' (ID 2) on line 2" in finding.message
    assert "'NAME' (ID 1) here" in finding.message
    files = desk_with_aliases("field,,PX_LAST,BOTH", lookups=lookups)
    assert check_lookups(files) == []
    assert mint(files).lines == ()
    assert {key: id_of(files, "field", key) for key in ("BOTH", "PX_LAST", "NAME")} == {
        "BOTH": 2,
        "PX_LAST": 2,
        "NAME": 1,
    }


def test_a_synonym_that_was_never_minted_has_the_id_of_its_key() -> None:
    files = desk_with_aliases("field,,LAST,PX_LAST")
    assert check_lookups(files) == []
    assert id_of(files, "field", "LAST") == 2


def test_an_alias_of_a_retired_key_is_fine() -> None:
    files = desk_with_aliases("field,,TITLE,NAME", lookups=HEADER + ROW)
    assert check_lookups(files) == []
    assert id_of(files, "field", "TITLE") == 1


def test_a_new_key_with_a_new_alias_is_minted_once() -> None:
    files = desk_with_aliases("field,,OPEN,PX_OPEN", lookups=LOOKUPS + ROW.replace("PX_LAST", "PX_OPEN"))
    assert mint(files).lines == (LedgerLine("field", "", "PX_OPEN", 3),)


def test_children_of_a_renamed_parent_keep_their_ids_without_aliases_of_their_own() -> None:
    files = desk_with_aliases("asset_class,,Equity,Shares", lookups=LOOKUPS.replace("Equity", "Shares"))
    assert check_lookups(files) == []
    assert mint(files).lines == ()
    assert id_of(files, "sub_asset_class", "Common Stock", "Shares") == 2
    assert id_of(files, "sub_asset_class", "Common Stock", "Equity") == 2


def test_a_new_child_of_a_renamed_parent_is_minted_below_the_spelling_that_owns_the_id() -> None:
    lookups = LOOKUPS.replace("Equity", "Shares") + ROW.replace("Equity,Common Stock", "Shares,REIT")
    files = desk_with_aliases("asset_class,,Equity,Shares", lookups=lookups)
    minted = mint(files)
    assert minted.lines == (LedgerLine("sub_asset_class", "Equity", "REIT", 4),)
    again = {**files, "lookup_ids.csv": minted.ledger}
    assert check_lookups(again) == []
    assert mint(again).lines == ()


def test_one_child_below_two_spellings_of_its_parent_has_two_lines_too_many() -> None:
    ledger = ledger_text() + "sub_asset_class,Shares,Common Stock,4\n"
    lookups = LOOKUPS.replace("Equity", "Shares")
    finding = only(desk_with_aliases("asset_class,,Equity,Shares", lookups=lookups, ledger=ledger))
    assert (finding.rule, finding.line) == ("key-twice", ledger.count("\n"))


def test_an_alias_of_a_child_may_name_its_parent_by_any_spelling() -> None:
    lookups = LOOKUPS.replace("Equity,Common Stock", "Shares,Common")
    for parent in ("Equity", "Shares"):
        files = desk_with_aliases(
            "asset_class,,Equity,Shares", f"sub_asset_class,{parent},Common Stock,Common", lookups=lookups
        )
        assert check_lookups(files) == []
        assert id_of(files, "sub_asset_class", "Common", "Shares") == 2


def test_an_alias_may_correct_the_case_of_its_key() -> None:
    files = desk_with_aliases("field,,PX_LAST,Px_Last", lookups=LOOKUPS.replace("PX_LAST", "Px_Last"))
    assert check_lookups(files) == []


def test_a_case_twin_of_an_alias_is_told_the_key() -> None:
    lookups = LOOKUPS.replace("PX_LAST", "LAST") + ROW.replace("PX_LAST", "px_last")
    [twin] = [f for f in check_lookups(desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)) if "twin" in f.rule]
    assert (twin.rule, twin.line) == ("case-twin", 6)


@pytest.mark.parametrize(
    ("lines", "line", "column", "rule", "remedy"),
    [
        (["venue,,A,B"], 2, "domain", "unknown-domain", "field"),
        (["field,Equity,LAST,PX_LAST"], 2, "parent_key", "unknown-parent", "Empty the cell"),
        (["sub_asset_class,Bonds,Bill,Future"], 2, "parent_key", "unknown-parent", "asset_class"),
        (["sub_asset_class,,Bill,Future"], 2, "parent_key", "unknown-parent", "asset_class"),
        (["field,,LAST,NOTHING"], 2, "key", "alias-to-nothing", "delete the line"),
        (["sub_asset_class,Equity,Fut,Future"], 2, "key", "alias-to-nothing", "delete the line"),
        (["field,,NAME,PX_LAST"], 2, "alias", "alias-is-key", "'PX_LAST'"),
        (["field,,LAST,PX_LAST", "field,,LAST,NAME"], 3, "alias", "alias-twice", "Delete"),
        (["field,,LAST,LAST_PX", "field,,LAST_PX,PX_LAST"], 2, "key", "alias-of-alias", "Write 'PX_LAST'"),
        (["field,,PX_LAST,PX_LAST"], 2, "alias", "alias-of-itself", "Delete"),
        (["field,, LAST,PX_LAST"], 2, "alias", "padded-cell", "Delete"),
        (["field,,LA\u00a0ST,PX_LAST"], 2, "alias", "invisible-character", "Delete"),
        (["field,,,PX_LAST"], 2, "alias", "blank-cell", "Fill"),
        ([",,LAST,PX_LAST"], 2, "domain", "blank-cell", "Fill"),
        (["field,,LAST"], 2, "", "ragged-row", "missing"),
    ],
)
def test_an_alias_that_does_not_hold_is_found(lines: list[str], line: int, column: str, rule: str, remedy: str) -> None:
    finding = only(desk_with_aliases(*lines))
    assert (finding.file, finding.line, finding.column, finding.rule) == ("lookup_aliases.csv", line, column, rule)
    assert remedy in finding.remedy


def test_aliases_in_a_circle_are_found_on_every_line() -> None:
    findings = check_lookups(desk_with_aliases("field,,A,B", "field,,B,A"))
    assert rules_of(findings) == ["alias-of-alias", "alias-of-alias"]
    assert "circle" in findings[0].remedy


def test_columns_of_the_aliases_may_stand_in_any_order_but_none_may_be_strange() -> None:
    files = {**clean_desk(), "lookup_aliases.csv": b"key,alias,domain,parent_key\nPX_LAST,LAST,field,\n"}
    assert check_lookups(files) == []
    strange = {**clean_desk(), "lookup_aliases.csv": ALIASES_HEADER.replace("key\n", "key,note\n").encode()}
    assert found(strange) == [("lookup_aliases.csv", 1, "note", "header")]
