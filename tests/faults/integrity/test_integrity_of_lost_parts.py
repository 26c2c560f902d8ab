"""An engine killed between noting an insert's token and keeping its rows: the token is remembered, the rows are not there.

ClickHouse writes a token into the log of its table and renames the part after that, without waiting for either. That moment
is too short to be met, so its traces are made by hand: the part is removed while the engine is down.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from house import free_port
from integrity_faults import Fault, Kind, Of
from integrity_file import CHUNK_ROWS, File, require_all_in_place
from integrity_world import FEED, World

from orchestrator.embedded import stop_engine
from orchestrator.exceptions import TouchstoneError
from orchestrator.settings import Settings
from orchestrator.warehouse import loader
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.quarantine import Selection, replay

TRIES = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A database on an engine of its own."""
    made = World(Settings(touchstone_home=tmp_path_factory.mktemp("lost"), clickhouse_port=free_port()))
    yield made
    stop_engine(made.settings.engine_dir)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "CHUNK_ROWS", CHUNK_ROWS)


def kill_and_lose_the_newest_part(world: World, table: str) -> None:
    """Kill the engine and remove the part that came last; start it again."""
    [(path,)] = world.client.query(
        "SELECT path FROM system.parts WHERE active AND database = currentDatabase() AND table = {table:String} "
        "ORDER BY max_block_number DESC, modification_time DESC LIMIT 1",
        {"table": table},
    ).result_rows
    world.kill_engine()
    shutil.rmtree(path)
    world.start_engine()


def succeeds(operation: Callable[[], object]) -> bool:
    """Whether it succeeds, tried as often as a person would."""
    for _ in range(TRIES):
        try:
            operation()
        except (ClickHouseError, TouchstoneError):
            continue
        return True
    return False


@pytest.mark.parametrize("table", [FEED.fact, FEED.quarantine])
def test_a_replay_whose_token_outlived_its_rows_is_recovered(world: World, tmp_path: Path, table: str) -> None:
    file = File(tmp_path)
    batch_id = load_file(world.client, FEED, file.path).batch_id
    world.add_codes(file.late)
    world.reload()
    of_batch = Selection(batches=(batch_id,))
    world.disturbed(lambda client: replay(client, FEED, of_batch), Fault(Kind.ANSWER_LOST, 1, Of.PLACING), lambda: None)
    kill_and_lose_the_newest_part(world, table)
    assert succeeds(lambda: replay(world.client, FEED, of_batch))
    require_all_in_place(world, batch_id, file, file.late)


@pytest.mark.parametrize(
    ("table", "kinds", "at"),
    [
        (FEED.fact, "good late good good bad good later good good", 3 + 2),
        (FEED.fact, "good " * CHUNK_ROWS, 3 + 2),
        (FEED.quarantine, "bad " * CHUNK_ROWS, 3 + 2),
        (FEED.landing, "good " * CHUNK_ROWS, 2),
    ],
)
def test_a_load_whose_token_outlived_its_rows_is_completed_by_loading_again(
    world: World, tmp_path: Path, table: str, kinds: str, at: int
) -> None:
    file = File(tmp_path, kinds, years=1)
    lost_answer = Fault(Kind.ANSWER_LOST, at, Of.PLACING)
    assert world.disturbed(lambda client: load_file(client, FEED, file.path), lost_answer, lambda: None).has_fired
    kill_and_lose_the_newest_part(world, table)
    assert succeeds(lambda: load_file(world.client, FEED, file.path))
    require_all_in_place(world, load_file(world.client, FEED, file.path).batch_id, file, ())
