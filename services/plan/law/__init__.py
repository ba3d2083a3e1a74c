"""What the plan service needs of decrees as data: one readable file of each matter, with its sections."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contracts.law import Provision


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LeastHours(_Entry):
    """How many hours of teaching and independent study there are at least."""

    hours: int
    legal_basis: str


class Mode(Provision):
    """A way to give it; where `grounds` are named, one of them must hold."""

    grounds: tuple[str, ...]


class CivicOrientationLaw(_Entry):
    """What multilingual civic orientation must come to (681/2023 25 §, 576/2024)."""

    legal_basis: str
    source: str
    verified: bool
    least_hours: LeastHours
    topics: tuple[Provision, ...]
    modes: tuple[Mode, ...]
    grounds: tuple[Provision, ...]


@cache
def civic_orientation() -> CivicOrientationLaw:
    """The law in force."""
    return CivicOrientationLaw.model_validate(tomllib.loads(_file("civic_orientation")))


def _file(name: str) -> str:
    return Path(__file__).with_name(f"{name}.toml").read_text("utf-8")
