"""Who comes to the synthetic Finland, told by data files: groups/*.toml, grounds.csv, municipality_weights.csv ..."""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.customer.people import Arrival
from contracts.types import Code, CountryCode, LanguageCode

FOLDER = Path(__file__).parent
Item = TypeVar("Item")


class Weighted(Generic[Item]):
    """Things of which some are drawn more often than others."""

    def __init__(self, weights: Mapping[Item, float]) -> None:
        self._items = [item for item, weight in weights.items() if weight]
        self._cumulative = list(accumulate(weight for weight in weights.values() if weight))

    def draw(self, random: Random) -> Item:
        return random.choices(self._items, cum_weights=self._cumulative)[0]


Spellings = Annotated[tuple[str, ...], BeforeValidator(lambda text: text.split("/"))]
"""One name in the spellings that passports and clerks give it; in the file there are strokes between them."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(_Data):
    """Names in use, the commonest first, and a long tail put together of parts."""

    common: tuple[Spellings, ...] = ()
    parts: tuple[tuple[Spellings, ...], ...] = ()
    tail: float = 0.0
    """The share of names that are put together."""

    def draw(self, random: Random) -> str:
        if random.random() < self.tail:
            return "".join([random.choice(random.choice(part)) for part in self.parts])
        return random.choice(self.common[int(len(self.common) * random.random() ** 1.5)])


class Group(_Data):
    """People of one mother tongue."""

    mother_tongue: LanguageCode
    citizenships: dict[CountryCode, int]
    custom: Literal["shared", "own", "patronymic", "three_part", "two_surnames"]
    """Whose the family name is: both spouses'; each one's own, the children's from the father; the father's given name;
    the father's and the grandfather's after one's own; the father's first and the mother's first."""
    women: Names
    men: Names
    families: Names = Names()
    feminine: dict[str, str] = {}
    """The ending of a man's family name, and of a woman's."""
    two_given: float = 0.0
    """The share that has a second given name."""
    first_of_january: float = 0.0
    """The share whose day of birth is not known and was written as 1 January."""
    english: float = 0.2
    """The share that is served in English at first."""
    interpreter: float = 0.5
    """The share that needs an interpreter at first."""
    arrivals: dict[Code, Annotated[tuple[float, ...], Field(min_length=11, max_length=11)]]
    """Hundreds of people by the ground of their first permit, in each year from 2016."""

    def of_woman(self, family: str) -> str:
        """The form of a man's family name that a woman bears."""
        for ending, feminine in self.feminine.items():
            if family.endswith(ending):
                return family.removesuffix(ending) + feminine
        return family


Household = Literal["single", "couple", "couple_with_children", "parent_with_children"]
_ARRIVALS: tuple[Arrival, ...] = ("moved", "directed", "quota_refugee", "authority_contact", "outreach")
_HOUSEHOLDS: tuple[Household, ...] = ("single", "couple", "couple_with_children", "parent_with_children")


@dataclass(frozen=True)
class Ground:
    """What goes with a ground of the first permit: the permit's kind and length, the arrival and the household."""

    until: date
    """The last day on which permits of this kind were granted on the ground."""
    kind: str
    months: int | None
    arrivals: Weighted[Arrival]
    households: Weighted[Household]
    women: float
    """The share of women among adults who come without a spouse."""
    citizenships: frozenset[str]
    """The citizenships that go with it; empty: any."""


def rows(name: str) -> Iterable[dict[str, str]]:
    """The rows of a data file of this folder."""
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


@cache
def groups() -> dict[str, Group]:
    """All groups by the name of their file."""
    files = sorted((FOLDER / "groups").glob("*.toml"))
    return {file.stem: Group.model_validate(tomllib.loads(file.read_text("utf-8"))) for file in files}


@cache
def _grounds() -> dict[str, list[Ground]]:
    found: dict[str, list[Ground]] = {}
    for row in rows("grounds.csv"):
        ground = Ground(
            until=date.fromisoformat(row["until"]) if row["until"] else date.max,
            kind=row["kind"],
            months=int(row["months"]) if row["months"] else None,
            arrivals=Weighted({each: int(row[each]) for each in _ARRIVALS}),
            households=Weighted({each: int(row[each]) for each in _HOUSEHOLDS}),
            women=int(row["women"]) / 100,
            citizenships=frozenset(row["citizenships"].split()),
        )
        found.setdefault(row["ground"], []).append(ground)
    return found


def ground_on(code: str, on: date) -> Ground:
    """What went with a ground on that day."""
    return next(each for each in _grounds()[code] if on <= each.until)


@cache
def waves() -> Weighted[tuple[str, str, int]]:
    """Name of the group, ground and year of the first permit, as often as people came so."""
    return Weighted(
        {
            (group, ground, 2016 + index): hundreds
            for group, each in groups().items()
            for ground, years in each.arrivals.items()
            for index, hundreds in enumerate(years)
        }
    )
