"""With CLICKHOUSE_HOST set, the verbs use that server, and nothing embedded starts or stops."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from house import Checkout

from orchestrator.cli import main
from orchestrator.constants import SAMPLE_DATA_DIR
from orchestrator.embedded import engine_state
from orchestrator.settings import Settings, get_settings
from orchestrator.warehouse.client import ensure_engine


@pytest.fixture
def on_server(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """The command with another home, told that the suite's engine is a server."""
    address = ensure_engine(settings)
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLICKHOUSE_HOST", address.host)
    monkeypatch.setenv("CLICKHOUSE_PORT", str(address.port))
    monkeypatch.setenv("CLICKHOUSE_DATABASE", settings.clickhouse_database)
    get_settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])
    get_settings.cache_clear()


def test_up_and_down_leave_a_named_server_alone(
    on_server: Callable[..., Result], settings: Settings, tmp_path: Path
) -> None:
    before = engine_state(settings.engine_dir)
    assert "nothing to start" in on_server("up").output
    assert "not ours to stop" in on_server("down").output
    assert engine_state(settings.engine_dir) == before
    assert not (tmp_path / "home" / "engine").exists()


def test_migrate_load_and_status_work_on_a_named_server(on_server: Callable[..., Result], tmp_path: Path) -> None:
    assert on_server("migrate").exit_code == 0
    loaded = on_server("load", "instruments", SAMPLE_DATA_DIR / "instruments" / "instruments.csv")
    assert "2,050 rows landed" in loaded.output
    printed = on_server("status").output
    assert "server at 127.0.0.1" in printed
    assert re.search(r"^migrations +(\d+) of \1 applied$", printed, re.MULTILINE), printed
    assert not (tmp_path / "home" / "engine").exists()


def test_a_server_that_does_not_answer_is_one_clear_line(
    on_server: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKHOUSE_PORT", "1")
    get_settings.cache_clear()
    failed = on_server("status")
    assert failed.exit_code == 1
    assert "127.0.0.1:1 cannot be used" in failed.output
    assert "Check CLICKHOUSE_HOST" in failed.output
    assert "Traceback" not in failed.output


def test_settings_are_read_from_dotenv_and_the_environment_wins(new_checkout: Callable[[], Checkout]) -> None:
    checkout = new_checkout()
    (checkout.folder / ".env").write_text("CLICKHOUSE_HOST=from-dotenv.example\n", encoding="utf-8")
    assert "from-dotenv.example" in checkout.touchstone("up").stdout
    assert "from-environment.example" in checkout.touchstone("up", CLICKHOUSE_HOST="from-environment.example").stdout
