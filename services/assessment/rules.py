"""Who must be assessed (681/2023 14 §)."""

from datetime import date

from contracts.customer.people import Arrival
from contracts.customer.state import CustomerState
from contracts.law import Law


def reasons_to_assess(state: CustomerState, arrival: Arrival, on: date, law: Law) -> tuple[str, ...]:
    """Why a municipality must assess the person, or can't exclude that it must; else nothing (14 § 1 mom.).

    `arrival` is how the person came to this municipality. Grounds come first, then questions for a person to settle.
    """
    limit_applies = state.three_year_limit_applies
    if limit_applies and state.first_permit_on and on > last_day(state.first_permit_on, law):
        return ()
    reasons = []
    if _belongs_to_integration_act_group(state):
        reasons.append("integration_act_group")
    if arrival == "authority_contact":
        reasons.append("need_not_assessed")
    if reasons and limit_applies and state.first_permit_on is None:
        reasons.append("first_permit_unknown")  # a missed statutory duty harms more than a needless look
    return tuple(reasons)


def last_day(first_permit_on: date, law: Law) -> date:
    """The last day on which the first permit is not too old (14 § 1 mom.)."""
    return law.due_date("assessment_latest").length.after(first_permit_on)


def _belongs_to_integration_act_group(state: CustomerState) -> bool:
    """2 § 3-4 mom. Whoever was once placed in a municipality (43 §) belongs to them wherever they live now."""
    placed = {"quota_refugee", "directed"}
    return bool(state.integration_act_groups) or any(each.arrival in placed for each in state.relationships)
