"""Loading files on the real engine: every content exactly once, every row in exactly one place."""

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from known_codes import GOOD_ROW
from structlog.testing import LogCapture

from orchestrator.exceptions import FeedFileError, MigrationsMissingError, ReconciliationError
from orchestrator.feeds.specs import get_feed
from orchestrator.helpers import sha256_hex
from orchestrator.settings import Settings
from orchestrator.warehouse import batches, loader
from orchestrator.warehouse.backfilling import backfill
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import LANDING, PLACING, Circumstances, LoadResult, files_of, load_file

OBSERVATIONS = get_feed("observations")
INSTRUMENTS = get_feed("instruments")
BAD_ROW = (*GOOD_ROW[:-1], "no number")


def file_of(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([OBSERVATIONS.columns, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def numbered_rows(rows: int) -> list[tuple[str, ...]]:
    """Rows that differ; every fifth is for quarantine."""
    return [(*GOOD_ROW[:-1], f"{n}" if n % 5 else "no number") for n in range(1, rows + 1)]


def rows_of(client: Client, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(query).result_rows]


def places(client: Client) -> dict[str, tuple[int, int]]:
    """Rows, and different rows, in each table of the chain."""
    [row] = rows_of(
        client,
        "SELECT "
        + ", ".join(
            f"(SELECT (count(), uniqExact(batch_id, row_number)) FROM {table})"
            for table in ("landing_observations", "fct_observations", "quarantine_observations")
        ),
    )
    return dict(zip(("landed", "accepted", "rejected"), row, strict=True))


def single(landed: int, accepted: int, rejected: int) -> dict[str, tuple[int, int]]:
    return {"landed": (landed, landed), "accepted": (accepted, accepted), "rejected": (rejected, rejected)}


@pytest.fixture
def repeated_rows_are(desk_client: Client) -> Iterator[Callable[[str], None]]:
    """Sets what becomes of rows that a file repeats, for one test."""

    def let(rule: str) -> None:
        desk_client.command(
            f"INSERT INTO dim_feed_rule VALUES ('observations', 'duplicate_in_batch', '{rule}', 1, now64(6), now64(6), 0)"
        )
        desk_client.command("SYSTEM RELOAD DICTIONARY dict_feed_rule")

    yield let
    desk_client.command("TRUNCATE TABLE dim_feed_rule SYNC")
    desk_client.command("SYSTEM RELOAD DICTIONARY dict_feed_rule")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the loader logs, as it comes."""
    capture = LogCapture()
    monkeypatch.setattr(loader, "log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks of ten rows, so that a readable file has several."""
    monkeypatch.setattr(loader, "CHUNK_ROWS", 10)
    return 10


def test_rows_land_as_received_with_batch_and_row_number_in_the_file_s_order(
    desk_client: Client, tmp_path: Path, small_chunks: int
) -> None:
    rows = numbered_rows(37)
    result = load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "a.csv", rows))
    landed = rows_of(
        desk_client,
        f"SELECT row_number, {', '.join(OBSERVATIONS.columns)} FROM landing_observations ORDER BY row_number",
    )
    assert landed == [(number, *row) for number, row in enumerate(rows, start=1)]
    assert rows_of(desk_client, "SELECT DISTINCT batch_id FROM landing_observations") == [(result.batch_id,)]
    assert (result.counts.landed, result.counts.accepted, result.counts.rejected) == (37, 30, 7)
    assert not result.was_known


def test_a_batch_is_recorded_started_landed_and_committed_with_its_counts(desk_client: Client, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.csv", [GOOD_ROW, BAD_ROW])
    result = load_file(desk_client, OBSERVATIONS, path, Circumstances(dagster_run_id="run-1"))
    trail = rows_of(
        desk_client,
        "SELECT batch_id, toString(state), source_file, rows_landed, rows_accepted, rows_rejected, dagster_run_id "
        "FROM ops_batches ORDER BY recorded_at",
    )
    assert trail == [
        (result.batch_id, "started", "a.csv", 0, 0, 0, "run-1"),
        (result.batch_id, "landed", "a.csv", 2, 0, 0, "run-1"),
        (result.batch_id, "committed", "a.csv", 2, 1, 1, "run-1"),
    ]
    [(moments, landed_at, known_at)] = rows_of(
        desk_client,
        "SELECT (SELECT groupUniqArray(received_at) FROM ops_batches), "
        "(SELECT groupUniqArray(received_at) FROM landing_observations), "
        "(SELECT groupUniqArray(known_at) FROM fct_observations)",
    )
    assert len(moments) == 1
    assert moments == landed_at == known_at


def test_a_second_load_is_a_no_op_that_says_so(desk_client: Client, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.csv", [GOOD_ROW, BAD_ROW])
    first = load_file(desk_client, OBSERVATIONS, path)
    trail = rows_of(desk_client, "SELECT * FROM ops_batches ORDER BY recorded_at")
    second = load_file(desk_client, OBSERVATIONS, path)
    assert second == LoadResult("a.csv", first.batch_id, first.counts, was_known=True)
    assert rows_of(desk_client, "SELECT * FROM ops_batches ORDER BY recorded_at") == trail
    assert places(desk_client) == single(2, 1, 1)


def test_the_same_content_under_another_name_is_a_no_op_that_names_the_first(
    desk_client: Client, tmp_path: Path, told: list[Any]
) -> None:
    first = load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW]))
    told.clear()
    second = load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "b.csv", [GOOD_ROW]))
    assert second == LoadResult("b.csv", first.batch_id, first.counts, was_known=True)
    assert [(entry["event"], entry["first_as"]) for entry in told] == [("already loaded", "a.csv")]
    assert places(desk_client) == single(1, 1, 0)


def test_a_changed_file_is_a_new_batch(desk_client: Client, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.csv", [GOOD_ROW])
    first = load_file(desk_client, OBSERVATIONS, path)
    second = load_file(desk_client, OBSERVATIONS, file_of(path, [GOOD_ROW, GOOD_ROW]))
    assert first.batch_id != second.batch_id
    assert places(desk_client) == single(3, 3, 0)


@pytest.mark.parametrize(("rule", "kept"), [("off", 35), ("reject", 1)])
def test_equal_rows_of_one_file_are_kept_or_rejected_as_the_rule_says_in_whatever_chunk_they_are(  # noqa: PLR0917
    desk_client: Client,
    repeated_rows_are: Callable[[str], None],
    tmp_path: Path,
    small_chunks: int,
    rule: str,
    kept: int,
) -> None:
    repeated_rows_are(rule)
    path = file_of(tmp_path / "a.csv", [BAD_ROW, *[GOOD_ROW] * 35])
    load_file(desk_client, OBSERVATIONS, path)
    assert places(desk_client) == single(36, kept, 36 - kept)
    assert rows_of(desk_client, "SELECT min(row_number) FROM fct_observations") == [(2,)]
    assert rows_of(desk_client, "SELECT DISTINCT reasons FROM quarantine_observations WHERE row_number > 1") == (
        [] if rule == "off" else [(["duplicate_in_batch"],)]
    )


def test_a_feed_without_a_chain_is_landed_and_committed(desk_client: Client, tmp_path: Path) -> None:
    path = tmp_path / "instruments.csv"
    path.write_text("name,instrument\nApple,AAPL\n", encoding="utf-8")
    result = load_file(desk_client, INSTRUMENTS, path)
    assert (result.counts.landed, result.counts.accepted, result.counts.rejected) == (1, 0, 0)
    assert rows_of(desk_client, "SELECT instrument, name FROM landing_instruments") == [("AAPL", "Apple")]
    assert load_file(desk_client, INSTRUMENTS, path).was_known


def test_every_kind_of_file_lands_the_same_rows(desk_client: Client, tmp_path: Path) -> None:
    table = pa.table({name: [cell] for name, cell in zip(OBSERVATIONS.columns, GOOD_ROW, strict=True)})
    pq.write_table(table, tmp_path / "a.parquet")
    load_file(desk_client, OBSERVATIONS, tmp_path / "a.parquet")
    load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW]))
    columns = ", ".join(OBSERVATIONS.columns)
    assert rows_of(desk_client, f"SELECT {columns}, count() FROM landing_observations GROUP BY ALL") == [(*GOOD_ROW, 2)]
    assert places(desk_client) == single(2, 2, 0)


def test_a_header_alone_is_a_committed_batch_without_rows_and_a_warning(
    desk_client: Client, tmp_path: Path, told: list[Any]
) -> None:
    path = file_of(tmp_path / "a.csv", [])
    result = load_file(desk_client, OBSERVATIONS, path)
    assert result.counts.landed == 0
    assert [entry["log_level"] for entry in told if "no rows" in entry["event"]] == ["warning"]
    assert rows_of(desk_client, "SELECT toString(state), rows_landed FROM ops_batches ORDER BY recorded_at") == [
        ("started", 0),
        ("landed", 0),
        ("committed", 0),
    ]
    assert load_file(desk_client, OBSERVATIONS, path).was_known


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"value\n1\n", id="one column"),
        pytest.param((",".join(OBSERVATIONS.columns) + "\n" + ",".join(GOOD_ROW) + "\nA,B\n").encode(), id="ragged"),
        pytest.param(
            (",".join(OBSERVATIONS.columns) + "\n" + ",".join(GOOD_ROW[:-1]) + ',"1').encode(), id="open quote"
        ),
        pytest.param((",".join(OBSERVATIONS.columns) + "\n" + ",".join(GOOD_ROW[:-1]) + ",\0").encode(), id="NUL"),
    ],
)
def test_a_bad_file_lands_nothing_and_starts_no_batch(
    desk_client: Client, tmp_path: Path, small_chunks: int, content: bytes
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(FeedFileError, match=r"bad\.csv"):
        load_file(desk_client, OBSERVATIONS, path)
    assert places(desk_client) == single(0, 0, 0)
    assert rows_of(desk_client, "SELECT count() FROM ops_batches") == [(0,)]


def test_a_fault_behind_many_chunks_lands_none_of_them(desk_client: Client, tmp_path: Path, small_chunks: int) -> None:
    with pytest.raises(FeedFileError, match=r"bad\.csv:47: 1 columns"):
        load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "bad.csv", [*[GOOD_ROW] * 45, ("x",)]))
    assert places(desk_client) == single(0, 0, 0)


def test_a_missing_file_a_folder_and_an_unknown_kind_are_refused(desk_client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    for name, message in (("none.csv", "no such file"), ("", "this is a folder"), ("a.txt", "no reader")):
        with pytest.raises(FeedFileError, match=message):
            load_file(desk_client, OBSERVATIONS, tmp_path / name)


def test_a_file_that_the_operating_system_keeps_is_told_as_such(desk_client: Client, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    path.symlink_to("/proc/self/mem")
    with pytest.raises(FeedFileError, match=r"kept\.csv: this cannot be read"):
        load_file(desk_client, OBSERVATIONS, path)


def test_without_migrations_or_a_database_the_command_to_run_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(MigrationsMissingError, match=r"no database t_.* Run `touchstone migrate`"):
        connect(settings, database=settings.clickhouse_database)
    connect(settings).command(f"CREATE DATABASE {settings.clickhouse_database}")
    client = connect(settings, database=settings.clickhouse_database)
    with pytest.raises(MigrationsMissingError, match=r"no table landing_observations\. Run `touchstone migrate`"):
        load_file(client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW]))


def test_two_loads_of_one_content_at_the_same_time_end_with_single_rows(
    desk_client: Client, taught: Settings, tmp_path: Path, small_chunks: int
) -> None:
    paths = [file_of(tmp_path / f"{number}.csv", numbered_rows(45)) for number in range(4)]

    def load(path: Path) -> LoadResult:
        return load_file(connect(taught, database=taught.clickhouse_database), OBSERVATIONS, path)

    with ThreadPoolExecutor(len(paths)) as pool:
        results = list(pool.map(load, paths))
    assert {result.counts for result in results} == {batches.Counts(45, 36, 9)}
    assert places(desk_client) == single(45, 36, 9)
    assert load_file(desk_client, OBSERVATIONS, paths[0]).was_known


def test_a_batch_once_committed_stays_so_whatever_is_recorded_after(desk_client: Client, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.csv", [GOOD_ROW])
    load_file(desk_client, OBSERVATIONS, path)
    batches.record(desk_client, batch_of(path), batches.FAILED, message="came late")
    assert load_file(desk_client, OBSERVATIONS, path).was_known


def test_a_file_overwritten_once_it_was_read_is_loaded_as_it_was_read(
    desk_client: Client, tmp_path: Path, small_chunks: int
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(30))
    before = batch_of(path)

    def overwrite(phase: str, _rows: int) -> None:
        if phase == LANDING:
            file_of(path, [BAD_ROW] * 300)

    result = load_file(desk_client, OBSERVATIONS, path, Circumstances(progress=overwrite))
    assert result.batch_id == before.batch_id
    assert places(desk_client) == single(30, 24, 6)


def batch_of(path: Path) -> batches.Batch:
    return batches.identify(OBSERVATIONS, sha256_hex([path.read_bytes()]), path.name, "")


def interrupted_load(client: Client, path: Path, phase: str) -> batches.Batch:
    """A first try that lands or places its first chunk and goes no further."""

    def stop(now: str, _rows: int) -> None:
        if now == phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_file(client, OBSERVATIONS, path, Circumstances(progress=stop))
    return batch_of(path)


@pytest.mark.parametrize(
    ("phase", "stopped_at", "tried"),
    [(LANDING, (10, 0, 0), ("started", "started")), (PLACING, (37, 8, 2), ("started", "landed", "started"))],
)
def test_a_load_that_stopped_half_way_is_completed_by_a_retry_and_dated_by_its_first_try(  # noqa: PLR0917
    desk_client: Client,
    tmp_path: Path,
    small_chunks: int,
    phase: str,
    stopped_at: tuple[int, int, int],
    tried: tuple[str, ...],
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(37))
    interrupted_load(desk_client, path, phase)
    assert places(desk_client) == single(*stopped_at)
    [(first_moment,)] = rows_of(desk_client, "SELECT DISTINCT received_at FROM landing_observations")

    result = load_file(desk_client, OBSERVATIONS, path)
    assert not result.was_known
    assert places(desk_client) == single(37, 30, 7)
    for table, column in (
        ("landing_observations", "received_at"),
        ("fct_observations", "known_at"),
        ("quarantine_observations", "received_at"),
    ):
        assert rows_of(desk_client, f"SELECT DISTINCT {column} FROM {table}") == [(first_moment,)]
    assert rows_of(desk_client, "SELECT toString(state), received_at FROM ops_batches ORDER BY recorded_at") == [
        (state, first_moment) for state in (*tried, "landed", "committed")
    ]


def test_a_file_that_changed_after_a_stopped_load_is_another_batch(
    desk_client: Client, tmp_path: Path, small_chunks: int
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(37))
    stopped = interrupted_load(desk_client, path, LANDING)
    result = load_file(desk_client, OBSERVATIONS, file_of(path, numbered_rows(12)))
    assert result.batch_id != stopped.batch_id
    assert result.counts == batches.Counts(12, 10, 2)


@pytest.mark.parametrize("table", ["fct_observations", "quarantine_observations"])
def test_a_chain_that_broke_behind_landing_is_completed_by_a_retry(
    desk_client: Client, tmp_path: Path, small_chunks: int, table: str
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(37))
    desk_client.command(f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK row_number < 25")
    with pytest.raises(ClickHouseError, match="broken"):
        load_file(desk_client, OBSERVATIONS, path)
    [(state, message)] = rows_of(
        desk_client, "SELECT toString(state), message FROM ops_batches ORDER BY recorded_at DESC LIMIT 1"
    )
    assert state == "failed"
    assert "broken" in message

    desk_client.command(f"ALTER TABLE {table} DROP CONSTRAINT broken")
    load_file(desk_client, OBSERVATIONS, path)
    assert places(desk_client) == single(37, 30, 7)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("landing_observations", "37 rows in the file, 36 in landing_observations, 30 accepted, 7 in open quarantine"),
        ("fct_observations", "37 rows in the file, 37 in landing_observations, 29 accepted, 7 in open quarantine"),
        ("quarantine_observations", "37 rows in the file, 37 in landing_observations, 30 accepted, 6 in open quara"),
    ],
)
def test_rows_lost_before_the_batch_is_committed_are_a_reconciliation_error_with_the_counts(
    desk_client: Client, tmp_path: Path, table: str, message: str
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(37))

    def lose_a_row(phase: str, _rows: int) -> None:
        if phase != PLACING:
            return
        desk_client.command(
            f"ALTER TABLE {table} DELETE WHERE row_number = (SELECT min(row_number) FROM {table})",
            settings={"mutations_sync": 2},
        )

    with pytest.raises(ReconciliationError, match=message):
        load_file(desk_client, OBSERVATIONS, path, Circumstances(progress=lose_a_row))
    assert rows_of(desk_client, "SELECT toString(state) FROM ops_batches ORDER BY recorded_at DESC LIMIT 1") == [
        ("failed",)
    ]


def test_rows_lost_from_the_fact_come_back_by_a_retry_and_once_committed_by_a_backfill(
    desk_client: Client, tmp_path: Path, small_chunks: int
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(37))
    interrupted_load(desk_client, path, PLACING)
    lose = "ALTER TABLE fct_observations DELETE WHERE row_number < 4"
    desk_client.command(lose, settings={"mutations_sync": 2})
    assert load_file(desk_client, OBSERVATIONS, path).counts == batches.Counts(37, 30, 7)

    desk_client.command(lose, settings={"mutations_sync": 2})
    assert load_file(desk_client, OBSERVATIONS, path).was_known
    [placed] = backfill(desk_client, OBSERVATIONS)
    assert placed.counts == batches.Counts(37, 30, 7)
    assert places(desk_client) == single(37, 30, 7)
    assert backfill(desk_client, OBSERVATIONS) == []


def test_one_row_double_and_another_missing_is_a_reconciliation_error_although_the_counts_agree(
    desk_client: Client, tmp_path: Path
) -> None:
    path = file_of(tmp_path / "a.csv", numbered_rows(37))

    def swap_a_row(phase: str, _rows: int) -> None:
        if phase != PLACING:
            return
        desk_client.command("INSERT INTO fct_observations SELECT * FROM fct_observations WHERE row_number = 1")
        desk_client.command("ALTER TABLE fct_observations DELETE WHERE row_number = 2", settings={"mutations_sync": 2})

    with pytest.raises(ReconciliationError, match="some row is double and another one is missing"):
        load_file(desk_client, OBSERVATIONS, path, Circumstances(progress=swap_a_row))


def test_many_rows_land_in_large_chunks_each_in_exactly_one_place(
    desk_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.csv"
    row = ",".join(GOOD_ROW[:-1])
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(OBSERVATIONS.columns) + "\n")
        file.writelines(f"{row},{n if n % 10 else 'bad'}\n" for n in range(300_000))
    chunks: list[tuple[str, int]] = []
    monkeypatch.setattr(loader, "CHUNK_ROWS", 100_000)  # more than the engine has in a block
    progress = Circumstances(progress=lambda phase, rows: chunks.append((phase, rows)))
    result = load_file(desk_client, OBSERVATIONS, path, progress)
    assert [rows for phase, rows in chunks if phase == LANDING] == [100_000] * 3
    assert [rows for phase, rows in chunks if phase == PLACING] == [100_000] * 3
    assert result.counts == batches.Counts(300_000, 270_000, 30_000)
    assert places(desk_client) == single(300_000, 270_000, 30_000)
    assert rows_of(desk_client, "SELECT sum(value_number) FROM fct_observations") == [
        (float(sum(n for n in range(300_000) if n % 10)),)
    ]


def test_the_drop_folder_gives_a_feed_s_files_by_name_without_hidden_foreign_and_half_ones(tmp_path: Path) -> None:
    folder = tmp_path / "observations"
    for name in ("2026", "_temporary/0", ".partial"):
        (folder / name).mkdir(parents=True)
    whole = ("b.csv", "a.parquet", "2026/d.csv.gz")
    for name in (
        *whole,
        ".c.csv",
        "README.md",
        "e.csv.part",
        "f.tmp.csv",
        "_SUCCESS",
        "_temporary/0/g.csv",
        ".partial/h.csv",
    ):
        (folder / name).write_text("x")
    (folder / "empty.csv").touch()
    (folder / "folder.csv").mkdir()
    assert [str(path.relative_to(folder)) for path in files_of(OBSERVATIONS, tmp_path)] == [
        f"2026{os.sep}d.csv.gz",
        "a.parquet",
        "b.csv",
    ]
    assert files_of(INSTRUMENTS, tmp_path) == []
