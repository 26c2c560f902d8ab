"""A view throws in the middle of the chain: half of a statement's rows may be placed, and codes may come before the retry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from integrity_faults import Fault, Kind, Of
from integrity_file import CHUNK_ROWS, File, require_all_in_place
from integrity_judge import places_of, require_never_broken
from integrity_rows import numbered
from integrity_world import FEED, World

from orchestrator.settings import Settings
from orchestrator.warehouse import loader
from orchestrator.warehouse.backfilling import backfill
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.quarantine import Selection, discard, feeding, replay


@pytest.fixture(scope="module")
def world(new_settings: Callable[[], Settings]) -> Iterator[World]:
    """A database for all of these tests; each has codes and a file of its own."""
    made = World(new_settings())
    yield made
    made.drop()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "CHUNK_ROWS", CHUNK_ROWS)
    monkeypatch.setattr(feeding, "MOST_ROWS", CHUNK_ROWS)


@pytest.fixture
def file(tmp_path: Path) -> File:
    """A file that no other test has."""
    return File(tmp_path)


@contextmanager
def refusing(world: World, table: str, rows: str) -> Iterator[None]:
    """The table refuses these rows, so that the view in front of it throws."""
    world.client.command(f"ALTER TABLE {table} ADD CONSTRAINT refuses_for_a_while CHECK NOT ({rows})")
    try:
        yield
    finally:
        world.client.command(f"ALTER TABLE {table} DROP CONSTRAINT refuses_for_a_while")


def learn(world: World, file: File) -> None:
    world.add_codes(file.late)
    world.reload()


def fail_to_load(world: World, file: File, table: str, rows: str) -> int:
    """The batch of a load that fails as the table refuses these rows."""
    with refusing(world, table, rows), pytest.raises(DatabaseError, match="refuses_for_a_while"):
        load_file(world.client, FEED, file.path)
    require_never_broken(world.client)
    return int(world.client.command("SELECT argMax(batch_id, recorded_at) FROM ops_batches"))


@pytest.mark.parametrize("table", [FEED.fact, FEED.quarantine])
@pytest.mark.parametrize("rows", ["row_number IN (13, 15)", "row_number IN (3, 5)", "row_number > 20"])
def test_after_a_view_threw_and_codes_came_a_retry_places_each_row_once_and_by_what_is_known_then(
    world: World, file: File, table: str, rows: str
) -> None:
    batch_id = fail_to_load(world, file, table, rows)
    before = world.client.query(
        f"SELECT row_number FROM {FEED.fact} WHERE batch_id = {batch_id} ORDER BY row_number"
    ).result_rows
    learn(world, file)
    result = load_file(world.client, FEED, file.path)
    assert (result.batch_id, result.counts.landed, result.was_known) == (batch_id, 30, False)
    places = places_of(world.client, batch_id, file.rows)
    assert places.facts.keys() >= {number for (number,) in before}
    require_never_broken(world.client)
    replay(world.client, FEED, Selection(batches=(batch_id,)))
    require_all_in_place(world, batch_id, file, file.late)


def test_the_first_try_has_put_rows_by_the_old_dictionary_into_both_places_and_they_stay_there(
    world: World, file: File
) -> None:
    batch_id = fail_to_load(world, file, FEED.fact, "row_number IN (13, 15, 23)")
    learn(world, file)
    load_file(world.client, FEED, file.path)
    places = places_of(world.client, batch_id, file.rows)
    late = {number for number, row in numbered(file.rows) if row.instrument in file.late}
    in_first_chunk = {number for number in late if number <= CHUNK_ROWS}
    assert in_first_chunk <= places.reasons.keys()
    in_last_chunk = {number for number in late if number > 2 * CHUNK_ROWS}
    assert in_last_chunk <= places.facts.keys()


def test_a_backfill_completes_what_a_view_that_threw_has_left(world: World, file: File) -> None:
    batch_id = fail_to_load(world, file, FEED.quarantine, "row_number > 10")
    file.path.unlink()
    [done] = backfill(world.client, FEED)
    assert (done.batch_id, done.counts.landed) == (batch_id, 30)
    require_all_in_place(world, batch_id, file, ())


@pytest.mark.parametrize("table", [FEED.fact, FEED.quarantine])
@pytest.mark.parametrize("next_one", ["replay", "discard"])
def test_a_replay_in_which_a_view_threw_is_recovered_by_the_next_one(
    world: World, file: File, table: str, next_one: str
) -> None:
    batch_id = load_file(world.client, FEED, file.path).batch_id
    learn(world, file)
    of_batch = Selection(batches=(batch_id,))
    with refusing(world, table, "row_number IN (12, 17)"), pytest.raises(DatabaseError, match="refuses_for_a_while"):
        replay(world.client, FEED, of_batch)
    require_never_broken(world.client)
    if next_one == "discard":
        discard(world.client, FEED, Selection(batches=(batch_id,), reasons=("bad_value",)), "of no use")
        discarded = {number for number, row in numbered(file.rows) if row.value.startswith("bad")}
        assert {
            number
            for number, said in places_of(world.client, batch_id, file.rows).reasons.items()
            if said == ("discarded",)
        } == discarded
        replay(world.client, FEED, Selection(batches=(batch_id,), discarded=True))
    replay(world.client, FEED, of_batch)
    require_all_in_place(world, batch_id, file, file.late)


@pytest.mark.parametrize("completed_by", ["load", "backfill"])
def test_a_load_is_completed_although_a_replay_of_its_first_rows_was_cut_off(
    world: World, file: File, completed_by: str
) -> None:
    batch_id = fail_to_load(world, file, FEED.fact, "row_number > 10")
    learn(world, file)
    of_batch = Selection(batches=(batch_id,))
    with refusing(world, FEED.quarantine, "attempt > 1"), pytest.raises(DatabaseError, match="refuses_for_a_while"):
        replay(world.client, FEED, of_batch)
    try:
        if completed_by == "load":
            load_file(world.client, FEED, file.path)
        else:
            assert [done.batch_id for done in backfill(world.client, FEED)] == [batch_id]
    finally:
        replay(world.client, FEED, of_batch)
        load_file(world.client, FEED, file.path)
        require_all_in_place(world, batch_id, file, file.late)


@pytest.mark.parametrize("lost", [Kind.REFUSED, Kind.ANSWER_LOST])
def test_a_discard_that_was_cut_off_is_ended_in_the_record_by_the_next_one(
    world: World, file: File, lost: Kind
) -> None:
    batch_id = load_file(world.client, FEED, file.path).batch_id
    bad = Selection(batches=(batch_id,), reasons=("bad_value",))
    outcome = world.disturbed(
        lambda client: discard(client, FEED, bad, "of no use"), Fault(lost, 1, Of.PLACING), lambda: None
    )
    assert outcome.said.startswith("failed")
    discard(world.client, FEED, bad, "of no use")
    unfinished = (
        "SELECT operation_id FROM ops_quarantine WHERE action = 'discard' "
        "GROUP BY operation_id HAVING groupUniqArray(toString(state)) = ['started']"
    )
    assert world.client.query(unfinished).result_rows == []
