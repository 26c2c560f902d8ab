"""The manners of the house that a machine can check."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from orchestrator import exceptions
from orchestrator.constants import PROJECT_ROOT

SOURCES = sorted((PROJECT_ROOT / "orchestrator").rglob("*.py"))


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [PROJECT_ROOT / name for name in listed if (PROJECT_ROOT / name).is_file()]


def calls(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_nothing_is_printed() -> None:
    assert len(SOURCES) > 40
    assert [path.name for path in SOURCES if "print" in calls(path)] == []


def test_only_settings_reads_the_environment() -> None:
    readers = [path for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))]
    assert [path.name for path in readers] == ["settings.py"]


def test_every_module_says_what_it_is_for() -> None:
    assert [path.name for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_modules_stay_short() -> None:
    assert [path.name for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 300] == []


def test_every_exception_is_in_the_tree_of_its_docstring() -> None:
    drawn = re.findall(r"\b(\w+Error)\b", exceptions.__doc__ or "")
    defined = [name for name in vars(exceptions) if name.endswith("Error")]
    assert set(defined) <= set(drawn)


def test_an_error_of_the_house_says_what_and_what_to_do() -> None:
    error = exceptions.EngineError("It is down.", "Start it.")
    assert str(error) == "It is down. Start it."
    assert (error.message, error.remedy) == ("It is down.", "Start it.")


def test_definitions_fit_one_screen() -> None:
    assert len((PROJECT_ROOT / "orchestrator" / "definitions.py").read_text().splitlines()) <= 40


def test_no_file_names_a_package_registry(tracked: list[Path]) -> None:
    assert len(tracked) > 100
    hosts = re.compile(rb"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|index-url", re.IGNORECASE)
    own = Path(__file__).resolve()
    assert [path.name for path in tracked if path != own and hosts.search(path.read_bytes())] == []


def test_every_folder_and_file_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (PROJECT_ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 8
    assert [link for link in links if not (PROJECT_ROOT / link).exists()] == []


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"run", "test"} <= named
    assert named <= targets


def test_every_pinned_dependency_is_within_its_range() -> None:
    from packaging.requirements import Requirement  # noqa: PLC0415

    pins = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(.+)$", (PROJECT_ROOT / "constraints.txt").read_text(), re.MULTILINE))
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    wanted = re.findall(r'^  "([^"]+)",$', (PROJECT_ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert len(wanted) > 20
    for text in wanted:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name.lower().replace("_", "-")]), text
