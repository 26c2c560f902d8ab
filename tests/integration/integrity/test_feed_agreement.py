"""Live objects, YAML, migrations and the declaration of feeds say the same; and a new feed is scaffolded from it."""

import shutil
from pathlib import Path

import pytest
import yaml
from clickhouse_connect.driver.client import Client
from known_codes import teach_codes
from rich.console import Console

from orchestrator.constants import DBT_PROJECT_DIR, MIGRATIONS_DIR, PROJECT_ROOT
from orchestrator.exceptions import FeedDeclarationError, FeedDriftError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.specs import chained_feeds, get_feed
from orchestrator.settings import Settings
from orchestrator.verbs.feeds import declared_feeds, scaffold, stale_files
from orchestrator.warehouse.agreement import require_agreement
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.migrations import apply_migrations, check_schema, roll_back
from orchestrator.warehouse.quarantine import show
from orchestrator.warehouse.quarantine.selection import ALL_OPEN
from orchestrator.warehouse.reconciliation import find_orphans, reconcile_feed

FEED = get_feed("observations")
TRADES = {
    "noun": "trade",
    "means": "one execution on one market",
    "columns": {
        "trade_time": {"time": {"earliest": "2000-01-01", "ahead": "1 HOUR"}, "means": "When it was executed"},
        "trade_id": {"number": {"type": "UInt64"}, "means": "The market's own number"},
        "instrument": {"code": "instrument", "means": "Code of the instrument"},
        "settled_in": {"code": "instrument", "optional": True, "means": "Code of the currency it is settled in"},
        "source": {"code": "source", "means": "Code of the data source"},
        "side": {"choice": ["buy", "sell"], "means": "Side of the aggressor"},
        "price": {"number": {"type": "Decimal(18, 8)", "above": 0}, "means": "Price per unit"},
        "quantity": {"number": {"min": 0, "max": 1000000}, "optional": True, "means": "Units traded"},
    },
    "natural_key": ["instrument", "trade_time", "trade_id"],
    "partition": "toYYYYMM",
    "rules": {"duplicate_in_batch": "reject"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what the scaffold reads and writes, with a feed of trades declared."""
    for folder in ("dbt_project/models", "dbt_project/macros", "migrations", "seeds"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    shutil.copy(DBT_PROJECT_DIR / "domains.yml", tmp_path / "dbt_project")
    declared = yaml.safe_load((DBT_PROJECT_DIR / "feeds.yml").read_text(encoding="utf-8"))
    declared["feeds"]["trades"] = TRADES
    (tmp_path / "dbt_project" / "feeds.yml").write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
    return tmp_path


def test_rendered_files_are_what_the_declaration_says() -> None:
    assert stale_files() == []


def test_live_objects_are_what_the_declaration_says(world: Client) -> None:
    assert chained_feeds()
    for feed in chained_feeds():
        assert require_agreement(world, feed) == 8


DRIFT = {
    "ALTER TABLE fct_observations DROP CONSTRAINT fk_field": "constraint fk_field is missing",
    "ALTER TABLE fct_observations ADD CONSTRAINT more CHECK row_number > 0": "constraint more is row_number > 0",
    "ALTER TABLE landing_observations ADD COLUMN more String": "landing_observations.more is String",
    "ALTER TABLE landing_observations MODIFY COLUMN field String": "landing_observations.field is String",
    "ALTER TABLE landing_observations MODIFY COLUMN row_number REMOVE CODEC": "landing_observations.row_number is UInt64,",
    "ALTER TABLE quarantine_observations MODIFY COMMENT 'other'": "quarantine_observations has comment 'other'",
    "DROP VIEW mv_reject_observations SYNC": "mv_reject_observations is not there",
    "CREATE OR REPLACE TABLE feed_observations (batch_id UInt64) ENGINE = Memory": "feed_observations has engine 'Memory'",
}


def test_each_kind_of_drift_is_named(migrated: Settings, client: Client) -> None:
    accept = str(client.query("SHOW CREATE TABLE mv_accept_observations").result_rows[0][0])
    for statement in DRIFT:
        client.command(statement)
    client.command("DROP VIEW mv_accept_observations SYNC")
    client.command(accept.replace("reason_mask = 0", "reason_mask < 1"))
    with pytest.raises(FeedDriftError) as error:
        require_agreement(client, FEED)
    told = [*DRIFT.values(), "mv_accept_observations selects otherwise"]
    assert [text for text in told if text not in str(error.value)] == []


def test_a_scaffolded_feed_is_migrated_agrees_takes_rows_and_rolls_back(
    root: Path, settings: Settings, tmp_path: Path
) -> None:
    console = Console(record=True, width=200)
    scaffold(console, settings, "trades", root)
    told = console.export_text()
    number = max(int(path.name[:4]) for path in MIGRATIONS_DIR.glob("[0-9]*.sql")) + 1
    for written in (f"{number:04d}_trades.sql", "fct_trades.sql", "quarantine_trades_open.sql", "v_trades_as_of.sql"):
        assert f"/{written}" in told
    assert stale_files(root) == []
    with pytest.raises(FeedDeclarationError, match="has its migrations already"):
        scaffold(console, settings, "trades", root)
    with pytest.raises(FeedDeclarationError, match="declares no feed 'quotes'"):
        scaffold(console, settings, "quotes", root)

    apply_migrations(settings, root / "migrations")
    client = connect(settings, database=settings.clickhouse_database)
    [trades] = [feed for feed in declared_feeds(root) if feed.name == "trades"]
    assert require_agreement(client, trades) == 8
    assert take_trades(client, trades, tmp_path) == {
        1: (),
        2: (),
        3: ("bad_side", "missing_price"),
        4: ("bad_trade_id", "unknown_settled_in", "out_of_range_price", "out_of_range_quantity"),
        5: ("out_of_range_trade_time", "unknown_instrument", "bad_price"),
        6: ("duplicate_in_batch",),
    }
    facts = client.query(
        "SELECT row_number, trade_id, settled_in_id, toString(side), toString(price), quantity FROM fct_trades ORDER BY 1"
    ).result_rows
    assert facts == [(1, 7, 0, "buy", "1.5", 3.0), (2, 8, 2, "sell", "0.00000001", None)]
    assert reconcile_feed(client, trades).adds_up
    scanned, orphans = find_orphans(client, trades)
    assert (scanned, set(orphans.values())) == (2, {0})
    assert roll_back(settings, number - 1, root / "migrations") == [number]
    assert client.query(
        "SELECT count() FROM system.tables WHERE name LIKE '%trades' AND database = currentDatabase()"
    ).result_rows == [(0,)]
    assert check_schema(settings) > 40


def take_trades(client: Client, trades: Feed, tmp_path: Path) -> dict[int, tuple[str, ...]]:
    """Load six trades; gives the reasons of each."""
    teach_codes(client)
    client.command(
        "INSERT INTO dim_feed_rule VALUES ('trades', 'duplicate_in_batch', 'reject', 1, now64(6), now64(6), 0)"
    )
    client.command("SYSTEM RELOAD DICTIONARY dict_feed_rule")
    path = tmp_path / "trades.csv"
    path.write_text(
        "trade_time,trade_id,instrument,settled_in,source,side,price,quantity\n"
        "2026-01-05 10:20:30.123456,7,AAPL,,lab,buy,1.5,3\n"
        "2026-01-05T10:20:30Z,8,AAPL,EURUSD,lab, sell ,0.00000001,\n"
        "2026-01-05 10:20:30.5,9,AAPL,,lab,BUY,,1\n"
        "2026-01-05 10:20:30.5,-1,AAPL,NOBODY,lab,buy,0,1000001\n"
        "1999-12-31,9,NOBODY,,lab,buy,much,1\n"
        "2026-01-05 10:20:30.123456,7,AAPL,,lab,buy,1.5,3\n",
        encoding="utf-8",
    )
    result = load_file(client, trades, path)
    assert (result.counts.accepted, result.counts.rejected) == (2, 4)
    rejected = {row["row"]: tuple(row["reasons"]) for row in show(client, trades, ALL_OPEN, 10)}
    return {number: rejected.get(number, ()) for number in range(1, 7)}
