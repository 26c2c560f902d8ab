"""Catalogues beside the desk: judged and minted with it, in whichever columns they have."""

import pytest
from lookup_desk import HEADER, LOOKUPS, ROW, clean_desk, desk_with_aliases, desk_with_ledger, unminted

from orchestrator.lookups import Finding, LedgerLine, check_lookups, mint

FIELDS = "field,field_type,field_description\n"


def with_catalogue(content: str, files: dict[str, bytes] | None = None) -> list[Finding]:
    return check_lookups(files or clean_desk(), {"vendor/fields.csv": content.encode()})


def test_a_catalogue_of_known_keys_is_clean() -> None:
    assert with_catalogue(LOOKUPS) == []
    assert with_catalogue(FIELDS + "PX_LAST,number,last price\n") == []
    assert with_catalogue("asset_class\nEquity\n") == []
    assert with_catalogue("sub_asset_class,asset_class\nCommon Stock,Equity\n") == []


def test_new_keys_of_a_catalogue_are_named_with_its_file_and_minted_with_the_desk() -> None:
    content = FIELDS + "PX_LAST,number,last price\nPX_OPEN,number,first price\n"
    [finding] = with_catalogue(content)
    assert (finding.file, finding.line, finding.value) == ("vendor/fields.csv", 3, "PX_OPEN")
    assert finding.rule == "key-without-id"
    minted = mint(clean_desk(), {"c": content.encode()})
    assert minted.lines == (LedgerLine("field", "", "PX_OPEN", 3),)


def test_a_key_of_two_catalogues_is_minted_once_and_in_order_with_those_of_the_desk() -> None:
    files = {**clean_desk(), "lookups.csv": (LOOKUPS + ROW.replace("PX_LAST", "M")).encode()}
    catalogues = {"a": (FIELDS + "Z,text,z\nB,text,b\n").encode(), "b": (FIELDS + "B,text,b\n").encode()}
    assert [line.key for line in mint(files, catalogues).lines] == ["B", "M", "Z"]
    assert sorted(f.value for f in check_lookups(files, catalogues)) == ["B", "M", "Z"]


def test_the_order_of_catalogues_has_no_say() -> None:
    one, two = (FIELDS + "Z,text,z\n").encode(), (FIELDS + "B,text,b\n").encode()
    assert mint(clean_desk(), {"1": one, "2": two}) == mint(clean_desk(), {"2": two, "1": one})


def test_attributes_that_contradict_the_desk_are_conflicts() -> None:
    [finding] = with_catalogue(FIELDS + "PX_LAST,integer,last price\n")
    assert (finding.file, finding.line, finding.column) == ("vendor/fields.csv", 2, "field_type")
    assert finding.rule == "conflicting-attribute"
    assert "on line 2 of lookups.csv" in finding.message


def test_attributes_that_contradict_another_catalogue_are_conflicts() -> None:
    catalogues = {"a": (FIELDS + "Z,text,z\n").encode(), "b": (FIELDS + "Z,text,y\n").encode()}
    [finding] = [f for f in check_lookups(clean_desk(), catalogues) if f.rule == "conflicting-attribute"]
    assert (finding.file, finding.column, finding.value) == ("b", "field_description", "y")


def test_a_catalogue_may_contradict_itself_too() -> None:
    findings = with_catalogue(FIELDS + "PX_LAST,number,last price\nPX_LAST,number,first price\n")
    assert [(f.line, f.rule) for f in findings] == [(3, "conflicting-attribute")]


def test_a_catalogue_may_use_an_old_spelling() -> None:
    files = desk_with_aliases("field,,PX_LAST,LAST", lookups=LOOKUPS.replace("PX_LAST", "LAST"))
    assert with_catalogue(FIELDS + "PX_LAST,number,last price\n", files) == []
    child = desk_with_aliases("asset_class,,Equity,Shares", lookups=LOOKUPS.replace("Equity", "Shares"))
    catalogue = {"c": b"asset_class,sub_asset_class\nEquity,Common Stock\nShares,REIT\nEquity,REIT\n"}
    assert mint(child, catalogue).lines == (LedgerLine("sub_asset_class", "Equity", "REIT", 4),)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("sub_asset_class", "without asset_class"),
        ("field", "without field_type, field_description"),
        ("field,field_type", "without field_description"),
        ("asset_class,field_description,field_type", "without field"),
        ("asset_class,venue", "'venue'"),
        ("asset_class,asset_class", "2 times"),
    ],
)
def test_a_domain_is_there_as_a_whole_or_not_at_all(header: str, words: str) -> None:
    findings = with_catalogue(header + "\n" + ",".join("x" * (header.count(",") + 1)) + "\n")
    assert [(f.file, f.line, f.rule) for f in findings] == [("vendor/fields.csv", 1, "header")]
    assert words in findings[0].message


def test_a_catalogue_without_any_domain_is_an_error() -> None:
    assert "no domain" in with_catalogue("venue\nXOSL\n")[0].message


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty-file"),
        (FIELDS, "no-rows"),
        (FIELDS + " PX,number,x\n", "padded-cell"),
        (FIELDS + "PX_LAST,float,last price\n", "unknown-value"),
        (FIELDS + "PX_LAST,number,last price\n" * 2, "duplicate-row"),
        (FIELDS + "px_last,number,last price\n", "case-twin"),
        (FIELDS + "PX\u2013LAST,number,x\n", "look-alike-character"),
        (FIELDS + "PX_LAST,number\n", "ragged-row"),
    ],
)
def test_the_rules_of_the_desk_hold_in_a_catalogue(content: str, rule: str) -> None:
    findings = with_catalogue(content)
    assert rule in [f.rule for f in findings]
    assert {f.file for f in findings} == {"vendor/fields.csv"}


def test_100_000_rows_are_checked_and_minted() -> None:
    rows = "".join(f'P{n % 500},D,F{n},Equity,Common Stock,number,"words, {n}"\n' for n in range(100_000))
    catalogues = {"big.csv": (HEADER + rows).encode()}
    first = mint(unminted(), catalogues)
    files = desk_with_ledger(first.ledger)
    assert check_lookups(files, catalogues) == []
    assert mint(files, catalogues).lines == ()
    assert len(first.lines) > 100_000
