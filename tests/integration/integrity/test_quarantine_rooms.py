"""Quarantine on the real engine: what is selected, what a replay and a discard do to it, and what they leave behind."""

from collections.abc import Callable, Iterator

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW
from observation_files import teach_instrument

from orchestrator.exceptions import SelectionError
from orchestrator.feeds.specs import get_feed
from orchestrator.warehouse.judging import count_acceptable
from orchestrator.warehouse.loader import LoadResult
from orchestrator.warehouse.quarantine import Selection, count_selected, discard, replay, show, summary
from orchestrator.warehouse.reconciliation import reconcile_feed

FEED = get_feed("observations")
Load = Callable[..., LoadResult]


def row(**cells: str) -> tuple[str, ...]:
    return tuple((dict(zip(FEED.columns, GOOD_ROW, strict=True)) | cells).values())


@pytest.fixture(autouse=True)
def every_row_has_one_place(world: Client) -> Iterator[None]:
    yield
    balance = reconcile_feed(world, FEED)
    assert balance.batches > 0
    assert balance.wrong == balance.unfinished == ()
    world.command("TRUNCATE TABLE quarantine_observations")
    world.command("TRUNCATE TABLE fct_observations")
    world.command("TRUNCATE TABLE landing_observations")
    world.command("TRUNCATE TABLE ops_batches")
    world.command("TRUNCATE TABLE ops_quarantine")


def test_it_is_listed_by_reason_with_remedies_and_shown_as_received(world: Client, load: Load) -> None:
    loaded = load("a.csv", [row(), row(instrument=" NEW1 "), row(instrument="NEW1", value="x"), row(value="x")])
    counts = {count.reason: (count.rows, count.batches, count.remedy) for count in summary(world, FEED)}
    assert counts == {"unknown_instrument": (2, 1, "Load it."), "bad_value": (2, 1, "")}
    shown = show(world, FEED, Selection(reasons=("unknown_instrument",)), 1)
    assert [(found["file"], found["row"], found["instrument"], found["reasons"]) for found in shown] == [
        ("a.csv", 2, " NEW1 ", ["unknown_instrument"])
    ]
    assert shown[0]["batch_id"] == loaded.batch_id


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        (Selection(), 4),
        (Selection(reasons=("bad_value",)), 2),
        (Selection(reasons=("bad_value", "unknown_instrument")), 4),
        (Selection(codes={"instrument": "NEW2"}), 2),
        (Selection(codes={"instrument": "NEW2", "value": "x"}), 1),
        (Selection(batches=(1,)), 0),
        (Selection(discarded=True), 0),
    ],
    ids=str,
)
def test_conditions_select_what_fits_all_of_them(world: Client, load: Load, selection: Selection, rows: int) -> None:
    load("a.csv", [row(instrument="NEW2"), row(instrument="NEW2", value="x"), row(instrument="NEW3"), row(value="x")])
    assert count_selected(world, FEED, selection) == rows


def test_a_replay_by_code_takes_only_its_rows_and_what_resolves_now_is_a_fact_as_of_its_arrival(
    world: Client, load: Load
) -> None:
    loaded = load("a.csv", [row(instrument="NEW4"), row(instrument="NEW4", value="x"), row(instrument="NEW5")])
    teach_instrument(world, 14, "NEW4")
    teach_instrument(world, 15, "NEW5")
    outcome = replay(world, FEED, Selection(codes={"instrument": "NEW4"}), note="they told us")
    assert (outcome.selected, outcome.accepted) == (2, 1)
    facts = world.query(
        "SELECT row_number, instrument_id, known_at = (SELECT any(received_at) FROM ops_batches) FROM fct_observations"
    ).result_rows
    assert facts == [(1, 14, 1)]
    log = world.query(
        "SELECT row_number, attempt, operation_id, reasons FROM quarantine_observations ORDER BY row_number, attempt"
    ).result_rows
    assert log == [
        (1, 1, 0, ["unknown_instrument"]),
        (1, 2, outcome.operation_id, []),
        (2, 1, 0, ["unknown_instrument", "bad_value"]),
        (2, 2, outcome.operation_id, ["bad_value"]),
        (3, 1, 0, ["unknown_instrument"]),
    ]
    trail = world.query(
        "SELECT toString(action), toString(state), note, rows_selected, rows_accepted, selection FROM ops_quarantine "
        "ORDER BY recorded_at"
    ).result_rows
    selection = '{"codes": {"instrument": "NEW4"}}'
    assert trail == [
        ("replay", "started", "they told us", 2, 0, selection),
        ("replay", "done", "they told us", 2, 1, selection),
    ]
    assert loaded.counts.rejected == 3


def test_only_acceptable_rows_leave_the_log_of_the_others_alone(world: Client, load: Load) -> None:
    load("a.csv", [row(instrument="NEW6"), row(instrument="NEW6"), row(instrument="NEVER"), row(value="x")])
    assert count_acceptable(world, FEED, Selection())[0] == 0
    assert replay(world, FEED, only_acceptable=True).selected == 0
    teach_instrument(world, 16, "NEW6")
    # the second one repeats the first: it would not be accepted
    assert count_acceptable(world, FEED, Selection())[0] == 1
    outcome = replay(world, FEED, only_acceptable=True)
    assert (outcome.selected, outcome.accepted) == (1, 1)
    attempts = "SELECT row_number, max(attempt) FROM quarantine_observations GROUP BY row_number ORDER BY row_number"
    assert world.query(attempts).result_rows == [(1, 2), (2, 1), (3, 1), (4, 1)]


def test_a_replay_of_nothing_records_nothing(world: Client, load: Load) -> None:
    load("a.csv", [row()])
    assert replay(world, FEED).operation_id == 0
    assert world.query("SELECT count() FROM ops_quarantine").result_rows == [(0,)]


def test_what_is_given_up_is_kept_with_its_note_counts_as_discarded_and_can_be_taken_back(
    world: Client, load: Load
) -> None:
    load("a.csv", [row(), row(), row(instrument="NEW7")])
    outcome = discard(world, FEED, Selection(reasons=("duplicate_in_batch",)), "sent twice")
    assert (outcome.selected, count_selected(world, FEED, Selection())) == (1, 1)
    balance = reconcile_feed(world, FEED)
    assert (balance.facts, balance.open, balance.discarded) == (1, 1, 1)
    assert world.query("SELECT note, actor != '' FROM ops_quarantine WHERE state = 'done'").result_rows == [
        ("sent twice", 1)
    ]
    assert replay(world, FEED, Selection(reasons=("duplicate_in_batch",))).selected == 0
    back = replay(world, FEED, Selection(discarded=True))
    assert (back.selected, back.accepted) == (1, 0)
    assert count_selected(world, FEED, Selection(reasons=("duplicate_in_batch",))) == 1


def test_a_discard_needs_a_note_and_a_selection_what_there_is(world: Client, load: Load) -> None:
    load("a.csv", [row(value="x")])
    with pytest.raises(SelectionError, match=r"for a reason only\. Give it"):
        discard(world, FEED, Selection(), " ")
    with pytest.raises(SelectionError, match="no reason 'bad'"):
        replay(world, FEED, Selection(reasons=("bad",)))
    with pytest.raises(SelectionError, match="no column 'instrument_id'"):
        summary(world, FEED, Selection(codes={"instrument_id": "1"}))
    assert count_selected(world, FEED, Selection()) == 1
