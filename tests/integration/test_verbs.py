"""The verbs load, sql, status and migrate, as typed: output, exit codes, and help."""

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW

from orchestrator.cli import main
from orchestrator.constants import MIGRATIONS_DIR, SCHEMA_FILE
from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings

COLUMNS = get_feed("observations").columns
Touchstone = Callable[..., Result]
LAST = sum(not path.name.endswith(".down.sql") for path in MIGRATIONS_DIR.glob("[0-9]*.sql"))
OBJECTS = len(re.findall("^CREATE ", SCHEMA_FILE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two rows, the second one for quarantine."""
    path = tmp_path / "given.csv"
    rows = [COLUMNS, GOOD_ROW, (*GOOD_ROW[:-1], "bad")]
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def all_commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = command.commands if isinstance(command, click.Group) else {}
    return [path, *(found for name, child in below.items() for found in all_commands(child, (*path, name)))]


def numbers_from(first: int) -> str:
    return ", ".join(str(number) for number in range(first, LAST + 1))


def test_load_tells_what_became_of_each_file_and_a_second_time_that_nothing_was_done(
    shared_touchstone: Touchstone, desk_client: Client, file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text(",".join(COLUMNS) + "\n" + ",".join(GOOD_ROW) + "\n", encoding="utf-8")
    first = shared_touchstone("load", "observations", file, other)
    assert first.exit_code == 0, first.output
    told = [re.sub(r"\d{10,}", "N", line) for line in first.stdout.splitlines()]
    assert told == [
        "given.csv: loaded: 2 rows landed, 1 in facts, 1 in quarantine (batch N)",
        "other.csv: loaded: 1 row landed, 1 in facts, 0 in quarantine (batch N)",
    ]
    second = shared_touchstone("load", "observations", file)
    assert second.exit_code == 0
    assert second.stdout.startswith(
        "given.csv: already loaded, nothing done: 2 rows landed, 1 in facts, 1 in quarantine (batch "
    )


def test_a_load_stops_at_a_faulty_file_and_keeps_those_before_it(
    shared_touchstone: Touchstone, desk_client: Client, file: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(",".join(COLUMNS) + "\nA,B\n", encoding="utf-8")
    later = tmp_path / "later.csv"
    later.write_text(",".join(COLUMNS) + "\n" + ",".join(GOOD_ROW) + "\n", encoding="utf-8")
    done = shared_touchstone("load", "observations", file, bad, later)
    assert done.exit_code == 1
    assert "given.csv: loaded: 2 rows landed" in done.stdout
    assert "bad.csv:2: 2 columns where the header has 9: 'A,B'." in done.stderr
    assert "later.csv" not in done.output
    assert desk_client.command("SELECT count() FROM landing_observations") == 2


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (
            ["load", "trades", "a.csv"],
            1,
            "There is no feed 'trades'. Feeds are: instruments, lookups, observations.",
        ),
        (["load", "observations", "nowhere.csv"], 1, "nowhere.csv: there is no such file."),
        (["load", "observations"], 2, "Missing argument 'FILE...'"),
        (["load"], 2, "Missing argument 'FEED'"),
        (["load", "observations", "/"], 1, "/: this is a folder."),
        (["load", "observations", "no/such/*.csv"], 1, "no/such/*.csv"),
        (["load", "instruments", "--dry-run", "-"], 1, "Rows of feed 'instruments' go to no fact"),
        (["quarantine", "replay", "observations"], 2, "Say which rows: --reason, --batch and --code, or else --all."),
        (["quarantine", "discard", "observations", "--all"], 2, "Missing option '--note'"),
        (["quarantine", "show", "observations", "--code", "AAPL"], 2, "'AAPL' is not COLUMN=TEXT."),
        (["quarantine", "list", "instruments"], 1, "Rows of feed 'instruments' go to no fact"),
        (["backfill", "observations", "--batch", "7"], 1, "Not all of these are batches of observations: (7,)."),
        (["feeds", "reasons", "quotes"], 1, "There is no feed 'quotes'."),
        (["sql"], 2, "Missing argument 'STATEMENT'"),
        (["sql", "SELECT 1", "--nothing"], 2, "No such option"),
        (["migrate", "--down-to", "-1"], 2, "Invalid value"),
        (
            ["migrate", "--status", "--check"],
            2,
            "Give one of --status, --down-to, --check, --write-schema and --render.",
        ),
        (["nothing"], 2, "No such command 'nothing'"),
    ],
)
def test_wrong_usage_is_exit_2_and_a_wrong_thing_exit_1_each_with_one_message(
    shared_touchstone: Touchstone, arguments: list[str], exit_code: int, message: str
) -> None:
    done = shared_touchstone(*arguments)
    assert done.exit_code == exit_code, done.output
    assert message in done.stderr
    assert done.stdout == ""


def test_load_without_a_database_names_the_command_to_run(touchstone: Touchstone, file: Path) -> None:
    done = touchstone("load", "observations", file)
    assert done.exit_code == 1
    assert re.search(r"error: There is no database t_\w+\. Run `touchstone migrate`\.", done.stderr)


def test_sql_prints_a_result_as_the_engine_writes_it(shared_touchstone: Touchstone) -> None:
    done = shared_touchstone("sql", "SELECT 1 AS one, 'ü' AS text")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("   ┌─one─┬─text─┐")
    assert (
        shared_touchstone("sql", "SELECT 1 AS one, 'ü' AS text", "--format", "TSVWithNames").stdout
        == "one\ttext\n1\tü\n"
    )


def test_a_format_clause_beats_the_option(shared_touchstone: Touchstone) -> None:
    assert shared_touchstone("sql", "SELECT 1 AS one FORMAT JSONEachRow", "--format", "TSV").stdout == '{"one":1}\n'


def test_sql_hands_binary_formats_on_to_the_byte(shared_touchstone: Touchstone) -> None:
    done = shared_touchstone("sql", r"SELECT '\xff\0\r\n'", "--format", "RawBLOB")
    assert done.stdout_bytes == b"\xff\0\r\n"
    assert shared_touchstone("sql", "SELECT 1 AS a", "--format", "Parquet").stdout_bytes.startswith(b"PAR1")


def test_sql_reads_a_statement_from_standard_input(shared_touchstone: Touchstone) -> None:
    assert shared_touchstone("sql", "-", "--format", "TSV", input="SELECT\n  40 + 2\n").stdout == "42\n"


def test_sql_runs_ddl_and_inserts_of_several_rows_in_the_warehouse_s_database(
    shared_touchstone: Touchstone, shared: Settings, shared_client: Client
) -> None:
    for statement in (
        "CREATE TABLE scratch (number UInt8, text String) ENGINE = MergeTree ORDER BY number",
        "INSERT INTO scratch VALUES (1, 'a;b'), (2, 'two\nlines')",
        "INSERT INTO scratch SELECT 3, 'three'",
    ):
        done = shared_touchstone("sql", statement)
        assert (done.exit_code, done.output) == (0, "")
    assert shared_client.query("SELECT * FROM scratch ORDER BY number").result_rows == [
        (1, "a;b"),
        (2, "two\nlines"),
        (3, "three"),
    ]
    assert shared_touchstone("sql", "SELECT currentDatabase() FORMAT TSV").stdout == f"{shared.clickhouse_database}\n"
    assert shared_touchstone("sql", "DROP TABLE scratch").exit_code == 0


def test_sql_works_when_the_warehouse_s_database_does_not_exist(touchstone: Touchstone, settings: Settings) -> None:
    assert touchstone("sql", "SELECT currentDatabase() FORMAT TSV").stdout == "default\n"
    assert touchstone("sql", f"CREATE DATABASE {settings.clickhouse_database}").exit_code == 0
    assert touchstone("sql", "SELECT currentDatabase() FORMAT TSV").stdout == f"{settings.clickhouse_database}\n"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELEC 1", "Code: 62. DB::Exception: Syntax error"),
        ("SELECT nonsense", "Code: 47. DB::Exception: Unknown expression identifier `nonsense`"),
        ("SELECT * FROM nowhere", "Code: 60. DB::Exception: Unknown table expression identifier 'nowhere'"),
        ("SELECT 1; SELECT 2", "Multi-statements are not allowed"),
        ("", "Empty query"),
        ("SELECT 1 FORMAT Nothing", "Unknown format Nothing"),
    ],
)
def test_a_bad_statement_is_exit_1_with_clickhouse_s_message(
    shared_touchstone: Touchstone, statement: str, message: str
) -> None:
    done = shared_touchstone("sql", statement)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


def test_a_statement_that_fails_half_way_is_exit_1_and_its_result_holds_no_message(
    shared_touchstone: Touchstone,
) -> None:
    statement = "SELECT throwIf(number = 3000000, 'it was the third million') FROM numbers(5000000)"
    done = shared_touchstone("sql", statement, "--format", "TSV")
    assert done.exit_code == 1
    assert len(done.stdout) > 100_000
    assert set(done.stdout) == {"0", "\n"}
    assert re.fullmatch(r"error: Code: 395\. DB::Exception: it was the third million: .*\)\n", done.stderr)


def test_status_of_a_database_without_migrations_tells_the_engine_and_the_command_to_run(
    touchstone: Touchstone, settings: Settings
) -> None:
    empty = touchstone("status")
    assert empty.exit_code == 0
    assert re.search(r"^engine +embedded \(chdb\) at 127\.0\.0\.1:\d+, ClickHouse \d+\.\d+", empty.stdout, re.MULTILINE)
    assert f"database    {settings.clickhouse_database}" in empty.stdout
    assert f"migrations  0 of {LAST} applied; run `touchstone migrate`" in empty.stdout


def test_status_tells_migrations_rows_and_open_quarantine(
    shared_touchstone: Touchstone, desk_client: Client, file: Path
) -> None:
    assert shared_touchstone("load", "observations", file).exit_code == 0
    full = shared_touchstone("status").stdout
    assert f"migrations  {LAST} of {LAST} applied\n" in full
    for table, rows in {"landing_observations": 2, "fct_observations": 1, "quarantine_observations": 1}.items():
        assert re.search(rf"^{table} +{rows}$", full, re.MULTILINE), full
    assert "open quarantine of observations: 1 row\n" in full


def test_status_of_an_engine_that_is_down_is_exit_1_and_starts_nothing(
    touchstone: Touchstone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "elsewhere"))
    done = touchstone("status")
    assert done.exit_code == 1
    assert done.stdout == "engine      embedded (chdb), down. Start it with `touchstone up`.\n"
    assert not (tmp_path / "elsewhere").exists()


def test_migrate_applies_tells_its_status_and_checks_the_schema(touchstone: Touchstone, settings: Settings) -> None:
    pending = touchstone("migrate", "--status")
    assert [line.split()[:2] for line in pending.stdout.splitlines()] == [
        [f"{n:04}", "pending"] for n in range(1, LAST + 1)
    ]
    assert touchstone("migrate", "--check").exit_code == 1

    first = touchstone("migrate")
    assert (first.exit_code, first.stdout) == (0, f"applied {numbers_from(1)}; {LAST} in all\n")
    assert touchstone("migrate").stdout == f"applied nothing new; {LAST} in all\n"
    applied = touchstone("migrate", "--status").stdout.splitlines()
    assert all(re.fullmatch(r"\d{4}  applied +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*", line) for line in applied), applied
    checked = touchstone("migrate", "--check")
    assert (checked.exit_code, checked.stdout) == (0, f"{OBJECTS} objects as checked in\n")


def test_migrate_check_shows_drift_and_is_exit_1(shared_touchstone: Touchstone) -> None:
    assert shared_touchstone("sql", "ALTER TABLE dim_field ADD COLUMN by_hand String").exit_code == 0
    done = shared_touchstone("migrate", "--check")
    assert done.exit_code == 1
    assert "+    `by_hand` String" in done.stderr
    assert shared_touchstone("sql", "ALTER TABLE dim_field DROP COLUMN by_hand").exit_code == 0


def test_migrate_down_to_asks_first_and_does_nothing_without_a_yes(touchstone: Touchstone, migrated: Settings) -> None:
    for answer in ("n\n", ""):
        asked = touchstone("migrate", "--down-to", "4", input=answer)
        assert asked.exit_code == 1
        assert f"Roll back every migration above 4 in {migrated.clickhouse_database}?" in asked.output
        assert touchstone("migrate", "--check").exit_code == 0

    assert touchstone("migrate", "--down-to", LAST - 1, input="y\n").stdout.endswith(f"rolled back: {LAST}\n")
    unasked = touchstone("migrate", "--down-to", LAST - 3, "--yes")
    assert (unasked.exit_code, unasked.stdout) == (0, f"rolled back: {LAST - 1}, {LAST - 2}\n")
    assert touchstone("migrate", "--down-to", LAST - 3, "--yes").stdout == "rolled back: nothing\n"
    assert touchstone("migrate").stdout == f"applied {numbers_from(LAST - 2)}; {LAST} in all\n"


@pytest.mark.parametrize("path", all_commands(main), ids=lambda path: " ".join(path) or "touchstone")
def test_every_verb_has_help_that_says_what_it_does_and_its_options(
    shared_touchstone: Touchstone, path: tuple[str, ...]
) -> None:
    done = shared_touchstone(*path, "--help")
    assert done.exit_code == 0
    usage, _, rest = done.stdout.partition("\n\n")
    assert usage.startswith("Usage: ")
    text, _, options = rest.partition("Options:\n")
    assert len(text.split()) >= 5, "no description"
    assert options.strip()
    assert len(done.stdout.splitlines()) > 3


def test_help_lists_every_verb_with_its_purpose(shared_touchstone: Touchstone) -> None:
    _, _, listed = shared_touchstone("--help").stdout.partition("Commands:\n")
    purposes = dict(re.findall(r"^  ([\w-]+) +(\S.*)$", listed, re.MULTILINE))
    assert set(purposes) == set(main.commands)
    assert {"up", "down", "status", "migrate", "load", "sql", "run", "build"} <= set(purposes)
