"""All that is known of a person, by all of his or her ids, that due dates are counted from."""

from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from contracts.law.counting import Length
from contracts.law.deadlines import Granted, Hindrance
from services.kit.clock import helsinki_date
from services.kit.work import Work
from services.plan.repository import referrals
from services.plan.rules.due_dates import Known, KnownAssessment, KnownPlan
from services.plan.tables.facts import INTEGRATION_CASE, KNOWN_ASSESSMENT
from services.plan.tables.plans import PLAN, PLAN_ACT, PLAN_HINDRANCE

_CASE = INTEGRATION_CASE.c


async def kept(work: Work, customer_id: UUID) -> UUID:
    """The id of the record kept, as far as was heard by the input: the projection may be ahead of it or behind."""
    of_customer = select(func.coalesce(_CASE.merged_into, _CASE.customer_id)).where(_CASE.customer_id == customer_id)
    found: UUID | None = (await work.connection.execute(of_customer)).scalar()
    return found or customer_id


async def of_customer(work: Work, customer_id: UUID) -> Known:
    """What is known of the person whose record kept this is; of a merged record nothing."""
    theirs = or_(_CASE.customer_id == customer_id, _CASE.merged_into == customer_id)
    cases = {each.customer_id: each for each in await work.connection.execute(select(INTEGRATION_CASE).where(theirs))}
    case = cases.get(customer_id)
    if case is None or case.merged_into:
        return Known(customer_id)
    plans = await _plans(work, list(cases))
    first = [each.first_plan_on for each in cases.values()] + [each.drawn_up_on for each in plans]
    return Known(
        customer_id,
        first_permit_on=case.first_permit_on,
        three_year_limit_applies=case.three_year_limit_applies,
        responsible={each: user and UUID(user) for each, user in case.responsible.items()},
        first_plan_on=min((day for day in first if day), default=None),
        assessments=await _assessments(work, list(cases)),
        plans=plans,
    )


async def _assessments(work: Work, ids: list[UUID]) -> list[KnownAssessment]:
    table = KNOWN_ASSESSMENT.c
    rows = await work.connection.execute(
        select(KNOWN_ASSESSMENT).where(table.customer_id.in_(ids)).order_by(table.created_at, table.assessment_id)
    )
    return [
        KnownAssessment(
            assessment_id=each.assessment_id,
            municipality=each.municipality,
            status=each.status,
            created_on=helsinki_date(each.created_at),
            result=each.result,
            ended_on=each.ended_on,
        )
        for each in rows
    ]


async def _plans(work: Work, ids: list[UUID]) -> list[KnownPlan]:
    """Plans of their own that are or were in force; no law sets days for a family's."""
    theirs = select(PLAN).where(PLAN.c.customer_id.in_(ids), PLAN.c.kind != "family", PLAN.c.drawn_up_on.is_not(None))
    plans = (await work.connection.execute(theirs)).all()
    plan_ids = [each.plan_id for each in plans]
    granted: dict[UUID, list[Granted]] = defaultdict(list)
    received: dict[UUID, date] = {}
    acts = select(PLAN_ACT).where(PLAN_ACT.c.plan_id.in_(plan_ids), PLAN_ACT.c.act.in_(("extend_plan", "move_plan")))
    for act in await work.connection.execute(acts.order_by(PLAN_ACT.c.act_id)):
        if act.act == "move_plan":
            received[act.plan_id] = helsinki_date(act.acted_at)
        else:
            told: dict[str, Any] = act.told["extension"]
            granted[act.plan_id].append(Granted(told["ground"], Length(months=told["months"])))
    hindrances: dict[UUID, list[Hindrance]] = defaultdict(list)
    for each in await work.connection.execute(select(PLAN_HINDRANCE).where(PLAN_HINDRANCE.c.plan_id.in_(plan_ids))):
        hindrances[each.plan_id].append(Hindrance(each.ground, each.first, each.last))
    return [
        KnownPlan(
            plan_id=each.plan_id,
            municipality=each.municipality,
            drawn_up_on=each.drawn_up_on,
            reviewed_on=(each.reviewed_on,) if each.reviewed_on else (),
            referred_on=await referrals.referred_on(work, each.plan_id),
            ended_on=each.ended_on,
            received_on=received.get(each.plan_id),
            granted=tuple(granted[each.plan_id]),
            hindrances=tuple(hindrances[each.plan_id]),
        )
        for each in plans
    ]
