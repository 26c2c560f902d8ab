"""What follows from the declared domains: the files on disk, those of a new domain, and names that it cannot have."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from rich.console import Console
from sqlfluff.core import FluffConfig, Linter, dialect_selector

from orchestrator.cli import main
from orchestrator.constants import DBT_PROJECT_DIR, PROJECT_ROOT
from orchestrator.exceptions import DomainError, MigrationError
from orchestrator.lookups.domains import ALL_DOMAINS, parse_declared
from orchestrator.scaffold.additions import NewDomain, files_of_new_domain
from orchestrator.scaffold.names import names_of_models
from orchestrator.settings import Settings
from orchestrator.verbs import domains as verb
from orchestrator.verbs.domains import add_domain, render, stale_files

PLAIN = NewDomain("venue", "venue", "operating MIC, such as XNAS", "lookups", None, False, {})
CHILD = replace(PLAIN, name="desk_of_venue", parent="asset_class", several_parents=True)
RICH = replace(PLAIN, noun="seller's venue", means="the seller's own", attributes={"name": "Name.", "figi_id": "FIGI."})
BROAD = replace(CHILD, attributes={f"attribute_number_{number}": "Words." for number in range(1, 6)})
OF_A_SMALL_FILE = replace(PLAIN, file="sources")
MIGRATIONS = ["0001_a.sql", "0001_a.down.sql", "0012_b.sql", "0012_b.down.sql", "schema.sql", "README.md"]
MODELS = ("dimensions/dim_{}", "dictionaries/dict_{}", "dictionaries/dict_{}_ids", "dictionaries/dict_{}_history",
          "versions/dim_{}_latest", "versions/dim_{}_ranges", "versions/dim_{}_previous")  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what the scaffold reads and writes."""
    return copied_to(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy for the tests that prove that nothing is written."""
    return copied_to(tmp_path_factory.mktemp("untouched"))


def copied_to(folder: Path) -> Path:
    for name in ("dbt_project/models", "migrations", "seeds"):
        shutil.copytree(PROJECT_ROOT / name, folder / name)
    for name in ("domains.yml", "feeds.yml"):
        shutil.copy(DBT_PROJECT_DIR / name, folder / "dbt_project")
    return folder


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def files_of(new: NewDomain) -> dict[str, str]:
    declaration = (DBT_PROJECT_DIR / "domains.yml").read_text(encoding="utf-8")
    models = names_of_models(DBT_PROJECT_DIR / "models")
    return {str(path): text for path, text in files_of_new_domain(new, declaration, MIGRATIONS, models).items()}


def entries(files: dict[str, str], path: str) -> dict[str, Any]:
    parsed = yaml.safe_load(files[path])
    return {entry["name"]: entry for entry in parsed.get("models", parsed.get("seeds"))}


def kinds_of(entry: dict[str, Any]) -> set[str]:
    """Kinds of the tests of a model and of its columns."""
    tests = [*entry.get("data_tests", ()), *(t for column in entry["columns"] for t in column.get("data_tests", ()))]
    return {test if isinstance(test, str) else next(iter(test)) for test in tests}


def test_every_rendered_file_is_what_the_declaration_says() -> None:
    assert stale_files() == []


def test_a_file_that_was_edited_or_lost_is_stale_until_it_is_rendered_again(root: Path) -> None:
    models = Path("dbt_project/models")
    edited, lost = models / "dimensions/dim_field.sql", models / "versions/_domains.yml"
    before = contents(root)
    (root / edited).write_text("SELECT 1\n", encoding="utf-8")
    (root / lost).unlink()
    assert set(stale_files(root)) == {edited, lost}
    console = Console(record=True, width=200)
    render(console, root)
    assert "2 files changed" in console.export_text()
    assert contents(root) == before


@pytest.mark.parametrize("new", [PLAIN, CHILD, RICH, OF_A_SMALL_FILE], ids=["plain", "child", "rich", "small file"])
def test_a_new_domain_has_models_yaml_with_tests_and_a_migration_pair(new: NewDomain) -> None:
    files = files_of(new)
    assert {f"dbt_project/models/{model.format(new.name)}.sql" for model in MODELS} <= files.keys()
    assert {f"migrations/0013_{new.name}.sql", f"migrations/0013_{new.name}.down.sql"} <= files.keys()
    declared = parse_declared(yaml.safe_load(files["dbt_project/domains.yml"]), "test")
    assert declared.domains[:-1] == ALL_DOMAINS
    assert declared.domains[-1].name == new.name

    dimensions = entries(files, "dbt_project/models/dimensions/_domains.yml")
    expected = {"unique_combination", "one_id_per_code", "frozen", "ids_equal_ledger", "not_null", "not_blank"}
    assert kinds_of(dimensions[f"dim_{new.name}"]) == expected | ({"relationships"} if new.parent else set())
    dictionaries = entries(files, "dbt_project/models/dictionaries/_domains.yml")
    for suffix, test in (("", "covers_dimension"), ("_ids", "resolves_every_code"), ("_history", "answers_as_of")):
        assert kinds_of(dictionaries[f"dict_{new.name}{suffix}"]) == {test}
    versions = entries(files, "dbt_project/models/versions/_domains.yml")
    kinds = [("latest", "unique_combination"), ("ranges", "without_overlap"), ("previous", "unique_combination")]
    for suffix, test in kinds:
        assert kinds_of(versions[f"dim_{new.name}_{suffix}"]) == {test}

    added = {new.name, *(f"{new.name}_{attribute}" for attribute in new.attributes)}
    for path, name in (("staging/lookups/_lookups.yml", f"stg_{new.file}"), ("", new.file)):
        described = entries(files, f"dbt_project/models/{path}" if path else "seeds/_seeds.yml")[name]
        assert added <= {column["name"] for column in described["columns"]}


def test_both_migrations_have_two_lines_of_head() -> None:
    for end in (".sql", ".down.sql"):
        assert re.match(r"-- \w.*\n-- \w.*\n[A-Z]", files_of(PLAIN)[f"migrations/0013_venue{end}"])


def test_the_migration_of_a_landed_file_adds_its_columns_and_that_of_another_one_none() -> None:
    assert "ADD COLUMN IF NOT EXISTS venue_name String," in files_of(RICH)["migrations/0013_venue.sql"]
    assert "DROP COLUMN IF EXISTS venue_name," in files_of(RICH)["migrations/0013_venue.down.sql"]
    assert "ALTER" not in "".join(
        files_of(OF_A_SMALL_FILE)[f"migrations/0013_venue{end}"] for end in (".sql", ".down.sql")
    )


def test_an_attribute_whose_name_ends_like_an_id_is_text_and_a_parent_s_id_is_a_number() -> None:
    assert re.findall(r"\n    figi_id (\w+)", files_of(RICH)["migrations/0013_venue.sql"]) == ["String"] * 3
    numbers = re.findall(r"\n    asset_class_id (\w+)", files_of(CHILD)["migrations/0013_desk_of_venue.sql"])
    assert numbers == ["UInt32"] * 4


def test_quotation_marks_of_noun_and_meaning_are_doubled_in_sql() -> None:
    sql = files_of(RICH)["migrations/0013_venue.sql"]
    assert "COMMENT 'One row per seller''s venue per version (the seller''s own).'" in sql
    assert "of a seller''s venue, old ones" in sql


@pytest.mark.parametrize("new", [PLAIN, RICH, BROAD], ids=["plain", "rich", "broad"])
def test_what_is_written_of_a_new_domain_passes_the_house_s_linter(new: NewDomain) -> None:
    written = {path: text for path, text in files_of(new).items() if path.endswith(".sql") and new.name in text}
    assert len(written) == len(MODELS) + 2 + 1 + (new.parent is not None)
    linters = {
        folder: Linter(config=FluffConfig.from_path(str(PROJECT_ROOT / folder)))
        for folder in ("dbt_project", "migrations")
    }
    faults = {
        path: linters[path.partition("/")[0]].lint_string(text, fname=str(PROJECT_ROOT / path)).get_violations()
        for path, text in written.items()
    }
    assert {path: [str(fault) for fault in found] for path, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "field"}, "There is a domain 'field' already"),
        ({"name": "instrument"}, "There is a domain 'instrument' already"),
        ({"name": "field_type"}, "lookups.csv has a column 'field_type' already"),
        ({"name": "sub_asset", "attributes": {"class": "x"}}, "a column 'sub_asset_class' already"),
        ({"name": "Venue"}, r"domains\.Venue.*should match pattern"),
        ({"name": "1st"}, r"domains\.1st.*should match pattern"),
        ({"name": "v-1"}, r"domains\.v-1.*should match pattern"),
        ({"name": ""}, "should match pattern"),
        ({"name": "x" * 49}, "should match pattern"),
        ({"name": "select"}, "The name 'select' has a meaning of its own"),
        ({"name": "parent"}, "The name 'parent' has a meaning of its own"),
        ({"name": "row_number"}, "The name 'row_number' has a meaning of its own"),
        ({"name": "batch"}, "The name 'batch_id' has a meaning of its own in dim_batch"),
        ({"name": "alias"}, "There is a model 'dim_alias' already"),
        ({"name": "combination"}, "There is a model 'dict_combination' already"),
        ({"name": "field_ids"}, "There is a model 'dict_field_ids' already"),
        ({"name": "field_latest"}, "There is a model 'dim_field_latest' already"),
        ({"attributes": {"code": "x"}}, "The name 'code' has a meaning of its own in dim_venue"),
        ({"attributes": {"previous_code": "x"}}, "'previous_code' has a meaning of its own in dim_venue_previous"),
        ({"attributes": {"valid_to": "x"}}, "'valid_to' has a meaning of its own in dict_venue_history"),
        ({"attributes": {"order": "x"}}, "The name 'order' has a meaning of its own"),
        ({"attributes": {"Name": "x"}}, r"attributes\.Name.*should match pattern"),
        ({"attributes": {"name": "{{ x }}"}}, r"attributes\.name\.means.*should match pattern"),
        ({"noun": "two\nlines"}, r"venue\.noun.*should match pattern"),
        ({"means": "a \\ slash"}, r"venue\.means.*should match pattern"),
        ({"parent": "nowhere"}, "the parent nowhere must be a domain without parent in the same file"),
        ({"parent": "source"}, "the parent source must be a domain without parent in the same file"),
        ({"parent": "instrument"}, "the parent instrument must be"),
        ({"parent": "sub_asset_class"}, "the parent sub_asset_class must be"),
        ({"parent": "venue"}, "the parent venue must be"),
        ({"several_parents": True}, "without a parent there cannot be several"),
        ({"file": "nowhere"}, "There is no file 'nowhere' at the desk. Files are: lookups, sources"),
    ],
)
def test_a_domain_that_does_not_hold_is_refused_and_nothing_is_written(
    untouched: Path, changes: dict[str, Any], message: str
) -> None:
    before = contents(untouched)
    with pytest.raises(DomainError, match=message):
        add_domain(Console(quiet=True), Settings(), replace(PLAIN, **changes), untouched)
    assert contents(untouched) == before


def test_every_word_that_the_linter_reserves_is_refused() -> None:
    reserved = {word.lower() for word in dialect_selector("clickhouse").sets("reserved_keywords")}
    assert len(reserved) > 10
    for word in reserved:
        with pytest.raises(DomainError, match=f"The name '{word}' has a meaning of its own"):
            files_of(replace(PLAIN, name=word))


def test_a_file_that_cannot_be_written_leaves_all_of_them_as_they_were(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "schema_after", lambda *_: "the schema")
    (root / "seeds/_seeds.yml").unlink()
    (root / "seeds/_seeds.yml").mkdir()
    before = contents(root)
    with pytest.raises(DomainError, match=r"_seeds\.yml cannot be written: Is a directory"):
        add_domain(Console(quiet=True), Settings(), PLAIN, root)
    assert contents(root) == before


def test_a_child_with_attributes_is_written_with_the_schema_that_its_migration_makes(root: Path) -> None:
    console = Console(record=True, width=200)
    add_domain(console, Settings(), BROAD, root)
    told = console.export_text()
    assert "put the columns desk_of_venue, desk_of_venue_attribute_number_1, " in told
    assert stale_files(root) == []
    schema = (root / "migrations" / "schema.sql").read_text(encoding="utf-8")
    objects = re.findall(r"^CREATE \w+ (\w*desk_of_venue\w*)$", schema, re.MULTILINE)
    names = ("dict_desk_of_venue", "dict_desk_of_venue_history", "dict_desk_of_venue_ids", "dim_desk_of_venue")
    assert sorted(objects) == sorted(names)
    with pytest.raises(DomainError, match="There is a domain 'desk_of_venue' already"):
        add_domain(Console(quiet=True), Settings(), BROAD, root)


def test_migrations_that_the_engine_refuses_leave_every_file_as_it_was(root: Path) -> None:
    (root / "migrations" / "0000_broken.sql").write_text("SELECT nonsense;\n", encoding="utf-8")
    before = contents(root)
    with pytest.raises(MigrationError, match=r"Could not apply 0000_broken\.sql: .*nonsense"):
        add_domain(Console(quiet=True), Settings(), PLAIN, root)
    assert contents(root) == before


def test_an_attribute_named_twice_is_wrong_usage() -> None:
    arguments = ["lookups", "add-domain", "venue", "--attribute", "name=A", "--attribute", "name=B"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "An attribute is named twice" in done.stderr
