"""Minting, for any keys: the same whatever the order, append-only, dense, and done once."""

import csv
import io
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.lookups import Base, LedgerLine, check_lookups, mint
from orchestrator.lookups.compare import compare
from orchestrator.lookups.domains import DOMAINS, SEED_COLUMNS

Row = tuple[str, str, str, str, str]

# no case twins: keys are drawn from letters that have no case, digits and some punctuation
ALPHABET = "0123456789_%,\"'.-/あ漢字א\U0001f600"
KEY = st.text(ALPHABET, min_size=1, max_size=4)
ROW = st.tuples(KEY, KEY, KEY, KEY, KEY)
ROWS = st.lists(ROW, min_size=1, max_size=25, unique=True)
SOURCES = st.lists(KEY, min_size=1, max_size=8, unique=True)


def as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def desk(rows: Sequence[Row], sources: Sequence[str]) -> dict[str, bytes]:
    return {
        "lookups.csv": as_csv(SEED_COLUMNS["lookups.csv"], [(*row, "number", "words") for row in rows]),
        "sources.csv": as_csv(SEED_COLUMNS["sources.csv"], [(source, "name", "MIT") for source in sources]),
    }


def parsed(ledger: bytes) -> list[LedgerLine]:
    lines = list(csv.DictReader(io.StringIO(ledger.decode(), newline="")))
    return [LedgerLine(line["domain"], line["parent_key"], line["key"], int(line["id"])) for line in lines]


@given(rows=ROWS, sources=SOURCES, data=st.data())
def test_any_order_of_rows_gives_the_same_bytes(rows: list[Row], sources: list[str], data: st.DataObject) -> None:
    shuffled = desk(data.draw(st.permutations(rows)), data.draw(st.permutations(sources)))
    assert mint(shuffled).ledger == mint(desk(rows, sources)).ledger


@given(rows=ROWS, sources=SOURCES)
def test_minting_twice_appends_nothing(rows: list[Row], sources: list[str]) -> None:
    files = desk(rows, sources)
    once = mint(files)
    twice = mint({**files, "lookup_ids.csv": once.ledger})
    assert twice.lines == ()
    assert twice.ledger == once.ledger


@given(rows=ROWS, sources=SOURCES)
def test_a_minted_desk_is_clean_and_its_ledger_reads_back(rows: list[Row], sources: list[str]) -> None:
    files = desk(rows, sources)
    minted = mint(files)
    assert check_lookups({**files, "lookup_ids.csv": minted.ledger}) == []
    assert parsed(minted.ledger) == list(minted.lines)


@given(before=ROWS, after=ROWS, sources=SOURCES, more=SOURCES)
def test_existing_lines_never_change_and_new_ids_are_dense_behind_the_highest(
    before: list[Row], after: list[Row], sources: list[str], more: list[str]
) -> None:
    first = mint(desk(before, sources))
    second = mint({**desk(after, more), "lookup_ids.csv": first.ledger})
    assert second.ledger.startswith(first.ledger)
    assert parsed(second.ledger) == [*first.lines, *second.lines]
    for domain in DOMAINS:
        old = [line.id for line in first.lines if line.domain == domain.name]
        new = [line for line in second.lines if line.domain == domain.name]
        assert [line.id for line in new] == list(range(max(old) + 1, max(old) + 1 + len(new)))
        keys = [(line.parent_key.encode(), line.key.encode()) for line in new]
        assert keys == sorted(keys)


@given(before=ROWS, after=ROWS, sources=SOURCES)
def test_no_id_and_no_key_stands_twice_in_a_domain(before: list[Row], after: list[Row], sources: list[str]) -> None:
    first = mint(desk(before, sources))
    lines = parsed(mint({**desk(after, sources), "lookup_ids.csv": first.ledger}).ledger)
    assert len({(line.domain, line.id) for line in lines}) == len(lines)
    assert len({(line.domain, line.parent_key, line.key) for line in lines}) == len(lines)


@given(rows=ROWS, sources=SOURCES, data=st.data())
def test_a_ledger_without_final_newline_still_only_grows(
    rows: list[Row], sources: list[str], data: st.DataObject
) -> None:
    first = mint(desk(rows, sources)).ledger.removesuffix(b"\n")
    second = mint({**desk(data.draw(ROWS), sources), "lookup_ids.csv": first})
    assert second.ledger.startswith(first)
    assert parsed(second.ledger) == [*parsed(first), *second.lines]


@given(st.binary(max_size=200), st.sampled_from(sorted(SEED_COLUMNS)))
def test_no_bytes_make_the_check_raise(content: bytes, file: str) -> None:
    files = desk([("a", "b", "c", "d", "e")], ["s"])
    assert check_lookups({**files, file: content})


@given(st.text(max_size=60))
def test_no_text_behind_the_header_makes_the_check_raise(text: str) -> None:
    files = desk([("a", "b", "c", "d", "e")], ["s"])
    ledger = mint(files).ledger + text.encode("utf-8", "surrogatepass")
    check_lookups({**files, "lookup_ids.csv": ledger})


@given(st.binary(max_size=200), st.sampled_from(sorted(SEED_COLUMNS)))
def test_no_bytes_in_a_base_or_a_catalogue_make_the_check_raise(content: bytes, file: str) -> None:
    files = desk([("a", "b", "c", "d", "e")], ["s"])
    assert check_lookups(files, {"catalogue.csv": content}, Base("base", {file: content}))
    compare({file: content}, files)


@given(rows=ROWS, more=ROWS, sources=SOURCES)
def test_a_catalogue_beside_the_desk_is_minted_like_rows_of_the_desk(
    rows: list[Row], more: list[Row], sources: list[str]
) -> None:
    together = desk(list(dict.fromkeys([*rows, *more])), sources)
    catalogues = {"catalogue.csv": desk(more, sources)["lookups.csv"]}
    assert mint(desk(rows, sources), catalogues) == mint(together)
    assert check_lookups({**desk(rows, sources), "lookup_ids.csv": mint(together).ledger}, catalogues) == []
