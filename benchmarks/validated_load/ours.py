"""Our own load: the project's loader, on the chain that the project makes of a declared feed of trades."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.validated_load.data import Dimension, Files
from benchmarks.validated_load.floors import FINGERPRINT
from benchmarks.validated_load.setting import DATABASE, Address, Engine, EngineWay
from orchestrator.constants import MIGRATIONS_DIR
from orchestrator.feeds.declaration import parse_feeds
from orchestrator.feeds.feed import Feed
from orchestrator.lookups.domains import Domain, Policy
from orchestrator.scaffold.feed_chain import chain_of
from orchestrator.warehouse.loader import Circumstances, load_file

OURS: Final = "ours: landed, resolved, checked"
OUTCOME: Final = (
    f"SELECT count(), (SELECT count() FROM quarantine_trades), {FINGERPRINT.replace('instrument_id', 'symbol_id')} "
    "FROM fct_trades"
)
_DECLARED: Final[dict[str, Any]] = {
    "noun": "trade",
    "means": "one execution",
    "columns": {
        "trade_time": {"time": {}, "means": "When"},
        "symbol": {"code": "instrument", "means": "Instrument"},
        "venue": {"code": "venue", "means": "Venue"},
        "currency": {"code": "currency", "means": "Currency"},
        "product_type": {"code": "product_type", "means": "Product type"},
        "side": {"choice": ["buy", "sell"], "means": "Side"},
        "price": {"number": {"above": 0}, "means": "Price"},
        "quantity": {"number": {"above": 0}, "means": "Quantity"},
    },
    "natural_key": ["symbol", "trade_time"],
}


def ours(engine: Engine, files: Files, known: Sequence[Dimension], input_format: str) -> EngineWay:
    """Our way for the vendor's file."""
    feed = declared_trades(known)
    load = partial(validated, feed=feed, path=files.raw[input_format])
    return EngineWay(OURS, files.rows, engine, [*operations(), *_chain(feed)], load, OUTCOME)


def validated(address: Address, *, feed: Feed, path: Path) -> None:
    """Load a file as `touchstone load` does: every row landed, and either in the fact or in quarantine."""
    with TemporaryDirectory(prefix="spool-") as spool:
        load_file(address.client(), feed, path, Circumstances(spool_dir=Path(spool), statements=2))


def declared_trades(known: Sequence[Dimension]) -> Feed:
    """The feed of trades: symbols arrive in feeds, the other codes are few and of the desk."""
    domains = tuple(
        Domain(
            name=each.name,
            noun=each.name,
            means=each.name,
            seed="" if each.name == "instrument" else "lookups.csv",
            key_column=each.name,
            policy=Policy.WAREHOUSE if each.name == "instrument" else Policy.LEDGER,
            staging="",
        )
        for each in known
    )
    [feed] = parse_feeds({"feeds": {"trades": _DECLARED}}, domains, {}, "the benchmark")
    return feed


def operations() -> list[str]:
    """The audit trails, as all migrations together make them."""
    schema = (MIGRATIONS_DIR / "schema.sql").read_text(encoding="utf-8")
    return [
        statement.rstrip(";") for statement in re.findall(r"^CREATE TABLE ops_.*?;$", schema, re.DOTALL | re.MULTILINE)
    ]


def _chain(feed: Feed) -> list[str]:
    return [_filled(statement) for statement in chain_of(feed).values()]


def _filled(statement: str) -> str:
    """Dictionaries are those of the benchmark; the rest has no database in its name."""
    statement = statement.replace("${DATABASE}.dict_", f"{DATABASE}.dict_").replace("${DATABASE}.", "")
    return statement.replace("${ON_CLUSTER}", "").replace("${REPLICATED}", "")
