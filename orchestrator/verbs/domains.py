"""`touchstone lookups render` and `add-domain`: files that follow from the declared domains, written."""

from pathlib import Path

import yaml
from rich.console import Console

from orchestrator.constants import DBT_PROJECT_DIR, MIGRATIONS_DIR, PROJECT_ROOT, SCHEMA_FILE
from orchestrator.feeds.declaration import FEEDS_FILE, load_feeds
from orchestrator.helpers import plural
from orchestrator.lookups.domains import DOMAINS_FILE, load_declared, parse_declared, seed_columns
from orchestrator.scaffold.additions import NewDomain, files_of_new_domain
from orchestrator.scaffold.feed_files import feed_files
from orchestrator.scaffold.names import names_of_models
from orchestrator.scaffold.render import rendered_files
from orchestrator.settings import Settings
from orchestrator.verbs.files import read_text, schema_after, write_files

_DOMAINS = DOMAINS_FILE.relative_to(PROJECT_ROOT)
_MIGRATIONS = MIGRATIONS_DIR.relative_to(PROJECT_ROOT)
_MODELS = DBT_PROJECT_DIR.relative_to(PROJECT_ROOT) / "models"
_SCHEMA = SCHEMA_FILE.relative_to(PROJECT_ROOT)


def render(console: Console, root: Path = PROJECT_ROOT) -> None:
    """Write what follows from domains.yml, and tell which files changed."""
    changed = write_files(rendered_files(load_declared(root / _DOMAINS)), root)
    for path in changed:
        console.print(f"wrote {path}", markup=False)
    console.print(f"{plural(len(changed), 'file')} changed")


def stale_files(root: Path = PROJECT_ROOT) -> list[Path]:
    """Rendered files that are not what domains.yml says, by path from the project's folder."""
    return [
        path for path, text in rendered_files(load_declared(root / _DOMAINS)).items() if read_text(root / path) != text
    ]


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
    files |= _of_feeds(files[_DOMAINS], root)
    with console.status("applying all migrations to a scratch engine"):
        files[_SCHEMA] = schema_after(files, migrations, settings)
    for path in write_files(files, root):
        console.print(f"wrote {path}", markup=False)
    columns = [new.name, *(f"{new.name}_{attribute}" for attribute in new.attributes)]
    console.print(
        f"\nNext: put the column{'s' * (len(columns) > 1)} {', '.join(columns)} into seeds/{new.file}.csv, "
        "run `touchstone lookups mint`, then `make run`.",
        markup=False,
        soft_wrap=True,
    )


def _of_feeds(declaration: str, root: Path) -> dict[Path, str]:
    """What follows from feeds.yml once these domains are declared: files of seeds/ have their domains' columns."""
    domains = parse_declared(yaml.safe_load(declaration), _DOMAINS.name).domains
    return feed_files(load_feeds(domains, seed_columns(domains), root / FEEDS_FILE.relative_to(PROJECT_ROOT)))
