"""The feeds of this warehouse, as dbt_project/feeds.yml declares them."""

from collections.abc import Mapping
from typing import Final

from orchestrator.exceptions import UnknownFeedError
from orchestrator.feeds.declaration import load_feeds
from orchestrator.feeds.feed import Feed
from orchestrator.lookups.domains import ALL_DOMAINS, SEED_COLUMNS

__all__ = ["FEEDS", "FEEDS_BY_NAME", "Feed", "chained_feed", "chained_feeds", "get_feed"]

FEEDS: Final[tuple[Feed, ...]] = load_feeds(ALL_DOMAINS, SEED_COLUMNS)
FEEDS_BY_NAME: Final[Mapping[str, Feed]] = {feed.name: feed for feed in FEEDS}


def get_feed(name: str) -> Feed:
    """The feed of this name.

    Raises:
        UnknownFeedError: there is none; the message lists the names.
    """
    if name not in FEEDS_BY_NAME:
        raise UnknownFeedError(f"There is no feed {name!r}.", f"Feeds are: {', '.join(sorted(FEEDS_BY_NAME))}.")
    return FEEDS_BY_NAME[name]


def chained_feeds() -> tuple[Feed, ...]:
    """The feeds whose rows go on to a fact or quarantine."""
    return tuple(feed for feed in FEEDS if feed.has_chain)


def chained_feed(name: str) -> Feed:
    """The feed of this name, which has a fact and a quarantine.

    Raises:
        UnknownFeedError: there is none, or its rows go to no fact; the message lists those that do.
    """
    feed = get_feed(name)
    if not feed.has_chain:
        known = ", ".join(sorted(feed.name for feed in chained_feeds()))
        raise UnknownFeedError(
            f"Rows of feed {name!r} go to no fact and no quarantine.", f"Those of these do: {known}."
        )
    return feed
