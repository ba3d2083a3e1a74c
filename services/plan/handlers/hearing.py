"""What the plan service hears: customers, their circumstances, assessments, transfers, documents."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.assessment.state import AssessmentChanged
from contracts.customer.state import CustomerCircumstances, CustomerClosed, CustomerState
from contracts.customer.transfers import TransferChanged
from contracts.records.state import DocumentKept
from services.kit import code_lists
from services.kit.clock import helsinki_date
from services.kit.work import Work
from services.plan.handlers.due_dates import facts_changed
from services.plan.handlers.telling import tell
from services.plan.repository import facts, known
from services.plan.repository import plans as repository
from services.plan.tables.facts import INTEGRATION_CASE, KNOWN_ASSESSMENT

_TRANSFER, _TRANSFERRED = "transfer", "transferred"
_END_REASONS = {"moved_away": "moved_away", "own_wish": "own_wish", "died": "died", "services_ended": "no_need"}
"""Why plans end with the relationship, by why that ended; any other way they are followed no more."""


async def hear_of_customer(message: CustomerState, work: Work) -> None:
    """Keeps what the law's times and duties of a customer are counted from; plans end with the relationship.

    Those of a customer who is transferred go along, which the transfer itself tells.
    """
    closed = message if isinstance(message, CustomerClosed) else None
    if closed and closed.reason == _TRANSFERRED and not closed.by_hand:
        closed = None
    ids = await facts.ids_of(work, message.customer_id)
    # before the case, as in acts on plans
    plans = await repository.lock_of(work, ids, closed.municipality) if closed else ()
    kept_before = await known.kept(work, message.customer_id)
    is_newest = await facts.keep_newest(
        work,
        INTEGRATION_CASE,
        customer_id=message.customer_id,
        open_municipalities=message.open_municipalities,
        responsible={
            each.municipality: each.responsible and str(each.responsible)
            for each in message.relationships
            if each.state == "open"
        },
        first_permit_on=message.first_permit_on,
        three_year_limit_applies=message.three_year_limit_applies,
        education_goal_until=message.education_goal_until,
        merged_into=message.merged_into,
    )
    if is_newest:
        await facts_changed(work, message.customer_id, kept_before)
    if closed and not await facts.is_customer_of(work, ids, closed.municipality):
        for plan in plans:
            await _end(work, plan, _END_REASONS.get(closed.reason, "not_followed"))


async def hear_of_circumstances(message: CustomerCircumstances, work: Work) -> None:
    """Keeps whether the customer is a jobseeker."""
    is_newest = await facts.keep_newest(
        work,
        INTEGRATION_CASE,
        "circumstances_sequence",
        customer_id=message.customer_id,
        unemployed_jobseeker=message.unemployed_jobseeker,
        registered_jobseeker=message.registered_jobseeker,
    )
    if is_newest:
        await facts_changed(work, message.customer_id)


async def hear_of_assessment(message: AssessmentChanged, work: Work) -> None:
    """Keeps where an assessment stands and the needs that it found.

    A county that has agreed to take part since the plan was begun is asked to approve it too (20 § 2 mom.).
    """
    is_newest = await facts.keep_newest(
        work,
        KNOWN_ASSESSMENT,
        assessment_id=message.assessment_id,
        customer_id=message.customer_id,
        municipality=message.municipality,
        status=message.status,
        result=message.result,
        ended_on=message.ended_on,
        created_at=message.created_at,
        county_takes_part=message.county_takes_part,
        needs=[each.model_dump(mode="json") for each in message.needs],
    )
    if not is_newest:
        return
    if message.county_takes_part:
        ids = await facts.ids_of(work, message.customer_id)
        for plan in await repository.lock_made_from(work, ids, message.assessment_id):
            if not plan.county_takes_part:
                await _with_county(work, plan)
    await facts_changed(work, message.customer_id)


async def hear_of_transfer(message: TransferChanged, work: Work) -> None:
    """Moves the giver's open plans with the customer once a transfer is accepted.

    Later transfers that were heard of before this one are followed too: plans come to where the customer is.
    """
    if message.state != "accepted":
        return
    ids = await facts.ids_of(work, message.customer_id)
    await facts.note_transfer(work, message.transfer_id, message.customer_id, message.giver, message.receiver)
    for transfer in await facts.transfers_after(work, ids, message.transfer_id):
        for plan in await repository.lock_of(work, ids, transfer.giver):
            others = [each for each in plan.customer_ids if each not in ids]
            await _move(work, plan, transfer.receiver, others)


async def hear_of_document(message: DocumentKept, work: Work) -> None:
    """Keeps which document an approval of an edition is bound to."""
    plan = await repository.whole(work, message.matter_id) if message.kind == "plan" else None
    if plan is None:
        return
    await repository.add_document(
        work,
        document_id=message.document_id,
        plan_id=plan.plan_id,
        edition=message.edition,
        customer_ids=plan.customer_ids,
        language=message.language,
        is_copy=message.is_copy,
        sha256=message.sha256,
        kept_at=message.kept_at,
    )


async def _with_county(work: Work, plan: Row[Any]) -> None:
    plan = await repository.change(work, plan.plan_id, county_takes_part=True)
    made = await repository.in_making(work, plan.plan_id)
    await repository.add_act(work, plan, "county_takes_part", made.edition if made else 1)
    await tell(work, plan)


async def _move(work: Work, plan: Row[Any], receiver: str, others: list[UUID]) -> None:
    """To a municipality the plan goes along, unless it is about `others` too who are not there.

    The employment authority has plans of its own.
    """
    was_in_force = plan.drawn_up_on is not None
    goes_along = not await repository.has_open(
        work, await facts.people_of(work, plan), receiver, family=plan.kind == "family"
    )
    for each in others:
        goes_along &= await facts.is_customer_of(work, await facts.ids_of(work, each), receiver)
    if not code_lists.is_valid_municipality(receiver, helsinki_date(work.happened_at)):
        await _end(work, plan, "handed_over")
    elif not goes_along:
        await _end(work, plan, "moved_away")
    else:
        awaited = _TRANSFER if was_in_force else None
        plan = await repository.change(work, plan.plan_id, municipality=receiver, review_awaited=awaited)
        await repository.add_act(work, plan, "move_plan", plan.edition or 1, reason=_TRANSFER, awaited=awaited)
        await tell(work, plan)


async def _end(work: Work, plan: Row[Any], reason: str) -> None:
    """Ends a plan that was in force; drops another."""
    await repository.void(work, plan)
    if plan.drawn_up_on is None:
        plan = await repository.change(work, plan.plan_id, status="dropped")
        await repository.add_act(work, plan, "drop_plan", 1)
    else:
        ended_on = max(helsinki_date(work.happened_at), plan.drawn_up_on)  # heard of late, it may have begun since
        await repository.end_hindrances(work, plan.plan_id, ended_on)
        plan = await repository.change(work, plan.plan_id, status="ended", ended_on=ended_on, end_reason=reason)
        await repository.add_act(work, plan, "end_plan", plan.edition, reason=reason)
    await tell(work, plan)
