"""Findings told in four ways."""

import json

import pytest
from lookup_desk import HEADER, LOOKUPS, ROW, clean_desk, desk_with_lookups

from orchestrator.lookups import Finding, Rule, Severity, check_lookups
from orchestrator.lookups.reports import FLOOD, Format, render_findings

ODD = Finding("a,b:c.csv", 0, "field", "x", Rule.CASE_TWIN, "50% of\n|it|.", "Mend: it.", Severity.WARNING)


def report(findings: list[Finding], output_format: Format) -> list[str]:
    return list(render_findings(findings, output_format))


@pytest.mark.parametrize("output_format", [Format.TEXT, Format.GITHUB])
def test_a_clean_desk_is_one_line_of_totals(output_format: Format) -> None:
    assert report(check_lookups(clean_desk()), output_format) == ["lookup desk: 0 errors, 0 warnings"]


def test_text_has_a_line_for_each_finding() -> None:
    findings = check_lookups(desk_with_lookups(LOOKUPS + ROW))
    assert report(findings, Format.TEXT) == [str(findings[0]), "lookup desk: 1 error, 0 warnings"]


def test_a_flood_of_one_rule_is_cut_and_counted_in_text_and_complete_in_json() -> None:
    rows = "".join(ROW.replace("PX_LAST", f"N{number}") for number in range(FLOOD + 5))
    findings = check_lookups(desk_with_lookups(HEADER + rows))
    told = report(findings, Format.TEXT)
    assert len(told) == FLOOD + 2
    assert told[-2].startswith("lookups.csv: and 5 more of key-without-id")
    assert len(json.loads("\n".join(report(findings, Format.JSON)))["findings"]) == FLOOD + 5


def test_json_is_one_object_with_counts_and_every_part_of_a_finding() -> None:
    told = json.loads("\n".join(report([ODD, *check_lookups(desk_with_lookups(LOOKUPS + ROW))], Format.JSON)))
    assert (told["errors"], told["warnings"]) == (1, 1)
    assert told["findings"][0] == {
        "file": "a,b:c.csv",
        "line": 0,
        "column": "field",
        "value": "x",
        "rule": "case-twin",
        "message": "50% of\n|it|.",
        "remedy": "Mend: it.",
        "severity": "warning",
    }
    assert json.loads("\n".join(report([], Format.JSON))) == {"errors": 0, "warnings": 0, "findings": []}


def test_github_gets_a_workflow_command_with_the_path_in_the_repository() -> None:
    [command, _] = report(check_lookups(desk_with_lookups(LOOKUPS + ROW)), Format.GITHUB)
    assert command == (
        "::error file=seeds/lookups.csv,line=6,title=duplicate-row::The row is the same as the one on line 2. Delete it."
    )


def test_github_gets_everything_escaped_and_the_column_in_front() -> None:
    [command, _] = report([ODD], Format.GITHUB)
    assert command == ("::warning file=a%2Cb%3Ac.csv,line=1,title=case-twin::field: 50%25 of%0A|it|. Mend: it.")


def test_markdown_is_a_table_that_no_cell_breaks() -> None:
    told = report([ODD], Format.MARKDOWN)
    assert told[0] == "### Lookup desk"
    assert told[2] == "0 errors, 1 warning"
    assert told[-1] == r"| warning | a,b:c.csv |  | field | case-twin | 50% of \|it\|. | Mend: it. |"
    assert told[-2] == "| --- | --- | --- | --- | --- | --- | --- |"


def test_markdown_of_a_clean_desk_has_no_table() -> None:
    assert report([], Format.MARKDOWN) == ["### Lookup desk", "", "0 errors, 0 warnings"]
