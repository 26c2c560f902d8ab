"""A new feed: its migration pair and its canonical views, written once and then owned by people."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from orchestrator.exceptions import FeedDeclarationError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.resolution import measures_of, sorting_of
from orchestrator.scaffold.feed_chain import chain_of
from orchestrator.scaffold.render import render_template

_MIGRATIONS: Final = Path("migrations")
_CANONICAL: Final = Path("dbt_project/models/canonical")
_NUMBER: Final = re.compile(r"(\d{4})_\w+\.sql")
_KINDS: Final = {"CREATE TABLE": "TABLE", "CREATE MATERIALIZED VIEW": "VIEW"}


def required_feed(feeds: Collection[Feed], name: str) -> Feed:
    """The declared feed of this name. Raises FeedDeclarationError if there is none."""
    for feed in feeds:
        if feed.name == name:
            return feed
    raise FeedDeclarationError(f"feeds.yml declares no feed {name!r}.", "Declare it there first; its head says how.")


def files_of_new_feed(feed: Feed, migrations: Mapping[str, str], models: Collection[str]) -> dict[Path, str]:
    """Content by path from the project's folder, of every file that a new feed needs and that people own afterwards.

    Args:
        feed: the new one.
        migrations: text by file name in migrations/.
        models: names of the dbt models there are.

    Raises:
        FeedDeclarationError: it has migrations already, or a name is taken.
    """
    chain = chain_of(feed)
    if any(f"${{DATABASE}}.{feed.landing} " in text for text in migrations.values()):
        raise FeedDeclarationError(
            f"The feed {feed.name} has its migrations already.",
            "Change it by a new one; `touchstone feeds check` helps.",
        )
    if taken := {f"v_{feed.name}", f"v_{feed.name}_as_of"} & set(models):
        raise FeedDeclarationError(f"There is a model {min(taken)!r} already.", "Take another name.")
    numbers = [int(match[1]) for name in migrations if (match := _NUMBER.fullmatch(name))]
    stem = f"{max(numbers, default=0) + 1:04d}_{feed.name}"
    head = (
        f"-- The feed {feed.name}: landing, the chain of views, fact and quarantine. "
        "Written by `touchstone feeds scaffold` from\n"
        "-- dbt_project/feeds.yml, and frozen like every migration once it is applied.\n"
    )
    files = {
        _MIGRATIONS / f"{stem}.sql": head + ";\n\n".join(chain.values()) + ";\n",
        _MIGRATIONS / f"{stem}.down.sql": f"-- Rollback of {stem[:4]}. Loses every row of the feed {feed.name}.\n"
        + "".join(_dropped(name, statement) for name, statement in reversed(chain.items())),
    }
    return files | _canonical_views(feed)


def _dropped(name: str, statement: str) -> str:
    kind = next(kind for start, kind in _KINDS.items() if statement.startswith(start))
    return f"DROP {kind} IF EXISTS ${{DATABASE}}.{name} ${{ON_CLUSTER}} SYNC;\n"


def _canonical_views(feed: Feed) -> dict[Path, str]:
    if not feed.has_chain:
        return {}
    values = {"feed": feed, "keys": sorting_of(feed)[:-1], "measures": [name for name, _type in measures_of(feed)]}
    return {
        _CANONICAL / f"v_{feed.name}.sql": render_template("feed/v_latest.sql.j2", **values),
        _CANONICAL / f"v_{feed.name}_as_of.sql": render_template("feed/v_as_of.sql.j2", **values),
    }
