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


class Item(Provision):
    """Something that may be told, and the service of the house that knows it; `none`: nobody keeps it."""

    known_by: str


class DisclosureLaw(_Entry):
    """What a service provider may be told of a client, and nothing else (681/2023 94 §)."""

    legal_basis: str
    source: str
    verified: bool
    kinds_of_training: tuple[str, ...]
    items: tuple[Item, ...]


@cache
def civic_orientation() -> CivicOrientationLaw:
    """The law in force."""
    return CivicOrientationLaw.model_validate(tomllib.loads(_file("civic_orientation")))


@cache
def disclosure_to_provider() -> DisclosureLaw:
    """The law in force."""
    return DisclosureLaw.model_validate(tomllib.loads(_file("disclosure_94")))


def _file(name: str) -> str:
    return Path(__file__).with_name(f"{name}.toml").read_text("utf-8")
