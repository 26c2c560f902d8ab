"""Any story of a desk, on the real engine: no ID ever changes, is reused or doubles; dimensions hold what the ledger says."""

import random
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from identity_engine import Warehouse
from identity_story import ASSET_CLASSES, SUB_ASSET_CLASSES, Code, Story

from orchestrator.lookups import check_lookups, mint
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import apply_migrations

STORIES = 50
STEPS = 30
EDITS = ("add", "add", "add", "remove", "return", "rename", "merge", "change", "move")
BUILDS = ("build", "build_in_another_order", "fail_half_way", "rebuild", "save", "restore", "branch_and_merge")
PAIRS = tuple(product(BUILDS, repeat=2))


@pytest.fixture(scope="module")
def warehouse(new_settings: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    made = new_settings()
    apply_migrations(made)
    client = connect(made, database=made.clickhouse_database)
    yield Warehouse(made, client, Path(tmp_path_factory.mktemp("compiled")))
    client.command(f"DROP DATABASE {made.clickhouse_database} SYNC")


@pytest.mark.parametrize("number", range(STORIES))
def test_in_any_story_no_id_moves_and_dimensions_equal_the_ledger(warehouse: Warehouse, number: int) -> None:
    """Building is what costs: a story has few, and fifty have each pair of kinds; after its last step comes one more.

    Dice of our own: of fifty stories, Hypothesis makes forty by repeating steps of the other ten.
    """
    dice = random.Random(number)
    builds = PAIRS[number % len(PAIRS)]
    steps = [*builds, *dice.choices(EDITS, k=STEPS - len(builds))]
    dice.shuffle(steps)
    warehouse.clear()
    told = Teller(warehouse)
    told.add(0, 0)
    for name in steps:
        getattr(told, name)(dice.randrange(1000), dice.randrange(1000))
    told.build(0, 0)


class Teller:
    """Carries out the steps of a story, and judges the warehouse after each build."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.story = Story()
        self.ids: dict[tuple[str, str, str], int] = {}

    def add(self, one: int, other: int) -> None:
        place = ASSET_CLASSES[one % 3], SUB_ASSET_CLASSES[other % 3]
        self.story.codes.append(Code(self.story.new_name(), f"words {other}", *place))

    def remove(self, one: int, _other: int) -> None:
        if len(self.story.listed()) > 1:
            self._pick(one).is_listed = False

    def _return(self, one: int) -> None:
        retired = [code for code in self.story.codes if not code.is_listed and not self._is_alias(code.spelling)]
        if retired:
            retired[one % len(retired)].is_listed = True

    def rename(self, one: int, _other: int) -> None:
        code = self._pick(one)
        if not self.story.id_of(code):
            return
        old, new = code.spelling, self.story.new_name()
        # an alias names the key of today: older spellings are pointed there, too; what was merged resolves without an alias
        self.story.aliases = [
            (alias, new if key == old else key)
            for alias, key in self.story.aliases
            if key != old or alias in code.spellings
        ]
        self.story.aliases.append((old, new))
        code.spelling = new
        code.spellings.add(new)

    def merge(self, one: int, other: int) -> None:
        code, survivor = self._pick(one), self._pick(other)
        if code is survivor or not self.story.id_of(code) or len(code.spellings) > 1 or not self._is_minted(survivor):
            return
        code.is_listed = False
        self.story.aliases = [(alias, key) for alias, key in self.story.aliases if key != code.spelling]
        self.story.aliases.append((code.spelling, survivor.spelling))

    def change(self, one: int, other: int) -> None:
        self._pick(one).description = f"other words {other}"

    def move(self, one: int, other: int) -> None:
        self._pick(one).sub_asset_class = SUB_ASSET_CLASSES[other % 3]

    def build(self, _one: int, _other: int) -> None:
        self._mint()
        self.warehouse.build(self.story.files())
        self._judge()

    def build_in_another_order(self, one: int, _other: int) -> None:
        codes = self.story.listed()
        turned = [*codes[one % len(codes) :], *codes[: one % len(codes)]]
        self._mint(turned)
        self.warehouse.build(self.story.files(turned[::-1]))
        self._judge()

    def fail_half_way(self, one: int, _other: int) -> None:
        self._mint()
        self.warehouse.build(self.story.files(), stop_after=one % 4)

    def rebuild(self, one: int, other: int) -> None:
        self.warehouse.clear()
        self.build(one, other)

    def save(self, _one: int, _other: int) -> None:
        self.warehouse.save()

    def restore(self, one: int, other: int) -> None:
        self.warehouse.restore()
        self.build(one, other)

    def branch_and_merge(self, one: int, other: int) -> None:
        """Two branches mint; the second one takes the first one's ledger and mints again on top."""
        base, ids_of_base = self.story.ledger, self.ids
        self.add(one, other)
        theirs = self.story.codes[-1]
        self._mint()
        main, ids_of_main = self.story.ledger, self.ids
        self.story.ledger, self.ids, theirs.is_listed = base, ids_of_base, False
        self.add(other, one)
        self._mint()
        self.story.ledger, self.ids, theirs.is_listed = main, ids_of_main, True
        self.build(one, other)

    def _mint(self, order: list[Code] | None = None) -> None:
        self.story.ledger = mint(self.story.files(order)).ledger
        assert [finding for finding in check_lookups(self.story.files()) if finding.is_error] == []
        now = self.story.ids_of_ledger()
        assert {key: now.get(key) for key in self.ids} == self.ids
        assert len({(key[0], number) for key, number in now.items()}) == len(now)
        self.ids = now

    def _judge(self) -> None:
        rows = self.warehouse.client.query(
            "SELECT field_id, argMax((code, description, is_active), version), groupArray(code), max(version), count() "
            "FROM dim_field GROUP BY field_id"
        ).result_rows
        assert all(highest == count for *_, highest, count in rows)
        latest = {number: said for number, said, *_ in rows}
        assert set(latest) == {number for (domain, _, _), number in self.ids.items() if domain == "field"}
        for code in self.story.listed():
            assert latest[self.story.id_of(code)] == (code.spelling, code.description, True)
        active = {self.story.id_of(code) for code in self.story.listed()}
        assert {number for number, said in latest.items() if said[2]} == active
        self._judge_spellings()
        self._judge_children()

    def _judge_spellings(self) -> None:
        """Every spelling that a code ever had resolves to its ID where rows enter."""
        resolved = dict(
            self.warehouse.client.query(
                "SELECT code, groupUniqArray(id) FROM (SELECT code, field_id AS id FROM dim_field UNION ALL "
                "SELECT code, id FROM dim_alias WHERE domain = 'field') GROUP BY code"
            ).result_rows
        )
        for code in self.story.codes:
            if number := self.story.id_of(code):
                assert {tuple(resolved.get(name, ())) for name in code.spellings} == {(number,)}

    def _judge_children(self) -> None:
        found = self.warehouse.client.query(
            "SELECT DISTINCT parent.code, dim.code, sub_asset_class_id FROM dim_sub_asset_class AS dim "
            "INNER JOIN (SELECT DISTINCT asset_class_id, code FROM dim_asset_class) AS parent USING (asset_class_id)"
        ).result_rows
        expected = {(*key[1:], number) for key, number in self.ids.items() if key[0] == "sub_asset_class"}
        assert {tuple(row) for row in found} == expected

    def _pick(self, one: int) -> Code:
        listed = self.story.listed()
        return listed[one % len(listed)]

    def _is_alias(self, spelling: str) -> bool:
        return any(alias == spelling for alias, _ in self.story.aliases)

    def _is_minted(self, code: Code) -> bool:
        return ("field", "", code.spelling) in self.story.ids_of_ledger()


setattr(Teller, "return", lambda self, one, _other: self._return(one))
