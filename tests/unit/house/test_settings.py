"""Settings: read in one place, documented in one file."""

import re
from pathlib import Path

import pytest

from orchestrator.constants import PROJECT_ROOT
from orchestrator.exceptions import SettingsError
from orchestrator.settings import Settings, child_environment, get_settings


@pytest.fixture(autouse=True)
def fresh_settings() -> None:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_without_a_host_the_engine_is_the_embedded_one_on_loopback() -> None:
    settings = Settings()
    assert settings.is_embedded
    assert settings.host == "127.0.0.1"
    assert settings.wanted_port == 8123


def test_a_host_makes_it_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_HOST", "clickhouse.example")
    monkeypatch.setenv("CLICKHOUSE_PORT", "8443")
    settings = get_settings()
    assert not settings.is_embedded
    assert (settings.host, settings.wanted_port) == ("clickhouse.example", 8443)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_HOST", "")
    monkeypatch.setenv("CLICKHOUSE_PORT", "")
    assert get_settings().is_embedded


def test_a_relative_home_counts_from_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", "somewhere/else")
    assert get_settings().touchstone_home == PROJECT_ROOT / "somewhere" / "else"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLICKHOUSE_PORT", "not a port"),
        ("CLICKHOUSE_PORT", "70000"),
        ("CLICKHOUSE_DATABASE", "drop table; --"),
        ("TOUCHSTONE_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        get_settings()


def test_every_setting_is_documented_in_the_example_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (PROJECT_ROOT / ".env.example").read_text(), re.MULTILINE))
    assert documented == {name.upper() for name in Settings.model_fields}


def test_the_example_states_the_defaults() -> None:
    example = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", (PROJECT_ROOT / ".env.example").read_text(), re.MULTILINE))
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        if hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        if isinstance(default, Path):
            default = default.relative_to(PROJECT_ROOT)
        text = "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
        assert example[name.upper()] == text, name


def test_children_are_told_engine_database_and_folders_but_no_host_of_the_embedded_engine(tmp_path: Path) -> None:
    told = child_environment(Settings(touchstone_home=tmp_path, clickhouse_database="mine"), "127.0.0.1", 9999)
    assert told["CLICKHOUSE_PORT"] == "9999"
    assert told["CLICKHOUSE_DATABASE"] == "mine"
    assert told["DAGSTER_HOME"].startswith(str(tmp_path))
    assert told["DBT_TARGET_PATH"].startswith(str(tmp_path))
    assert "CLICKHOUSE_HOST" not in told


def test_a_password_is_not_shown_when_settings_are_printed() -> None:
    assert "hunter2" not in repr(Settings(clickhouse_password="hunter2"))
