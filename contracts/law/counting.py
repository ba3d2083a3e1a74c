"""How times are counted (150/1930): in whole months by the calendar, twelve to a year, and in days."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta


@dataclass(frozen=True)
class Length:
    """So many months and days."""

    months: int = 0
    days: int = 0

    def __str__(self) -> str:
        """As an ISO 8601 duration, such as P1Y6M."""
        years, months = divmod(self.months, 12)
        parts = ((years, "Y"), (months, "M"), (self.days, "D"))
        return "P" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0D")

    def __add__(self, other: "Length") -> "Length":
        return Length(self.months + other.months, self.days + other.days)

    def __sub__(self, other: "Length") -> "Length":
        return Length(self.months - other.months, self.days - other.days)

    def after(self, day: date) -> date:
        """The last day of a time of this length that is counted from a day; days come after months.

        It is the day of the same number; where the month has none, the month's last (150/1930 3 §). What goes beyond
        the calendar ends on its last day.
        """
        years, month = divmod(day.month - 1 + self.months, 12)
        year, month = day.year + years, month + 1
        if year > MAXYEAR:
            return date.max
        last = date(year, month, min(day.day, monthrange(year, month)[1]))
        return last + min(timedelta(days=self.days), date.max - last)
