"""What analysts do to codes, on the real path: IDs stay, old spellings resolve, the past answers, a rebuild is the same.

The tests build on each other's warehouse through one fixture, because a build takes seconds; none changes what it finds.
"""

from dataclasses import dataclass
from typing import Any

import pytest

MERGED, SURVIVOR = "PX_ASK", "PX_BID"


@dataclass(frozen=True)
class Story:
    """A desk before and after a pull request that renames, merges, retires and changes."""

    desk: Any
    before: dict[str, set[tuple[object, ...]]]
    id_before: dict[str, int]
    moment_before: str
    after: dict[str, set[tuple[object, ...]]]


@pytest.fixture(scope="module")
def story(desk_of_checkout: Any) -> Story:
    desk = desk_of_checkout
    before = desk.ids()
    codes = ("PX_OPEN", "PX_LAST", "PX_HIGH", MERGED, SURVIVOR)
    id_before = {code: desk.id_of("field", code) for code in codes}
    [[moment]] = desk.checkout.rows("SELECT toString(now64(6, 'UTC'))")
    assert all(id_before.values())

    desk.replace(",PX_OPEN,", ",PX_OPENING,")
    desk.append("lookup_aliases.csv", "field,,PX_OPEN,PX_OPENING")
    desk.drop_rows(f",{MERGED},")
    desk.append("lookup_aliases.csv", f"field,,{MERGED},{SURVIVOR}")
    desk.drop_rows(",PX_HIGH,")
    [[description]] = desk.checkout.rows("SELECT description FROM dim_field_latest WHERE code = 'PX_LAST'")
    desk.path("lookups.csv").write_text(desk.text().replace(description, "another description"), encoding="utf-8")
    # a parent with a new name keeps its children
    desk.replace(",Comdty,", ",Commodity,")
    desk.append("lookup_aliases.csv", "asset_class,,Comdty,Commodity")

    assert "0 errors" in desk.checkout.touchstone("lookups", "check").stdout
    assert "0 IDs minted" in desk.checkout.touchstone("lookups", "mint").stdout
    desk.build()
    return Story(desk, before, id_before, str(moment), desk.ids())


def test_no_id_changed_and_none_was_added(story: Story) -> None:
    for domain, rows in story.before.items():
        assert {row[0] for row in rows} == {row[0] for row in story.after[domain]}


def test_a_renamed_code_keeps_its_id_and_its_old_spelling_resolves(story: Story) -> None:
    assert story.desk.id_of("field", "PX_OPENING") == story.id_before["PX_OPEN"]
    assert story.desk.id_of("field", "PX_OPEN") == story.id_before["PX_OPEN"]
    assert (story.id_before["PX_OPEN"], "PX_OPENING", True) in story.after["field"]


def test_children_of_a_renamed_parent_are_the_same_children(story: Story) -> None:
    assert story.after["sub_asset_class"] == story.before["sub_asset_class"]
    assert story.desk.id_of("asset_class", "Commodity") == story.desk.id_of("asset_class", "Comdty") != 0


def test_a_merged_spelling_keeps_resolving_to_its_own_id_which_is_retired(story: Story) -> None:
    assert story.desk.id_of("field", MERGED) == story.id_before[MERGED]
    assert story.desk.id_of("field", SURVIVOR) == story.id_before[SURVIVOR]
    assert (story.id_before[MERGED], MERGED, False) in story.after["field"]


def test_the_history_dictionary_answers_as_of_a_moment(story: Story) -> None:
    number, last = story.id_before["PX_OPEN"], story.id_before["PX_LAST"]
    asked = "dictGet('touchstone.dict_field_history', '{}', toUInt64({}), toDateTime64('{}', 6, 'UTC'))"
    [[then, now, decades_ago, description_then, description_now]] = story.desk.checkout.rows(
        "SELECT "
        + ", ".join(
            [
                asked.format("code", number, story.moment_before),
                asked.format("code", number, "2200-01-01"),
                asked.format("code", number, "1995-06-01"),
                asked.format("description", last, story.moment_before),
                asked.format("description", last, "2200-01-01"),
            ]
        )
    )
    assert (then, now, decades_ago) == ("PX_OPEN", "PX_OPENING", "PX_OPEN")
    assert description_now == "another description" != description_then


def test_type_3_has_the_value_before_and_type_2_has_ranges_that_meet(story: Story) -> None:
    checkout = story.desk.checkout
    assert checkout.rows(
        "SELECT code, previous_code, was_active FROM dim_field_previous WHERE code = 'PX_OPENING'"
    ) == [["PX_OPENING", "PX_OPEN", True]]
    ranges = checkout.rows(
        "SELECT version, valid_from, valid_to, is_active FROM dim_field_ranges WHERE code = 'PX_HIGH' ORDER BY version"
    )
    assert [row[3] for row in ranges] == [True, False]
    assert ranges[0][1].startswith("1970-01-01")
    assert ranges[1][2].startswith("2262-01-01")


def test_a_database_dropped_and_rebuilt_from_the_repository_alone_has_identical_ids(story: Story) -> None:
    desk = story.desk
    spellings = {code: desk.id_of("field", code) for code in (*story.id_before, "PX_OPENING")}
    desk.checkout.execute("DROP DATABASE touchstone SYNC")
    desk.checkout.touchstone("migrate")
    desk.checkout.touchstone("load", "instruments", "sample_data/instruments/instruments.csv")
    desk.build(with_tests=False)
    assert {name: {(row[0], row[2]) for row in rows} for name, rows in desk.ids().items()} == {
        name: {(row[0], row[2]) for row in rows} for name, rows in story.after.items()
    }
    assert desk.ids() == story.after
    assert {code: desk.id_of("field", code) for code in spellings} == spellings
