"""The law of the usage log as data."""

import tomllib
from datetime import date, datetime, time
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from services.kit.clock import HELSINKI, helsinki_date


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    legal_basis: str
    verified: bool


class Kept(_Entry):
    """For how many years lines are kept."""

    years: int


class HeldBack(_Entry):
    """These acts are told to the customer only after some days."""

    acts: tuple[str, ...]
    days: int
    fi: str
    en: str


class UsageLogLaw(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kept: Kept
    held_back: tuple[HeldBack, ...]


@cache
def usage_log_law() -> UsageLogLaw:
    """The law in force."""
    return UsageLogLaw.model_validate(tomllib.loads(Path(__file__).with_name("usage_log.toml").read_text("utf-8")))


def kept_since(now: datetime) -> datetime:
    """The beginning, in Helsinki, of the oldest day whose lines are kept."""
    today, years = helsinki_date(now), usage_log_law().kept.years
    try:
        day = today.replace(year=today.year - years)
    except ValueError:  # 29 February
        day = date(today.year - years, 2, 28)
    return datetime.combine(day, time.min, HELSINKI)
