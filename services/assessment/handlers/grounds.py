"""Whom facts bring an assessment, and whom they take it from."""

from uuid_utils.compat import uuid7

from contracts.customer.state import CustomerCircumstances, CustomerState
from contracts.law import laws
from services.assessment.handlers.base import tell
from services.assessment.handlers.measures import recall_open
from services.assessment.repository import cases, facts, interviews
from services.assessment.rules.ends import OPEN, considered
from services.assessment.rules.grounds import reasons_to_assess, responsible_authority, with_assessed_need
from services.kit.clock import helsinki_date
from services.kit.work import Work


async def consider(message: CustomerState, work: Work) -> None:
    """Keeps an assessment to start for each municipality that must make one on the facts known (14 § 1-2 mom.)."""
    if await facts.note_state(work, message):
        await _consider(work, message, await facts.circumstances_of(work, message.customer_id))


async def consider_circumstances(message: CustomerCircumstances, work: Work) -> None:
    """The same, when work or benefits have changed; before the customer's state is told they are kept for then."""
    is_newest = await facts.note_circumstances(work, message)
    if is_newest and (state := await facts.state_of(work, message.customer_id)):
        await _consider(work, state, message)


async def _consider(work: Work, state: CustomerState, told: CustomerCircumstances | None) -> None:
    arrivals = {each.municipality: each.arrival for each in state.relationships if each.state == "open"}
    if state.merged_into:  # the duties are those of the record kept
        arrivals = {}
    standing = await cases.standing(work, state.customer_id)
    for municipality in sorted(arrivals.keys() | standing.keys()):
        present, arrival = standing.get(municipality), arrivals.get(municipality)
        # Measured on the day the municipality learned of the person: time that passes ends no duty that has begun.
        on = helsinki_date(present.created_at if present else work.now)
        law = laws().on(on)
        reasons = reasons_to_assess(state, arrival, on, law, told) if arrival else ()
        if present and present.started_by_hand and arrival:
            reasons = with_assessed_need(reasons)
        if present and not arrival and not state.merged_into:
            await cases.settle_no_more(work, state.customer_id, municipality)
        now = considered(present, reasons, is_related=arrival is not None)
        if now is None or (present and now.status not in OPEN and now.status == present.status):
            continue
        authority = responsible_authority(told)
        if present and (now.status, list(now.reasons), authority) == (
            present.status,
            present.reasons,
            present.responsible_authority,
        ):
            continue
        is_merged = state.merged_into is not None
        row = await cases.save(
            work,
            assessment_id=present.assessment_id if present else uuid7(),
            customer_id=state.customer_id,
            municipality=municipality,
            status=now.status,
            reasons=now.reasons,
            law_version=law.version,
            created_at=present.created_at if present else work.now,
            responsible_authority=authority,
            merged=is_merged,
            status_before=present.status if present and is_merged else None,
        )
        if now.status == "withdrawn" and not is_merged:
            await interviews.settle_planned(work, row.assessment_id, "cancelled")
            await recall_open(work, row.assessment_id)
        await tell(work, row)
