"""Structured logs: one JSON object a line, in a file that is renamed when it is full."""

import json
import logging
from collections.abc import Iterator

import pytest

from orchestrator import helpers
from orchestrator.helpers import configure_logging, get_logger


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """The suite's logging as it was."""
    root = logging.getLogger("orchestrator")
    before = (root.handlers[:], root.level, root.propagate)
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


def test_a_full_log_is_renamed_and_the_oldest_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(helpers, "_LOG_BYTES", 2000)
    monkeypatch.setattr(helpers, "_OLD_LOGS", 2)
    configure_logging("INFO", "json", tmp_path / "engine.log")
    log = get_logger("orchestrator.test")
    for number in range(100):
        log.info("query", number=number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["engine.log", "engine.log.1", "engine.log.2"]
    lines = [json.loads(line) for name in reversed(files) for line in (tmp_path / name).read_text().splitlines()]
    numbers = [line["number"] for line in lines]
    assert numbers == list(range(numbers[0], 100))
    assert all((tmp_path / name).stat().st_size <= 2000 for name in files)
