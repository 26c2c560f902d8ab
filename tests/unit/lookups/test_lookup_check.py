"""The rules of the desk, one spoiled file at a time."""

import pytest
from lookup_desk import (
    HEADER,
    LEDGER_HEADER,
    LOOKUPS,
    ROW,
    clean_desk,
    desk_with_ledger,
    desk_with_lookups,
    found,
    ledger_text,
    only,
    unminted,
)

from orchestrator.lookups import Rule, Severity, check_lookups
from orchestrator.lookups.domains import DOMAINS_BY_NAME


def test_a_clean_desk_has_no_findings() -> None:
    assert check_lookups(clean_desk()) == []


@pytest.mark.parametrize("file", ["lookups.csv", "sources.csv"])
def test_a_missing_seed_is_an_error(file: str) -> None:
    files = clean_desk()
    del files[file]
    assert (file, 0, "", "missing-file") in found(files)


def test_without_a_ledger_every_key_lacks_an_id() -> None:
    files = unminted()
    findings = check_lookups(files)
    assert {finding.rule for finding in findings} == {Rule.KEY_WITHOUT_ID}
    assert len(findings) == 3 + 2 + 2 + 3 + 3 + 1


def test_an_empty_ledger_is_an_error_and_not_a_reason_to_mint_anew() -> None:
    assert found(desk_with_ledger(b"")) == [("lookup_ids.csv", 0, "", "empty-file")]


def test_a_seed_with_only_a_header_is_an_error() -> None:
    assert found(desk_with_lookups(HEADER)) == [("lookups.csv", 1, "", "no-rows")]


def test_a_latin_1_seed_is_one_finding() -> None:
    assert only(desk_with_lookups(LOOKUPS.replace("last", "läst").encode("latin-1"))).rule == Rule.ENCODING


def test_a_seed_of_one_column_is_a_header_error() -> None:
    assert only(desk_with_lookups("field\nPX_LAST\n")).rule == Rule.HEADER


def test_a_key_without_id_names_its_first_line_and_the_verb_that_helps() -> None:
    finding = only(desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "PX_OPEN")))
    assert (finding.file, finding.line, finding.column, finding.value) == ("lookups.csv", 6, "field", "PX_OPEN")
    assert finding.rule == Rule.KEY_WITHOUT_ID
    assert "touchstone lookups mint" in finding.remedy


def test_a_key_known_under_one_parent_lacks_an_id_under_another() -> None:
    finding = only(desk_with_lookups(LOOKUPS + ROW.replace("Equity,Common Stock", "Equity,Future")))
    assert (finding.column, finding.value, finding.rule) == ("sub_asset_class", "Future", Rule.KEY_WITHOUT_ID)
    assert "'Equity'" in finding.message


def test_a_retired_key_is_fine() -> None:
    assert check_lookups(desk_with_lookups(HEADER + ROW)) == []


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("", "blank-cell"),
        ("  ", "blank-cell"),
        (" last price", "padded-cell"),
        ("last price ", "padded-cell"),
        ("last\u00a0price", "invisible-character"),
        ("last price\u200b", "invisible-character"),
        ("\ufefflast price", "invisible-character"),
        ("last\tprice", "invisible-character"),
        ("\u00a0", "invisible-character"),
        ('"last\nprice"', "invisible-character"),
        ("last\x00price", "invisible-character"),
    ],
)
def test_an_unclean_cell_is_found_with_its_column(cell: str, rule: str) -> None:
    findings = found(desk_with_lookups(HEADER + ROW.replace("last price", cell)))
    assert findings == [("lookups.csv", 2, "field_description", rule)]


def test_an_invisible_character_is_named() -> None:
    finding = only(desk_with_lookups(HEADER + ROW.replace("last price", "last\u00a0price")))
    assert "U+00A0 NO-BREAK SPACE" in finding.message


def test_letters_of_any_language_are_fine() -> None:
    assert check_lookups(desk_with_lookups(HEADER + ROW.replace("last price", "Schlußkurs, 最後".join('""')))) == []


def test_an_unclean_key_is_not_also_a_key_without_id() -> None:
    assert found(desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", " PX_LAST"))) == [
        ("lookups.csv", 6, "field", "padded-cell")
    ]


def test_a_duplicate_row_names_the_first_one() -> None:
    finding = only(desk_with_lookups(LOOKUPS + ROW))
    assert (finding.line, finding.rule) == (6, Rule.DUPLICATE_ROW)
    assert "line 2" in finding.message


def test_case_twins_are_found_and_the_ledger_says_which_one_is_right() -> None:
    first = ROW.replace("PX_LAST", "px_last")
    rules = {(finding.rule, finding.line) for finding in check_lookups(desk_with_lookups(HEADER + first + ROW))}
    assert (Rule.CASE_TWIN, 2) in rules
    assert (Rule.CASE_TWIN, 3) not in rules


def test_a_case_twin_of_a_retired_key_is_found() -> None:
    lookups = HEADER + ROW + ROW.replace("PX_LAST", "Name")
    assert ("lookups.csv", 3, "field", "case-twin") in found(desk_with_lookups(lookups))


def test_full_width_letters_are_twins_of_ascii() -> None:
    assert ("lookups.csv", 6, "field", "case-twin") in found(
        desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "ＰＸ_LAST"))  # noqa: RUF001
    )


def test_the_same_key_under_two_parents_is_no_twin() -> None:
    lookups = LOOKUPS + ROW.replace("Equity,Common Stock", "Equity,FUTURE")
    assert {finding.rule for finding in check_lookups(desk_with_lookups(lookups))} == {Rule.KEY_WITHOUT_ID}


def test_conflicting_attributes_are_found_with_both_values() -> None:
    lookups = LOOKUPS + ROW.replace("Common Stock,Pricing", "Future,Pricing").replace("number", "integer")
    findings = [finding for finding in check_lookups(desk_with_lookups(lookups)) if finding.rule != Rule.KEY_WITHOUT_ID]
    assert [(finding.line, finding.column, finding.value) for finding in findings] == [(6, "field_type", "integer")]
    assert "'number' on line 2" in findings[0].message


def test_conflicting_attributes_of_a_source_are_found() -> None:
    files = clean_desk()
    files["sources.csv"] += b"yahoo,Yahoo,Apache-2.0\n"
    assert found(files) == [("sources.csv", 3, "source_licence", "conflicting-attribute")]


def test_an_unknown_field_type_is_found() -> None:
    finding = only(desk_with_lookups(HEADER + ROW.replace("number", "float")))
    assert (finding.line, finding.column, finding.rule) == (2, "field_type", Rule.UNKNOWN_VALUE)
    [field_type] = [attribute for attribute in DOMAINS_BY_NAME["field"].attributes if attribute.values]
    assert all(name in finding.remedy for name in field_type.values)


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "x", "007", "+4", "4294967296", "\u0664"])
def test_an_id_that_is_no_positive_integer_is_found(number: str) -> None:
    ledger = ledger_text() + f"source,,reuters,{number}\n"
    line = ledger.count("\n")
    assert found(desk_with_ledger(ledger)) == [("lookup_ids.csv", line, "id", "invalid-id")]


def test_a_blank_id_is_a_blank_cell() -> None:
    ledger = ledger_text() + "source,,reuters,\n"
    assert only(desk_with_ledger(ledger)).rule == Rule.BLANK_CELL


def test_an_id_used_twice_in_a_domain_is_found() -> None:
    finding = only(desk_with_ledger(ledger_text() + "source,,reuters,1\n"))
    assert (finding.column, finding.value, finding.rule) == ("id", "1", Rule.ID_USED_TWICE)


def test_the_same_id_in_two_domains_is_fine() -> None:
    assert "product_type,,Common Stock,1\n" in ledger_text()
    assert "field,,NAME,1\n" in ledger_text()


def test_a_key_that_stands_twice_is_found() -> None:
    finding = only(desk_with_ledger(ledger_text() + "source,,yahoo,2\n"))
    assert (finding.column, finding.value, finding.rule) == ("key", "yahoo", Rule.KEY_TWICE)


def test_an_unknown_domain_is_found() -> None:
    finding = only(desk_with_ledger(ledger_text() + "venue,,XOSL,1\n"))
    assert (finding.column, finding.value, finding.rule) == ("domain", "venue", Rule.UNKNOWN_DOMAIN)


def test_a_parent_that_is_no_key_of_the_parent_domain_is_found() -> None:
    finding = only(desk_with_ledger(ledger_text() + "sub_asset_class,Bonds,Bill,4\n"))
    assert (finding.column, finding.value, finding.rule) == ("parent_key", "Bonds", Rule.UNKNOWN_PARENT)


def test_a_parent_in_a_domain_without_parent_is_found() -> None:
    finding = only(desk_with_ledger(ledger_text() + "source,Equity,reuters,2\n"))
    assert (finding.column, finding.value, finding.rule) == ("parent_key", "Equity", Rule.UNKNOWN_PARENT)


def test_a_retired_parent_is_a_parent() -> None:
    ledger = ledger_text() + "asset_class,,Muni,4\nsub_asset_class,Muni,Muni,4\n"
    assert check_lookups(desk_with_ledger(ledger)) == []


def test_a_lower_id_behind_a_higher_one_is_found() -> None:
    ledger = ledger_text() + "source,,b,3\nsource,,a,2\n"
    finding = only(desk_with_ledger(ledger))
    assert (finding.line, finding.value, finding.rule) == (ledger.count("\n"), "2", Rule.LEDGER_ORDER)


def test_a_gap_in_the_ids_is_fine() -> None:
    assert check_lookups(desk_with_ledger(ledger_text() + "source,,b,9\n")) == []


def test_a_ledger_that_cannot_be_read_in_full_does_not_make_its_keys_look_new() -> None:
    ledger = ledger_text().replace("source,,yahoo,1\n", "source,yahoo,1\n")
    assert only(desk_with_ledger(ledger)).rule == Rule.RAGGED_ROW


def test_a_ledger_with_only_a_header_lets_every_key_lack_an_id() -> None:
    findings = check_lookups(desk_with_ledger(LEDGER_HEADER))
    assert {finding.rule for finding in findings} == {Rule.KEY_WITHOUT_ID}
    assert len(findings) == ledger_text().count("\n") - 1


def test_a_desk_saved_by_a_spreadsheet_has_warnings_only() -> None:
    content = b"\xef\xbb\xbf" + LOOKUPS.replace("\n", "\r\n").encode()
    findings = check_lookups(desk_with_lookups(content))
    assert [finding.rule for finding in findings] == [Rule.BYTE_ORDER_MARK, Rule.LINE_ENDS]
    assert {finding.severity for finding in findings} == {Severity.WARNING}


def test_findings_are_sorted_by_file_and_line_and_each_has_a_remedy() -> None:
    files = desk_with_lookups(LOOKUPS + ROW + ROW.replace("number", "float") + "1,2\n")
    files["sources.csv"] += b" x,,\n"
    files["lookup_ids.csv"] += b"venue,,XOSL,0\n"
    findings = check_lookups(files)
    assert len(findings) > 5
    assert [(finding.file, finding.line) for finding in findings] == sorted((f.file, f.line) for f in findings)
    assert all(finding.message.endswith(".") and finding.remedy for finding in findings)


def test_a_finding_reads_as_one_line() -> None:
    text = str(only(desk_with_lookups(LOOKUPS + ROW)))
    assert text == "lookups.csv:6: error: The row is the same as the one on line 2. Delete it. [duplicate-row]"


def test_200_000_rows_are_checked() -> None:
    rows = "".join(f"P{i % 500},D,F{i},Equity,Common Stock,number,words about {i}\n" for i in range(200_000))
    findings = check_lookups(unminted(HEADER + rows))
    assert sum(finding.column == "field" for finding in findings) == 200_000
