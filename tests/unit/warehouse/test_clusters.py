"""Statements rendered for a cluster: names, engines and Distributed tables; nothing on one node; errors that name the fault."""

import re

import pytest
from clickhouse_migrations.migration import Migration

from orchestrator.constants import MIGRATIONS_DIR
from orchestrator.exceptions import MigrationError
from orchestrator.warehouse.cluster_migrator import RenderingCluster
from orchestrator.warehouse.clusters import cluster_variables, for_cluster, rendered

FILES = sorted(MIGRATIONS_DIR.glob("[0-9]*.sql"))
VARIABLES = {"DATABASE": "db", "DICTIONARY_CREDENTIALS": ""}
ON_CLUSTER = "ON CLUSTER 'two_by_two'"
KEEPER_PATH = re.compile(r"Replicated(\w*MergeTree)\('/clickhouse/tables/[^']+', '\{replica\}'\)")

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def on_cluster(statement: str) -> list[str]:
    return for_cluster(statement, "two_by_two")


def statements_of(path, cluster: str) -> list[str]:
    return rendered(path.read_text(encoding="utf-8"), VARIABLES, cluster, path.name)


def without_cluster(statement: str) -> str:
    plain = KEEPER_PATH.sub(r"\1", statement.replace(ON_CLUSTER, ""))
    return re.sub(r"(TABLE (?:IF (?:NOT )?EXISTS )?db\.)local_", r"\1", plain).replace(" ;", ";")


def is_distributed(statement: str) -> bool:
    return "ENGINE = Distributed(" in statement or bool(
        re.fullmatch(rf"DROP TABLE IF EXISTS db\.(landing|fct|quarantine)_\w+ {ON_CLUSTER} SYNC;", statement)
    )


def test_without_a_cluster_a_statement_stays_as_it_is() -> None:
    assert cluster_variables("") == {"ON_CLUSTER": "", "REPLICATED": ""}
    for statement in ("CREATE TABLE db.t (a UInt64) ENGINE = MergeTree ORDER BY a;", "SELECT 1;"):
        assert for_cluster(statement, "") == [statement]


def test_a_whole_table_is_replicated_over_all_shards() -> None:
    assert on_cluster(
        f"CREATE TABLE IF NOT EXISTS db.dim_x {ON_CLUSTER} (a UInt64)\nENGINE = ReplicatedMergeTree\nORDER BY a;"
    ) == [
        f"CREATE TABLE IF NOT EXISTS db.dim_x {ON_CLUSTER} (a UInt64)\n"
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}', '{replica}')\nORDER BY a;"
    ]


def test_a_shared_table_is_replicated_within_its_shard_and_read_through_a_distributed_one() -> None:
    assert on_cluster(
        f"CREATE TABLE IF NOT EXISTS db.fct_x {ON_CLUSTER} (a UInt64) ENGINE = ReplicatedMergeTree ORDER BY a;"
    ) == [
        f"CREATE TABLE IF NOT EXISTS db.local_fct_x {ON_CLUSTER} (a UInt64) "
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}') ORDER BY a;",
        f"CREATE OR REPLACE TABLE db.fct_x {ON_CLUSTER} AS db.local_fct_x\n"
        "ENGINE = Distributed('two_by_two', 'db', 'local_fct_x', batch_id);",
    ]


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("ReplicatedReplacingMergeTree(v)", "ReplicatedReplacingMergeTree('{path}', '{{replica}}', v)"),
        ("ReplicatedMergeTree()", "ReplicatedMergeTree('{path}', '{{replica}}')"),
        ("ReplicatedMergeTree", "ReplicatedMergeTree('{path}', '{{replica}}')"),
        ("Null", "Null"),
    ],
)
def test_an_engine_keeps_its_arguments_behind_its_place_in_keeper(engine: str, expected: str) -> None:
    [statement] = on_cluster(f"CREATE TABLE db.ops_x {ON_CLUSTER} (a UInt64) ENGINE = {engine} COMMENT 'ENGINE = x';")
    wanted = expected.format(path="/clickhouse/tables/{database}/{table}")
    assert statement == f"CREATE TABLE db.ops_x {ON_CLUSTER} (a UInt64) ENGINE = {wanted} COMMENT 'ENGINE = x';"


def test_a_change_of_a_shared_table_is_one_of_the_local_table_then_of_the_distributed_one() -> None:
    change, again = on_cluster(f"ALTER TABLE db.landing_x {ON_CLUSTER} ADD COLUMN IF NOT EXISTS landing_x String;")
    assert change == f"ALTER TABLE db.local_landing_x {ON_CLUSTER} ADD COLUMN IF NOT EXISTS landing_x String;"
    assert again.startswith(f"CREATE OR REPLACE TABLE db.landing_x {ON_CLUSTER} AS db.local_landing_x\n")


def test_a_shared_table_goes_after_what_reads_it() -> None:
    assert on_cluster(f"DROP TABLE IF EXISTS db.quarantine_x {ON_CLUSTER} SYNC;") == [
        f"DROP TABLE IF EXISTS db.quarantine_x {ON_CLUSTER} SYNC;",
        f"DROP TABLE IF EXISTS db.local_quarantine_x {ON_CLUSTER} SYNC;",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS db.mv_x {ON_CLUSTER} TO db.fct_x AS SELECT a FROM db.landing_x;",
        f"CREATE OR REPLACE DICTIONARY db.dict_x {ON_CLUSTER} (a UInt64) PRIMARY KEY a "
        "SOURCE(CLICKHOUSE(QUERY 'SELECT a FROM db.dim_x')) LAYOUT(FLAT()) LIFETIME(0);",
        f"-- ENGINE = MergeTree\nDROP VIEW IF EXISTS db.fct_view {ON_CLUSTER} SYNC;",
        f"ALTER TABLE db.dim_x {ON_CLUSTER} MODIFY COMMENT 'ENGINE = MergeTree';",
    ],
)
def test_views_dictionaries_and_changes_of_whole_tables_stay_as_they_are(statement: str) -> None:
    assert on_cluster(statement) == [statement]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DROP TABLE IF EXISTS db.dim_x SYNC;", "one host alone"),
        ("DROP TABLE IF EXISTS db.dim_x ON CLUSTER 'another' SYNC;", "one host alone"),
        (
            f"CREATE TABLE db.dim_x {ON_CLUSTER} (a UInt64) ENGINE = MergeTree ORDER BY a;",
            "engine MergeTree of db.dim_x",
        ),
        (f"CREATE TABLE db.dim_x {ON_CLUSTER} (a UInt64) ENGINE = Memory;", "engine Memory of db.dim_x"),
        (f"CREATE TABLE db.dim_x {ON_CLUSTER} (a UInt64) ORDER BY a;", "no engine"),
        (f"CREATE TABLE dim_x {ON_CLUSTER} (a UInt64) ENGINE = Null;", "no database"),
        ("INSERT INTO db.dim_x SELECT 1;", "cannot be rendered"),
        ("SYSTEM RELOAD DICTIONARY db.dict_x;", "cannot be rendered"),
    ],
)
def test_what_would_differ_from_host_to_host_is_refused(statement: str, fault: str) -> None:
    with pytest.raises(MigrationError, match=re.escape(fault)):
        on_cluster(statement)


@every_file
def test_every_statement_of_the_migrations_says_on_cluster_once_and_keeps_rows_in_replicated_tables(path) -> None:
    statements = statements_of(path, "two_by_two")
    assert statements
    for statement in statements:
        assert statement.count("ON CLUSTER") == 1, statement
        engines = re.findall(r"^ENGINE = (\S.*)", statement, re.MULTILINE)
        assert len(engines) == (1 if re.search(r"^CREATE (OR REPLACE )?TABLE", statement, re.MULTILINE) else 0), (
            statement
        )
        for engine in engines:
            assert KEEPER_PATH.match(engine) or engine == "Null" or engine.startswith("Distributed("), engine


@every_file
def test_nothing_else_of_the_migrations_changes(path) -> None:
    own = [statement for statement in statements_of(path, "two_by_two") if not is_distributed(statement)]
    assert [without_cluster(statement) for statement in own] == [s.replace(" ;", ";") for s in statements_of(path, "")]


@every_file
def test_no_dictionary_reads_a_table_that_is_divided(path) -> None:
    for statement in statements_of(path, "two_by_two"):
        for query in re.findall(r"QUERY '((?:[^']|'')*)'", statement):
            assert not re.search(r"db\.(landing|fct|quarantine)_", query), statement


class Recorder:
    """What the library needs of a connection; keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def command(self, statement, **_options) -> None:
        self.sent.append(statement)

    def query(self, _statement) -> list[dict[str, object]]:
        return []

    def insert(self, table, rows) -> None:
        self.sent.append(f"INSERT INTO {table} {rows[0]['md5']}")


@pytest.mark.parametrize("cluster", ["", "two_by_two"])
def test_the_library_sends_what_is_rendered_and_keeps_the_checksum_of_the_file(cluster: str) -> None:
    script = "ALTER TABLE db.fct_x ${ON_CLUSTER} DROP COLUMN IF EXISTS a;"
    connection = Recorder()
    migrator = RenderingCluster(cluster, db_host="nowhere")._migrator(connection)
    migrator.apply_migration([Migration(1, "md5 of the file", script)], True, variables=cluster_variables(cluster))
    changes = [statement for statement in connection.sent if "fct_x" in statement]
    assert changes == for_cluster(script.replace("${ON_CLUSTER}", cluster_variables(cluster)["ON_CLUSTER"]), cluster)
    assert connection.sent[-1].endswith("md5 of the file")
