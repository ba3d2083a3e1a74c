"""What transfers rest on, and how long an answer may take."""

import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    legal_basis: str
    verified: bool
    fi: str
    en: str


class Time(_Entry):
    """How many days an answer may take."""

    days: int

    def last_day(self, asked_on: date) -> date:
        """The last day for an answer."""
        return asked_on + timedelta(days=self.days)


class Ground(_Entry):
    """What a transfer rests on, and whether the customer must consent."""

    consent_needed: bool


class TransfersLaw(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    time_to_answer: Time
    between_municipalities: Ground
    with_employment_authority: Ground


@cache
def transfers_law() -> TransfersLaw:
    """The law in force."""
    return TransfersLaw.model_validate(tomllib.loads(Path(__file__).with_name("transfers.toml").read_text("utf-8")))
