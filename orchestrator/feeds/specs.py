"""Feeds, declared once: which columns a file has and where its rows go."""

from dataclasses import dataclass

from orchestrator.exceptions import UnknownFeedError
from orchestrator.lookups.domains import LOOKUPS_FILE, SEED_COLUMNS


@dataclass(frozen=True)
class Feed:
    """One kind of file.

    Attributes:
        name: as used by `touchstone load NAME` and in table names.
        columns: the file's columns, all of them text in landing.
        has_chain: True when landed rows go on to a fact or quarantine; False when a dimension reads landing.
        may_lack_columns: True when a file may have some of the columns only; the others are blank in landing.
        is_catalogue: True when a file replaces the one that was landed under its name before: what was committed last
            counts. Its rows have passed the lookup desk's check.
    """

    name: str
    columns: tuple[str, ...]
    has_chain: bool
    may_lack_columns: bool = False
    is_catalogue: bool = False

    @property
    def landing(self) -> str:
        """Table of the rows as received."""
        return f"landing_{self.name}"

    @property
    def fact(self) -> str:
        """Table of the accepted rows."""
        return f"fct_{self.name}"

    @property
    def quarantine(self) -> str:
        """Table of the attempts that failed."""
        return f"quarantine_{self.name}"


FEEDS = (
    Feed(
        name="lookups",
        columns=SEED_COLUMNS[LOOKUPS_FILE],
        has_chain=False,
        may_lack_columns=True,
        is_catalogue=True,
    ),
    Feed(name="instruments", columns=("instrument", "name"), has_chain=False),
    Feed(
        name="observations",
        columns=(
            "observed_at",
            "source",
            "instrument",
            "asset_class",
            "sub_asset_class",
            "product_type",
            "data_class",
            "field",
            "value",
        ),
        has_chain=True,
    ),
)
FEEDS_BY_NAME = {feed.name: feed for feed in FEEDS}


def get_feed(name: str) -> Feed:
    """The feed of this name.

    Raises:
        UnknownFeedError: there is none; the message lists the names.
    """
    if name not in FEEDS_BY_NAME:
        raise UnknownFeedError(f"There is no feed {name!r}.", f"Feeds are: {', '.join(sorted(FEEDS_BY_NAME))}.")
    return FEEDS_BY_NAME[name]
