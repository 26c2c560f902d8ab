"""The kernel's wall: what it lets through, in a process of its own, and what is said where there is none."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.embedded.access import sandbox
from orchestrator.embedded.execution.results import Counters
from orchestrator.embedded.execution.runner import Runner
from orchestrator.embedded.execution.statements import InsertWithData
from orchestrator.embedded.execution.workplace import Premises

LOOK = """
import sys
from dataclasses import replace
from pathlib import Path
from orchestrator.embedded.access.sandbox import enter_sandbox

own, other = Path(sys.argv[1]), Path(sys.argv[2])
assert enter_sandbox([own])
(own / "new.txt").write_text("x")
(own / "new.txt").rename(own / "sub" / "moved.txt")
Path("/usr/lib").iterdir()
import xml.dom.minidom  # a module not loaded yet
for attempt in (
    lambda: (other / "secret.txt").read_text(),
    lambda: (other / "new.txt").write_text("x"),
    lambda: list(other.iterdir()),
    lambda: (own / "link").read_text(),
    lambda: Path("/etc/passwd").read_text(),
):
    try:
        attempt()
    except PermissionError:
        continue
    sys.exit("something was let through")
"""


@pytest.mark.skipif(sandbox._why_not() is not None, reason="this system has no Landlock")
def test_a_process_in_the_sandbox_sees_its_own_folders_only(tmp_path: Path, project_root: Path):
    own, other = tmp_path / "own", tmp_path / "other"
    (own / "sub").mkdir(parents=True)
    other.mkdir()
    (other / "secret.txt").write_text("s")
    (own / "link").symlink_to(other / "secret.txt")
    command = [sys.executable, "-c", LOOK, str(own), str(other)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_landlock_the_engine_goes_on_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    said = []
    monkeypatch.setattr(sandbox._log, "warning", lambda event, **more: said.append((event, more["reason"])))
    assert sandbox.enter_sandbox([tmp_path]) is False
    assert said == [("no sandbox", "darwin has no Landlock")]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (b"INSERT INTO t ", b"INSERT INTO t SETTINGS input_format_values_interpret_expressions = 0"),
        (
            b"INSERT INTO settings (a) SETTINGS max_threads = 1 ",
            b"INSERT INTO settings (a) SETTINGS max_threads = 1, input_format_values_interpret_expressions = 0",
        ),
        (
            b"INSERT INTO settings (a) ",
            b"INSERT INTO settings (a) SETTINGS input_format_values_interpret_expressions = 0",
        ),
    ],
)
def test_values_that_stream_hold_no_expressions_where_there_is_no_sandbox(tmp_path, sql, expected):
    premises = Premises(None, tmp_path, tmp_path, is_sandboxed=False, flush_logs=lambda: None)
    runner = Runner(premises, None, None, Counters)
    insert = InsertWithData(sql, "Values", 0)
    assert runner._with_safe_values(insert, b"(1", False).sql == expected
    inside = Runner(replace(premises, is_sandboxed=True), None, None, Counters)
    assert inside._with_safe_values(insert, b"(1", False).sql == sql
