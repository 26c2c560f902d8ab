"""A key that vanishes while a similar one appears: the alias is suggested."""

import pytest
from lookup_desk import HEADER, LOOKUPS, ROW, desk_with_aliases, desk_with_lookups, unminted

from orchestrator.lookups import Finding, check_lookups, mint


def suggestions(files: dict[str, bytes]) -> list[Finding]:
    return [finding for finding in check_lookups(files) if finding.rule == "possible-rename"]


@pytest.mark.parametrize("new", ["PX_LAST_", "PxLast", "PX LAST", "PX_LST", "PX_LASTT", "px-last"])
def test_a_similar_key_is_taken_for_a_new_spelling(new: str) -> None:
    [finding] = suggestions(desk_with_lookups(LOOKUPS.replace("PX_LAST", new)))
    assert (finding.file, finding.line, finding.column, finding.value) == ("lookups.csv", 2, "field", new)
    assert not finding.is_error
    assert f"`field,,PX_LAST,{new}`" in finding.remedy
    assert "touchstone lookups mint" in finding.remedy


@pytest.mark.parametrize("new", ["BID", "PX_OPEN_INTEREST", "PX_LAST_2"])
def test_another_key_is_taken_for_what_it_is(new: str) -> None:
    assert suggestions(desk_with_lookups(LOOKUPS.replace("PX_LAST", new))) == []


def test_a_key_that_is_still_there_is_not_renamed() -> None:
    assert suggestions(desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "PX_LST"))) == []


def test_a_key_that_is_an_alias_already_is_not_renamed_again() -> None:
    lookups = HEADER + ROW.replace("PX_LAST", "LAST") + ROW.replace("PX_LAST", "PX_LST")
    assert suggestions(desk_with_aliases("field,,PX_LAST,LAST", lookups=lookups)) == []


def test_the_line_to_add_is_quoted_and_names_the_parent() -> None:
    [finding] = suggestions(desk_with_lookups(LOOKUPS.replace("Equity,Common Stock", 'Equity,"Common, Stock"')))
    assert '`sub_asset_class,Equity,Common Stock,"Common, Stock"`' in finding.remedy


def test_the_suggested_line_keeps_the_id() -> None:
    lookups = LOOKUPS.replace("PX_LAST", "PX_LST")
    [finding] = suggestions(desk_with_lookups(lookups))
    files = desk_with_aliases(finding.remedy.split("`")[1], lookups=lookups)
    assert check_lookups(files) == []
    assert mint(files).lines == ()


def test_36_000_new_keys_beside_36_000_vanished_ones_are_compared() -> None:
    def named(spelling: str) -> str:
        letters = [chr(65 + i % 26) + chr(65 + i // 26 % 26) + chr(65 + i // 676 % 60) for i in range(36_000)]
        return HEADER + "".join(ROW.replace("PX_LAST", spelling.format(x, i)) for i, x in enumerate(letters))

    ledger = mint(unminted(named("{0}_VALUE_{1}"))).ledger
    files = {**unminted(named("{0}_VALUES_{1}")), "lookup_ids.csv": ledger}
    found = suggestions(files)
    assert len(found) > 30_000
