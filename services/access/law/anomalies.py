"""What makes a day in the usage log odd, as data."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Entry):
    """A rule, and from how many on a day is odd by it."""

    code: str
    at_least: int
    fi: str
    en: str


class Hours(_Entry):
    """The hours of work, Helsinki time, Monday to Friday."""

    first: int = Field(alias="from")
    last: int = Field(alias="to")


class Baseline(_Entry):
    """What is usual: of how many days, known from how many, and how many standard deviations above it is odd."""

    days: int
    active_days: int
    deviations: float


class AnomalyLaw(_Entry):
    """The whole file."""

    legal_basis: str
    verified: bool
    rule: tuple[Rule, ...]
    hours: Hours
    baseline: Baseline

    def at_least(self, code: str) -> int:
        """From how many on a day is odd by that rule."""
        return next(each.at_least for each in self.rule if each.code == code)


@cache
def anomaly_law() -> AnomalyLaw:
    """The rules in force."""
    return AnomalyLaw.model_validate(tomllib.loads(Path(__file__).with_name("anomalies.toml").read_text("utf-8")))
