"""The SQL of a feed's chain, from its declaration: tables, views, constraints; each statement by its object's name."""

from typing import Any, Final

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import reasons_of
from orchestrator.feeds.resolution import constraints_of, measures_of, resolution_of, sorting_of
from orchestrator.scaffold.render import render_template

_WINDOW: Final = (
    "non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, "
    "replicated_deduplication_window_seconds = 31536000"
)
_TABLES: Final = ("landing", "feed", "resolved", "fact", "quarantine")
# from the end of the chain to its start, so that no row can pass before all of it stands
_VIEWS: Final = ("mv_reject", "mv_accept", "mv_resolve")
_PREFIXES: Final = {"fact": "fct"}


def chain_of(feed: Feed) -> dict[str, str]:
    """The statements that make a feed's objects, by object name, in the order in which they are run.

    `${DATABASE}`, `${ON_CLUSTER}` and `${REPLICATED}` are left to be filled in, as in a migration.
    """
    if not feed.has_chain:
        return {feed.landing: _statement("landing", feed)}
    return {f"{_PREFIXES.get(kind, kind)}_{feed.name}": _statement(kind, feed) for kind in (*_TABLES, *_VIEWS)}


def _statement(kind: str, feed: Feed) -> str:
    values: dict[str, Any] = {"feed": feed, "window": _WINDOW, "comment": _escaped}
    if feed.has_chain:
        resolution = resolution_of(feed)
        values |= {
            "measures": measures_of(feed),
            "constraints": constraints_of(feed),
            "sorting": sorting_of(feed),
            "reasons": reasons_of(feed),
            "parts": resolution.parts,
            "typed": resolution.typed,
            "conditions": resolution.conditions,
            "fine": resolution.fine,
        }
    return render_template(f"feed/{kind}.sql.j2", **values).rstrip("\n")


def _escaped(text: str) -> str:
    return text.replace("'", "''")
