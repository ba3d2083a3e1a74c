"""How long rights last, and when somebody looks at them."""

import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Period(BaseModel):
    """A period, and what it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hours: int = 0
    days: int = 0
    legal_basis: str
    verified: bool
    fi: str
    en: str

    @property
    def length(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours)


class RightsLaw(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    emergency_access: Period
    warning_before_end: Period
    until_review: Period


@cache
def rights_law() -> RightsLaw:
    """The law in force."""
    return RightsLaw.model_validate(tomllib.loads(Path(__file__).with_name("rights.toml").read_text("utf-8")))
