"""The package dbt_expectations on the real engine: every case of its integration project comes out as expected.csv says."""

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from expectations_builds import CASES, PACKAGE, Built

TESTS = 65
FIXTURES = {"with_nulls", "no_rows", "single_row"}


@pytest.fixture(scope="module")
def cases(build: Callable[[Path, Path], Built], tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The integration project, built."""
    return build(CASES, tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def public_tests() -> set[str]:
    """The names of the tests in the package's files."""
    blocks = [
        re.findall(r"{% test (\w+)", path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("macros/**/*.sql")
    ]
    return {name for block in blocks for name in block}


def test_every_case_comes_out_as_expected(cases: Built, expected: list[dict[str, str]]) -> None:
    wanted = {case["case"]: (case["outcome"], case["failures"]) for case in expected}
    found = {name: outcome for name, outcome in cases.outcomes.items() if name in wanted}
    assert len(wanted) > 500
    assert {name: found.get(name, "not run") for name in wanted if found.get(name) != wanted[name]} == {}, cases.said


def test_no_case_is_without_expectation(cases: Built, expected: list[dict[str, str]]) -> None:
    run = {name for name, node in cases.nodes.items() if node["resource_type"] == "test"}
    assert run == {case["case"] for case in expected}


def test_the_readme_lists_every_test_of_the_package_and_no_other(public_tests: set[str]) -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == len(public_tests) == TESTS
    assert set(listed) == public_tests


def test_every_test_is_proven_both_ways_with_nulls_without_rows_and_on_a_single_row(
    public_tests: set[str], expected: list[dict[str, str]]
) -> None:
    outcomes, fixtures = defaultdict(set), defaultdict(set)
    for case in expected:
        name = case["case"].partition("__")[0]
        outcomes[name].add(case["outcome"])
        fixtures[name].add(case["fixture"])
    assert set(outcomes) == public_tests
    assert {name for name in public_tests if not outcomes[name] >= {"pass", "fail"}} == set()
    assert {name: FIXTURES - fixtures[name] for name in public_tests if not fixtures[name] >= FIXTURES} == {}


def test_every_trap_of_clickhouse_and_every_difference_has_a_case(expected: list[dict[str, str]]) -> None:
    proven = {mark for case in expected for mark in case["proves"].split()}
    assert proven == {f"T{n}" for n in range(1, 33)} | {f"D{n}" for n in range(1, 19)}


def test_one_macro_per_file_named_like_it() -> None:
    paths = sorted(PACKAGE.rglob("macros/**/*.sql"))
    assert len(paths) > TESTS
    for path in paths:
        defined = re.findall(r"{% (?:test|macro) (\w+)", path.read_text(encoding="utf-8"))
        own = {path.stem, "quantile"} if path.stem == "percentile_cont" else {path.stem}
        assert {re.sub("^(default__)?(test_)?", "", name) for name in defined} == own, path


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("expect_column_values_to_be_in_set__foreign", ["XPAR", "XETR"]),
        ("expect_column_values_to_be_between__strictly", ["XNYS", "XETR"]),
    ],
)
def test_stored_failures_tell_which_rows(cases: Built, case: str, codes: list[str]) -> None:
    stored = cases.client.query(f"SELECT code FROM {cases.nodes[case]['relation_name']} ORDER BY id")
    assert list(stored.result_columns[0]) == codes


def test_failures_of_every_test_can_be_stored(
    cases: Built, public_tests: set[str], expected: list[dict[str, str]]
) -> None:
    stored = {name: node for name, node in cases.nodes.items() if node["config"].get("store_failures")}
    assert {name.partition("__")[0] for name in stored} == public_tests
    failures = {case["case"]: int(case["failures"] or 0) for case in expected}
    for name, node in stored.items():
        assert cases.client.query(f"SELECT count() FROM {node['relation_name']}").result_rows == [(failures[name],)], (
            name
        )


def test_every_aggregate_function_of_the_engine_is_known(cases: Built) -> None:
    source = (PACKAGE / "macros" / "private" / "_has_aggregate.sql").read_text(encoding="utf-8")
    pattern = "".join(re.findall(r"'([^']*)'", source))
    names = cases.client.query("SELECT name FROM system.functions WHERE is_aggregate").result_columns[0]
    assert len(names) > 150
    assert [name for name in names if not re.search(pattern, f"1 + {name}(x)")] == []
    assert [
        text
        for text in ("price", "lengthUTF8(x)", "toDate(x)", "counter", "ifNull(x IN ('a'), 0)")
        if re.search(pattern, text)
    ] == []


def test_a_single_column_test_reads_its_column_only(cases: Built) -> None:
    client = cases.client
    client.command("CREATE OR REPLACE TABLE wide (id UInt32, a UInt8, heavy String) ENGINE = MergeTree ORDER BY id")
    client.command("INSERT INTO wide SELECT number, number % 100, repeat('x', 1000) FROM numbers(20000)")
    compiled = cases.nodes["expect_column_values_to_be_between__strictly"]["compiled_code"]
    test = re.sub(r"`?\w+`?\.`sample`", "wide", compiled).replace("price", "a")
    read = client.query(f"SELECT count() FROM ({test})").summary["read_bytes"]
    assert 20_000 <= int(read) < 100_000, read
