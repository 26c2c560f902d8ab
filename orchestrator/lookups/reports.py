"""Findings as people and machines read them; every report is given line by line."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from orchestrator.helpers import plural
from orchestrator.lookups.domains import SEED_COLUMNS
from orchestrator.lookups.findings import Finding, Rule

# of one rule in one file; who has more of them mends the cause, not the lines
FLOOD: Final = 1000
# GitHub cuts off a summary at 1 MiB
_MARKDOWN_FLOOD: Final = 100


class Format(StrEnum):
    """How findings are told."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    MARKDOWN = "markdown"


def render_findings(findings: Sequence[Finding], output_format: Format) -> Iterator[str]:
    """The report, without line ends."""
    match output_format:
        case Format.JSON:
            yield from _json(findings)
        case Format.GITHUB:
            yield from map(_workflow_command, findings)
            yield totals(findings)
        case Format.MARKDOWN:
            yield from _markdown(findings)
        case Format.TEXT:
            for told in _without_flood(findings, FLOOD):
                yield str(told)
            yield totals(findings)


def totals(findings: Sequence[Finding]) -> str:
    """How many errors and warnings."""
    errors = _errors(findings)
    return f"lookup desk: {plural(errors, 'error')}, {plural(len(findings) - errors, 'warning')}"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table whose cells may hold anything."""
    yield _markdown_row(header)
    yield _markdown_row(["---"] * len(header))
    for row in rows:
        yield _markdown_row([markdown_text(cell) for cell in row])


def markdown_text(text: str) -> str:
    """The text as it stands, in a cell of a table."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.splitlines())


def _errors(findings: Iterable[Finding]) -> int:
    return sum(finding.is_error for finding in findings)


def _json(findings: Sequence[Finding]) -> Iterator[str]:
    """One object; a finding a line, so that a million of them need no second copy in memory."""
    errors = _errors(findings)
    yield f'{{"errors": {errors}, "warnings": {len(findings) - errors}, "findings": ['
    for number, finding in enumerate(findings, start=1):
        comma = "," if number < len(findings) else ""
        yield f"  {json.dumps(finding._asdict(), ensure_ascii=False)}{comma}"
    yield "]}"


def _workflow_command(finding: Finding) -> str:
    """https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions"""
    file = f"seeds/{finding.file}" if finding.file in SEED_COLUMNS else finding.file
    properties = {"file": file, "line": str(finding.line or 1), "title": str(finding.rule)}
    told = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items())
    place = f"{finding.column}: " if finding.column else ""
    return f"::{finding.severity} {told}::{_escaped(f'{place}{finding.message} {finding.remedy}')}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(findings: Sequence[Finding]) -> Iterator[str]:
    yield "### Lookup desk"
    yield ""
    errors = _errors(findings)
    yield f"{plural(errors, 'error')}, {plural(len(findings) - errors, 'warning')}"
    if not findings:
        return
    yield ""
    header = ("Severity", "File", "Line", "Column", "Rule", "What is wrong", "What to do")
    shown = list(_without_flood(findings, _MARKDOWN_FLOOD))
    rows = [
        (told.severity, told.file, str(told.line or ""), told.column, told.rule, told.message, told.remedy)
        for told in shown
        if isinstance(told, Finding)
    ]
    yield from markdown_table(header, rows)
    if rest := [told for told in shown if isinstance(told, str)]:
        yield ""
        yield from (f"- {markdown_text(told)}" for told in rest)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _without_flood(findings: Sequence[Finding], limit: int) -> Iterator[Finding | str]:
    """The findings, and of a rule that a file breaks too often the first ones, and how many more there are."""
    counts = Counter((finding.file, finding.rule) for finding in findings)
    seen: Counter[tuple[str, Rule]] = Counter()
    for finding in findings:
        kind = (finding.file, finding.rule)
        seen[kind] += 1
        if seen[kind] <= limit:
            yield finding
    for (file, rule), count in counts.items():
        if count > limit:
            yield f"{file}: and {count - limit:,} more of {rule}; --format json has them all"
