"""What verbs print: tables keep their cells where nothing tells a width."""

import pytest
from rich.table import Table

from orchestrator.helpers import stdout_console

CELL = "a code of sixty letters, as long as few of them are in reality"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    table = Table(*("a code", "another code"))
    table.add_row(CELL, CELL)
    stdout_console().print(table)
    return capsys.readouterr().out


def test_a_table_that_goes_to_a_file_keeps_its_cells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert printed(capsys).count(CELL) == 2


def test_a_width_that_is_told_is_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = printed(capsys)
    assert max(map(len, text.splitlines())) == 100
    assert CELL not in text
