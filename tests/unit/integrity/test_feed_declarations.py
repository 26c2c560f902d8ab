"""What feeds.yml may say, what is refused and how, and what follows from a declaration without an engine."""

from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from orchestrator.exceptions import FeedDeclarationError, UnknownFeedError
from orchestrator.feeds.declaration import load_feeds, parse_feeds
from orchestrator.feeds.feed import Feed, span_of
from orchestrator.feeds.reasons import DISCARDED_BIT, reasons_of
from orchestrator.feeds.resolution import constraints_of, measures_of, resolution_of, sorting_of
from orchestrator.feeds.specs import FEEDS, chained_feed, get_feed
from orchestrator.lookups.domains import ALL_DOMAINS, SEED_COLUMNS
from orchestrator.scaffold.feed_chain import chain_of
from orchestrator.warehouse.freshness import FILE, limits_of

QUOTES: dict[str, Any] = {
    "noun": "quote",
    "means": "a bid and an ask",
    "columns": {
        "quoted_at": {"time": {}, "means": "When"},
        "instrument": {"code": "instrument", "means": "Code"},
        "class": {"code": "asset_class", "means": "Class"},
        "sub": {"code": "sub_asset_class", "optional": True, "means": "Sub-class"},
        "bid": {"number": {"type": "Float32", "above": 0, "max": 9.5}, "means": "Bid"},
        "side": {"choice": ["buy", "sell short"], "optional": True, "means": "Side"},
    },
    "natural_key": ["instrument", "quoted_at"],
    "thresholds": {"rejected_share": 0.5},
}


def parsed(**changes: Any) -> Feed:
    declared = deepcopy(QUOTES)
    for path, value in changes.items():
        place = declared
        *above, last = path.split("__")
        for step in above:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    [feed] = parse_feeds({"feeds": {"quotes": declared}}, ALL_DOMAINS, SEED_COLUMNS, "feeds.yml")
    return feed


def test_a_feed_has_what_follows_from_it() -> None:
    feed = parsed()
    assert (feed.landing, feed.entry, feed.fact, feed.quarantine) == (
        "landing_quotes", "feed_quotes", "fct_quotes", "quarantine_quotes",
    )  # fmt: skip
    assert feed.columns == ("quoted_at", "instrument", "class", "sub", "bid", "side")
    # codes that arrive in feeds are too many to be words
    assert feed.words == ("class", "sub", "side")
    assert [reason.name for reason in reasons_of(feed)] == [
        "missing_quoted_at", "bad_quoted_at", "out_of_range_quoted_at", "future_event_time", "missing_instrument",
        "unknown_instrument", "missing_class", "unknown_class", "unknown_sub", "missing_bid", "bad_bid",
        "out_of_range_bid", "bad_side",
    ]  # fmt: skip
    assert measures_of(feed) == (
        ("bid", "Float32"),
        ("side", "Nullable(Enum8('buy' = 1, 'sell short' = 2))"),
    )
    assert sorting_of(feed) == ("instrument_id", "quoted_at", "known_at")
    assert dict(constraints_of(feed)) == {
        "fk_instrument": "dictHas('${DATABASE}.dict_instrument', toUInt64(instrument_id))",
        "fk_class": "dictHas('${DATABASE}.dict_asset_class', toUInt64(class_id))",
        "fk_sub": "(sub_id = 0) OR dictHas('${DATABASE}.dict_sub_asset_class', toUInt64(sub_id))",
        "fk_sub_of_class": "(sub_id = 0) OR (dictGet('${DATABASE}.dict_sub_asset_class', 'asset_class_id', "
        "toUInt64(sub_id)) = class_id)",
    }


def test_limits_of_age_are_spans() -> None:
    feed = parsed(freshness={"run_within": "90 MINUTE", "file_within": "4 DAY"})
    assert limits_of(feed) == {FILE: timedelta(days=4)}
    assert span_of(str(feed.freshness.run_within)) == timedelta(minutes=90)
    assert limits_of(parsed()) == {}


@pytest.mark.parametrize("feed", [feed for feed in FEEDS if feed.has_chain], ids=lambda feed: feed.name)
def test_bits_are_numbered_without_a_gap_and_every_reason_has_its_condition_and_remedy(feed: Feed) -> None:
    reasons = reasons_of(feed)
    assert [reason.bit for reason in reasons] == list(range(len(reasons)))
    assert len({reason.name for reason in reasons}) == len(reasons) < DISCARDED_BIT
    assert set(resolution_of(feed).conditions) == {reason.name for reason in reasons}
    assert all(reason.remedy.endswith(".") and "'" not in reason.remedy.replace("'s", "") for reason in reasons)
    assert list(chain_of(feed)) == [
        f"{kind}_{feed.name}"
        for kind in ("landing", "feed", "resolved", "fct", "quarantine", "mv_reject", "mv_accept", "mv_resolve")
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": None}, "either columns or columns_of"),
        ({"columns_of": "lookups"}, "either columns or columns_of"),
        ({"natural_key": ["nothing"]}, "nothing is none of its columns"),
        ({"natural_key": None}, "its rows go to no fact"),
        ({"natural_key": None, "freshness": {"event_within": "1 DAY"}}, "event_within is for feeds with a natural_key"),
        ({"freshness": {"file_within": "4 WEEK"}}, "freshness.file_within"),
        ({"columns__note": {"text": True, "means": "x"}}, "a fact holds IDs and measures, no text"),
        ({"columns__quoted_at": None}, "quoted_at is none of its columns"),
        ({"columns__more": {"time": {}, "means": "x"}}, "has one time"),
        ({"columns__bid": {"number": {}, "code": "source", "means": "x"}}, "a column is one of"),
        ({"columns__bid": {"means": "x"}}, "a column is one of"),
        ({"columns__quoted_at": {"time": {}, "optional": True, "means": "x"}}, "cannot be optional"),
        ({"columns__bid": {"number": {"type": "String"}, "means": "x"}}, "columns.bid.number.type"),
        ({"columns__side": {"choice": ["it's"], "means": "x"}}, "columns.side.choice"),
        ({"columns__batch_id": {"number": {}, "means": "x"}}, "the name batch_id has a meaning of its own"),
        ({"columns__worth": {"value_of": "bid", "means": "x"}}, "there is no such column with a code"),
        ({"columns__bid": {"code": "venue", "means": "x"}}, "quotes.bid: there is no domain venue"),
        ({"columns__class": None}, "quotes.sub: codes of sub_asset_class are unique within asset_class only"),
        ({"combination": ["instrument"]}, "a combination needs the rule"),
        ({"rules": {"forbidden_combination": "reject"}}, "a combination needs the rule"),
        ({"rules": {"duplicate_in_batch": "warn"}}, "duplicate_in_batch is reject or off"),
        ({"rules": {"other": "reject"}}, "rules.other"),
        ({"partition": "toHour"}, "partition"),
        ({"thresholds": {"rejected_share": 2}}, "thresholds.rejected_share"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_what_does_not_hold_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(FeedDeclarationError) as error:
        parsed(**changes)
    assert told in str(error.value)
    assert str(error.value).startswith("feeds.yml: ")
    assert error.value.remedy


def test_a_file_that_is_no_yaml_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yml"
    for content in (None, b"feeds: [", b"\xff"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FeedDeclarationError, match=r"feeds\.yml cannot be read"):
            load_feeds(ALL_DOMAINS, SEED_COLUMNS, path)


def test_too_many_reasons_for_a_mask_are_refused() -> None:
    many = {f"n{number}": {"number": {"min": 0}, "means": "x"} for number in range(30)}
    feed = parsed(columns=QUOTES["columns"] | many)
    with pytest.raises(FeedDeclarationError, match=r"quotes has \d+ reasons, a mask has room for 63"):
        reasons_of(feed)


def test_feeds_without_a_fact_have_no_quarantine() -> None:
    assert not get_feed("instruments").has_chain
    with pytest.raises(UnknownFeedError, match=r"Rows of feed 'instruments' go to no fact .* observations"):
        chained_feed("instruments")
    with pytest.raises(UnknownFeedError, match="There is no feed 'quotes'"):
        chained_feed("quotes")
    assert isinstance(get_feed("observations").thresholds, BaseModel)
