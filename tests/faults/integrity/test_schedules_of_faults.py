"""Schedules of faults: an operation is disturbed at one of its requests, repeated, and every row is where it belongs.

`pytest tests/faults/integrity --schedules 5000 --schedule-seed 7` tries others; one that fails tells how to repeat it alone.
"""

from collections.abc import Callable, Iterator
from itertools import chain, product
from pathlib import Path

import pytest
from house import free_port
from integrity_plans import OPERATIONS, SCHEDULES, SEED, WAYS, Plan, chosen_plans
from integrity_story import Story
from integrity_world import World

from orchestrator.embedded import stop_engine
from orchestrator.settings import Settings
from orchestrator.warehouse import loader
from orchestrator.warehouse.locks import Timing, writer_lock
from orchestrator.warehouse.quarantine import feeding

STORIES_A_DATABASE = 40


class Worlds:
    """The database in use, for so many stories or until one fails in it."""

    def __init__(self, new_settings: Callable[[], Settings]) -> None:
        self._new_settings = new_settings
        self._world: World | None = None
        self._left = 0
        self.planned = 0
        self.fired = 0

    def take(self) -> World:
        """The world of the next story."""
        if self._left == 0 or self._world is None:
            self.forget()
            self._world = World(self._new_settings())
            self._left = STORIES_A_DATABASE
        self._left -= 1
        return self._world

    def forget(self) -> None:
        """Drop the database; the next story has a new one."""
        if self._world is not None:
            self._world.drop()
            self._world = None


@pytest.fixture(scope="module")
def calm(new_settings: Callable[[], Settings]) -> Iterator[Worlds]:
    """Databases on the suite's engine."""
    worlds = Worlds(new_settings)
    yield worlds
    worlds.forget()


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Databases on an engine of their own, which may be killed."""
    home, port = tmp_path_factory.mktemp("fragile"), free_port()
    worlds = Worlds(lambda: Settings(touchstone_home=home, clickhouse_port=port))
    yield worlds
    stop_engine(home / "engine")


def test_after_any_single_fault_repeating_the_operation_brings_every_row_to_its_one_place(
    plan: Plan,
    calm: Worlds,
    fragile: Worlds,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loader, "CHUNK_ROWS", plan.chunk_rows)
    monkeypatch.setattr(feeding, "MOST_ROWS", 60 if plan.replays_all else plan.chunk_rows)
    # others look for the lock as often
    monkeypatch.setitem(writer_lock.__wrapped__.__kwdefaults__, "timing", Timing(poll_seconds=0.05))
    worlds = fragile if plan.kills_engine else calm
    story = Story(worlds.take(), plan, tmp_path)
    try:
        story.tell()
    except BaseException as error:
        error.add_note(plan.told())
        worlds.forget()
        raise
    worlds.planned += len(story.fired)
    worlds.fired += sum(story.fired)


def test_the_suites_stories_break_each_operation_in_each_way() -> None:
    plans = chosen_plans(SEED)
    assert sum(plan.faults for plan in plans) >= SCHEDULES
    tried = chain.from_iterable(plan.tries for plan in plans)
    broken = {(operation, how) for operation, by, how in tried if by == "breaks"}
    assert broken == set(product(OPERATIONS, WAYS))


def test_most_faults_came(calm: Worlds, fragile: Worlds) -> None:
    planned = calm.planned + fragile.planned
    if planned < 50:
        pytest.skip("too few to judge by")
    assert calm.fired + fragile.fired > 0.8 * planned
