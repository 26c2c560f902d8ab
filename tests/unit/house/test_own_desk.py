"""The lookup desk of the project itself."""

from orchestrator.constants import SEEDS_DIR
from orchestrator.lookups import check_lookups, mint, read_desk, require_clean_desk
from orchestrator.lookups.domains import ALIASES_FILE, DOMAINS, SEED_COLUMNS
from orchestrator.lookups.parsing import parse_desk


def test_it_is_complete_without_findings_and_with_nothing_left_to_mint() -> None:
    files = read_desk(SEEDS_DIR)
    assert set(files) == set(SEED_COLUMNS)
    assert all(content.count(b"\n") > 5 for name, content in files.items() if name != ALIASES_FILE)
    assert check_lookups(files) == []
    assert mint(files).lines == ()
    assert require_clean_desk(SEEDS_DIR) > 500


def test_every_domain_finds_its_columns_in_its_seed() -> None:
    for domain in DOMAINS:
        columns = {domain.key_column, *(attribute.column for attribute in domain.attributes)}
        assert columns <= set(SEED_COLUMNS[domain.seed])


def test_every_domain_has_codes_and_its_ids_stand_in_the_order_in_which_they_were_minted() -> None:
    books = parse_desk(read_desk(SEEDS_DIR), {}).books
    assert books.keys() == {domain.name for domain in DOMAINS}
    for book in books.values():
        assert book.ids
        assert list(book.ids) == list(range(1, len(book.ids) + 1))
