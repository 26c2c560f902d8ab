"""Daily marts on the real path: days that are behind are made, a range is made as asked, every other day stays as it is."""

import json
from collections.abc import Callable

import pytest
from house import Checkout

MART = "mart_daily_observations"
BY_DAY = f"SELECT toString(day), sum(observations) FROM {MART} GROUP BY day ORDER BY day"
OF_FACT = "SELECT toString(toDate(observed_at)) AS day, count() FROM fct_observations GROUP BY day ORDER BY day"
# dbt parses the whole project whenever --vars differ from those of its last run
RANGE = {"first_day": "2019-11-10", "last_day": "2019-11-12"}
# another text shows which days were made anew
MARK = f"ALTER TABLE {MART} UPDATE source = 'marked' WHERE day IN {{days}} SETTINGS mutations_sync = 2"
MARKED = f"SELECT DISTINCT toString(day) FROM {MART} WHERE source = 'marked' ORDER BY 1"


@pytest.fixture(scope="module")
def checkout(run_checkout: Callable[[], Checkout]) -> Checkout:
    return run_checkout()


def build(checkout: Checkout, *arguments: str, must_succeed: bool = True, **variables: str) -> str:
    said = ("--vars", json.dumps(variables)) if variables else ()
    done = checkout.touchstone("build", "--select", MART, *arguments, *said, must_succeed=must_succeed)
    return done.stdout + done.stderr


def counted(checkout: Checkout, statement: str) -> dict[str, int]:
    return {str(day): int(rows) for day, rows in checkout.rows(statement)}


def test_after_a_run_the_mart_has_every_day_of_the_fact(checkout: Checkout) -> None:
    found = counted(checkout, BY_DAY)
    assert len(found) > 300
    assert found == counted(checkout, OF_FACT)


def test_a_build_makes_the_days_that_are_behind_and_no_other_and_empties_those_without_facts(
    checkout: Checkout,
) -> None:
    checkout.execute(MARK.format(days=("2019-10-01", "2019-10-02", "2019-10-03", "2022-01-10")))
    checkout.execute("DELETE FROM fct_observations WHERE toDate(observed_at) = '2019-10-01'")
    checkout.execute("DELETE FROM fct_observations WHERE toDate(observed_at) = '2022-01-10' AND instrument_id % 2 = 0")
    build(checkout)
    after = counted(checkout, BY_DAY)
    assert "2019-10-01" not in after
    assert after == counted(checkout, OF_FACT)
    assert checkout.rows(MARKED) == [["2019-10-02"], ["2019-10-03"]]


def test_a_range_that_cannot_be_meant_is_refused_and_nothing_changes(checkout: Checkout) -> None:
    before = counted(checkout, BY_DAY)
    assert "is after last_day" in build(checkout, must_succeed=False, first_day="2019-11-12", last_day="2019-11-10")
    assert counted(checkout, BY_DAY) == before


def test_a_range_is_made_anew_and_days_of_the_same_partition_stay(checkout: Checkout) -> None:
    checkout.execute(MARK.format(days=("2019-11-09", "2019-11-10", "2019-11-12", "2019-11-13")))
    marked_before = {row[0] for row in checkout.rows(MARKED)}
    before = counted(checkout, BY_DAY)
    build(checkout, **RANGE)
    assert counted(checkout, BY_DAY) == before
    assert {row[0] for row in checkout.rows(MARKED)} == marked_before - {"2019-11-10", "2019-11-12"}


def test_the_first_range_of_a_table_that_is_not_there_makes_that_range_and_the_next_build_the_rest(
    checkout: Checkout,
) -> None:
    checkout.execute(f"DROP TABLE {MART} SYNC")
    build(checkout, **RANGE)
    of_fact = counted(checkout, OF_FACT)
    assert {"2019-11-10", "2019-11-12"} < of_fact.keys()
    assert counted(checkout, BY_DAY) == {
        day: rows for day, rows in of_fact.items() if RANGE["first_day"] <= day <= RANGE["last_day"]
    }
    build(checkout)
    assert counted(checkout, BY_DAY) == of_fact
    assert min(of_fact) < RANGE["first_day"]


def test_a_changed_model_is_told_and_a_full_refresh_makes_it(checkout: Checkout) -> None:
    checkout.execute(f"ALTER TABLE {MART} DROP COLUMN fields")
    told = build(checkout, must_succeed=False)
    assert "--full-refresh" in told
    assert checkout.rows(f"EXISTS TABLE {MART}__next") == [[0]]
    build(checkout, "--full-refresh")
    assert counted(checkout, BY_DAY) == counted(checkout, OF_FACT)
