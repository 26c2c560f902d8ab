"""Several who load, replay and reload at once: every row ends in exactly one place, as if they had taken turns."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from integrity_file import CHUNK_ROWS, File, interrupted_client, new_client, require_all_in_place
from integrity_judge import places_of, require_never_broken
from integrity_world import CODES, FEED, World

from orchestrator.exceptions import ForeignKeyError, WriterLockError
from orchestrator.settings import Settings
from orchestrator.warehouse import loader
from orchestrator.warehouse.loader import LoadResult, load_file
from orchestrator.warehouse.locks import Timing, writer_lock
from orchestrator.warehouse.quarantine import Selection, replay


@pytest.fixture(scope="module")
def world(new_settings: Callable[[], Settings]) -> Iterator[World]:
    """A database for all of these tests; each has codes and files of its own."""
    made = World(new_settings())
    yield made
    made.drop()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "CHUNK_ROWS", CHUNK_ROWS)


@pytest.fixture
def file(tmp_path: Path) -> File:
    """A file that no other test has."""
    return File(tmp_path)


def test_four_loads_of_the_same_file_at_once_land_and_place_it_once(world: World, file: File) -> None:
    together = threading.Barrier(4)

    def load(_: int) -> LoadResult:
        client = new_client(world)
        together.wait()
        return load_file(client, FEED, file.path)

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(load, range(4)))
    [batch_id] = {result.batch_id for result in results}
    assert {(result.counts.landed, result.counts.accepted) for result in results} == {(30, 18)}
    require_all_in_place(world, batch_id, file, ())
    assert load_file(world.client, FEED, file.path).was_known


@pytest.mark.parametrize("at", [2, 4, 6])
def test_a_load_that_begins_and_ends_in_the_middle_of_another_one_of_the_same_file(
    world: World, file: File, at: int
) -> None:
    others: list[threading.Thread] = []

    def begin_another() -> None:
        others.append(threading.Thread(target=load_file, args=(new_client(world), FEED, file.path)))
        others[0].start()
        # while rows land it can come to its end; while they are placed it waits for the lock
        others[0].join(10 if at <= 3 else 0.2)

    result = load_file(interrupted_client(world, at, begin_another), FEED, file.path)
    others[0].join()
    require_all_in_place(world, result.batch_id, file, ())


def test_a_load_during_a_replay_waits_for_it_and_both_place_all_of_theirs(world: World, tmp_path: Path) -> None:
    replayed, loaded = File(tmp_path), File(tmp_path)
    first = load_file(world.client, FEED, replayed.path)
    world.add_codes([*replayed.late, *loaded.late])
    world.reload()
    results: list[LoadResult] = []

    def load() -> None:
        results.append(load_file(new_client(world), FEED, loaded.path))

    loading = threading.Thread(target=load)

    def begin_to_load() -> None:
        loading.start()
        loading.join(0.3)
        assert results == [], "the load did not wait for the replay"

    selection = Selection(batches=(first.batch_id,))
    outcome = replay(interrupted_client(world, 1, begin_to_load), FEED, selection)
    loading.join()
    assert (outcome.selected, outcome.accepted) == (12, 6)
    require_all_in_place(world, first.batch_id, replayed, replayed.late)
    require_all_in_place(world, results[0].batch_id, loaded, loaded.late)


def test_codes_that_come_between_two_chunks_of_a_load_hold_from_there_on_and_a_replay_does_the_rest(
    world: World, file: File
) -> None:
    def learn() -> None:
        world.add_codes(file.late)
        world.reload()

    result = load_file(interrupted_client(world, 3 + 2, learn), FEED, file.path)
    places = places_of(world.client, result.batch_id, file.rows)
    late = {number for number, row in enumerate(file.rows, start=1) if row.instrument in file.late}
    assert {number for number in late if number in places.reasons} == {
        number for number in late if number <= CHUNK_ROWS
    }
    require_never_broken(world.client)
    assert replay(world.client, FEED, Selection(batches=(result.batch_id,))).accepted == 2
    require_all_in_place(world, result.batch_id, file, file.late)


def test_a_load_between_the_reloads_of_a_domains_two_dictionaries_has_both_proven_and_goes_on(
    world: World, file: File
) -> None:
    def learn_by_halves() -> None:
        world.add_codes(file.late)
        world.reload(CODES)

    result = load_file(interrupted_client(world, 3 + 2, learn_by_halves), FEED, file.path)
    places = places_of(world.client, result.batch_id, file.rows)
    late = {number for number, row in enumerate(file.rows, start=1) if row.instrument in file.late}
    assert late & places.reasons.keys() == {number for number in late if number <= CHUNK_ROWS}
    require_never_broken(world.client)
    replay(world.client, FEED, Selection(batches=(result.batch_id,)))
    require_all_in_place(world, result.batch_id, file, file.late)


def test_a_replay_between_the_reloads_of_a_domains_two_dictionaries_fails_loudly_and_can_be_done_again(
    world: World, file: File
) -> None:
    result = load_file(world.client, FEED, file.path)
    selection = Selection(batches=(result.batch_id,))
    world.add_codes(file.late)
    world.reload(CODES)
    with pytest.raises(ForeignKeyError, match=r"fk_instrument.*Nothing is lost"):
        replay(world.client, FEED, selection)
    world.reload()
    replay(world.client, FEED, selection)
    require_all_in_place(world, result.batch_id, file, file.late)


def test_a_load_while_dictionaries_reload_all_the_time(world: World, file: File) -> None:
    is_over = threading.Event()

    def reload_again_and_again() -> None:
        client = new_client(world)
        while not is_over.is_set():
            for name in ("instrument", "instrument_ids", "field", "field_ids", "feed_rule"):
                client.command(f"SYSTEM RELOAD DICTIONARY dict_{name}")

    reloading = threading.Thread(target=reload_again_and_again)
    reloading.start()
    try:
        result = load_file(interrupted_client(world, 3 + 2, lambda: world.add_codes(file.late)), FEED, file.path)
    finally:
        is_over.set()
        reloading.join()
    require_never_broken(world.client)
    world.reload()
    replay(world.client, FEED, Selection(batches=(result.batch_id,)))
    require_all_in_place(world, result.batch_id, file, file.late)


@pytest.mark.parametrize("at", [3 + 1, 3 + 3, 1, 3])
def test_a_load_that_sleeps_until_another_one_has_taken_over_adds_nothing_when_it_wakes(
    world: World, file: File, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    short = Timing(lease_seconds=0.3, heartbeat_seconds=600, poll_seconds=0.02)
    monkeypatch.setitem(writer_lock.__wrapped__.__kwdefaults__, "timing", short)
    results: list[LoadResult] = []

    def sleep_and_be_overtaken() -> None:
        # it has just asked whether it still has the lock, and is about to send its rows
        results.append(load_file(new_client(world), FEED, file.path))

    with pytest.raises((WriterLockError, DatabaseError), match=r"took over|taken over"):
        load_file(interrupted_client(world, at, sleep_and_be_overtaken), FEED, file.path)
    require_all_in_place(world, results[0].batch_id, file, ())
    assert load_file(world.client, FEED, file.path).was_known
