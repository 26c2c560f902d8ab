"""Migrations for a cluster on the real engine: every statement parses, and the chain works on Distributed tables.

The embedded engine knows a cluster of one shard, itself, by a file beside its configuration. It has no Keeper: ON CLUSTER and the
places in Keeper are taken out again, the tables are those of a cluster.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from house import free_port
from known_codes import GOOD_ROW, teach_codes
from observation_files import OBSERVATIONS, file_of

from orchestrator.constants import MIGRATIONS_DIR, PROJECT_ROOT
from orchestrator.embedded import stop_engine
from orchestrator.embedded.execution.config import CONFIG_FOLDER
from orchestrator.exceptions import MigrationError
from orchestrator.settings import Settings
from orchestrator.warehouse.backfilling import backfill
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.clusters import REQUIRED_SETTINGS, rendered, require_cluster
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.migrations import apply_migrations, live_schema
from orchestrator.warehouse.reconciliation import find_orphans, reconcile_feed

NAME = "touchstone"
FILES = sorted(MIGRATIONS_DIR.glob("[0-9]*.sql"))
REMOTE_SERVERS = (
    "<clickhouse><tcp_port>9000</tcp_port><remote_servers>"
    f"<{NAME}><shard><replica><host>localhost</host><port>9000</port></replica></shard></{NAME}>"
    "</remote_servers><macros><shard>01</shard><replica>one</replica></macros></clickhouse>"
)


def on_one_host(text: str) -> str:
    """Statements for a cluster, for an engine without Keeper."""
    plain = re.sub(r"Replicated(\w*MergeTree)\('/[^']*', '\{replica\}'\)", r"\1", text)
    return plain.replace(f" ON CLUSTER '{NAME}'", "")


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An engine that is a cluster of one shard, with the migrations of a cluster and a few codes."""
    home = tmp_path_factory.mktemp("shard")
    config = home / "engine" / CONFIG_FOLDER
    for folder, name, text in (
        ("config.d", "cluster.xml", REMOTE_SERVERS),
        (
            "users.d",
            "cluster.xml",
            (PROJECT_ROOT / "deploy" / "clickhouse" / "users_cluster.xml")
            .read_text()
            .replace("<touchstone>", "<default>")
            .replace("</touchstone>", "</default>"),
        ),
    ):
        (config / folder).mkdir(parents=True)
        (config / folder / name).write_text(text, encoding="utf-8")
    settings = Settings(touchstone_home=home, clickhouse_port=free_port())
    folder = tmp_path_factory.mktemp("rendered") / "migrations"
    shutil.copytree(MIGRATIONS_DIR, folder)
    variables = {"DATABASE": settings.clickhouse_database, "DICTIONARY_CREDENTIALS": ""}
    for path in folder.glob("[0-9]*.sql"):
        text = path.read_text(encoding="utf-8")
        path.write_text(on_one_host("\n".join(rendered(text, variables, NAME, path.name))), encoding="utf-8")
    apply_migrations(settings, folder)
    teach_codes(connect(settings, database=settings.clickhouse_database))
    yield settings
    stop_engine(settings.engine_dir)


@pytest.fixture
def divided(shard: Settings) -> Client:
    """A client of the database whose landing, facts and quarantine are Distributed."""
    return connect(shard, database=shard.clickhouse_database)


def rows(client: Client, *tables: str) -> list[int]:
    return [int(client.query(f"SELECT count() FROM {table}").result_rows[0][0]) for table in tables]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_engine_parses_every_statement_for_a_cluster(settings: Settings, path: Path) -> None:
    client = connect(settings)
    statements = rendered(
        path.read_text(encoding="utf-8"), {"DATABASE": "db", "DICTIONARY_CREDENTIALS": ""}, NAME, path.name
    )
    for statement in statements:
        printed = client.query("SELECT formatQuerySingleLine({sql:String})", {"sql": statement}).result_rows[0][0]
        assert len(re.findall(r" ON CLUSTER (?:'touchstone'|touchstone)\b", printed)) == 1, printed


def test_a_load_goes_through_distributed_tables_and_a_second_one_adds_nothing(divided: Client, tmp_path: Path) -> None:
    tables = ("fct_observations", "local_fct_observations", "quarantine_observations", "local_quarantine_observations")
    before = rows(divided, *tables)
    file = file_of(tmp_path / "a.csv", [GOOD_ROW, (*GOOD_ROW[:-1], "2.5"), (*GOOD_ROW[:-1], "no number")])
    first = load_file(divided, OBSERVATIONS, file)
    assert (first.counts.accepted, first.counts.rejected) == (2, 1)
    assert load_file(divided, OBSERVATIONS, file).was_known
    assert [after - old for after, old in zip(rows(divided, *tables), before, strict=True)] == [2, 2, 1, 1]
    balance = reconcile_feed(divided, OBSERVATIONS, (first.batch_id,))
    assert (balance.wrong, balance.unfinished) == ((), ())
    assert find_orphans(divided, OBSERVATIONS)[0] >= 2


def test_what_a_shard_has_lost_is_placed_again_and_the_rest_is_not(divided: Client, tmp_path: Path) -> None:
    file = file_of(tmp_path / "b.csv", [(*GOOD_ROW[:-1], f"{number}.25") for number in range(6)])
    loaded = load_file(divided, OBSERVATIONS, file)
    of_batch = f"fct_observations WHERE batch_id = {loaded.batch_id}"
    divided.command(
        f"DELETE FROM local_fct_observations WHERE batch_id = {loaded.batch_id} AND row_number IN (2, 5)",
        settings={"mutations_sync": 2},
    )
    assert rows(divided, of_batch) == [4]
    [again] = backfill(divided, OBSERVATIONS, (loaded.batch_id,))
    assert again.counts.accepted == 6
    assert rows(divided, of_batch, f"(SELECT DISTINCT row_number FROM {of_batch})") == [6, 6]


def test_a_fact_that_points_at_nothing_is_refused_at_the_distributed_table_and_at_the_local_one(
    divided: Client,
) -> None:
    for table in ("fct_observations", "local_fct_observations"):
        with pytest.raises(ClickHouseError, match="469"):
            divided.command(f"INSERT INTO {table} (instrument_id, value_number) VALUES (999, 1)")


def test_the_engine_is_ready_for_the_cluster_and_another_one_is_told_what_it_lacks(
    divided: Client, settings: Settings
) -> None:
    require_cluster(divided, NAME)
    with pytest.raises(MigrationError) as told:
        require_cluster(connect(settings), "elsewhere")
    for fault in ("system.clusters has no cluster elsewhere", "no macro shard", "no macro replica", *REQUIRED_SETTINGS):
        assert fault in str(told.value)


def test_migrations_for_a_cluster_do_not_start_on_a_server_that_has_none(new_settings: Callable[..., Settings]) -> None:
    clustered = new_settings(touchstone_cluster="elsewhere")
    with pytest.raises(MigrationError, match="not ready for the cluster elsewhere"):
        apply_migrations(clustered)
    with pytest.raises(MigrationError, match="schema of one node"):
        live_schema(clustered)


def test_render_prints_what_is_sent(touchstone: Callable[..., Result]) -> None:
    printed = touchstone("migrate", "--render", "--cluster", NAME)
    assert printed.exit_code == 0
    assert "-- 0001_operations.sql" in printed.output
    assert "ReplicatedMergeTree('/clickhouse/tables/{database}/{table}', '{replica}')" in printed.output
    plain = touchstone("migrate", "--render").output
    assert not re.search("ON CLUSTER|Replicated|Distributed", plain)
    assert plain.count("CREATE TABLE") > 15
    assert "--cluster goes with --render" in touchstone("migrate", "--cluster", NAME).output
