"""Cases for the clock, told shortly."""

from collections.abc import Mapping
from datetime import date

from contracts.law import Law, laws
from contracts.law.deadlines import Case, Deadline, Granted, Hindrance, deadlines

NOW = laws().version("2025-01-01")


def case(
    days: Mapping[str, date], *, granted: tuple[Granted, ...] = (), hindrances: tuple[Hindrance, ...] = ()
) -> Case:
    """A case in which facts happened, each on one day."""
    return Case({fact: (day,) for fact, day in days.items()}, granted=granted, hindrances=hindrances)


def due(code: str, of: Case, on: date, law: Law = NOW) -> Deadline | None:
    """The due date of this code, where there is one."""
    return next((each for each in deadlines(law, of, on) if each.rule.code == code), None)


def due_on(code: str, of: Case, on: date, law: Law = NOW) -> date:
    """The day of it."""
    found = due(code, of, on, law)
    assert found, f"{code} is not due"
    return found.due_on
