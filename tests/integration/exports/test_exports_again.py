"""Exporting again, one day of several, after a change, and where it fails half-way: nothing else moves."""

from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from pyiceberg.table import Table

from orchestrator.exceptions import ExportDeclarationError, ExportReadError, ExportTargetError, ExportTypeError
from orchestrator.exports.exporting import ExportResult
from orchestrator.exports.reading import Content, Source
from orchestrator.exports.specs import ExportFormat, ExportSpec
from orchestrator.exports.targets import FolderTarget
from orchestrator.settings import Settings

FORMATS = (ExportFormat.PARQUET, ExportFormat.CSV, ExportFormat.ICEBERG)
TRADES = ExportSpec(
    name="trades",
    relation="trades",
    description="One row per trade.",
    day="traded_at",
    key=("trade_id",),
    formats=FORMATS,
)
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (5, 6, 7))
IN_TURN = [pytest.param(kind, id=kind) for kind in FORMATS]

Exported = Callable[..., ExportResult]
Manifest = Callable[[str, str], dict[str, Any]]
Open = Callable[[str, str], Table]


@pytest.fixture
def trades(own_client: Client) -> Client:
    """Three days of trades, two on each."""
    own_client.command(
        "CREATE TABLE trades (trade_id UInt32, traded_at DateTime64(6, 'UTC'), price Float64) ENGINE = MergeTree "
        "ORDER BY trade_id"
    )
    own_client.command(
        "INSERT INTO trades SELECT number, toDateTime64('2026-01-05 12:00:00', 6, 'UTC') + toIntervalDay(intDiv(number, 2)), "
        "number / 4 FROM numbers(6)"
    )
    return own_client


def files_of(folder: Path) -> dict[str, str]:
    """Path and hash of every file but the catalog, which SQLite writes as it likes."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".db")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("kind", IN_TURN)
@pytest.mark.parametrize("only_changed", [False, True])
def test_a_second_export_of_the_same_rows_changes_nothing(
    trades: Client, own_exported: Exported, target: Path, kind: ExportFormat, only_changed: bool
) -> None:
    first = own_exported(TRADES, kind, run_id="first")
    before = files_of(target)
    second = own_exported(TRADES, kind, run_id="second", only_changed=only_changed)
    assert files_of(target) == before
    assert len(before) > 3
    assert (first.is_new, second.is_new) == (True, False)
    assert (first.written, second.written, second.unchanged) == ((3, 0, 3) if only_changed else (3, 3, 0))


def test_the_same_rows_in_another_folder_are_the_same_bytes(
    trades: Client, own_exported: Exported, target: Path
) -> None:
    for kind in FORMATS:
        own_exported(TRADES, kind)
    before = {name: digest for name, digest in files_of(target).items() if "day=" in name}
    target.rename(target.with_name("elsewhere"))
    trades.command("OPTIMIZE TABLE trades FINAL")
    for kind in FORMATS:
        own_exported(TRADES, kind)
    assert {name: digest for name, digest in files_of(target).items() if "day=" in name} == before
    assert len(before) == 9


@pytest.mark.parametrize("kind", IN_TURN)
@pytest.mark.parametrize(
    "wanted", [{"first": TUESDAY, "last": TUESDAY}, {"only_changed": True}], ids=["day", "changed"]
)
def test_only_the_day_that_is_exported_is_another_one(  # noqa: PLR0917 fixtures come by name
    trades: Client, own_exported: Exported, target: Path, manifest: Manifest, kind: ExportFormat, wanted: dict[str, Any]
) -> None:
    own_exported(TRADES, kind, run_id="first")
    before = {file["day"]: file for file in manifest("trades", kind)["files"]}
    trades.command("INSERT INTO trades VALUES (100, '2026-01-06 13:00:00', 25)")
    result = own_exported(TRADES, kind, run_id="second", **wanted)
    after = {file["day"]: file for file in manifest("trades", kind)["files"]}
    assert (result.written, result.rows) == (1, 3)
    assert [day for day in after if after[day] != before[day]] == [str(TUESDAY)]
    assert (after[str(TUESDAY)]["rows"], after[str(TUESDAY)]["run_id"]) == (3, "second")
    assert all(sha256((target / file["path"]).read_bytes()).hexdigest() == file["sha256"] for file in after.values())


def test_an_iceberg_table_gets_one_snapshot_per_export_that_changes_something(
    trades: Client, own_exported: Exported, settings: Settings, iceberg_table: Open
) -> None:
    own_exported(TRADES, ExportFormat.ICEBERG, run_id="first")
    own_exported(TRADES, ExportFormat.ICEBERG)
    trades.command("INSERT INTO trades VALUES (100, '2026-01-06 13:00:00', 25), (101, '2026-01-07 13:00:00', 25)")
    own_exported(TRADES, ExportFormat.ICEBERG, first=TUESDAY, run_id="second")
    table = iceberg_table(settings.clickhouse_database, "trades")
    first, second = table.snapshots()
    assert table.scan(snapshot_id=first.snapshot_id).to_arrow().num_rows == 6
    assert table.scan().to_arrow().num_rows == 8
    said = {key: value for key, value in second.summary.additional_properties.items() if key.startswith("touchstone.")}
    assert said.pop("touchstone.checksum").isdecimal()
    assert int(said.pop("touchstone.bytes")) > 0
    assert said == {
        "touchstone.export": "trades",
        "touchstone.relation": "trades",
        "touchstone.rows": "6",
        "touchstone.days": "2",
        "touchstone.first_day": "2026-01-06",
        "touchstone.last_day": "2026-01-07",
        "touchstone.run_id": "second",
        "touchstone.code_version": "0.1.0",
    }
    assert second.summary["deleted-data-files"] == second.summary["added-data-files"] == "2"


@pytest.mark.parametrize("kind", IN_TURN)
def test_a_day_that_lost_its_rows_goes_and_one_that_never_had_any_is_no_file(  # noqa: PLR0917 fixtures come by name
    trades: Client, own_exported: Exported, target: Path, manifest: Manifest, settings: Settings, iceberg_table: Open,
    kind: ExportFormat,
) -> None:  # fmt: skip
    own_exported(TRADES, kind)
    trades.command("ALTER TABLE trades DELETE WHERE toDate(traded_at) = '2026-01-06' SETTINGS mutations_sync = 1")
    result = own_exported(TRADES, kind, first=TUESDAY, last=date(2026, 2, 1))
    assert (result.removed, result.written) == (1, 1)
    assert [file["day"] for file in manifest("trades", kind)["files"]] == [str(MONDAY), str(WEDNESDAY)]
    if kind is ExportFormat.ICEBERG:
        found = iceberg_table(settings.clickhouse_database, "trades").scan().to_arrow()
        assert sorted(found["trade_id"].to_pylist()) == [0, 1, 4, 5]
    else:
        assert sorted(path.name for path in (target / "trades").glob("day=*")) == [f"day={MONDAY}", f"day={WEDNESDAY}"]


def test_what_somebody_removed_is_written_again(trades: Client, own_exported: Exported, target: Path) -> None:
    own_exported(TRADES, ExportFormat.PARQUET)
    before = files_of(target)
    (target / f"trades/day={TUESDAY}/trades.parquet").unlink()
    assert own_exported(TRADES, ExportFormat.PARQUET, only_changed=True).written == 1
    assert files_of(target) == before
    own_exported(TRADES, ExportFormat.ICEBERG)
    (target / "iceberg" / "catalog.db").unlink()
    assert own_exported(TRADES, ExportFormat.ICEBERG, only_changed=True).written == 3


@pytest.mark.parametrize("kind", IN_TURN)
def test_a_target_that_fails_half_way_leaves_the_files_of_before_and_the_next_export_completes_it(  # noqa: PLR0917
    trades: Client, own_exported: Exported, target: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch,
    kind: ExportFormat,
) -> None:  # fmt: skip
    own_exported(TRADES, kind)
    before = files_of(target)
    trades.command("INSERT INTO trades VALUES (100, '2026-01-06 13:00:00', 25), (101, '2026-01-07 13:00:00', 25)")
    put = FolderTarget.put

    def full(self: FolderTarget, relative: str, path: Path) -> None:
        if f"day={WEDNESDAY}" in relative:
            raise ExportTargetError("No space left on device.")
        put(self, relative, path)

    with monkeypatch.context() as patch:
        patch.setattr(FolderTarget, "put", full)
        with pytest.raises(ExportTargetError):
            own_exported(TRADES, kind)
    after = files_of(target)
    of_wednesday = [name for name in before if f"day={WEDNESDAY}" in name]
    assert of_wednesday
    assert all(after[name] == before[name] for name in of_wednesday)
    assert after["trades/_manifest.json"] == before["trades/_manifest.json"]
    assert not [name for name in after if ".partial" in name]
    assert own_exported(TRADES, kind, only_changed=True).written == 2
    assert [file["rows"] for file in manifest("trades", kind)["files"]] == [2, 3, 3]


def test_rows_that_come_while_they_are_read_are_not_taken_for_those_that_were_counted(trades: Client) -> None:
    source = Source(trades, TRADES)
    counted = dict(source.contents(None, None))
    trades.command("INSERT INTO trades VALUES (100, '2026-01-06 13:00:00', 25)")
    with pytest.raises(ExportReadError, match="trades of 2026-01-06 gave 3 rows where 2 were counted"):
        for _, batches in source.stream(counted):
            assert list(batches)
    with pytest.raises(ExportReadError, match="trades of 2026-02-01 gave 0 rows where 2 were counted"):
        [list(batches) for _, batches in source.stream({date(2026, 2, 1): Content(2, 1)})]


def test_an_iceberg_table_follows_its_relation(
    trades: Client, own_exported: Exported, settings: Settings, iceberg_table: Open
) -> None:
    own_exported(TRADES, ExportFormat.ICEBERG)
    trades.command("ALTER TABLE trades ADD COLUMN venue String DEFAULT 'XNYS', MODIFY COLUMN price Nullable(Float64)")
    own_exported(TRADES, ExportFormat.ICEBERG, first=WEDNESDAY)
    found = iceberg_table(settings.clickhouse_database, "trades").scan().to_arrow().sort_by("trade_id")
    assert found["venue"].to_pylist() == [None, None, None, None, "XNYS", "XNYS"]
    trades.command("ALTER TABLE trades DROP COLUMN price")
    own_exported(TRADES, ExportFormat.ICEBERG, first=WEDNESDAY)
    found = iceberg_table(settings.clickhouse_database, "trades").scan().to_arrow().sort_by("trade_id")
    assert found["price"].to_pylist() == [0.0, 0.25, 0.5, 0.75, None, None]
    trades.command("ALTER TABLE trades MODIFY COLUMN venue UInt8 DEFAULT 1")
    with pytest.raises(ExportTypeError, match=r"trades cannot become what its relation is now: .*venue"):
        own_exported(TRADES, ExportFormat.ICEBERG)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"relation": "nothing"}, "Export trades: the warehouse has no relation nothing"),
        ({"key": ("trade",)}, "Export trades: trades has no column trade"),
        ({"day": "price"}, "the day column price is no date or time"),
        ({"formats": (ExportFormat.CSV,)}, "Export trades is not declared as parquet"),
    ],
)
def test_a_declaration_that_the_warehouse_does_not_hold_is_refused(
    trades: Client, own_exported: Exported, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ExportDeclarationError, match=told):
        own_exported(TRADES.model_copy(update=changes), ExportFormat.PARQUET)


def test_a_manifest_that_is_none_is_told_and_left_alone(trades: Client, own_exported: Exported, target: Path) -> None:
    path = target / "trades" / "_manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"export": "trades"}', encoding="utf-8")
    with pytest.raises(
        ExportTargetError, match=r"_manifest\.json is no manifest of an export: relation: Field required"
    ):
        own_exported(TRADES, ExportFormat.CSV)
    assert path.read_text("utf-8") == '{"export": "trades"}'
