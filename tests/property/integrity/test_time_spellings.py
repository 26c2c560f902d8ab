"""Event times: the quick way by which the view takes the common spelling gives what the slow way gives, for any text."""

from collections.abc import Callable, Iterator

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.feeds.resolution import resolution_of
from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect

DIGITS = st.integers(0, 99).map("{:02d}".format)
SPELLED = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.integers(0, 9999).map("{:04d}".format),
    DIGITS,
    DIGITS,
    st.sampled_from([" ", "T", "  ", ""]),
    DIGITS,
    DIGITS,
    st.one_of(DIGITS, st.sampled_from(["3 ", "5/", "0x"])),
    st.one_of(st.just(""), st.integers(0, 9_999_999).map(".{}".format)),
    st.sampled_from(["", "Z", "+02:00", " "]),
)
# mostly times that there are, written back the way the quick way expects, or nearly
REAL = st.builds("{:%Y-%m-%d %H:%M:%S}.{:06d}".format, st.datetimes(), st.integers(0, 999_999)).flatmap(
    lambda text: st.sampled_from(
        [text, text[:-1], f"{text}0", text.replace(" ", "T"), f" {text}", f"{text}Z", text[:10]]
    )
)


@pytest.fixture(scope="module")
def client(new_settings: Callable[..., Settings]) -> Iterator[Client]:
    yield connect(new_settings())


def expressions() -> tuple[str, str]:
    """The view's own expression of the parsed time, and the slow way in it alone."""
    parts = dict(reversed(part.rsplit(" AS ", 1)) for part in resolution_of(get_feed("observations")).parts)
    quick = parts["parsed_time"]
    slow = quick.partition("canonical_time,\n")[2].strip().removesuffix(")")
    assert slow.startswith("if(\n            match(")
    return quick, slow


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.one_of(SPELLED, REAL), min_size=50, max_size=200))
def test_both_ways_agree_on_any_text(client: Client, texts: list[str]) -> None:
    quick, slow = expressions()
    different = client.query(
        f"WITH toDateTime64OrZero(time_text, 6, 'UTC') AS canonical_time, ({quick}) AS a, ({slow}) AS b "
        "SELECT time_text, a, b FROM (SELECT trimBoth(arrayJoin({texts:Array(String)})) AS time_text) WHERE a IS DISTINCT FROM b",
        {"texts": texts},
    ).result_rows
    assert different == []
