"""Days of the event time, UTC: the partitions of facts and daily marts, today's included."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from dagster import AssetExecutionContext, DailyPartitionsDefinition
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from orchestrator.warehouse.days import DayRange

# the earliest event time that feeds take
FIRST_DAY: Final = date(1970, 1, 1)
# Days of a backfill that one run takes: a quarter is made in seconds to minutes, and is what is tried again
DAYS_A_RUN: Final = 92

DAYS: Final = DailyPartitionsDefinition(
    start_date=datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC), timezone="UTC", end_offset=1
)


def days_of(context: AssetExecutionContext) -> DayRange:
    """The days that a run is for."""
    keys = context.partition_key_range
    return DayRange(date.fromisoformat(keys.start), date.fromisoformat(keys.end))


def tags_of(days: DayRange) -> Mapping[str, str]:
    """The tags that make a run one for these days, in one go."""
    return {ASSET_PARTITION_RANGE_START_TAG: str(days.first), ASSET_PARTITION_RANGE_END_TAG: str(days.last)}
