"""Writing what was scaffolded: all files or none, and the schema that new migrations make."""

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.constants import MIGRATIONS_DIR, PROJECT_ROOT
from orchestrator.embedded import stop_engine
from orchestrator.exceptions import DomainError
from orchestrator.settings import Settings
from orchestrator.warehouse.migrations import apply_migrations, live_schema

_MIGRATIONS = MIGRATIONS_DIR.relative_to(PROJECT_ROOT)


def schema_after(files: dict[Path, str], migrations: Path, settings: Settings) -> str:
    """The schema after all migrations and those among `files`, as ClickHouse prints it.

    Made on an engine of its own, thrown away afterwards, so that no warehouse is touched. Raises MigrationError.
    """
    with TemporaryDirectory(prefix="touchstone-schema-") as temporary:
        folder = Path(temporary) / "migrations"
        shutil.copytree(migrations, folder)
        for path, text in files.items():
            if path.parent == _MIGRATIONS:
                (folder / path.name).write_text(text, encoding="utf-8")
        scratch = settings.model_copy(
            update={"touchstone_home": Path(temporary), "clickhouse_host": None, "clickhouse_port": None}
        )
        try:
            apply_migrations(scratch, folder)
            return live_schema(scratch, folder)
        finally:
            stop_engine(scratch.engine_dir)


def write_files(files: dict[Path, str], root: Path) -> list[Path]:
    """Write those that differ, all of them or, where one cannot be written, none; gives their paths.

    Raises:
        DomainError: one cannot be written; names it.
    """
    before = {path: text for path in files if (text := read_text(root / path)) != files[path]}
    try:
        for path in before:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(files[path], encoding="utf-8")
    except BaseException as error:
        for path, text in before.items():
            with suppress(OSError):
                _restore(root / path, text)
        if isinstance(error, OSError):
            raise DomainError(f"{error.filename} cannot be written: {error.strerror}.") from error
        raise
    return list(before)


def _restore(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    elif read_text(path) != text:
        path.write_text(text, encoding="utf-8")


def read_text(path: Path) -> str | None:
    """The file's text, None where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else None
