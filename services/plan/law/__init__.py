"""What the plan service needs of decrees, and the aims of municipalities, as data: one readable file of each matter."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contracts.law import DeadlineRule, Law, Provision
from contracts.law.counting import Length


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
    told_as: tuple[str, ...] = ()
    """The fields of what a provider's program hears that tell it; of a part, such as the person, `<part>.<field>`."""


class DisclosureLaw(_Entry):
    """What a service provider may be told of a client, and nothing else (681/2023 94 §)."""

    legal_basis: str
    source: str
    verified: bool
    kinds_of_training: tuple[str, ...]
    items: tuple[Item, ...]


class Aims(_Entry):
    """Due dates that no law sets; `notice_days`: how long before any due date its owner is told."""

    notice_days: int
    facts: tuple[Provision, ...]
    deadlines: tuple[DeadlineRule, ...]

    @property
    def days(self) -> dict[str, int]:
        """The aims by their codes, in days."""
        return {each.code: each.length.days for each in self.deadlines}

    def set_to(self, notice_days: int, days: Mapping[str, int]) -> "Aims":
        """A municipality's own; what `days` does not name is common."""
        deadlines = (
            each.model_copy(update={"length": Length(days=days.get(each.code, each.length.days))})
            for each in self.deadlines
        )
        return self.model_copy(update={"notice_days": notice_days, "deadlines": tuple(deadlines)})

    def added_to(self, law: Law) -> Law:
        """The law and these aims, so that one clock counts both."""
        added = {"facts": law.facts + self.facts, "deadlines": law.deadlines + self.deadlines}
        return law.model_copy(update=added)


@cache
def civic_orientation() -> CivicOrientationLaw:
    """The law in force."""
    return CivicOrientationLaw.model_validate(tomllib.loads(_file("civic_orientation")))


@cache
def disclosure_to_provider() -> DisclosureLaw:
    """The law in force."""
    return DisclosureLaw.model_validate(tomllib.loads(_file("disclosure_94")))


@cache
def common_aims() -> Aims:
    """The aims that hold until a municipality sets its own."""
    return Aims.model_validate(tomllib.loads(_file("aims")))


def _file(name: str) -> str:
    return Path(__file__).with_name(f"{name}.toml").read_text("utf-8")
