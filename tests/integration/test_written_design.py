"""The written design is true: each statement of docs/ is run and judged, each name in it exists."""

import re
from collections.abc import Callable, Iterator

import click
import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from design_pages import (
    PAGES,
    Shown,
    Statement,
    commands_of,
    edges_of,
    enforcers_named_in,
    links_of,
    named_tests,
    shown_outputs,
    statements_of,
    text_of,
)
from house import Checkout, FirstRun

from orchestrator.cli import main
from orchestrator.constants import DBT_PROJECT_DIR, PROJECT_ROOT
from orchestrator.embedded import engine_state

STATEMENTS = [statement for page in PAGES for statement in statements_of(page)]
READING = [statement for statement in STATEMENTS if not statement.refusal]
REFUSED = [statement for statement in STATEMENTS if statement.refusal]
SHOWN = [shown for page in PAGES for shown in shown_outputs(page)]
RULES = "financial_data_rules.md"


def name_of(statement: Statement) -> str:
    return f"{statement.page}-{statement.claim}"


def client_of(checkout: Checkout) -> Client:
    state = engine_state(checkout.home / "engine")
    assert state is not None
    return clickhouse_connect.get_client(host="127.0.0.1", port=state.port, database="touchstone")


@pytest.fixture(scope="module")
def reader(first_run: FirstRun) -> Iterator[Client]:
    """A client of the shared warehouse that may not write."""
    with client_of(first_run.checkout) as client:
        client.set_client_setting("readonly", 2)
        yield client


@pytest.fixture(scope="module")
def writer(run_checkout: Callable[[], Checkout]) -> Iterator[Client]:
    """A client of a warehouse of this module's own, for statements that must be refused."""
    checkout = run_checkout()
    checkout.touchstone("up")
    with client_of(checkout) as client:
        yield client


@pytest.fixture(scope="module")
def graph() -> str:
    return (PROJECT_ROOT / "tests" / "fixtures" / "asset_graph.txt").read_text(encoding="utf-8")


def contents(client: Client) -> list[tuple[object, ...]]:
    """Every object with its definition and rows."""
    return list(
        client.query(
            "SELECT name, create_table_query, total_rows FROM system.tables WHERE database = currentDatabase() "
            "ORDER BY name"
        ).result_rows
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_statements_and_each_says_what_it_claims_and_expects(page: str) -> None:
    statements = statements_of(page)
    assert len(statements) >= 6
    assert [statement.sql for statement in statements if not (statement.claim and statement.expects)] == []


def test_no_claim_has_two_statements() -> None:
    names = [name_of(statement) for statement in STATEMENTS]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("statement", READING, ids=name_of)
def test_a_claim_holds(reader: Client, statement: Statement) -> None:
    answer = reader.raw_query(statement.sql, fmt="TSV").decode()
    rows = answer.splitlines()
    if statement.expects == "rows":
        assert rows
    elif statement.expects == "0 rows":
        assert rows == []
    else:
        assert rows == [statement.expects]


@pytest.mark.parametrize("statement", REFUSED, ids=name_of)
def test_what_must_be_refused_is_refused_and_leaves_nothing_behind(writer: Client, statement: Statement) -> None:
    before = contents(writer)
    assert any(rows for _name, *_query, rows in before)
    with pytest.raises(ClickHouseError) as refused:
        writer.command(statement.sql)
    assert statement.refusal in str(refused.value)
    assert contents(writer) == before


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: f"{shown.page}-{'-'.join(shown.command[:2])}")
def test_a_command_that_only_reads_prints_what_the_page_shows(first_run: FirstRun, shown: Shown) -> None:
    printed = first_run.checkout.touchstone(*shown.command).stdout
    for line in shown.lines:
        pattern = ".*".join(map(re.escape, line.strip().split("...")))
        assert re.search(pattern, printed), f"{line!r} is not in\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists_with_its_options(page: str) -> None:
    commands = commands_of(page)
    assert commands
    for words in commands:
        command: click.Command = main
        rest = list(words)
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            name = rest.pop(0)
            assert name in command.commands, f"{page}: touchstone {' '.join(words)}: there is no {name}"
            command = command.commands[name]
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        if command.name == "build":  # takes the options of dbt as well
            options |= {"--select", "--exclude", "--full-refresh", "--indirect-selection"}
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert given <= options, f"{page}: touchstone {' '.join(words)}: {given - options}"


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    for reference in sorted(named_tests(page)):
        path, _, test = reference.partition("::")
        assert (PROJECT_ROOT / path).is_file(), reference
        assert f"def {test}(" in (PROJECT_ROOT / path).read_text(encoding="utf-8"), reference


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    links = links_of(page)
    assert links
    assert [link for link in links if not link.exists()] == []


def test_every_object_that_enforces_a_rule_exists(reader: Client, graph: str) -> None:
    objects = set(reader.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_columns[0])
    columns = set(reader.query("SELECT name FROM system.columns WHERE database = currentDatabase()").result_columns[0])
    definitions = reader.query(
        "SELECT create_table_query FROM system.tables WHERE database = currentDatabase()"
    ).result_columns[0]
    constraints = {name for text in definitions for name in re.findall(r"CONSTRAINT `?(\w+)`? CHECK", text)}
    macros = {path.stem for folder in ("macros", "tests") for path in (DBT_PROJECT_DIR / folder).rglob("*.sql")}
    checks = set(re.findall(r"^ {4}check (\S+)$", graph, re.MULTILINE))
    known = objects | columns | constraints | macros | checks
    named = enforcers_named_in(RULES)
    assert len(named) > 15
    assert [name for name in sorted(named) if not _exists(name, known)] == []


def _exists(name: str, known: set[str]) -> bool:
    """A file, a command (its words are checked elsewhere), or something by that name."""
    return name in known or name.startswith("touchstone ") or (PROJECT_ROOT / name).exists()


def test_every_rule_says_what_enforces_it_what_proves_it_and_has_a_statement() -> None:
    title, *rules = re.split(r"^## ", text_of(RULES), flags=re.MULTILINE)
    assert title.startswith("# Non-Negotiable Financial Data Rules\n")
    assert len(rules) >= 6
    for rule in rules:
        heading = rule.splitlines()[0]
        for part in ("**Rule.**", "**Why.**", "**Enforced by**", "**Proved by**", "```sql"):
            assert part in rule, f"{heading}: {part} is missing"
        assert re.search(r"^\*\*Proved by\*\* .*?tests/[\w/]+\.py::\w+", rule, re.MULTILINE | re.DOTALL), heading


def test_the_drawn_graph_has_edges_of_the_real_one_only(graph: str) -> None:
    upstream = {
        line.partition(" <- ")[0].rpartition("/")[2]: set(line.partition(" <- ")[2].split(", "))
        for line in graph.splitlines()
        if " <- " in line
    }
    drawn = edges_of("architecture.md")
    named = [(below, above) for above, below in drawn if {above, below} <= upstream.keys()]
    assert len(named) > 8
    assert [(below, above) for below, above in named if above not in upstream[below]] == []


def test_the_readme_leads_to_every_page() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    assert [page for page in PAGES if f"(docs/{page})" not in readme] == []
