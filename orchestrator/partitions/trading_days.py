"""Trading days by the calendar of a venue, with its holidays; exchange_calendars knows them, by ISO 10383 MIC."""

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import exchange_calendars

NEW_YORK: Final = "America/New_York"
NYSE: Final = "XNYS"


def is_trading_day(day: date, venue: str = NYSE) -> bool:
    """True when the venue has a session on this day of its own time zone."""
    return bool(_calendar(venue).is_session(day.isoformat()))


def day_in(moment: datetime, time_zone: str) -> date:
    """The date of a moment in a time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


@lru_cache(maxsize=8)
def _calendar(venue: str) -> exchange_calendars.ExchangeCalendar:
    return exchange_calendars.get_calendar(venue)
