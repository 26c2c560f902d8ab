"""The desk as it was in a Git revision."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrator.exceptions import LookupFileError
from orchestrator.lookups.base import Base
from orchestrator.lookups.domains import SEED_COLUMNS

_MAIN: Final = "origin/main"


def read_base(folder: Path, revision: str) -> Base:
    """The files of the desk as they are in a revision of the folder's repository; an absent file is left out.

    Raises:
        LookupFileError: Git is not there, the folder is in no repository, or the revision does not exist.
    """
    if not _exists(folder, revision):
        message = f"There is no revision {revision!r} in the Git repository of {folder}."
        raise LookupFileError(message, "Fetch it, or name another one with --base.")
    listed = set(_git(folder, "ls-tree", "-z", "--name-only", revision, "./").decode().split("\0"))
    names = [name for name in SEED_COLUMNS if name in listed]
    return Base(revision, {name: _git(folder, "show", f"{revision}:./{name}") for name in names})


def default_base(folder: Path) -> str:
    """`origin/main` if the repository has it, else `HEAD`. Raises LookupFileError as `read_base`."""
    return _MAIN if _exists(folder, _MAIN) else "HEAD"


def blame(folder: Path, file: str, lines: Sequence[int]) -> str:
    """What `git blame` says of some lines of a file, numbered from 1; nothing where Git or the repository is not there.

    The commits at which a shallow clone ends are marked as boundaries: the line may be older.
    """
    ranges = [argument for line in lines for argument in ("-L", f"{line},{line}")]
    try:
        is_shallow = _run(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        # --root would call the commits at which a shallow clone ends the first ones
        options = ["--line-porcelain"] if is_shallow else ["--line-porcelain", "--root"]
        done = _run(folder, "blame", *options, *ranges, "--", file)
    except LookupFileError:
        return ""
    return "" if done.returncode else done.stdout.decode(errors="replace")


def _exists(folder: Path, revision: str) -> bool:
    _git(folder, "rev-parse", "--git-dir")
    # without this a revision that starts with a dash would be an option
    arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    return _run(folder, *arguments).returncode == 0


def _git(folder: Path, *arguments: str) -> bytes:
    done = _run(folder, *arguments)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise LookupFileError(f"Git cannot read {folder}: {said}.", "Run it in a clone of the project.")
    return done.stdout


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    if not folder.is_dir():
        raise LookupFileError(f"There is no folder {folder}.", "Run from the project, or restore seeds/ from Git.")
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise LookupFileError(f"Git cannot be run: {error.strerror}.", "Install it, or leave --base out.") from error
