"""`touchstone lookups render` and `add-domain`: files that follow from the declared domains, written."""

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from orchestrator.constants import MIGRATIONS_DIR, PROJECT_ROOT, SCHEMA_FILE
from orchestrator.embedded import stop_engine
from orchestrator.helpers import plural
from orchestrator.lookups.domains import DOMAINS_FILE, load_declared
from orchestrator.scaffold.additions import NewDomain, files_of_new_domain
from orchestrator.scaffold.render import rendered_files
from orchestrator.settings import Settings
from orchestrator.warehouse.migrations import apply_migrations, write_schema


def render(console: Console, root: Path = PROJECT_ROOT) -> None:
    """Write what follows from domains.yml, and tell which files changed."""
    changed = _write(rendered_files(load_declared(DOMAINS_FILE)), root)
    for path in changed:
        console.print(f"wrote {path}", markup=False)
    console.print(f"{plural(len(changed), 'file')} changed")


def stale_files(root: Path = PROJECT_ROOT) -> list[Path]:
    """Rendered files that are not what domains.yml says, by path from the project's folder."""
    return [path for path, text in rendered_files(load_declared(DOMAINS_FILE)).items() if _read(root / path) != text]


def add_domain(console: Console, settings: Settings, new: NewDomain, root: Path = PROJECT_ROOT) -> None:
    """Declare a domain, write its models, YAML and migration pair, and the schema that they make.

    Raises:
        DomainError: it is there already, or does not hold; nothing was written.
    """
    files = files_of_new_domain(
        new, DOMAINS_FILE.read_text(encoding="utf-8"), [path.name for path in MIGRATIONS_DIR.iterdir()]
    )
    for path in _write(files, root):
        console.print(f"wrote {path}", markup=False)
    with console.status("applying all migrations to a scratch engine"):
        _write_schema_of_all_migrations(settings)
    console.print(f"wrote {SCHEMA_FILE.relative_to(root)}", markup=False)
    console.print(
        f"\nNext: put the column {new.name} into seeds/{new.file}.csv, run `touchstone lookups mint`, then `make run`.",
        markup=False,
    )


def _write_schema_of_all_migrations(settings: Settings) -> None:
    """As ClickHouse prints it: an engine of its own, thrown away afterwards, so that no warehouse is touched."""
    with TemporaryDirectory(prefix="touchstone-schema-") as home:
        scratch = settings.model_copy(
            update={"touchstone_home": Path(home), "clickhouse_host": None, "clickhouse_port": None}
        )
        try:
            apply_migrations(scratch)
            write_schema(scratch)
        finally:
            stop_engine(scratch.engine_dir)


def _write(files: dict[Path, str], root: Path) -> list[Path]:
    changed = [path for path, text in files.items() if _read(root / path) != text]
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files[path], encoding="utf-8")
    return changed


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
