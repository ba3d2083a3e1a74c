"""What the customer service needs of the Integration Act as data: one file a version, with its days in force."""

import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contracts.law import DeadlineRule, laws
from contracts.law.counting import Length


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeepingTime(_Entry):
    """How long a contact that led to no customer is kept after its end (681/2023 77 §), in years."""

    years: int
    legal_basis: str

    def first_day_kept(self, today: date) -> date:
        """What ended before this day is kept no longer."""
        return Length(months=-12 * self.years).after(today)


class OutreachTime(_Entry):
    """How long somebody may be on the list of those to be reached (681/2023 84 §), in days."""

    days_without_time_limit: int
    days_after_outcome: int
    legal_basis: str
    verified: bool

    def last_day(self, received_on: date, three_years_end_on: date | None) -> date:
        """The last day on the list of somebody named on that day."""
        return three_years_end_on or received_on + timedelta(days=self.days_without_time_limit)

    def last_day_after_outcome(self, on: date) -> date:
        """The same once contact has come to an end."""
        return on + timedelta(days=self.days_after_outcome)


class Law(_Entry):
    """One version of the Act."""

    version: str
    source: str
    valid_from: date
    valid_to: date | None = None
    contact_kept: KeepingTime
    outreach: OutreachTime
    background: dict[str, str]
    """The sections by which each group of the background may be recorded."""

    @property
    def time_limit(self) -> DeadlineRule:
        """How long after the first permit a person can be assessed: it stands in the same version of the contracts."""
        return laws().version(self.version).due_date("assessment_latest")


@cache
def versions() -> tuple[Law, ...]:
    """Every version, oldest first."""
    files = Path(__file__).parent.glob("integration_act_*.toml")
    laws = (Law.model_validate(tomllib.loads(file.read_text("utf-8"))) for file in files)
    return tuple(sorted(laws, key=lambda law: law.valid_from))


def law_on(day: date) -> Law:
    """The version in force on that day; LookupError when there is none."""
    for law in versions():
        if law.valid_from <= day and (law.valid_to is None or day <= law.valid_to):
            return law
    raise LookupError(f"no version of 681/2023 is in force on {day}")
