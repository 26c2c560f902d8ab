"""Keys of `touchstone trace`: what each means, and what is refused with a remedy."""

from datetime import UTC, date, datetime

import pytest

from orchestrator.exceptions import TraceError
from orchestrator.feeds.specs import get_feed
from orchestrator.warehouse.tracing import NaturalKey, RowKey, parse_key

OBSERVATIONS = get_feed("observations")


def test_a_batch_with_a_row_number_names_a_landed_row() -> None:
    key = parse_key(OBSERVATIONS, ["18446744073709551615:7"])
    assert key == RowKey(2**64 - 1, 7)
    assert str(key) == "18446744073709551615:7"


def test_codes_ids_and_times_name_what_a_row_says() -> None:
    key = parse_key(OBSERVATIONS, ["instrument= A=B ", "field_id=7", "observed_at=2026-01-05"])
    assert key == NaturalKey({"instrument": "A=B"}, {"field_id": 7}, day=date(2026, 1, 5))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05T10:20:30.123456Z", datetime(2026, 1, 5, 10, 20, 30, 123456, UTC)),
        ("2026-01-05 10:20", datetime(2026, 1, 5, 10, 20, tzinfo=UTC)),
        ("2026-01-05T10:20:30-05:00", datetime(2026, 1, 5, 15, 20, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, moment: datetime) -> None:
    key = parse_key(OBSERVATIONS, [f"observed_at={text}"])
    assert key == NaturalKey({}, {}, moment=moment)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["nonsense"], "'nonsense' is no key."),
        (["1:2", "field=PX"], "'1:2 field=PX' is no key."),
        (["0:1"], "0:1 is no landed row."),
        (["18446744073709551616:1"], "18446744073709551616:1 is no landed row."),
        (["price=1"], "The feed observations has no key column 'price'."),
        (["field="], "'field=' has no value."),
        (["field=A", "field=B"], "'field=A field=B' names a column twice."),
        (["field_id=A"], "field_id='A' is no ID."),
        (["observed_at=2026-13-01"], "observed_at='2026-13-01' is no time"),
        (["observed_at=yesterday"], "observed_at='yesterday' is no time"),
    ],
)
def test_what_names_no_row_is_refused_with_a_remedy(parts: list[str], message: str) -> None:
    with pytest.raises(TraceError) as refused:
        parse_key(OBSERVATIONS, parts)
    assert refused.value.message.startswith(message)
    assert refused.value.remedy
