"""The law of integration as data: one readable file per version of the act, with the days on which it is in force.

Every limit, duration, ground, obligatory topic and duty to inform is read from here, with its section: no number of the
law stands in code. A new wording is a new file; the old one gets its `valid_to` and stays, for what was decided by it.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from contracts.law.counting import Length

_KEEPING = "+"
"""Between the names of a version and of the earlier one of which it keeps something in a case."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _length(told: Any) -> Any:
    """Reads an ISO 8601 duration of years, months and days, such as P1Y6M."""
    found = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?", told) if isinstance(told, str) else None
    if not found or not any(found.groups()):
        raise ValueError("not a length in years, months and days")
    years, months, days = (int(each or 0) for each in found.groups())
    return Length(12 * years + months, days)


Duration = Annotated[
    Length,
    BeforeValidator(_length),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "description": "ISO 8601, of years, months and days", "examples": ["P1Y6M"]}),
]


class Words(_Entry):
    """The same in Finnish, Swedish and English: short names for a screen, not the words of the act."""

    fi: str
    sv: str
    en: str

    def within(self, language: str) -> str:
        """In one of the three languages; raises KeyError for any other."""
        return {"fi": self.fi, "sv": self.sv, "en": self.en}[language]


class Provision(Words):
    """A ground, a topic, a duty or a fact: its code, and the section that it rests on."""

    code: str
    legal_basis: str


ProvisionT = TypeVar("ProvisionT", bound=Provision)


class Extension(Provision):
    """A ground on which a time may be made longer, at most by so much for all grounds of the same group together."""

    group: str
    at_most: Duration
    under_age: int | None = Field(None, description="only for those who are younger, in years")


class DeadlineRule(Provision):
    """A due date: how long after which fact, and what moves it."""

    counted_from: tuple[str, ...] = Field(min_length=1, description="codes of facts; from the newest that happened")
    length: Duration
    extended_by: tuple[str, ...] = Field((), description="groups of extensions")
    suspended_by: tuple[str, ...] = Field((), description="codes of hindrances whose days are added")
    not_for: tuple[str, ...] = Field((), description="codes of exceptions: who has one has no such due date")
    settled_by: tuple[str, ...] = Field((), description="codes of facts after which it is no longer due")
    consequence: Words


class Kind(Provision):
    """A kind of assessment or plan, and whether the act knows it: else it may be offered of free will."""

    statutory: bool


class MissedInterviews(Provision):
    """What may follow when so many interviews were missed within so long: told to the customer, decided by others."""

    count: int = Field(ge=1)
    time: Duration


class AssessmentLaw(_Entry):
    """What an assessment must hold and for whom it is made."""

    grounds: tuple[Provision, ...]
    open_questions: tuple[Provision, ...] = Field((), description="why it can't be told yet that no ground holds")
    topics: tuple[Provision, ...]
    further_topics: tuple[Provision, ...] = Field((), description="where the wellbeing services county takes part")
    duties_to_inform: tuple[Provision, ...]
    clarifying_measures: tuple[Provision, ...]
    missed_interviews: tuple[MissedInterviews, ...] = ()
    kinds: tuple[Kind, ...]


class PlanLaw(_Entry):
    """What a plan must hold, and what makes its time longer."""

    kinds: tuple[Kind, ...]
    first_plan: Duration = Field(description="how long the first plan may be in force at most")
    first_plan_basis: str
    education_goal_under_age: int | None = Field(None, description="who is younger has an education goal, or a reason")
    goals: tuple[Provision, ...]
    extensions: tuple[Extension, ...]
    hindrances: tuple[Provision, ...]


class Transition(_Entry):
    """That a case begun under an earlier version stays under it until something happens.

    What is drawn up under this version meanwhile keeps only some due dates of the earlier one.
    """

    legal_basis: str
    until: str = Field(description="code of the fact that brings the case under this version")
    keeps: tuple[str, ...] = Field(min_length=1, description="codes of due dates, with the grounds that move them")


class Law(_Entry):
    """One version of the act."""

    version: str
    name: str
    legal_basis: str
    source: str
    valid_from: date | None = Field(None, description="null where it never came into force")
    valid_to: date | None = None
    verified: bool
    transition: Transition | None = None
    facts: tuple[Provision, ...]
    exceptions: tuple[Provision, ...]
    assessment: AssessmentLaw | None = Field(None, description="null where nobody is assessed under it any more")
    plan: PlanLaw
    deadlines: tuple[DeadlineRule, ...]

    def due_date(self, code: str) -> DeadlineRule:
        """The rule of a due date; raises LookupError."""
        return named(self.deadlines, code)

    def keeping(self, earlier: "Law") -> "Law":
        """This version with what its transition keeps of an earlier one; raises LookupError where it keeps nothing."""
        if self.transition is None:
            raise LookupError(f"version {self.version} keeps nothing of an earlier one")
        kept = self.transition.keeps
        deadlines = [each for each in self.deadlines if each.code not in kept]
        grounds = {"extensions": earlier.plan.extensions, "hindrances": earlier.plan.hindrances}
        return self.model_copy(
            update={
                "version": f"{self.version}{_KEEPING}{earlier.version}",
                "verified": self.verified and earlier.verified,
                "plan": self.plan.model_copy(update=grounds),
                "deadlines": (*deadlines, *(each for each in earlier.deadlines if each.code in kept)),
            }
        )

    def version_of(self, code: str) -> str:
        """The one version that a due date comes from."""
        version, _, earlier = self.version.partition(_KEEPING)
        return earlier if earlier and self.transition and code in self.transition.keeps else version

    def is_in_force(self, on: date) -> bool:
        """Whether it is the law on that day."""
        return self.valid_from is not None and self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def named(provisions: Iterable[ProvisionT], code: str) -> ProvisionT:
    """The one with a code; raises LookupError."""
    for each in provisions:
        if each.code == code:
            return each
    raise LookupError(f"the law does not name {code}")


class Laws:
    """Versions of the act, oldest first."""

    def __init__(self, laws: Iterable[Law]) -> None:
        self._known = tuple(sorted(laws, key=lambda each: (each.valid_from or date.max, each.version)))

    def __iter__(self) -> Iterator[Law]:
        return iter(self._known)

    def version(self, version: str) -> Law:
        """The version of that name, in force or not, or two: one with what it keeps of another; raises LookupError."""
        name, keeping, other = version.partition(_KEEPING)
        law = self._named(name)
        if not keeping:
            return law
        earlier = self._named(other)
        if not (law.valid_from and earlier.valid_from and earlier.valid_from < law.valid_from):
            raise LookupError(f"version {name} follows no version {other}")
        return law.keeping(earlier)

    def _named(self, version: str) -> Law:
        for each in self._known:
            if each.version == version:
                return each
        raise LookupError(f"there is no version {version} of the law")

    def on(self, day: date) -> Law:
        """The version in force on that day; raises LookupError when there is none."""
        for each in self._known:
            if each.is_in_force(day):
                return each
        raise LookupError(f"no version of the law is in force on {day}")

    def of_case(self, begun_on: date, on: date, happened: Mapping[str, Collection[date]]) -> Law:
        """The version that a case begun on one day is under on another, by the transition rules of those between.

        `happened` tells by the codes of facts on which days they happened. Raises LookupError.
        """
        law = self.on(begun_on)
        for newer in self._known:
            if newer.valid_from is None or not begun_on < newer.valid_from <= on:
                continue
            days = happened.get(newer.transition.until, ()) if newer.transition else (newer.valid_from,)
            if any(newer.valid_from <= day <= on for day in days):
                law = newer
        return law

    def of_plan(self, drawn_up_on: date, begun_on: date, on: date, happened: Mapping[str, Collection[date]]) -> Law:
        """The version that a plan drawn up on one day is under on another, in a case that was begun on a third.

        It keeps of an earlier version, under which the case still is, what the transition says. Raises LookupError.
        """
        law, of_case = self.of_case(drawn_up_on, on, happened), self.of_case(begun_on, on, happened)
        return law if law is of_case else law.keeping(of_case)


def read(text: str) -> Law:
    """The version that a TOML text states; raises pydantic's ValidationError."""
    return Law.model_validate(tomllib.loads(text))


@cache
def laws() -> Laws:
    """Every version that the project knows."""
    return Laws(read(file.read_text("utf-8")) for file in Path(__file__).parent.glob("*.toml"))
