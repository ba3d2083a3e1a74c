"""Who must be assessed, and by whom (681/2023 3 and 14 §)."""

from collections.abc import Iterator
from datetime import date

from contracts.assessment.cases import StartAssessment
from contracts.assessment.state import Authority
from contracts.customer.people import Arrival
from contracts.customer.state import CustomerCircumstances, CustomerState
from contracts.envelope import FieldError
from contracts.law import Law
from services.assessment.rules.base import broken

ASSESSED_NEED = "assessed_need"
RESPONSIBILITY_BASIS = "681/2023 3 § 1 mom."


def reasons_to_assess(
    state: CustomerState, arrival: Arrival, on: date, law: Law, told: CustomerCircumstances | None = None
) -> tuple[str, ...]:
    """Why a municipality must assess the person, or can't exclude that it must; else nothing (14 § 1 mom.).

    `arrival` is how the person came to this municipality, `told` what is known of work and benefits. Grounds come
    first, in the order of the law, then questions for a person to settle.
    """
    if is_too_late(state, on, law):
        return ()
    holds = {
        "unemployed_jobseeker": told and told.unemployed_jobseeker,
        "integration_act_group": _belongs_to_integration_act_group(state),
        "child_home_care_allowance": told and told.child_home_care_allowance,
        "social_assistance": told and told.social_assistance,
        "need_not_assessed": arrival == "authority_contact",
    }
    reasons = [code for code, is_so in holds.items() if is_so]
    if reasons and state.three_year_limit_applies and state.first_permit_on is None:
        reasons.append("first_permit_unknown")  # a missed statutory duty harms more than a needless look
    return tuple(reasons)


def with_assessed_need(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """The reasons of an assessment that a person has found needed: the question whether it is, is settled."""
    return (ASSESSED_NEED, *(each for each in reasons if each not in (ASSESSED_NEED, "need_not_assessed")))


def is_too_late(state: CustomerState, on: date, law: Law) -> bool:
    """Whether the first permit is known to be too old, and no exception is known (14 § 1 and 6 mom.)."""
    known = state.first_permit_on if state.three_year_limit_applies else None
    return known is not None and on > last_day(known, law)


def last_day(first_permit_on: date, law: Law) -> date:
    """The last day on which the first permit is not too old (14 § 1 mom.)."""
    return law.due_date("assessment_latest").length.after(first_permit_on)


def responsible_authority(told: CustomerCircumstances | None) -> Authority:
    """Who is responsible for the assessment on the facts known (3 § 1 mom.)."""
    return "employment_authority" if told and told.is_jobseeker else "municipality"


def broken_by_start(
    message: StartAssessment, state: CustomerState, on: date, law: Law, *, begun_on: date
) -> Iterator[FieldError]:
    """What a start by hand breaks (14 § 1 mom. 4); `begun_on`: the day on which the assessment came to be due."""
    if message.asked_on > on:
        yield broken("/asked_on", "in_future")
    if message.despite_time_limit is None and is_too_late(state, begun_on, law):
        yield broken("/despite_time_limit", "time_limit_passed")


def _belongs_to_integration_act_group(state: CustomerState) -> bool:
    """2 § 3-4 mom. Whoever was once placed in a municipality (43 §) belongs to them wherever they live now."""
    placed = {"quota_refugee", "directed"}
    return bool(state.integration_act_groups) or any(each.arrival in placed for each in state.relationships)
