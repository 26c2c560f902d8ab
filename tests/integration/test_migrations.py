"""The migrations on the real engine: applied, applied again, rolled back, compared, and told when they break."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.constants import MIGRATIONS_DIR, SCHEMA_FILE
from orchestrator.exceptions import MigrationError, SchemaDriftError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.migrations import (
    APPLIED,
    PENDING,
    AppliedMigrations,
    apply_migrations,
    check_schema,
    live_schema,
    migration_status,
    roll_back,
    write_schema,
)

UP = sorted(path for path in MIGRATIONS_DIR.glob("[0-9]*.sql") if not path.name.endswith(".down.sql"))
VERSIONS = tuple(int(path.name[:4]) for path in UP)
OBJECT = r"CREATE (?:TABLE|DICTIONARY|MATERIALIZED VIEW|VIEW) IF NOT EXISTS"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations, to be changed."""
    copy = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS_DIR, copy)
    return copy


def _owned() -> set[str]:
    """What the migrations have made once all of them ran: some drop what earlier ones created."""
    owned: set[str] = set()
    statement = rf"^(?:{OBJECT}|(DROP) (?:TABLE|DICTIONARY|VIEW) IF EXISTS) \$\{{DATABASE\}}\.(\w+)"
    for path in UP:
        for drop, name in re.findall(statement, path.read_text(encoding="utf-8"), re.MULTILINE):
            (owned.discard if drop else owned.add)(name)
    return owned


OWNED = _owned()
DRIFT = {
    "ALTER TABLE dim_field ADD COLUMN by_hand String": r"\+    `by_hand` String",
    "ALTER TABLE landing_observations MODIFY COLUMN value LowCardinality(String)": r"\+    `value` LowCardinality",
    "ALTER TABLE fct_observations DROP CONSTRAINT fk_field": r"-    CONSTRAINT fk_field CHECK dictHas",
    "ALTER TABLE quarantine_observations MODIFY SETTING non_replicated_deduplication_window = 0": r"-SETTINGS non_rep",
    "DROP VIEW mv_resolve_observations SYNC": r"-CREATE MATERIALIZED VIEW mv_resolve_observations",
}


def states(settings: Settings, folder: Path = MIGRATIONS_DIR) -> list[str]:
    return [row.state for row in migration_status(settings, folder)]


def definitions(settings: Settings) -> dict[str, str]:
    """Each object's name with its statement."""
    rows = connect(settings).query(
        "SELECT name, create_table_query FROM system.tables "
        "WHERE database = {db:String} AND name NOT LIKE '%schema_versions%'",
        {"db": settings.clickhouse_database},
    )
    return {name: statement for name, statement in rows.result_rows if not name.startswith(".")}


def test_migrations_are_numbered_from_1_without_a_gap_each_with_its_rollback_and_a_head() -> None:
    assert list(VERSIONS) == list(range(1, len(UP) + 1))
    downs = {path.name for path in MIGRATIONS_DIR.glob("*.down.sql")}
    assert downs == {path.name.replace(".sql", ".down.sql") for path in UP}
    for path in MIGRATIONS_DIR.glob("[0-9]*.sql"):
        assert re.match(r"-- \w.*\n-- \w", path.read_text(encoding="utf-8")), f"{path.name} lacks its two lines of head"


@pytest.mark.parametrize("path", sorted(MIGRATIONS_DIR.glob("[0-9]*.sql")), ids=lambda path: path.name)
def test_every_statement_repeats_safely(path: Path) -> None:
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    statements = [statement.strip() for statement in re.split(r";\s*$", text, flags=re.MULTILINE) if statement.strip()]
    assert statements
    for statement in statements:
        if statement.startswith("ALTER"):
            clauses = re.findall(
                r"(?:ADD|DROP) (?:CONSTRAINT|COLUMN) (?:IF (?:NOT )?EXISTS)?|MODIFY COLUMN IF EXISTS", statement
            )
            # setting a setting, a comment or a type again, or deleting again, is what it says
            again = r"\s(?:(?:MODIFY|RESET) (?:SETTING|QUERY|COMMENT)|MODIFY COLUMN state|DELETE WHERE)\s"
            assert clauses or re.search(again, statement), statement
            assert all("EXISTS" in clause for clause in clauses), statement
        else:
            assert re.match(
                rf"{OBJECT} |CREATE OR REPLACE DICTIONARY |DROP (?:TABLE|DICTIONARY|VIEW) IF EXISTS ", statement
            ), statement
        assert "${DATABASE}." in statement
        assert "${ON_CLUSTER}" in statement


def test_every_dictionary_names_its_layout_and_lifetime() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in UP)
    dictionaries = re.findall(r"CREATE (?:OR REPLACE DICTIONARY|DICTIONARY IF NOT EXISTS).*?;", text, re.DOTALL)
    assert len(dictionaries) >= 23
    for ddl in dictionaries:
        assert re.search(r"^LAYOUT\(\w+\(.*\)\)$", ddl, re.MULTILINE), ddl
        assert re.search(r"^LIFETIME\(MIN \d+ MAX \d+\)$", ddl, re.MULTILINE), ddl
        assert "${DICTIONARY_CREDENTIALS}" in ddl


def test_migrations_apply_then_nothing_then_roll_back_then_apply_again_with_the_same_dump(settings: Settings) -> None:
    assert states(settings) == [PENDING] * len(UP)
    assert apply_migrations(settings) == AppliedMigrations(VERSIONS, len(UP))
    first = live_schema(settings)
    assert first == SCHEMA_FILE.read_text(encoding="utf-8")
    assert states(settings) == [APPLIED] * len(UP)

    assert apply_migrations(settings) == AppliedMigrations((), len(UP))
    assert live_schema(settings) == first

    assert roll_back(settings, 0) == sorted(VERSIONS, reverse=True)
    assert definitions(settings) == {}
    assert states(settings) == [PENDING] * len(UP)
    assert roll_back(settings, 0) == []

    assert apply_migrations(settings) == AppliedMigrations(VERSIONS, len(UP))
    assert live_schema(settings) == first


def test_each_rollback_leaves_what_stood_before_its_migration(settings: Settings, tmp_path: Path) -> None:
    stood: dict[int, dict[str, str]] = {}
    for path in UP:
        (tmp_path / path.name).symlink_to(path)
        assert apply_migrations(settings, tmp_path).applied_now == (int(path.name[:4]),)
        stood[int(path.name[:4])] = definitions(settings)
    assert len(stood[VERSIONS[-1]]) == len(OWNED)
    for version in reversed(VERSIONS[:-1]):
        assert roll_back(settings, version) == [version + 1]
        assert definitions(settings) == stood[version]


def test_a_partial_rollback_takes_exactly_what_is_above_and_comes_back(shared: Settings) -> None:
    above = VERSIONS[len(VERSIONS) // 2 :]
    text = "".join(path.read_text(encoding="utf-8") for path in UP if int(path.name[:4]) < above[0])
    assert len(above) > 2
    assert roll_back(shared, above[0] - 1) == sorted(above, reverse=True)
    assert definitions(shared).keys() == set(re.findall(rf"^{OBJECT} \$\{{DATABASE\}}\.(\w+)", text, re.MULTILINE))
    assert apply_migrations(shared).applied_now == above
    assert check_schema(shared) == len(definitions(shared)) == len(OWNED)


def test_a_rollback_to_the_newest_version_or_beyond_does_nothing(shared: Settings) -> None:
    assert roll_back(shared, VERSIONS[-1]) == []
    assert roll_back(shared, 99) == []
    assert states(shared) == [APPLIED] * len(UP)


@pytest.mark.parametrize("name", ["dict", "observations", "touchstone_Copy_2"])
def test_the_schema_is_the_same_in_a_database_of_any_name(new_settings: Callable[..., Settings], name: str) -> None:
    settings = new_settings(clickhouse_database=name)
    apply_migrations(settings)
    assert check_schema(settings) == len(definitions(settings)) == len(OWNED)
    connect(settings).command(f"DROP DATABASE {name}")


def test_each_change_by_hand_is_drift_that_is_shown(migrated: Settings, client: Client) -> None:
    for change in DRIFT:
        client.command(change)
    with pytest.raises(SchemaDriftError) as drift:
        check_schema(migrated)
    for difference in DRIFT.values():
        assert re.search(difference, str(drift.value)), difference
    assert migrated.clickhouse_database in str(drift.value)
    assert drift.value.remedy


def test_what_dbt_builds_is_no_drift(shared: Settings, shared_client: Client) -> None:
    shared_client.command("CREATE TABLE mart_by_dbt (day Date) ENGINE = MergeTree ORDER BY day")
    try:
        assert check_schema(shared) == len(OWNED)
    finally:
        shared_client.command("DROP TABLE mart_by_dbt")


def test_a_database_without_objects_is_no_database_to_compare(settings: Settings) -> None:
    with pytest.raises(SchemaDriftError, match=r"nothing to compare\. Run `touchstone migrate` first"):
        check_schema(settings)


def test_the_schema_is_written_as_it_is_compared(shared: Settings, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"schema\.sql cannot be read.*--write-schema"):
        check_schema(shared, tmp_path / "schema.sql")
    assert check_schema(shared, write_schema(shared, tmp_path / "schema.sql")) == len(OWNED)


def test_every_table_of_the_ingest_chain_remembers_insert_tokens(shared: Settings, shared_client: Client) -> None:
    tables = shared_client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() "
        "AND engine LIKE '%MergeTree' AND match(name, '^(landing|fct|quarantine)_')"
    ).result_rows
    assert {name for name, _ in tables} == {
        "landing_instruments",
        "landing_lookups",
        "landing_observations",
        "fct_observations",
        "quarantine_observations",
    }
    for name, ddl in tables:
        window = re.search(r"non_replicated_deduplication_window = (\d+)", ddl)
        assert window, name
        assert int(window.group(1)) > 0, name


def test_what_a_fact_rests_on_cannot_be_dropped(shared: Settings, shared_client: Client) -> None:
    dimensions = set(
        re.findall(r"CONSTRAINT fk_(\w+) CHECK dictHas", shared_client.command("SHOW CREATE TABLE fct_observations"))
    )
    assert len(dimensions) >= 7
    for domain in dimensions:
        with pytest.raises(ClickHouseError, match=r"(?i)code: 630\b"):
            shared_client.command(f"DROP DICTIONARY dict_{domain}")
        with pytest.raises(ClickHouseError, match=r"(?i)code: 630\b"):
            shared_client.command(f"DROP TABLE dim_{domain}")
    assert check_schema(shared) == len(OWNED)


def test_a_broken_migration_is_an_error_that_names_its_file_and_what_stands_before_it_stays(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / UP[0].name).symlink_to(UP[0])
    broken = tmp_path / "0002_broken.sql"
    broken.write_text("CREATE TABLE IF NOT EXISTS ${DATABASE}.half (a UInt8) ENGINE = Null;\nSELECT nonsense;\n")
    with pytest.raises(MigrationError, match=rf"Could not apply {broken.name}: .*nonsense"):
        apply_migrations(settings, tmp_path)
    assert states(settings, tmp_path) == [APPLIED, PENDING]

    broken.write_text("CREATE TABLE IF NOT EXISTS ${DATABASE}.half (a UInt8) ENGINE = Null;\n")
    assert apply_migrations(settings, tmp_path) == AppliedMigrations((2,), 2)
    assert states(settings, tmp_path) == [APPLIED, APPLIED]


def test_a_variable_that_is_not_set_is_an_error_that_names_its_file_before_anything_is_applied(
    settings: Settings, folder: Path
) -> None:
    broken = folder / f"{VERSIONS[-1] + 1:04d}_variable.sql"
    broken.write_text("CREATE TABLE IF NOT EXISTS ${NOWHERE}.t (a UInt8) ENGINE = Null;\n")
    with pytest.raises(MigrationError, match=rf"{broken.name}.*NOWHERE|NOWHERE.*{broken.name}"):
        apply_migrations(settings, folder)
    assert definitions(settings) == {}


def test_a_rollback_that_clickhouse_refuses_names_its_file_and_stays_applied(shared: Settings, folder: Path) -> None:
    refused = folder / UP[-2].name.replace(".sql", ".down.sql")
    refused.write_text("DROP TABLE ${DATABASE}.nowhere;\n")
    with pytest.raises(MigrationError, match=rf"Could not roll back {re.escape(refused.name)}: .*nowhere"):
        roll_back(shared, VERSIONS[-4], folder)
    assert states(shared) == [*[APPLIED] * (len(UP) - 1), PENDING]
    assert apply_migrations(shared).applied_now == VERSIONS[-1:]


def test_a_migration_without_a_rollback_stops_before_anything_is_rolled_back(shared: Settings, folder: Path) -> None:
    (folder / "0005_dictionaries.down.sql").unlink()
    with pytest.raises(MigrationError, match=r"No down migration for version\(s\): 5"):
        roll_back(shared, 4, folder)
    assert states(shared) == [APPLIED] * len(UP)
    assert check_schema(shared) == len(OWNED)


def test_an_applied_migration_that_was_changed_or_removed_is_named_and_nothing_is_applied(
    shared: Settings, folder: Path
) -> None:
    changed = folder / "0002_landing.sql"
    changed.write_text(changed.read_text(encoding="utf-8") + "-- changed\n", encoding="utf-8")
    (folder / "0006_materialized_views.sql").unlink()
    with pytest.raises(MigrationError, match=r"0002_landing\.sql was changed, 0006_\S+ is gone\. Restore them"):
        apply_migrations(shared, folder)


def test_a_changed_migration_can_still_be_rolled_back(shared: Settings, folder: Path) -> None:
    changed = folder / UP[-2].name
    changed.write_text(changed.read_text(encoding="utf-8") + "-- changed\n", encoding="utf-8")
    assert roll_back(shared, VERSIONS[-3], folder) == [*reversed(VERSIONS[-2:])]
    assert apply_migrations(shared).applied_now == VERSIONS[-2:]
