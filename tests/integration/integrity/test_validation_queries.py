"""Each validation query of docs/validation.md is run on a warehouse with the sample data, and finds what is there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from house import Checkout, FirstRun

from orchestrator.constants import PROJECT_ROOT
from orchestrator.embedded import engine_state
from orchestrator.verbs.validate import query_files

QUERIES = [path.stem for path in query_files()]
EMPTY = {
    "batches_that_do_not_add_up", "contradictions", "corrections", "dimensions_never_referenced", "replays_and_discards",
    "rows_in_two_places", "rows_without_a_place", "unfinished_batches",
}  # fmt: skip


@pytest.fixture(scope="module")
def compiled(first_run: FirstRun) -> Path:
    """The folder of compiled queries; one that is run compiles all."""
    first_run.checkout.touchstone("validate", "orphans")
    return first_run.checkout.home / "dbt/target/compiled/touchstone/analyses/validation"


@pytest.fixture
def checkout(first_run: FirstRun) -> Checkout:
    return first_run.checkout


@pytest.fixture(scope="module")
def answer(compiled: Path, first_run: FirstRun) -> Callable[[str], Sequence[Sequence[Any]]]:
    """The rows that a query gives, asked of the run's engine."""
    state = engine_state(first_run.checkout.home / "engine")
    assert state is not None
    client = clickhouse_connect.get_client(host="127.0.0.1", port=state.port, database="touchstone")
    return lambda query: client.query((compiled / f"{query}.sql").read_text(encoding="utf-8")).result_rows


def test_the_page_has_every_query_with_its_question(checkout: Checkout) -> None:
    page = (PROJECT_ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    listed = checkout.touchstone("validate").stdout
    assert len(QUERIES) >= 14
    for path in query_files():
        question = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- ")
        assert f"`{path.stem}`" in page
        assert question in page
        assert question.split(maxsplit=1)[0] in listed


@pytest.mark.parametrize("query", QUERIES)
def test_it_runs_and_finds_rows_only_where_there_are_some(
    answer: Callable[[str], Sequence[Sequence[Any]]], query: str
) -> None:
    found = answer(query)
    assert bool(found) == (query not in EMPTY), found[:3]


def test_what_they_say_of_the_sample_data_is_so(answer: Callable[[str], Sequence[Sequence[Any]]]) -> None:
    [(scanned, *orphans)] = answer("orphans")
    assert scanned > 20_000
    assert set(orphans) == {0}
    by_reason = {row[0]: row for row in answer("open_quarantine_by_reason")}
    assert by_reason["missing_source"][1] == 10
    assert all(row[4] for row in by_reason.values())
    assert ("field", "px_last") in [tuple(row[:2]) for row in answer("codes_to_add")]
    assert all(row[3] for row in answer("dictionaries_beside_dimensions"))


def test_an_unknown_query_is_refused_with_those_there_are(checkout: Checkout) -> None:
    refused = checkout.touchstone("validate", "nothing", must_succeed=False)
    assert refused.returncode == 1
    assert "There is no validation query 'nothing'. Queries are: batches_that_do_not_add_up, " in refused.stderr


def test_the_view_as_of_a_time_answers_what_was_known_then(checkout: Checkout) -> None:
    latest = (
        "SELECT count(), sum(cityHash64(instrument_id, field_id, source_id, observed_at, known_at)) FROM v_observations"
    )
    assert checkout.rows(latest.replace("v_observations", "v_observations_as_of(known_at = '2262-01-01')")) == (
        checkout.rows(latest)
    )
    [[rows]] = checkout.rows("SELECT count() FROM v_observations_as_of(known_at = '2000-01-01')")
    assert int(str(rows)) == 0


def test_reconcile_and_feeds_check_find_nothing_wrong(checkout: Checkout) -> None:
    told = checkout.touchstone("reconcile").stdout
    assert (
        "observations: 8 batches, 23,427 rows landed = 23,183 in facts + 244 in open quarantine + 0 discarded" in told
    )
    assert "fct_observations: no orphans in 23,183 rows" in told
    assert "observations: 8 objects as declared" in checkout.touchstone("feeds", "check").stdout
    assert "every landed row has its place" in checkout.touchstone("backfill", "observations").stdout.lower()
