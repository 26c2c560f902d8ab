"""The ledger and the aliases beside an earlier revision: nothing that has an ID moves."""

import pytest
from lookup_desk import (
    ALIASES_HEADER,
    HEADER,
    LOOKUPS,
    ROW,
    clean_desk,
    desk_with_aliases,
    desk_with_ledger,
    ledger_text,
    rules_of,
    unminted,
)

from orchestrator.lookups import Base, Finding, check_lookups, mint

SOURCE = "source,,yahoo,1\n"
NAME = "field,,NAME,1\n"
PX_LAST = "field,,PX_LAST,2\n"


def against(before: dict[str, bytes], now: dict[str, bytes]) -> list[Finding]:
    """What the base adds to the findings."""
    alone = check_lookups(now)
    return [finding for finding in check_lookups(now, base=Base("v1", before)) if finding not in alone]


def ledger_against(now: str) -> list[Finding]:
    return against(clean_desk(), desk_with_ledger(now))


def test_an_unchanged_desk_holds() -> None:
    assert against(clean_desk(), clean_desk()) == []


def test_a_base_without_files_holds_anything() -> None:
    assert against({}, clean_desk()) == []
    assert against({}, unminted()) == []


def test_lines_may_be_appended() -> None:
    assert ledger_against(ledger_text() + "source,,reuters,2\n") == []


@pytest.mark.parametrize(("before", "now"), [("\n", ""), ("", "\n"), ("\n", "\r\n")])
def test_the_end_of_the_last_line_is_no_change(before: str, now: str) -> None:
    base = desk_with_ledger(ledger_text().rstrip("\n") + before)
    assert against(base, desk_with_ledger(ledger_text().rstrip("\n") + now)) == []


def test_other_line_ends_and_columns_in_another_order_are_no_change() -> None:
    assert ledger_against(ledger_text().replace("\n", "\r\n")) == []
    turned = [",".join(line.split(",")[::-1]) for line in ledger_text().splitlines()]
    assert ledger_against("\n".join(turned)) == []


def test_a_changed_id_is_found_with_the_line_to_restore() -> None:
    [finding] = ledger_against(ledger_text().replace(SOURCE, "source,,yahoo,7\n"))
    assert (finding.line, finding.column, finding.value, finding.rule) == (15, "id", "7", "ledger-line-changed")
    assert "was 1 in v1 and is 7 now" in finding.message
    assert finding.remedy == "Restore the line `source,,yahoo,1` from v1."


def test_an_id_that_another_key_got_is_found() -> None:
    [finding] = ledger_against(ledger_text().replace("field,,NAME,1", "field,,TITLE,1"))
    assert (finding.line, finding.rule) == (7, "id-reused")
    assert "'NAME'" in finding.message and "'TITLE'" in finding.message


def test_the_last_id_of_a_domain_given_again_after_its_line_was_removed_is_found() -> None:
    [finding] = ledger_against(ledger_text().replace(SOURCE, "") + "source,,reuters,1\n")
    assert (finding.line, finding.rule) == (15, "id-reused")


def test_a_removed_line_is_found_where_it_stood_and_the_others_have_not_moved() -> None:
    [finding] = ledger_against(ledger_text().replace(NAME, ""))
    assert (finding.line, finding.value, finding.rule) == (7, "field,,NAME,1", "ledger-line-removed")


def test_a_cut_ledger_is_found_line_by_line() -> None:
    cut = "".join(ledger_text().splitlines(keepends=True)[:-2])
    assert rules_of(ledger_against(cut)) == ["ledger-line-removed"] * 2


def test_moved_lines_are_found() -> None:
    moved = ledger_text().replace(SOURCE, "").replace(NAME, SOURCE + NAME)
    findings = ledger_against(moved)
    assert set(rules_of(findings)) == {"ledger-line-moved"}
    assert findings[0].line == 8


def test_a_line_inserted_among_old_ones_is_found() -> None:
    [finding] = ledger_against(ledger_text().replace(SOURCE, "sub_asset_class,Index,Option,4\n" + SOURCE))
    assert (finding.line, finding.rule) == (15, "ledger-line-moved")
    assert "is new" in finding.message


def test_a_ledger_that_is_gone_is_one_finding() -> None:
    [finding] = against(clean_desk(), unminted())
    assert (finding.file, finding.line, finding.rule) == ("lookup_ids.csv", 0, "ledger-line-removed")


def test_two_branches_that_minted_the_same_ids_are_told_apart() -> None:
    ours = {**clean_desk(), "lookup_ids.csv": (ledger_text() + "field,,OURS,3\n").encode()}
    theirs = {**clean_desk(), "lookup_ids.csv": (ledger_text() + "field,,THEIRS,3\n").encode()}
    assert rules_of(against(theirs, ours)) == ["id-reused"]


def test_a_removed_rename_would_give_its_key_a_new_id() -> None:
    lookups = LOOKUPS.replace("PX_LAST", "LAST")
    before = desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)
    [finding] = against(before, desk_with_aliases(lookups=lookups))
    assert (finding.file, finding.line, finding.value, finding.rule) == ("lookup_aliases.csv", 2, "LAST", "id-moved")
    assert finding.is_error


def test_a_removed_file_of_aliases_removes_its_lines() -> None:
    lookups = LOOKUPS.replace("PX_LAST", "LAST")
    before = desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)
    now = {name: content for name, content in before.items() if name != "lookup_aliases.csv"}
    assert rules_of(against(before, now)) == ["id-moved"]


def test_a_synonym_that_points_elsewhere_is_found() -> None:
    [finding] = against(desk_with_aliases("field,,LAST,PX_LAST"), desk_with_aliases("field,,LAST,NAME"))
    assert (finding.column, finding.value, finding.rule) == ("alias", "LAST", "id-moved")
    assert "had the ID 2 in v1 and would have 1 now" in finding.message


def test_a_synonym_that_is_withdrawn_is_a_warning() -> None:
    [finding] = against(desk_with_aliases("field,,LAST,PX_LAST"), desk_with_aliases())
    assert (finding.rule, finding.is_error) == ("id-moved", False)


def test_a_merge_that_is_undone_moves_nothing() -> None:
    assert against(desk_with_aliases("field,,NAME,PX_LAST", lookups=HEADER + ROW), clean_desk()) == []


def test_a_smaller_id_merged_into_a_renamed_key_would_move_it() -> None:
    lookups = HEADER + ROW.replace("PX_LAST", "LAST")
    before = desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)
    now = desk_with_aliases("field,,PX_LAST,LAST", "field,,NAME,LAST", lookups=lookups)
    [finding] = against(before, now)
    assert (finding.value, finding.rule) == ("LAST", "id-moved")


def test_a_key_that_others_were_merged_into_keeps_its_id_when_it_is_renamed() -> None:
    before = desk_with_aliases("field,,NAME,PX_LAST", lookups=HEADER + ROW)
    lookups = HEADER + ROW.replace("PX_LAST", "LAST")
    both = desk_with_aliases("field,,NAME,LAST", "field,,PX_LAST,LAST", lookups=lookups)
    assert [finding.rule for finding in check_lookups(both)] == ["alias-ambiguous"]
    one = desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)
    assert check_lookups(one) == against(before, one) == []


def test_a_rename_of_a_rename_holds() -> None:
    before = desk_with_aliases("field,,PX_LAST,LAST", lookups=LOOKUPS.replace("PX_LAST", "LAST"))
    now = desk_with_aliases("field,,PX_LAST,L", "field,,LAST,L", lookups=LOOKUPS.replace("PX_LAST", "L"))
    assert against(before, now) == []


def test_a_new_alias_of_a_new_key_holds() -> None:
    files = desk_with_aliases("field,,OPEN,PX_OPEN", lookups=LOOKUPS + ROW.replace("PX_LAST", "PX_OPEN"))
    files["lookup_ids.csv"] = mint(files).ledger
    assert against(clean_desk(), files) == []
    assert files["lookup_aliases.csv"].startswith(ALIASES_HEADER.encode())


def test_a_base_that_is_no_csv_is_no_obstacle() -> None:
    assert against({"lookup_ids.csv": b"\xff", "lookup_aliases.csv": b'"'}, clean_desk()) == []
