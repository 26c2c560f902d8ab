"""Which files of the host SQL may touch: those below the user files folder, named in the statement, and no others.

The engine's grants refuse tables, table functions and databases over files by default (see `execution.config`). What
grants do not cover, the function `file()` above all, is refused here by its name in the text. A statement that names
nothing but files of the folder is told to be safe, and may then run with the right to use files.
"""

import os
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

from orchestrator.embedded.errors import DATABASE_ACCESS_DENIED, SUPPORT_IS_DISABLED, QueryError
from orchestrator.embedded.execution.tokens import Token, string_value, tokens

# Which argument of a function is a path.
_PATH_ARGUMENT: Final = {"file": 0, "filecluster": 1, "filesystem": 0}
_FORBIDDEN: Final = {
    "python": "objects of the server process",
    "executable": "programs of the host",
    "eval": "SQL in strings",
}
# Table functions that read from elsewhere: not together with files, because url('file://...') is a file, too.
_ELSEWHERE: Final = frozenset(
    ("url", "urlcluster", "sqlite", "deltalakelocal", "iceberglocal", "iceberglocalcluster", "paimonlocal")
)
_SUSPICIOUS: Final = re.compile(
    rb"\b(file|filecluster|filesystem|python|executable|eval)\b|\bbackup\b|\brestore\b", re.IGNORECASE
)
# SQL inside strings: a dictionary's QUERY, a named collection that one is made from.
_MAKES_SQL_OF_STRINGS: Final = frozenset(("DICTIONARY", "COLLECTION"))
_NAMES_A_TABLE: Final = frozenset(("INTO", "TABLE", "VIEW", "DICTIONARY", "EXISTS", "COLUMN", "INDEX", "PROJECTION"))
_DEPTH: Final = {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1}


def is_suspicious(sql: bytes) -> bool:
    """False for a text without any word that could name a file: it needs no closer look."""
    return _SUSPICIOUS.search(sql) is not None


def uses_files(canonical: bytes, params: Mapping[str, str], folder: Path) -> bool:
    """True when a statement needs the right to use files, and uses those of the folder only.

    Args:
        canonical: the statement as the engine's parser writes it.
        params: the query's parameters, which may stand for a path.

    Raises:
        QueryError: 291 for a file elsewhere, or for a path that the text does not tell; 344 for what is never run.
    """
    stream = list(tokens(canonical))
    _refuse_sql_in_strings(stream)
    if stream and stream[0].is_word("BACKUP", "RESTORE"):
        return True  # the engine has a folder for these, and refuses others
    needs_files = is_elsewhere = False
    for index, name in _calls(stream):
        if name in _FORBIDDEN:
            raise QueryError(SUPPORT_IS_DISABLED, f"{name}() is not available: it would give SQL {_FORBIDDEN[name]}.")
        is_elsewhere = is_elsewhere or name in _ELSEWHERE
        if name in _PATH_ARGUMENT:
            needs_files = True
            _ensure_inside(stream, index, name, params, folder)
    if needs_files and is_elsewhere:
        raise QueryError(DATABASE_ACCESS_DENIED, "file() and url() cannot be used in one statement here.")
    return needs_files


def ensure_alone(canonical: bytes) -> None:
    """Raises QueryError (291) when a statement that is to be given a file of ours would read from elsewhere, too."""
    for _, name in _calls(list(tokens(canonical))):
        if name in _ELSEWHERE or name in _PATH_ARGUMENT:
            raise QueryError(DATABASE_ACCESS_DENIED, f"input() and {name}() cannot be used in one statement here.")


def _calls(stream: list[Token]) -> list[tuple[int, str]]:
    """The calls of functions by name, and where: a table's name in front of a bracket is none."""
    found = []
    for index, (token, following) in enumerate(pairwise(stream)):
        if following.text != b"(" or token.kind not in ("word", "quoted"):
            continue
        before = stream[index - 1] if index else None
        if before and (before.is_word(*_NAMES_A_TABLE) or before.text == b".") and not _is_described(stream):
            continue
        found.append((index, token.text.decode(errors="replace").strip('`"').lower()))
    return found


def _is_described(stream: list[Token]) -> bool:
    return stream[0].is_word("DESCRIBE", "DESC")


def _ensure_inside(stream: list[Token], index: int, name: str, params: Mapping[str, str], folder: Path) -> None:
    arguments = _arguments(stream, index + 1)
    if name == "file" and index >= 2 and stream[index - 2].is_word("ENGINE"):  # noqa: PLR2004  File(format, path)
        arguments = arguments[1:]
        if not arguments:
            return
        position = 0
    else:
        position = _PATH_ARGUMENT[name]
    path = _literal(arguments[position], params) if position < len(arguments) else None
    if path is None:
        raise QueryError(
            DATABASE_ACCESS_DENIED, f"The path of {name}() has to stand in the query as a string, relative to {folder}."
        )
    if not is_inside(path, folder):
        raise QueryError(DATABASE_ACCESS_DENIED, f"File `{path}` is not inside `{folder}`.")


def is_inside(path: str, folder: Path) -> bool:
    """True for a path, or a pattern of paths, below the folder, links followed."""
    # An archive is named before `::`; behind a wildcard a path may only go down.
    archive = path.partition("::")[0].strip()
    fixed = re.split(r"[*?{\[]", archive, maxsplit=1)[0]
    parent = fixed if fixed == archive else os.path.dirname(fixed)  # noqa: PTH120  text, not yet a path
    if "\0" in path or ".." in Path(archive[len(parent) :]).parts or "://" in path:
        return False
    resolved = (folder / parent).resolve()
    return resolved.is_relative_to(folder.resolve())


def _arguments(stream: list[Token], opening: int) -> list[list[Token]]:
    """The arguments of a call whose opening bracket stands at `opening`, each as its tokens."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in stream[opening + 1 :]:
        depth += _DEPTH.get(token.text, 0)
        if depth < 0:
            break
        if depth == 0 and token.text == b",":
            found.append([])
        else:
            found[-1].append(token)
    return found if found != [[]] else []


def _literal(argument: list[Token], params: Mapping[str, str]) -> str | None:
    if len(argument) == 1 and argument[0].kind == "string":
        return string_value(argument[0].text)
    is_parameter = len(argument) >= 4 and argument[0].text == b"{" and argument[2].text == b":"  # noqa: PLR2004  {name:Type}
    if is_parameter and argument[-1].text == b"}":
        return params.get(argument[1].text.decode(errors="replace"))
    return None


def _refuse_sql_in_strings(stream: list[Token]) -> None:
    if not any(token.is_word(*_MAKES_SQL_OF_STRINGS) for token in stream):
        return
    for token in stream:
        if token.kind != "string":
            continue
        inner = list(tokens((string_value(token.text) or "").encode(errors="surrogateescape")))
        for _, name in _calls(inner):
            if name in _PATH_ARGUMENT or name in _FORBIDDEN:
                raise QueryError(DATABASE_ACCESS_DENIED, f"{name}() is not available in the query of a dictionary.")
