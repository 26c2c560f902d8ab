"""What follows from the declared feeds, as files: SQL and YAML of landing, facts, quarantine, rules and reasons."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.feeds.feed import Feed
from orchestrator.feeds.reasons import DISCARDED_BIT, reasons_of
from orchestrator.scaffold import feed_descriptions
from orchestrator.scaffold.render import render_template, render_yaml

_DBT: Final = Path("dbt_project")
_MODELS: Final = _DBT / "models"
_COMMAND: Final = "touchstone feeds render"
_DECLARATION: Final = "feeds.yml"


def feed_files(feeds: Sequence[Feed]) -> dict[Path, str]:
    """Content by path from the project's folder, of every file that the declaration of feeds alone decides."""
    chained = [feed for feed in feeds if feed.has_chain]
    files: dict[Path, str] = {}
    for feed in chained:
        files |= _models_of(feed)
    files[_MODELS / "staging/_landing.yml"] = _yaml(sources=[feed_descriptions.landing_sources(feeds)])
    files[_MODELS / "facts/_feeds.yml"] = _yaml(models=[feed_descriptions.fact(feed) for feed in chained])
    files[_MODELS / "quarantine/_feeds.yml"] = _yaml(
        models=[model for feed in chained for model in feed_descriptions.quarantine(feed)]
    )
    files[_DBT / "macros/feeds/declared_feeds.sql"] = render_template(
        "feed/declared_feeds.sql.j2", feeds=chained, reasons_of=reasons_of
    )
    return files


def _models_of(feed: Feed) -> dict[Path, str]:
    domains = list(dict.fromkeys(column.code for column in feed.codes))
    values: dict[str, Any] = {"feed": feed, "domains": domains, "discarded_bit": DISCARDED_BIT}
    return {
        _MODELS / path.format(feed.name): render_template(f"feed/{template}", **values)
        for template, path in (
            ("fct_model.sql.j2", "facts/fct_{}.sql"),
            ("quarantine_model.sql.j2", "quarantine/quarantine_{}.sql"),
            ("quarantine_open_model.sql.j2", "quarantine/quarantine_{}_open.sql"),
        )
    }


def _yaml(**content: Any) -> str:  # noqa: ANN401 whatever YAML takes
    return render_yaml(_DECLARATION, _COMMAND, **content)
