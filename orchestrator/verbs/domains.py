"""`touchstone lookups render` and `add-domain`: files that follow from the declared domains, written."""

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from orchestrator.constants import DBT_PROJECT_DIR, MIGRATIONS_DIR, PROJECT_ROOT, SCHEMA_FILE
from orchestrator.embedded import stop_engine
from orchestrator.exceptions import DomainError
from orchestrator.helpers import plural
from orchestrator.lookups.domains import DOMAINS_FILE, load_declared
from orchestrator.scaffold.additions import NewDomain, files_of_new_domain
from orchestrator.scaffold.names import names_of_models
from orchestrator.scaffold.render import rendered_files
from orchestrator.settings import Settings
from orchestrator.warehouse.migrations import apply_migrations, live_schema

_DOMAINS = DOMAINS_FILE.relative_to(PROJECT_ROOT)
_MIGRATIONS = MIGRATIONS_DIR.relative_to(PROJECT_ROOT)
_MODELS = DBT_PROJECT_DIR.relative_to(PROJECT_ROOT) / "models"
_SCHEMA = SCHEMA_FILE.relative_to(PROJECT_ROOT)


def render(console: Console, root: Path = PROJECT_ROOT) -> None:
    """Write what follows from domains.yml, and tell which files changed."""
    changed = _write(rendered_files(load_declared(root / _DOMAINS)), root)
    for path in changed:
        console.print(f"wrote {path}", markup=False)
    console.print(f"{plural(len(changed), 'file')} changed")


def stale_files(root: Path = PROJECT_ROOT) -> list[Path]:
    """Rendered files that are not what domains.yml says, by path from the project's folder."""
    return [path for path, text in rendered_files(load_declared(root / _DOMAINS)).items() if _read(root / path) != text]


def add_domain(console: Console, settings: Settings, new: NewDomain, root: Path = PROJECT_ROOT) -> None:
    """Declare a domain, write its models, YAML and migration pair, and the schema that they make.

    Raises:
        DomainError: it is there already, does not hold, has a name that is taken, or a file cannot be written.
        MigrationError: the migrations cannot be applied to an empty database.
            Whatever is raised, every file is as it was.
    """
    migrations = root / _MIGRATIONS
    files = files_of_new_domain(
        new,
        (root / _DOMAINS).read_text(encoding="utf-8"),
        [path.name for path in migrations.iterdir()],
        names_of_models(root / _MODELS),
    )
    with console.status("applying all migrations to a scratch engine"):
        files[_SCHEMA] = _schema_after(files, migrations, settings)
    for path in _write(files, root):
        console.print(f"wrote {path}", markup=False)
    columns = [new.name, *(f"{new.name}_{attribute}" for attribute in new.attributes)]
    console.print(
        f"\nNext: put the column{'s' * (len(columns) > 1)} {', '.join(columns)} into seeds/{new.file}.csv, "
        "run `touchstone lookups mint`, then `make run`.",
        markup=False,
        soft_wrap=True,
    )


def _schema_after(files: dict[Path, str], migrations: Path, settings: Settings) -> str:
    """As ClickHouse prints it: an engine of its own, thrown away afterwards, so that no warehouse is touched."""
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


def _write(files: dict[Path, str], root: Path) -> list[Path]:
    """Write those that differ, all of them or, where one cannot be written, none."""
    before = {path: text for path in files if (text := _read(root / path)) != files[path]}
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
    elif _read(path) != text:
        path.write_text(text, encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
