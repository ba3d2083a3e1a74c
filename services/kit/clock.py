"""Time is injected: rules get a day, handlers get `work.now`, and tests hold the clock still."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")


class Clock(Protocol):
    """Tells the time, as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def helsinki_date(moment: datetime) -> date:
    """The date of law at that moment: days of Finnish law begin at midnight in Helsinki."""
    return moment.astimezone(HELSINKI).date()


def end_of_day(day: date) -> datetime:
    """The moment at which the day is over in Helsinki."""
    return datetime.combine(day + timedelta(days=1), time(), HELSINKI).astimezone(UTC)
