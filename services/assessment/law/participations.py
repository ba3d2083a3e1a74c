"""What a county's participation rests on, and how long its answer may take."""

import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Ground(BaseModel):
    """What something rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    legal_basis: str
    verified: bool
    fi: str
    en: str


class Time(Ground):
    """How many days an answer may take."""

    days: int

    def last_day(self, asked_on: date) -> date:
        """The last day for an answer."""
        return asked_on + timedelta(days=self.days)


class ParticipationLaw(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    time_to_answer: Time
    participation: Ground
    disclosure_for_measures: Ground


@cache
def participation_law() -> ParticipationLaw:
    """The law in force."""
    text = Path(__file__).with_name("participations.toml").read_text("utf-8")
    return ParticipationLaw.model_validate(tomllib.loads(text))
