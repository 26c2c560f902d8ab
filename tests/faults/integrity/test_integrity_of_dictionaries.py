"""What facts rest on: a dictionary that cannot be proven is not relied on, none can be dropped, and a wrong ID is found."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from integrity_world import CODES, FEED, INSTRUMENTS, World
from known_codes import GOOD_ROW, KNOWN

from orchestrator.exceptions import DictionaryGateError
from orchestrator.feeds.resolution import constraints_of
from orchestrator.settings import Settings
from orchestrator.warehouse.gate import dictionaries_of, pass_gate
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.reconciliation import find_orphans

HAVE_DEPENDENT_OBJECTS = 630
FACTS = 2
# deadlines of the gate in seconds, one that is to pass and one that is not
SHORT = 0.3
LONG = 20.0


@pytest.fixture(scope="module")
def world(new_settings: Callable[[], Settings], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A database with two facts about the instrument AAPL, which has the ID 1. Each test leaves it as it was."""
    made = World(new_settings())
    path = tmp_path_factory.mktemp("facts") / "a.csv"
    rows = [FEED.columns, GOOD_ROW, (*GOOD_ROW[:-1], "2.5")]
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    assert load_file(made.client, FEED, path).counts.accepted == FACTS
    yield made
    made.drop()


@pytest.fixture(scope="module")
def client(world: World) -> Client:
    """Its client."""
    return world.client


def proven(client: Client, *names: str, reload: bool = True) -> dict[str, int]:
    """Elements of dictionaries that pass the gate."""
    proofs = pass_gate(client, names, deadline_seconds=LONG, reload=reload)
    return {proof.dictionary: proof.elements for proof in proofs}


def require_not_proven(client: Client, name: str, *, reload: bool = False) -> None:
    with pytest.raises(DictionaryGateError, match=f"{name} does not hold what its source holds"):
        pass_gate(client, [name], deadline_seconds=SHORT, reload=reload)


def found_orphans(client: Client) -> Mapping[str, int]:
    """Orphans by foreign key, where there are any."""
    _scanned, orphans = find_orphans(client, FEED)
    assert len(orphans) > len(FEED.codes)
    return {name: rows for name, rows in orphans.items() if rows}


def test_all_dictionaries_that_hold_what_their_dimensions_hold_are_proven(client: Client) -> None:
    names = dictionaries_of(client)
    found = proven(client, *names, reload=False)
    assert list(found) == names
    assert min(found[INSTRUMENTS], found[CODES]) >= 2


@pytest.mark.parametrize(("dictionary", "code"), [(INSTRUMENTS, "LATE1"), (CODES, "LATE2")])
def test_a_dimension_that_changed_behind_a_dictionary_is_not_proven_until_it_is_reloaded(
    world: World, dictionary: str, code: str
) -> None:
    before = proven(world.client, dictionary)[dictionary]
    world.add_codes([code])
    require_not_proven(world.client, dictionary)
    assert proven(world.client, dictionary) == {dictionary: before + 1}


def test_a_change_of_an_attribute_alone_is_seen(client: Client) -> None:
    before = proven(client, INSTRUMENTS)
    client.command(
        "INSERT INTO dim_instrument VALUES (1, 'AAPL', 'Another name', true, 2, '2026-01-02', '2026-01-02', 0)"
    )
    require_not_proven(client, INSTRUMENTS)
    assert proven(client, INSTRUMENTS) == before


def test_a_dictionary_whose_source_has_one_code_with_two_ids_is_never_proven_and_passes_once_it_has_one(
    client: Client,
) -> None:
    client.command("CREATE TABLE ids_of_codes (code String, id UInt32) ENGINE = MergeTree ORDER BY id")
    client.command(
        "CREATE DICTIONARY dict_of_codes (code String, id UInt32) PRIMARY KEY code LIFETIME(0) LAYOUT(COMPLEX_KEY_HASHED())"
        f"SOURCE(CLICKHOUSE(QUERY 'SELECT code, id FROM {client.database}.ids_of_codes'))"
    )
    client.command("INSERT INTO ids_of_codes VALUES ('A', 1), ('B', 2), ('A', 3)")
    for _ in range(2):
        require_not_proven(client, "dict_of_codes", reload=True)
    client.command("ALTER TABLE ids_of_codes DELETE WHERE id = 3 SETTINGS mutations_sync = 1")
    assert proven(client, "dict_of_codes") == {"dict_of_codes": 2}
    client.command("DROP DICTIONARY dict_of_codes")
    client.command("DROP TABLE ids_of_codes SYNC")


def test_nothing_that_facts_rest_on_can_be_dropped(client: Client) -> None:
    for column in FEED.codes:
        for kind, name in (("DICTIONARY", f"dict_{column.code}"), ("TABLE", f"dim_{column.code}")):
            with pytest.raises(DatabaseError) as refused:
                client.command(f"DROP {kind} {name}")
            assert refused.value.code == HAVE_DEPENDENT_OBJECTS
    assert find_orphans(client, FEED)[0] == FACTS


def test_a_dimension_keyed_anew_by_an_exchange_is_found_by_the_gate_and_by_the_search_for_orphans(
    world: World,
) -> None:
    client = world.client
    client.command("CREATE TABLE dim_instrument_anew AS dim_instrument")
    client.command(f"INSERT INTO dim_instrument_anew VALUES (11, 'AAPL', 'Apple', {KNOWN})")
    client.command("EXCHANGE TABLES dim_instrument_anew AND dim_instrument")
    require_not_proven(client, INSTRUMENTS)
    assert found_orphans(client) == {}
    assert proven(client, INSTRUMENTS) == {INSTRUMENTS: 1}
    assert found_orphans(client) == {"fk_instrument": FACTS}
    client.command("EXCHANGE TABLES dim_instrument_anew AND dim_instrument")
    client.command("DROP TABLE dim_instrument_anew SYNC")
    world.reload()
    assert found_orphans(client) == {}


def test_rows_that_were_in_the_fact_before_its_constraint_are_found(client: Client) -> None:
    key = dict(constraints_of(FEED))["fk_instrument"].replace("${DATABASE}", str(client.database))
    orphan = f"INSERT INTO {FEED.fact} SELECT * REPLACE (toUInt32(77) AS instrument_id) FROM {FEED.fact} LIMIT 1"
    with pytest.raises(DatabaseError, match="fk_instrument"):
        client.command(orphan)
    client.command(f"ALTER TABLE {FEED.fact} DROP CONSTRAINT fk_instrument")
    client.command(orphan)
    client.command(f"ALTER TABLE {FEED.fact} ADD CONSTRAINT fk_instrument CHECK {key}")
    assert found_orphans(client) == {"fk_instrument": 1}
    client.command(f"DELETE FROM {FEED.fact} WHERE instrument_id = 77")
    assert found_orphans(client) == {}
