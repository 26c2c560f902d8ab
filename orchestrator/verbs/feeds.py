"""`touchstone feeds`: what is declared, the files that follow from it, and whether the warehouse is as declared."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestrator.constants import DBT_PROJECT_DIR, MIGRATIONS_DIR, PROJECT_ROOT, SCHEMA_FILE
from orchestrator.feeds.declaration import FEEDS_FILE, load_feeds
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import reasons_of
from orchestrator.feeds.specs import FEEDS, chained_feed, chained_feeds
from orchestrator.helpers import plural
from orchestrator.lookups.domains import DOMAINS_FILE, load_declared, seed_columns
from orchestrator.scaffold.feed_files import feed_files
from orchestrator.scaffold.feed_migration import files_of_new_feed, required_feed
from orchestrator.scaffold.names import names_of_models
from orchestrator.settings import Settings
from orchestrator.verbs.files import read_text, schema_after, write_files
from orchestrator.warehouse.agreement import require_agreement
from orchestrator.warehouse.client import connect

_FEEDS = FEEDS_FILE.relative_to(PROJECT_ROOT)
_DOMAINS = DOMAINS_FILE.relative_to(PROJECT_ROOT)
_MIGRATIONS = MIGRATIONS_DIR.relative_to(PROJECT_ROOT)
_MODELS = DBT_PROJECT_DIR.relative_to(PROJECT_ROOT) / "models"
_SCHEMA = SCHEMA_FILE.relative_to(PROJECT_ROOT)


def list_feeds(console: Console) -> None:
    """One line per feed."""
    table = Table("feed", "one row is", "columns", "goes to", box=None, pad_edge=False)
    for feed in FEEDS:
        table.add_row(feed.name, feed.means, ", ".join(feed.columns), feed.fact if feed.has_chain else "a dimension")
    console.print(table)


def show_feed(console: Console, name: str) -> None:
    """The reasons for which a feed rejects rows, with their remedies."""
    feed = chained_feed(name)
    table = Table("bit", "reason", "what to do", box=None, pad_edge=False)
    for reason in reasons_of(feed):
        table.add_row(str(reason.bit), reason.name, reason.remedy)
    console.print(table)


def render(console: Console, root: Path = PROJECT_ROOT) -> None:
    """Write what follows from feeds.yml, and tell which files changed."""
    changed = write_files(feed_files(declared_feeds(root)), root)
    for path in changed:
        console.print(f"wrote {path}", markup=False)
    console.print(f"{plural(len(changed), 'file')} changed")


def stale_files(root: Path = PROJECT_ROOT) -> list[Path]:
    """Rendered files that are not what feeds.yml says, by path from the project's folder."""
    return [path for path, text in feed_files(declared_feeds(root)).items() if read_text(root / path) != text]


def declared_feeds(root: Path = PROJECT_ROOT) -> tuple[Feed, ...]:
    """The feeds that a checkout declares. Raises FeedDeclarationError or DomainError."""
    domains = load_declared(root / _DOMAINS).domains
    return load_feeds(domains, seed_columns(domains), root / _FEEDS)


def scaffold(console: Console, settings: Settings, name: str, root: Path = PROJECT_ROOT) -> None:
    """Write the migration pair, models and YAML of a feed that feeds.yml declares, and the schema that they make.

    Raises:
        FeedDeclarationError: it is not declared, or is there already.
        MigrationError: the migrations cannot be applied to an empty database.
            Whatever is raised, every file is as it was.
    """
    feeds = declared_feeds(root)
    feed = required_feed(feeds, name)
    migrations = root / _MIGRATIONS
    files = files_of_new_feed(
        feed,
        {path.name: path.read_text(encoding="utf-8") for path in migrations.glob("*.sql")},
        names_of_models(root / _MODELS),
    )
    files |= feed_files(feeds)
    with console.status("applying all migrations to a scratch engine"):
        files[_SCHEMA] = schema_after(files, migrations, settings)
    for path in write_files(files, root):
        console.print(f"wrote {path}", markup=False)
    console.print(
        f"\nNext: read the migration, put sample files into sample_data/{name}/, then `make run`.",
        markup=False,
        soft_wrap=True,
    )


def check(console: Console, settings: Settings, name: str | None) -> None:
    """Compare the live objects of one feed, or of all, with the declaration.

    Raises:
        FeedDriftError: names each difference.
        UnknownFeedError: there is no such feed.
    """
    client = connect(settings, database=settings.clickhouse_database)
    for feed in [chained_feed(name)] if name else chained_feeds():
        objects = require_agreement(client, feed)
        console.print(f"{feed.name}: {plural(objects, 'object')} as declared", markup=False)
    if stale := stale_files():
        console.print(f"stale: {', '.join(map(str, stale))}; run `touchstone feeds render`", markup=False)
