"""The clock: from what has happened in a case to its due dates, each with its grounds. It computes; people decide."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from contracts.law import DeadlineRule, Law, Provision, named
from contracts.law.counting import Length


@dataclass(frozen=True)
class Granted:
    """That a time was made longer, on a ground of the law's."""

    ground: str
    length: Length


@dataclass(frozen=True)
class Hindrance:
    """Days on which the person could not follow the plan, both of them included; `last` is None while it goes on."""

    ground: str
    first: date
    last: date | None = None


@dataclass(frozen=True)
class Case:
    """What the clock must know of a case. Dates are those of Helsinki."""

    happened: Mapping[str, Collection[date]]
    """By the codes of facts, on which days."""
    exceptions: frozenset[str] = frozenset()
    granted: tuple[Granted, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()


@dataclass(frozen=True)
class Added:
    """What moved a due date: a ground of the law's, by how long, and the days of a hindrance that were counted."""

    provision: Provision
    length: Length
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Deadline:
    """A due date, and how it comes about."""

    rule: DeadlineRule
    fact: Provision
    counted_from: date
    due_on: date
    added: tuple[Added, ...] = ()
    is_suspended: bool = False
    """Whether a hindrance goes on: the date moves by a day each day."""


def deadlines(law: Law, case: Case, on: date) -> tuple[Deadline, ...]:
    """What is due in a case as known on a day, the soonest first. Raises LookupError for what the law does not name."""
    for each in case.hindrances:
        named(law.plan.hindrances, each.ground)  # what is not known must not be left out in silence
    found = (_deadline(law, rule, case, on) for rule in law.deadlines)
    return tuple(sorted((each for each in found if each), key=lambda each: (each.due_on, each.rule.code)))


def _deadline(law: Law, rule: DeadlineRule, case: Case, on: date) -> Deadline | None:
    starts = [(day, fact) for fact in rule.counted_from for day in case.happened.get(fact, ()) if day <= on]
    if not starts or case.exceptions & set(rule.not_for):
        return None
    start, fact = max(starts)
    if any(start <= day <= on for each in rule.settled_by for day in case.happened.get(each, ())):
        return None
    extensions = tuple(_extensions(law, rule, case, start))
    due = sum((each.length for each in extensions), rule.length).after(start)
    hindrances = tuple(_hindrances(law, rule, case, start, due, on))
    due += timedelta(days=sum(each.length.days for each in hindrances))
    goes_on = any(each.last is None and each.ground in rule.suspended_by for each in case.hindrances)
    is_suspended = goes_on and any(each.last == on for each in hindrances)
    return Deadline(rule, named(law.facts, fact), start, due, extensions + hindrances, is_suspended)


def _extensions(law: Law, rule: DeadlineRule, case: Case, start: date) -> Iterator[Added]:
    """What was granted, of all grounds of a group together no more than the law allows."""
    used: dict[str, Length] = {}
    for each in case.granted:
        ground = named(law.plan.extensions, each.ground)
        if ground.group not in rule.extended_by:
            continue
        before = used.get(ground.group, Length())
        used[ground.group] = min(before + each.length, ground.at_most, key=lambda length: length.after(start))
        if used[ground.group] != before:
            yield Added(ground, used[ground.group] - before)


def _hindrances(law: Law, rule: DeadlineRule, case: Case, start: date, due: date, on: date) -> Iterator[Added]:
    """Each day of a hindrance moves the due date by one, and none twice; what begins after it is due moves nothing."""
    free_from = start
    of_rule = (each for each in case.hindrances if each.ground in rule.suspended_by)
    for each in sorted(of_rule, key=lambda each: (each.first, each.last or on, each.ground)):
        first, last = max(each.first, free_from), each.last or on
        if first <= min(last, due):
            length = Length(days=(last - first).days + 1)
            free_from, due = last + timedelta(days=1), length.after(due)
            yield Added(named(law.plan.hindrances, each.ground), length, first, last)
