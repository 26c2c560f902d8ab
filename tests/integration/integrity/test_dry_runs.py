"""A dry run says what a load would do, line by line, and leaves no trace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW
from observation_files import file_of

from orchestrator.exceptions import FeedDriftError
from orchestrator.feeds.sources import source_of
from orchestrator.feeds.specs import get_feed
from orchestrator.feeds.spool import spooled
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.dry_run import DryRun, dry_run
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.quarantine import summary

FEED = get_feed("observations")
ROWS = [
    GOOD_ROW,
    (*GOOD_ROW[:-2], "SECTOR", "over\ntwo lines"),
    (*GOOD_ROW[:2], "NOBODY", *GOOD_ROW[3:]),
    GOOD_ROW,
    ("05/01/2026", *GOOD_ROW[1:-1], "many"),
]


def rehearsed(settings: Settings, path: Path, tmp_path: Path, examples: int = 20) -> DryRun:
    client = connect(settings, database=settings.clickhouse_database, in_session=True)
    with spooled(source_of(path), FEED.columns, tmp_path / "spool", 2, codes=FEED.words) as delivery:
        return dry_run(client, FEED, delivery, examples=examples)


def rows_in_the_chain(client: Client) -> list[int]:
    tables = ("landing_observations", "fct_observations", "quarantine_observations", "ops_batches")
    return [int(str(client.command(f"SELECT count() FROM {table}"))) for table in tables]


def test_it_names_each_row_that_would_be_rejected_by_line_with_all_reasons_and_writes_nothing(
    world: Client, shared: Settings, tmp_path: Path
) -> None:
    path = file_of(tmp_path / "a.csv", ROWS)
    before = rows_in_the_chain(world)
    found = rehearsed(shared, path, tmp_path)
    assert (found.file, found.rows, found.rejected) == ("a.csv", 5, 3)
    assert [(row.row_number, row.line, row.reasons) for row in found.examples] == [
        (3, 5, ("unknown_instrument",)),
        (4, 6, ("duplicate_in_batch",)),
        (5, 7, ("bad_observed_at", "bad_value")),
    ]
    assert found.examples[0].cells["instrument"] == "NOBODY"
    assert rows_in_the_chain(world) == before


def test_a_load_does_what_it_said(world: Client, shared: Settings, tmp_path: Path) -> None:
    path = file_of(tmp_path / "b.csv", ROWS)
    found = rehearsed(shared, path, tmp_path, examples=1)
    assert len(found.examples) == 1
    result = load_file(world, FEED, path)
    assert (result.counts.landed, result.counts.rejected) == (found.rows, found.rejected)
    assert {count.reason: count.rows for count in summary(world, FEED)} == found.by_reason


@pytest.fixture
def without_view(world: Client) -> Iterator[None]:
    """The world as long as it lacks the view that judges."""
    view = str(world.query("SHOW CREATE TABLE mv_resolve_observations").result_rows[0][0])
    world.command("DROP VIEW mv_resolve_observations SYNC")
    yield
    world.command(view)


@pytest.mark.usefixtures("without_view")
def test_without_the_view_there_is_nothing_to_judge_by(shared: Settings, tmp_path: Path) -> None:
    with pytest.raises(FeedDriftError, match=r"mv_resolve_observations does not read .* See `touchstone feeds check`"):
        rehearsed(shared, file_of(tmp_path / "a.csv", ROWS), tmp_path)
