"""Where the desk meets the disk: its files are read here, and the ledger is written here."""

import os
import tempfile
from pathlib import Path

from orchestrator.exceptions import LedgerError, LookupFileError
from orchestrator.helpers import plural
from orchestrator.lookups.check import check_lookups
from orchestrator.lookups.domains import LEDGER_FILE, SEED_COLUMNS
from orchestrator.lookups.reading import read_table


def read_desk(folder: Path) -> dict[str, bytes]:
    """Content of the desk's files by name; a file that is not there is left out.

    Raises:
        LookupFileError: the folder is missing, or a file cannot be read.
    """
    if not folder.is_dir():
        raise LookupFileError(f"There is no folder {folder}.", "Run from the project, or restore seeds/ from Git.")
    files = {}
    for name in SEED_COLUMNS:
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LookupFileError(f"{folder / name} cannot be read: {error.strerror}.") from error
    return files


def write_ledger(folder: Path, ledger: bytes) -> None:
    """Replace the ledger in one step: a reader sees the old one or the new one, never a part.

    Raises:
        LedgerError: the ledger cannot be written; the old one is untouched.
    """
    target = folder / LEDGER_FILE
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        descriptor, name = tempfile.mkstemp(prefix=f".{LEDGER_FILE}.", dir=folder)
    except OSError as error:
        raise LedgerError(f"{target} cannot be written: {error.strerror}.") from error
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(ledger)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(target)
    except OSError as error:
        raise LedgerError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def require_clean_desk(folder: Path) -> int:
    """Check the desk and count the rows of its files, the ledger included.

    Raises:
        LookupFileError: a file cannot be read, or the desk has errors; names the first of them.
    """
    files = read_desk(folder)
    errors = [finding for finding in check_lookups(files) if finding.is_error]
    if errors:
        message = f"The lookup desk has {plural(len(errors), 'error')}; the first is {errors[0]}"
        raise LookupFileError(message, "See `touchstone lookups check`.")
    return sum(read_table(name, content, SEED_COLUMNS[name]).height for name, content in files.items())


def require_clean_catalogue(folder: Path, catalogue: Path, *, called: str = "") -> None:
    """Check a landed lookup file together with the desk: its keys have IDs, and nothing contradicts the desk.

    Args:
        folder: the desk's files.
        catalogue: the landed file.
        called: what errors call it, where that is not its path.

    Raises:
        LookupFileError: it cannot be read, or there are errors; names the first of them.
    """
    name = called or str(catalogue)
    if not catalogue.name.lower().endswith(".csv"):
        raise LookupFileError(f"{name} is no plain CSV file.", "Write the lookup file as CSV; it is checked first.")
    try:
        content = catalogue.read_bytes()
    except OSError as error:
        raise LookupFileError(f"{name} cannot be read: {error.strerror}.", "Check the name.") from error
    errors = [finding for finding in check_lookups(read_desk(folder), {name: content}) if finding.is_error]
    if errors:
        message = f"The lookup file has {plural(len(errors), 'error')}; the first is {errors[0]}"
        raise LookupFileError(message, f"See `touchstone lookups check --with {name}`.")
