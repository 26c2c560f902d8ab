"""The written design taken apart: its statements with what they expect, its commands, and what it refers to."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from orchestrator.constants import PROJECT_ROOT

PAGES: Final = ("architecture.md", "financial_data_rules.md", "operations.md")
_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_CLAIM: Final = re.compile(r"^-- claim: ([a-z0-9-]+)$", re.MULTILINE)
_EXPECT: Final = re.compile(r"^-- expect: (.+)$", re.MULTILINE)
_REFUSED: Final = re.compile(r'error CONTAINS "(.+)"')
_TOKEN: Final = re.compile(r"`([^`\n]+)`")
_BOX: Final = re.compile(r"(\w+)(?:\[(.+)\])?")
_TEST: Final = re.compile(r"tests/[\w/]+\.py::\w+")
READ_ONLY: Final = "# read-only"
# what the readme and these pages put before the command
_COMMANDS: Final = ("touchstone", ".venv/bin/touchstone")


@dataclass(frozen=True)
class Statement:
    """One ```sql block: the claim that it proves, and what is expected of it; both empty where it does not say."""

    page: str
    claim: str
    expects: str
    sql: str

    @property
    def refusal(self) -> str:
        """What the engine must say, for a statement that must be refused."""
        match = _REFUSED.fullmatch(self.expects)
        return match[1] if match else ""


@dataclass(frozen=True)
class Shown:
    """A command of a ```bash block that only reads, and the lines that the page shows of its output."""

    page: str
    command: tuple[str, ...]
    lines: tuple[str, ...]


def text_of(page: str) -> str:
    """A page without what is commented out."""
    return _COMMENT.sub("", (PROJECT_ROOT / "docs" / page).read_text(encoding="utf-8"))


def statements_of(page: str) -> list[Statement]:
    """All ```sql blocks."""
    return [
        Statement(page, _first(_CLAIM, body), _first(_EXPECT, body), body)
        for kind, body in _BLOCK.findall(text_of(page))
        if kind == "sql"
    ]


def shown_outputs(page: str) -> list[Shown]:
    """Read-only commands that are followed by a ```text block; `...` stands for anything."""
    blocks = _BLOCK.findall(text_of(page))
    found = []
    for (kind, body), (next_kind, output) in pairwise(blocks):
        if kind == "bash" and body.startswith(READ_ONLY):
            assert next_kind == "text", f"{page}: {body!r} shows no output"
            [command] = commands_in(body)
            found.append(Shown(page, command, tuple(filter(None, output.splitlines()))))
    return found


def commands_of(page: str) -> list[tuple[str, ...]]:
    """Every `touchstone` command of the page, in blocks and inline, as words behind `touchstone`."""
    text = text_of(page)
    in_blocks = [command for kind, body in _BLOCK.findall(text) if kind == "bash" for command in commands_in(body)]
    inline = [command for token in _TOKEN.findall(_BLOCK.sub("", text)) for command in commands_in(token)]
    return in_blocks + inline


def commands_in(script: str) -> Iterator[tuple[str, ...]]:
    """The `touchstone` commands of a shell script, without variables set in front and what is piped behind."""
    for line in script.replace("\\\n", " ").splitlines():
        for part in re.split(r"\s(?:&&|\|)\s", line):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words and words[0] in _COMMANDS:
                yield tuple(word for word in words[1:] if word not in (">", "2>&1"))


def named_tests(page: str) -> set[str]:
    """Every `path::test` of the page."""
    return set(_TEST.findall(text_of(page)))


def enforcers_named_in(page: str) -> set[str]:
    """Names that the lines `**Enforced by**` give."""
    paragraphs = re.findall(r"^\*\*Enforced by\*\*(.*?)(?:\n\n|\Z)", text_of(page), re.MULTILINE | re.DOTALL)
    return {token for paragraph in paragraphs for token in _TOKEN.findall(paragraph)}


def links_of(page: str) -> list[Path]:
    """Files that the page links to."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
    return [(PROJECT_ROOT / "docs" / link).resolve() for link in links]


def edges_of(page: str) -> list[tuple[str, str]]:
    """Edges of the ```mermaid flowchart, from upstream to downstream, by the words in the boxes; a box may name several."""
    [chart] = [body for kind, body in _BLOCK.findall(text_of(page)) if kind == "mermaid"]
    words: dict[str, str] = {}
    edges = []
    for line in chart.splitlines():
        ends = re.split(r"\s-->\s|\s-- .+? -->\s", line.strip())
        boxes = [_BOX.fullmatch(end) for end in ends]
        if len(ends) == 2 and all(boxes):
            for name, label in (box.groups() for box in boxes if box):
                words.setdefault(name, label.strip('"') if label else name)
            edges.append((ends[0].partition("[")[0], ends[1].partition("[")[0]))
    return [
        (above, below) for start, end in edges for above in words[start].split(", ") for below in words[end].split(", ")
    ]


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1].strip() if match else ""
