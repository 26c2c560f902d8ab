"""Characters that look like others, in keys; and keys that look like others."""

import pytest
from lookup_desk import HEADER, LOOKUPS, ROW, clean_desk, desk_with_aliases, desk_with_lookups, only, unminted

from orchestrator.lookups import check_lookups, mint
from orchestrator.lookups.lookalikes import skeleton

GREEK_A, CYRILLIC_A = "\u0391", "\u0410"
EN_DASH, EM_DASH, MINUS, CURLY, QUOTE = "\u2013", "\u2014", "\u2212", "\u2019", "\u201c"


def minted_with(key: str) -> dict[str, bytes]:
    files = unminted(HEADER + ROW.replace("PX_LAST", key))
    return {**files, "lookup_ids.csv": mint(files).ledger}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        (f"PX_L{GREEK_A}ST", "'A'"),
        (f"PX_L{CYRILLIC_A}ST", "'A'"),
        (f"PX{EN_DASH}LAST", "'-'"),
        (f"PX{EM_DASH}LAST", "'-'"),
        (f"PX{MINUS}LAST", "'-'"),
        (f"LAST{CURLY}S", '"\'"'),
        (f"{QUOTE}LAST", "\"''\""),
    ],
)
def test_a_character_that_pretends_to_be_another_is_named_with_what_to_type(key: str, meant: str) -> None:
    finding = only(desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", key)))
    assert (finding.line, finding.column, finding.value, finding.rule) == (6, "field", key, "look-alike-character")
    assert f"looks like {meant}" in finding.message
    assert f"Type {meant}" in finding.remedy


@pytest.mark.parametrize("key", ["ΔΕΛΤΑ", "最後の値", "Цена", "Preço médio", "Schlußkurs", "السعر", "価格 PX", "Δ PX"])
def test_a_key_in_one_script_or_without_doubles_is_fine(key: str) -> None:
    assert check_lookups(minted_with(key)) == []


def test_descriptions_may_hold_any_dash() -> None:
    assert check_lookups(desk_with_lookups(HEADER + ROW.replace("last price", f"open{EN_DASH}close"))) == []


def test_a_look_alike_with_an_id_can_go_by_an_alias() -> None:
    old = f"PX{EN_DASH}LAST"
    ledger = clean_desk()["lookup_ids.csv"].decode().replace("PX_LAST", old)
    files = desk_with_aliases(f"field,,{old},PX-LAST", lookups=LOOKUPS.replace("PX_LAST", "PX-LAST"), ledger=ledger)
    assert check_lookups(files) == []


def test_a_key_of_another_script_that_looks_like_a_known_one_is_a_twin() -> None:
    known = LOOKUPS + ROW.replace("PX_LAST", "BA")
    files = unminted(known)
    ledger = mint(files).ledger
    greek = "\u0392\u0391"
    findings = check_lookups({**unminted(known + ROW.replace("PX_LAST", greek)), "lookup_ids.csv": ledger})
    assert [(f.line, f.value) for f in findings if f.rule == "look-alike-twin"] == [(7, greek)]
    assert "Write 'BA'" in findings[0].remedy or "Write 'BA'" in findings[1].remedy


def test_a_new_key_in_ascii_that_looks_like_a_known_one_is_a_twin() -> None:
    files = minted_with("\u0392\u0391")
    files["lookups.csv"] += ROW.replace("PX_LAST", "BA").encode()
    assert ("look-alike-twin", "BA") in [(f.rule, f.value) for f in check_lookups(files)]


def test_letters_and_digits_in_ascii_are_never_taken_for_each_other() -> None:
    lookups = HEADER + ROW.replace("PX_LAST", "Il0") + ROW.replace("PX_LAST", "lIO").replace("Stock,P", "Share,P")
    assert {f.rule for f in check_lookups(unminted(lookups))} == {"key-without-id"}


def test_skeletons_of_three_alphabets_are_the_same() -> None:
    assert skeleton("\u0391\u0392") == skeleton("\u0410\u0412") == skeleton("AB")
