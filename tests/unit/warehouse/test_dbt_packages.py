"""Packages of dbt are linked into the home, and nothing is written in the project."""

from pathlib import Path

import pytest

from orchestrator.exceptions import DbtError
from orchestrator.settings import Settings
from orchestrator.warehouse.dbt_packages import install_packages


@pytest.fixture
def packages_file(tmp_path: Path) -> Path:
    """A packages.yml that names two packages."""
    for name in ("first", "second"):
        (tmp_path / "project" / "packages" / name).mkdir(parents=True)
        (tmp_path / "project" / "packages" / name / "dbt_project.yml").write_text(f"name: {name}\n", encoding="utf-8")
    return _written(tmp_path / "project" / "packages.yml", "first", "second")


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    return Settings(touchstone_home=tmp_path / "home")


def _written(path: Path, *names: str) -> Path:
    entries = "".join(f"  - local: packages/{name}\n" for name in names)
    path.write_text(f"packages:\n{entries}" if names else "packages: []\n", encoding="utf-8")
    return path


def _installed(settings: Settings) -> dict[str, Path]:
    return {path.name: path.resolve() for path in settings.dbt_packages_dir.iterdir()}


def test_every_package_is_linked(packages_file: Path, own_settings: Settings) -> None:
    install_packages(own_settings, packages_file)
    folder = packages_file.parent / "packages"
    assert _installed(own_settings) == {"first": folder / "first", "second": folder / "second"}


def test_again_nothing_changes(packages_file: Path, own_settings: Settings) -> None:
    install_packages(own_settings, packages_file)
    before = {path: path.lstat().st_ino for path in own_settings.dbt_packages_dir.iterdir()}
    install_packages(own_settings, packages_file)
    assert {path: path.lstat().st_ino for path in own_settings.dbt_packages_dir.iterdir()} == before


def test_a_home_that_another_checkout_used_is_linked_anew(packages_file: Path, own_settings: Settings) -> None:
    own_settings.dbt_packages_dir.mkdir(parents=True)
    (own_settings.dbt_packages_dir / "first").symlink_to(packages_file.parent / "no_longer_there")
    install_packages(own_settings, packages_file)
    assert _installed(own_settings)["first"] == packages_file.parent / "packages" / "first"


def test_a_package_that_is_no_longer_named_is_removed(packages_file: Path, own_settings: Settings) -> None:
    install_packages(own_settings, packages_file)
    install_packages(own_settings, _written(packages_file, "second"))
    assert list(_installed(own_settings)) == ["second"]


def test_a_read_only_project_is_enough(packages_file: Path, own_settings: Settings) -> None:
    folders = [packages_file.parent, *packages_file.parent.rglob("*")]
    for path in folders:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        install_packages(own_settings, packages_file)
        install_packages(own_settings, packages_file)
        assert sorted(_installed(own_settings)) == ["first", "second"]
    finally:
        for path in folders:
            path.chmod(0o755)


@pytest.mark.parametrize("entry", ["package: somebody/elses", "git: https://example.com/a.git", "local: packages/none"])
def test_a_package_from_elsewhere_is_refused(packages_file: Path, own_settings: Settings, entry: str) -> None:
    packages_file.write_text(f"packages:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(DbtError, match=r"packages\.yml names .* which is no dbt project of this checkout"):
        install_packages(own_settings, packages_file)
