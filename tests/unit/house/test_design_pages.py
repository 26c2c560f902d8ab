"""The reader of the written design: what it takes for a statement, a command and an edge."""

from pathlib import Path

import design_pages
import pytest

PAGE = """# A page
<!--
```sql
SELECT 'commented out'
```
-->
```sql
-- claim: one
-- expect: error CONTAINS "fk_x"
INSERT INTO t VALUES (1)
```
```sql
SELECT 2
```
```bash
# read-only
touchstone status
```
```text
engine ...
```
```bash
CLICKHOUSE_DATABASE=drill touchstone reconcile   # a remark
git push && touchstone run | cat
.venv/bin/touchstone load observations new.csv --dry-run
```
```mermaid
flowchart LR
    a[one, two] --> b["three"]
    b -- "check: x" --> four
```
`touchstone trace FEED KEY` and `tests/unit/x.py::test_y`.

**Enforced by** `fk_x`,
`fct_x`.
"""


@pytest.fixture(autouse=True)
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(design_pages, "PROJECT_ROOT", tmp_path)


def test_statements_have_claim_and_expectation_or_are_seen_to_lack_them() -> None:
    refused, bare = design_pages.statements_of("page.md")
    assert (refused.claim, refused.refusal) == ("one", "fk_x")
    assert (bare.claim, bare.expects, bare.refusal) == ("", "", "")


def test_commands_are_found_in_blocks_and_inline() -> None:
    assert design_pages.commands_of("page.md") == [
        ("status",),
        ("reconcile",),
        ("run",),
        ("load", "observations", "new.csv", "--dry-run"),
        ("trace", "FEED", "KEY"),
    ]
    [shown] = design_pages.shown_outputs("page.md")
    assert (shown.command, shown.lines) == (("status",), ("engine ...",))


def test_edges_names_and_tests_are_found() -> None:
    assert design_pages.edges_of("page.md") == [("one", "three"), ("two", "three"), ("three", "four")]
    assert design_pages.enforcers_named_in("page.md") == {"fk_x", "fct_x"}
    assert design_pages.named_tests("page.md") == {"tests/unit/x.py::test_y"}
