"""Days of facts and of the marts over them: which marts are behind, and feeding a fact's days again from landing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import DayRangeError
from orchestrator.feeds.feed import Feed
from orchestrator.helpers import get_logger
from orchestrator.warehouse.backfilling import backfill
from orchestrator.warehouse.loader import DEFAULTS, Circumstances, LoadResult
from orchestrator.warehouse.placing import placing_lock

log = get_logger(__name__)

_ONE_DAY: Final = timedelta(days=1)
_OF_DAYS: Final = "{time} >= {{first:DateTime64(6, 'UTC')}} AND {time} < {{end:DateTime64(6, 'UTC')}}"


@dataclass(frozen=True, order=True)
class DayRange:
    """Days from the first to the last, both included, UTC."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise DayRangeError(f"The first day, {self.first}, is after the last one, {self.last}.", "Swap them.")

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(len(self)))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"

    @classmethod
    def of(cls, days: Iterable[date]) -> "list[DayRange]":
        """The days as ranges without gaps, in order."""
        ranges: list[DayRange] = []
        for day in sorted(set(days)):
            if ranges and day - ranges[-1].last == _ONE_DAY:
                ranges[-1] = cls(ranges[-1].first, day)
            else:
                ranges.append(cls(day, day))
        return ranges

    def in_parts(self, most: int) -> "list[DayRange]":
        """The range in parts of at most so many days."""
        return [
            DayRange(self.first + timedelta(days=start), min(self.first + timedelta(days=start + most - 1), self.last))
            for start in range(0, len(self), most)
        ]

    @property
    def moments(self) -> dict[str, datetime]:
        """Parameters of a statement: the first moment, and the first one after the range."""
        return {"first": _midnight(self.first), "end": _midnight(self.last + _ONE_DAY)}


def daily_mart_of(feed: Feed) -> str:
    """The mart that has a feed's facts by day; it has a column with the feed's name, the number of facts."""
    return f"mart_daily_{feed.name}"


def has_daily_mart(client: Client, feed: Feed) -> bool:
    """Whether the mart was made already."""
    return bool(client.command(f"EXISTS TABLE {daily_mart_of(feed)}"))


def days_behind(client: Client, feed: Feed) -> list[date]:
    """Days of which the daily mart does not say what the fact says: other rows, or later ones. All, without a mart.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
    """
    mart = f"SELECT day, toInt64(-sum({feed.name})), max(last_known_at), 0 FROM {daily_mart_of(feed)} GROUP BY day"
    of_mart = f"UNION ALL {mart}" if has_daily_mart(client, feed) else ""
    rows = client.query(
        "SELECT day FROM (SELECT "
        f"toDate({feed.time.name}) AS day, toInt64(count()) AS rows, max(known_at) AS known, 1 AS is_fact "
        f"FROM {feed.fact} GROUP BY day {of_mart}) "
        "GROUP BY day HAVING sum(rows) != 0 OR maxIf(known, is_fact = 1) > maxIf(known, is_fact = 0) ORDER BY day"
    ).result_rows
    return [row[0] for row in rows]


def refeed_days(
    client: Client, feed: Feed, days: DayRange, circumstances: Circumstances = DEFAULTS
) -> list[LoadResult]:
    """Make the facts of these days anew: they are taken out and placed again from landing, as codes resolve today.

    Facts of other days stay. Rows in quarantine stay there: `replay` feeds those. Whatever fails in between, landing
    has every row, and feeding again places what has no place.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        days: days of the event time, UTC.
        circumstances: progress and patience.

    Raises:
        ReconciliationError: rows are missing or double afterwards.
        WriterLockError: somebody else places rows of this feed for longer than the wait.
    """
    condition = _OF_DAYS.format(time=feed.time.name)
    holder = f"refeed of {feed.fact}, {days}"
    with placing_lock(client, feed, wait_seconds=circumstances.lock_wait_seconds, holder=holder) as lease:
        lease.require()
        client.command(f"DELETE FROM {feed.fact} WHERE {condition}", days.moments)
    results = backfill(client, feed, circumstances=circumstances)
    log.info("fed again", fact=feed.fact, days=str(days), batches=len(results))
    return results


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
