"""Minting: which IDs, in which order, and what it refuses."""

import pytest
from lookup_desk import (
    HEADER,
    LEDGER_HEADER,
    LOOKUPS,
    ROW,
    clean_desk,
    desk_with_ledger,
    desk_with_lookups,
    ledger_text,
    unminted,
)

from orchestrator.exceptions import LedgerError
from orchestrator.lookups import LedgerLine, check_lookups, mint

FIRST_LEDGER = """\
domain,parent_key,key,id
product_type,,Common Stock,1
product_type,,Financial index future.,2
product_type,,Physical commodity future.,3
data_class,,Pricing,1
data_class,,Security Master,2
field,,NAME,1
field,,PX_LAST,2
asset_class,,Comdty,1
asset_class,,Equity,2
asset_class,,Index,3
sub_asset_class,Comdty,Future,1
sub_asset_class,Equity,Common Stock,2
sub_asset_class,Index,Future,3
source,,yahoo,1
"""


def test_the_first_mint_numbers_every_domain_from_1_in_the_order_of_parent_and_key() -> None:
    assert mint(unminted()).ledger.decode() == FIRST_LEDGER


def test_a_minted_desk_is_clean() -> None:
    assert check_lookups(clean_desk()) == []


def test_minting_twice_adds_nothing() -> None:
    minted = mint(clean_desk())
    assert minted.lines == ()
    assert minted.ledger == clean_desk()["lookup_ids.csv"]


def test_reordering_the_file_changes_no_id() -> None:
    header, *rows = LOOKUPS.splitlines(keepends=True)
    assert mint(unminted(header + "".join(reversed(rows)))).ledger.decode() == FIRST_LEDGER


def test_reordering_the_columns_changes_no_id() -> None:
    lookups = "field_type,field_description,field,sub_asset_class,asset_class,product_type,data_class\n"
    lookups += "number,last,PX_LAST,Future,Index,B,C\n"
    assert b"sub_asset_class,Index,Future,1\n" in mint(unminted(lookups)).ledger


def test_new_keys_come_behind_the_highest_id_ever_used() -> None:
    files = desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "ASK") + ROW.replace("PX_LAST", "A_BID"))
    minted = mint(files)
    assert minted.lines == (LedgerLine("field", "", "ASK", 3), LedgerLine("field", "", "A_BID", 4))
    assert minted.ledger == files["lookup_ids.csv"] + b"field,,ASK,3\nfield,,A_BID,4\n"


def test_the_id_of_a_retired_key_is_never_given_again() -> None:
    files = desk_with_lookups(HEADER + ROW.replace("PX_LAST", "PX_OPEN"))
    files["lookup_ids.csv"] += b"field,,RETIRED,9\n"
    assert mint(files).lines == (LedgerLine("field", "", "PX_OPEN", 10),)


def test_a_key_that_comes_back_keeps_its_id() -> None:
    assert mint(desk_with_lookups(HEADER + ROW)).lines == ()
    assert mint(clean_desk()).lines == ()


def test_keys_sort_by_their_utf_8_bytes() -> None:
    keys = ["a", "B", "Z", "é", "\U0001f600", "\uff5e"]
    rows = "".join(ROW.replace("PX_LAST", key) for key in keys)
    minted = [line.key for line in mint(unminted(HEADER + rows)).lines if line.domain == "field"]
    assert minted == sorted(keys, key=str.encode)


def test_a_parent_and_its_child_are_minted_together() -> None:
    lines = mint(desk_with_lookups(LOOKUPS + ROW.replace("Equity,Common Stock", "Pfd,Preference"))).lines
    assert lines == (LedgerLine("asset_class", "", "Pfd", 4), LedgerLine("sub_asset_class", "Pfd", "Preference", 4))


def test_keys_with_commas_and_quotes_are_quoted() -> None:
    row = ROW.replace("PX_LAST", '"FIXED, ""OID"""')
    files = desk_with_lookups(LOOKUPS + row)
    minted = mint(files)
    assert minted.ledger.endswith(b'field,,"FIXED, ""OID""",3\n')
    assert check_lookups({**files, "lookup_ids.csv": minted.ledger}) == []


def test_a_ledger_without_final_newline_keeps_its_bytes_and_gets_one() -> None:
    files = desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "ASK"))
    files["lookup_ids.csv"] = files["lookup_ids.csv"].rstrip(b"\n")
    assert mint(files).ledger == files["lookup_ids.csv"] + b"\nfield,,ASK,3\n"


def test_a_ledger_without_final_newline_and_without_news_is_left_alone() -> None:
    ledger = ledger_text().rstrip("\n")
    assert mint(desk_with_ledger(ledger)).ledger == ledger.encode()


def test_a_ledger_with_crlf_goes_on_with_crlf() -> None:
    files = desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "ASK"))
    files["lookup_ids.csv"] = files["lookup_ids.csv"].replace(b"\n", b"\r\n")
    assert mint(files).ledger == files["lookup_ids.csv"] + b"field,,ASK,3\r\n"


def test_lines_follow_the_columns_of_the_ledger() -> None:
    files = unminted() | {"lookup_ids.csv": b"id,domain,key,parent_key\n"}
    assert b"\n1,sub_asset_class,Future,Comdty\n" in mint(files).ledger


def test_a_ledger_with_only_a_header_is_a_start() -> None:
    assert mint(desk_with_ledger(LEDGER_HEADER)).ledger.decode() == FIRST_LEDGER


@pytest.mark.parametrize(
    "lookups",
    [
        "",
        HEADER,
        "field\nPX_LAST\n",
        LOOKUPS + ROW,
        LOOKUPS + ROW.replace("PX_LAST", "px_last"),
        LOOKUPS + ROW.replace("PX_LAST", " PX_OPEN"),
        LOOKUPS + ROW.replace("PX_LAST", ""),
        LOOKUPS + ROW.replace("number", "float").replace("PX_LAST", "X"),
        LOOKUPS + "a,b\n",
        LOOKUPS.encode() + b"\xff\n",
    ],
)
def test_minting_refuses_a_desk_with_errors(lookups: str | bytes) -> None:
    with pytest.raises(LedgerError, match=r"the first is lookups\.csv"):
        mint(desk_with_lookups(lookups))


@pytest.mark.parametrize("line", ["", "source,,reuters,0", "source,,reuters,1", "source,,yahoo,2", "venue,,X,1"])
def test_minting_refuses_a_broken_ledger(line: str) -> None:
    with pytest.raises(LedgerError, match=r"the first is lookup_ids\.csv"):
        mint(desk_with_ledger(ledger_text() + line + "\n"))


def test_minting_refuses_a_desk_without_seeds() -> None:
    with pytest.raises(LedgerError, match="missing"):
        mint({})


def test_minting_refuses_when_a_domain_is_out_of_ids() -> None:
    files = desk_with_lookups(LOOKUPS + ROW.replace("PX_LAST", "ASK"))
    files["lookup_ids.csv"] += b"field,,LAST,4294967295\n"
    with pytest.raises(LedgerError, match="out of IDs"):
        mint(files)


def test_warnings_do_not_stop_minting() -> None:
    assert mint(unminted(b"\xef\xbb\xbf" + LOOKUPS.encode())).ledger.decode() == FIRST_LEDGER
