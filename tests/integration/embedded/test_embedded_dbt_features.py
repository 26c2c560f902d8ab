"""A dbt project of every feature of dbt-clickhouse, built twice with a change in between; the tables tell how it went."""

import json
import os
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import clickhouse_connect
import pytest

PROJECT = {
    "dbt_project.yml": """
name: features
version: "1.0"
profile: features
flags: {send_anonymous_usage_stats: false, use_colors: false, version_check: false}
seeds:
  features:
    instruments:
      +column_types: {id: UInt64, code: LowCardinality(String), price: "Decimal(18, 4)", listed: Nullable(Date32), note: Nullable(String)}
""",
    "profiles.yml": """
features:
  target: test
  outputs:
    test: {type: clickhouse, driver: http, host: 127.0.0.1, port: PORT, user: default, password: "", schema: SCHEMA, threads: 4}
""",
    "seeds/instruments.csv": """id,code,price,listed,note
1,AAA,1.2345,1999-12-31,"it's, ""quoted"" \\ back"
2,BBB,-0.5,,é😀
3,CCC,10,2024-02-29,
""",
    "models/sources.yml": """
sources:
  - name: raw
    schema: SCHEMA_raw
    tables:
      - name: trades
        config: {loaded_at_field: loaded_at, freshness: {error_after: {count: 1, period: day}}}
      - name: forgotten
        config: {loaded_at_field: loaded_at, freshness: {warn_after: {count: 1, period: day}, error_after: {count: 2, period: day}}}
""",
    "models/as_view.sql": "{{ config(materialized='view') }} select id, price * 2 as twice from {{ source('raw', 'trades') }}",
    "models/as_table.sql": """{{ config(materialized='table', order_by='id', engine='MergeTree()') }}
select id, day, price, {{ var('round', 1) }} as round from {{ source('raw', 'trades') }}""",
    "models/appended.sql": """{{ config(materialized='incremental', incremental_strategy='append', order_by='id') }}
select id, price from {{ source('raw', 'trades') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}""",
    "models/overwritten.sql": """{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partition_by='day', order_by='id') }}
select id, day, price, {{ var('round', 1) }} as round from {{ source('raw', 'trades') }}
{% if is_incremental() %} where day >= '2024-01-02' {% endif %}""",
    "models/replaced.sql": """{{ config(materialized='incremental', incremental_strategy='delete_insert', unique_key='id', order_by='id',
    on_schema_change='append_new_columns') }}
select id, price {% if var('round', 1) == 2 %}, toNullable('new') as extra {% endif %} from {{ source('raw', 'trades') }}
{% if is_incremental() %} where id >= 3 {% endif %}""",
    "models/totals.sql": """{{ config(materialized='materialized_view', engine='SummingMergeTree()', order_by='day') }}
select day, sum(price) as price, count() as trades from {{ source('raw', 'trades') }} group by day""",
    "models/prices.sql": """{{ config(materialized='dictionary', fields=[('id', 'UInt64'), ('price', 'Float64')], primary_key='id', layout='HASHED()', lifetime='0') }}
select id, price from {{ source('raw', 'trades') }}""",
    "models/kept.sql": "{{ config(materialized='table') }} select id, code from {{ ref('instruments') }}",
    "models/broken.sql": "{{ config(materialized='table') }} select id, toString(price) as price from {{ ref('instruments') }}",
    "models/models.yml": """
models:
  - name: kept
    description: One row per instrument.
    config: {contract: {enforced: true}, persist_docs: {relation: true, columns: true}}
    constraints: [{type: check, name: positive, expression: id > 0}]
    columns:
      - {name: id, data_type: UInt64, description: The instrument's number.}
      - {name: code, data_type: LowCardinality(String)}
  - name: broken
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: UInt64}, {name: price, data_type: "Decimal(18, 4)"}]
  - name: as_table
    columns:
      - name: id
        data_tests: [unique, not_null, {relationships: {arguments: {to: ref('as_view'), field: id}}}]
      - name: round
        data_tests: [{accepted_values: {arguments: {values: [1, 2], quote: false}}}]
""",
    "tests/no_trade_is_free.sql": "select * from {{ ref('as_table') }} where price = 0",
    "tests/no_trade_is_large.sql": "{{ config(store_failures=true) }} select id, price from {{ ref('as_table') }} where price > 100",
    "snapshots/snapshots.yml": """
snapshots:
  - {name: by_check, relation: ref('instruments'), config: {strategy: check, unique_key: id, check_cols: [code, price]}}
  - {name: by_time, relation: "source('raw', 'trades')", config: {strategy: timestamp, unique_key: id, updated_at: loaded_at}}
""",
    "macros/leave_note.sql": """{% macro leave_note(text) %}
{% do run_query("create table " ~ target.schema ~ ".note engine = Memory as select '" ~ text ~ "' as text") %}
{% do log("found " ~ run_query("select text from " ~ target.schema ~ ".note").columns[0].values()[0], info=true) %}
{% endmacro %}""",
}

NOW = datetime.now(UTC).replace(microsecond=0)
EARLIER = NOW - timedelta(hours=1)
FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
TRADES = [(1, FIRST, 10.0, EARLIER), (2, SECOND, 20.0, EARLIER), (3, SECOND, 500.0, EARLIER)]
CHANGED_TRADES = [(1, FIRST, 11.0, EARLIER), *TRADES[1:2], (3, SECOND, 501.0, NOW), (4, THIRD, 40.0, NOW)]
CHANGED_SEED = "id,code,price,listed,note\n1,AAA,1.2345,1999-12-31,\n2,BBB,-0.75,,\n4,DDD,7,,\n"
READ = {
    **{name: f"SELECT * FROM {name} ORDER BY id" for name in ("instruments", "as_view", "as_table", "kept")},
    **{name: f"SELECT * FROM {name} ORDER BY id" for name in ("appended", "overwritten", "replaced")},
    "totals": "SELECT day, sum(price), sum(trades) FROM totals GROUP BY day ORDER BY day",
    "prices": "SELECT id, dictGet(currentDatabase() || '.prices', 'price', id) FROM as_table ORDER BY id",
    "by_check": "SELECT id, price, dbt_valid_to IS NULL FROM by_check ORDER BY id, dbt_valid_from, price DESC",
    "by_time": "SELECT id, price, dbt_valid_to IS NULL FROM by_time ORDER BY id, dbt_valid_from",
    "failures": "SELECT * FROM {audit}.no_trade_is_large",
    "leftovers": "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%\\_\\_dbt%'",
    "tables": "SELECT name, engine FROM system.tables WHERE database = currentDatabase()",
}


@dataclass(frozen=True)
class Build:
    """What a build left: status and message of each node, rows of each table, dbt's log."""

    results: dict[str, tuple[str, str]]
    rows: dict[str, list[tuple]]
    log: str


class Project:
    """The project in a folder, and the engine it builds on."""

    def __init__(self, folder: Path, port: int, dbt_process: Executor) -> None:
        self.folder = folder
        self._dbt_process = dbt_process
        self.schema = f"t_{secrets.token_hex(6)}"
        for name, text in PROJECT.items():
            self.write(name, text.replace("PORT", str(port)).replace("SCHEMA", self.schema))
        self.client = clickhouse_connect.get_client(host="127.0.0.1", port=port)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def dbt(self, *arguments: str, is_success: bool = True) -> None:
        """Run dbt to its end."""
        outcome = self._dbt_process.submit(run_dbt, self.folder, arguments).result(timeout=120)
        assert outcome == (is_success, None), self.log()

    def log(self) -> str:
        """What dbt logged since its last build began."""
        return (self.folder / "logs" / "dbt.log").read_text()

    def rows(self, sql: str) -> list[tuple]:
        self.client.command(f"USE {self.schema}")
        return list(self.client.query(sql.format(audit=f"{self.schema}_dbt_test__audit")).result_rows)

    def results(self, name: str = "run_results") -> dict[str, tuple[str, str]]:
        """Status and message of each node of the last run."""
        found = json.loads((self.folder / "target" / f"{name}.json").read_text())["results"]
        return {node["unique_id"].rsplit(".", 1)[1]: (node["status"], node.get("message") or "") for node in found}

    def build(self, *arguments: str) -> Build:
        (self.folder / "logs" / "dbt.log").unlink(missing_ok=True)
        self.dbt("build", *arguments, is_success=False)
        rows = {name: self.rows(sql) for name, sql in READ.items()}
        return Build(self.results(), rows, self.log())


def run_dbt(folder: Path, arguments: tuple[str, ...]) -> tuple[bool, str | None]:
    """Whether what was asked for went well, and what broke dbt itself."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 takes seconds

    os.chdir(folder)
    done = dbtRunner().invoke(["--quiet", *arguments])
    return done.success, done.exception and repr(done.exception)


@pytest.fixture(scope="module")
def dbt_process() -> Iterator[Executor]:
    """A process that stays with dbt loaded, which takes longer than most of what it is asked for."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        yield process


@pytest.fixture(scope="module")
def project(embedded_engine, dbt_process, tmp_path_factory):
    """The project and its sources."""
    made = Project(tmp_path_factory.mktemp("dbt"), embedded_engine.port, dbt_process)
    made.client.command(f"CREATE DATABASE {made.schema}_raw")
    for table, rows in (("trades", TRADES), ("forgotten", [(1, FIRST, 1.0, datetime(2000, 1, 1, tzinfo=UTC))])):
        columns = "id UInt64, day Date, price Float64, loaded_at DateTime"
        made.client.command(f"CREATE TABLE {made.schema}_raw.{table} ({columns}) ENGINE = MergeTree ORDER BY id")
        made.client.insert(table, rows, database=f"{made.schema}_raw")
    yield made
    for suffix in ("", "_raw", "_dbt_test__audit"):
        made.client.command(f"DROP DATABASE IF EXISTS {made.schema}{suffix}")
    made.client.close()


@pytest.fixture(scope="module")
def built(project):
    """The first build."""
    return project.build()


@pytest.fixture(scope="module")
def rebuilt(project, built):
    """The second build, after a change of the sources, of the seed and of the models."""
    project.client.command(f"TRUNCATE TABLE {project.schema}_raw.trades")
    project.client.insert("trades", CHANGED_TRADES, database=f"{project.schema}_raw")
    project.write("seeds/instruments.csv", CHANGED_SEED)
    return project.build("--vars", "round: 2")


def test_a_build_fails_by_the_broken_contract_and_the_failing_test_only(built, rebuilt):
    for build in (built, rebuilt):
        assert len(build.results) == 18
        failed = {name: status for name, (status, _) in build.results.items() if status not in ("success", "pass")}
        assert failed == {"broken": "error", "no_trade_is_large": "fail"}
        assert build.rows["leftovers"] == []


def test_a_seed_has_the_types_it_was_given_and_every_character(built, rebuilt, project):
    assert built.rows["instruments"] == [
        (1, "AAA", Decimal("1.2345"), date(1999, 12, 31), 'it\'s, "quoted" \\ back'),
        (2, "BBB", Decimal("-0.5"), None, "é😀"),
        (3, "CCC", Decimal(10), date(2024, 2, 29), None),
    ]
    assert [row[2] for row in rebuilt.rows["instruments"]] == [Decimal("1.2345"), Decimal("-0.75"), Decimal(7)]


def test_views_and_tables_follow_their_source(built, rebuilt):
    assert built.rows["as_view"] == [(1, 20.0), (2, 40.0), (3, 1000.0)]
    assert built.rows["as_table"] == [(1, FIRST, 10.0, 1), (2, SECOND, 20.0, 1), (3, SECOND, 500.0, 1)]
    assert rebuilt.rows["as_table"] == [(*row[:3], 2) for row in CHANGED_TRADES]
    assert {("as_view", "View"), ("as_table", "MergeTree"), ("prices", "Dictionary")} <= set(rebuilt.rows["tables"])
    assert "EXCHANGE TABLES" not in built.log
    assert "EXCHANGE TABLES" in rebuilt.log


def test_append_adds_what_is_new(built, rebuilt):
    assert built.rows["appended"] == [(1, 10.0), (2, 20.0), (3, 500.0)]
    assert rebuilt.rows["appended"] == [*built.rows["appended"], (4, 40.0)]


def test_insert_overwrite_replaces_whole_partitions(built, rebuilt):
    assert built.rows["overwritten"] == [(1, FIRST, 10.0, 1), (2, SECOND, 20.0, 1), (3, SECOND, 500.0, 1)]
    changed = [(2, SECOND, 20.0, 2), (3, SECOND, 501.0, 2), (4, THIRD, 40.0, 2)]
    assert rebuilt.rows["overwritten"] == [(1, FIRST, 10.0, 1), *changed]


def test_delete_insert_replaces_rows_and_a_new_column_is_added(built, rebuilt):
    assert built.rows["replaced"] == [(1, 10.0), (2, 20.0), (3, 500.0)]
    assert rebuilt.rows["replaced"] == [(1, 10.0, None), (2, 20.0, None), (3, 501.0, "new"), (4, 40.0, "new")]


def test_snapshots_keep_the_past(built, rebuilt):
    assert built.rows["by_check"] == [(1, Decimal("1.2345"), 1), (2, Decimal("-0.5"), 1), (3, Decimal(10), 1)]
    later = [(2, Decimal("-0.5"), 0), (2, Decimal("-0.75"), 1), (3, Decimal(10), 1), (4, Decimal(7), 1)]
    assert rebuilt.rows["by_check"] == [(1, Decimal("1.2345"), 1), *later]
    assert built.rows["by_time"] == [(1, 10.0, 1), (2, 20.0, 1), (3, 500.0, 1)]
    assert rebuilt.rows["by_time"] == [(1, 10.0, 1), (2, 20.0, 1), (3, 500.0, 0), (3, 501.0, 1), (4, 40.0, 1)]


def test_a_materialized_view_takes_what_comes_later(built, rebuilt):
    assert built.rows["totals"] == [(FIRST, 10.0, 1), (SECOND, 520.0, 2)]
    assert rebuilt.rows["totals"] == [(FIRST, 21.0, 2), (SECOND, 1041.0, 4), (THIRD, 40.0, 1)]


def test_a_dictionary_is_made_anew(built, rebuilt):
    assert built.rows["prices"] == [(1, 10.0), (2, 20.0), (3, 500.0)]
    assert rebuilt.rows["prices"] == [(1, 11.0), (2, 20.0), (3, 501.0), (4, 40.0)]


def test_a_contract_makes_types_constraints_and_comments_and_refuses_others(built, project):
    assert built.rows["kept"] == [(1, "AAA"), (2, "BBB"), (3, "CCC")]
    statement = project.rows("SHOW CREATE TABLE kept")[0][0]
    assert re.search(r"CONSTRAINT positive CHECK \(?id > 0", statement)
    assert "`id` UInt64 COMMENT 'The instrument\\'s number.'" in statement
    assert "COMMENT 'One row per instrument.'" in statement
    message = built.results["broken"][1]
    assert "enforced contract that failed" in message
    assert re.search(r"price +\| String +\| Decimal\(18, 4\) +\| data type mismatch", message)
    assert "broken" not in dict(built.rows["tables"])


def test_the_rows_of_a_failing_test_are_stored(built, rebuilt):
    assert built.results["no_trade_is_large"] == ("fail", "Got 1 result, configured to fail if != 0")
    assert (built.rows["failures"], rebuilt.rows["failures"]) == ([(3, 500.0)], [(3, 501.0)])


def test_a_seed_with_another_column_needs_a_full_refresh(project, rebuilt):
    project.write("seeds/instruments.csv", CHANGED_SEED.replace("note\n", "note,extra\n").replace(",\n", ",,x\n"))
    project.dbt("seed", "--full-refresh")
    assert project.rows("SELECT id, extra FROM instruments ORDER BY id") == [(1, "x"), (2, "x"), (4, "x")]


def test_the_catalog_of_the_docs_has_every_column_with_its_type(project, rebuilt):
    project.dbt("docs", "generate", "--target-path", "docs")
    catalog = json.loads((project.folder / "docs" / "catalog.json").read_text())
    kept = catalog["nodes"]["model.features.kept"]
    types = {column["name"]: column["type"] for column in kept["columns"].values()}
    assert types == {"id": "UInt64", "code": "LowCardinality(String)"}
    assert kept["columns"]["id"]["comment"] == "The instrument's number."
    assert catalog["nodes"]["model.features.as_view"]["metadata"]["type"] == "view"
    assert list(catalog["sources"]["source.features.raw.trades"]["columns"]) == ["id", "day", "price", "loaded_at"]


def test_freshness_tells_the_fresh_from_the_stale(project, rebuilt):
    project.dbt("source", "freshness", is_success=False)
    results = project.results("sources")
    assert {name: results[name][0] for name in results} == {"trades": "pass", "forgotten": "error"}


def test_an_operation_runs_its_macro(project, rebuilt):
    project.dbt("run-operation", "leave_note", "--args", "{text: hello}")
    assert "found hello" in project.log()
    assert project.rows("SELECT text FROM note") == [("hello",)]
