"""How an initial interview is planned and held, and what is told of those missed (869/2024 2 and 4 §)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from contracts.assessment.cases import Consequence
from contracts.assessment.interviews import AcknowledgedDuty, Appointment, HeldInterview, ToldDuty
from contracts.envelope import FieldError
from contracts.law import AssessmentLaw, MissedInterviews
from services.assessment.rules.base import broken, broken_by_code, broken_by_language
from services.kit import code_lists

_OFFICE = "office"


def broken_by_appointment(appointment: Appointment, now: datetime, on: date) -> Iterator[FieldError]:
    """What an appointment breaks."""
    yield from _broken_by_place("/appointment", appointment.place, appointment.place_reason, on)
    yield from broken_by_language("/appointment/language", appointment.language)
    yield from broken_by_language("/appointment/interpreter/language", appointment.interpreter.language)
    if appointment.interpreter.needed and appointment.interpreter.language is None:
        yield broken("/appointment/interpreter/language", "missing")
    if appointment.starts_at < now:
        yield broken("/appointment/starts_at", "in_past")


def broken_by_interview(interview: HeldInterview, on: date) -> Iterator[FieldError]:
    """What an interview that was held breaks."""
    yield from _broken_by_place("/interview", interview.place, interview.place_reason, on)
    yield from broken_by_language("/interview/language", interview.language)
    yield from broken_by_language("/interview/interpreter_language", interview.interpreter_language)
    if interview.interpreter_used and interview.interpreter_language is None:
        yield broken("/interview/interpreter_language", "missing")
    if interview.held_on > on:
        yield broken("/interview/held_on", "in_future")
    for index, each in enumerate(interview.participants):
        pointer = f"/interview/participants/{index}/role"
        yield from broken_by_code(pointer, each.role, code_lists.INTERVIEW_PARTICIPANTS, on)


def broken_by_duties(duties: Sequence[ToldDuty], law: AssessmentLaw, on: date) -> Iterator[FieldError]:
    """What acknowledging duties to inform breaks."""
    known = {each.code for each in law.duties_to_inform}
    for index, each in enumerate(duties):
        if each.duty not in known:
            yield broken(f"/duties/{index}/duty", "rule_book")
        if each.duty in [one.duty for one in duties[:index]]:
            yield broken(f"/duties/{index}/duty", "repeated")
        if each.told_on > on:
            yield broken(f"/duties/{index}/told_on", "in_future")
        yield from broken_by_code(f"/duties/{index}/made_sure", each.made_sure, code_lists.UNDERSTANDING_CHECKS, on)


def acknowledged(before: Sequence[AcknowledgedDuty], told: Sequence[AcknowledgedDuty]) -> list[AcknowledgedDuty]:
    """All that the customer was told: what is told again takes the place of what was before."""
    return list(({each.duty: each for each in before} | {each.duty: each for each in told}).values())


def duties_left(duties: Sequence[ToldDuty], law: AssessmentLaw) -> tuple[str, ...]:
    """What the customer must still be told, in the order of the law."""
    told = {each.duty for each in duties}
    return tuple(each.code for each in law.duties_to_inform if each.code not in told)


def noon(day: date) -> datetime:
    """The moment told of an interview whose hour is not known."""
    return datetime.combine(day, time(12), UTC)


def missed_that_count(missed: Sequence[date], law: AssessmentLaw, on: date) -> int:
    """How many interviews were missed so lately that on that day they count."""
    return max((_counted(missed, each, on) for each in law.missed_interviews), default=len(missed))


def consequences(missed: Sequence[date], law: AssessmentLaw, on: date) -> tuple[Consequence, ...]:
    """What may follow of the interviews missed: for people to tell, and for others to decide."""
    return tuple(
        Consequence.model_validate(each.model_dump(include=set(Consequence.model_fields)))
        for each in law.missed_interviews
        if _counted(missed, each, on) >= each.count
    )


def _counted(missed: Sequence[date], rule: MissedInterviews, on: date) -> int:
    """How many were missed within such a time before a day; its last day is included."""
    return sum(each <= on <= rule.time.after(each) for each in missed)


def _broken_by_place(pointer: str, place: str, reason: str | None, on: date) -> Iterator[FieldError]:
    yield from broken_by_code(f"{pointer}/place", place, code_lists.INTERVIEW_PLACES, on)
    if place != _OFFICE and reason is None:
        yield broken(f"{pointer}/place_reason", "missing")
