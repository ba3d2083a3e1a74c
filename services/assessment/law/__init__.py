"""The Integration Act's entitlement to an assessment as data: one file a version, with its days in force."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Provision(_Entry):
    """A ground, an exception or an open question: its code, its section and its names."""

    code: str
    legal_basis: str
    fi: str
    sv: str
    en: str


class TimeLimit(_Entry):
    """How long after the first permit the duty lasts (681/2023 14 § 1 mom.), and when it has no end (6 mom.)."""

    years: int
    legal_basis: str
    counting: str
    exception: Provision


class Law(_Entry):
    """One version of 681/2023 14 §."""

    version: str
    legal_basis: str
    source: str
    valid_from: date
    valid_to: date | None = None
    time_limit: TimeLimit
    grounds: tuple[Provision, ...]
    open_questions: tuple[Provision, ...]


@cache
def versions() -> tuple[Law, ...]:
    """Every version, oldest first."""
    files = Path(__file__).parent.glob("*.toml")
    laws = (Law.model_validate(tomllib.loads(file.read_text("utf-8"))) for file in files)
    return tuple(sorted(laws, key=lambda law: law.valid_from))


def law_on(day: date) -> Law:
    """The version in force on that day; LookupError when there is none."""
    for law in versions():
        if law.valid_from <= day and (law.valid_to is None or day <= law.valid_to):
            return law
    raise LookupError(f"no version of 681/2023 14 § is in force on {day}")
