"""Where IDs of the ledger come from: their lines in the file, and the commits that added these."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from orchestrator.lookups.domains import LEDGER_FILE, SEED_COLUMNS
from orchestrator.lookups.reading import read_table
from orchestrator.lookups.revisions import blame

_HEAD: Final = re.compile(r"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")
_UNCOMMITTED: Final = re.compile(r"0+")


@dataclass(frozen=True)
class Commit:
    """A commit of the project's Git repository."""

    sha: str
    author: str
    authored_at: datetime
    summary: str


@dataclass(frozen=True)
class Origin:
    """A line of the ledger: its number in the file from 1, its text, and its commit if Git knows one."""

    line: int
    text: str
    commit: Commit | None


def origins_in_ledger(folder: Path, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Origin]:
    """The ledger's lines of these (domain, ID); those that it does not have are left out.

    Without Git, in a folder of no repository, or for lines that are not committed, lines have no commit.
    """
    try:
        content = (folder / LEDGER_FILE).read_bytes()
    except OSError:
        return {}
    table = read_table(LEDGER_FILE, content, SEED_COLUMNS[LEDGER_FILE])
    places = {
        (domain, int(number)): line
        for domain, number, line in zip(
            table.columns.get("domain", ()), table.columns.get("id", ()), table.lines, strict=True
        )
        if number.isdecimal()
    }
    lines = {key: places[key] for key in wanted if key in places}
    commits = commits_of_lines(folder, LEDGER_FILE, lines.values())
    texts = content.decode("utf-8", errors="replace").splitlines()
    return {key: Origin(line, texts[line - 1], commits.get(line)) for key, line in lines.items()}


def commits_of_lines(folder: Path, file: str, lines: Collection[int]) -> Mapping[int, Commit]:
    """The commits that the lines, numbered from 1, stand in the file since; of lines that Git knows."""
    told = blame(folder, file, sorted(set(lines))) if lines else ""
    commits: dict[int, Commit] = {}
    sha, line, said = "", 0, dict[str, str]()
    for text in told.splitlines():
        if text.startswith("\t"):
            if not _UNCOMMITTED.fullmatch(sha) and "boundary" not in said:
                moment = datetime.fromtimestamp(int(said["author-time"]), UTC)
                commits[line] = Commit(sha, said["author"], moment, said.get("summary", ""))
        elif head := _HEAD.fullmatch(text):
            sha, line, said = head[1], int(head[2]), {}
        else:
            name, _, value = text.partition(" ")
            said[name] = value
    return commits
