"""All that is known of a person, by all of his or her ids, that due dates and the times of plans are counted from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select
from uuid_utils.compat import uuid7

from contracts.law.counting import Length
from contracts.law.deadlines import Granted, Hindrance
from contracts.plan.plans import EarlierPlan
from services.kit.clock import helsinki_date
from services.kit.customer_view import record_id
from services.kit.work import Work
from services.plan.repository import referrals
from services.plan.repository.facts import ids_of
from services.plan.rules.due_dates import Known, KnownAssessment, KnownPlan
from services.plan.rules.referrals import Directed
from services.plan.rules.times import Facts
from services.plan.tables.facts import INTEGRATION_CASE, KNOWN_ASSESSMENT
from services.plan.tables.plans import PLAN, PLAN_ACT, PLAN_EDITION, PLAN_HINDRANCE

_CASE = INTEGRATION_CASE.c


async def kept(work: Work, customer_id: UUID) -> UUID:
    """The id of the record kept, as far as was heard by the input: the projection may be ahead of it or behind."""
    of_customer = select(record_id(INTEGRATION_CASE)).where(_CASE.customer_id == customer_id)
    found: UUID | None = (await work.connection.execute(of_customer)).scalar()
    return found or customer_id


async def of_customer(work: Work, customer_id: UUID) -> Known:
    """What is known of the person whose record kept this is; of a merged record nothing."""
    cases = await _cases(work, or_(_CASE.customer_id == customer_id, _CASE.merged_into == customer_id))
    case = cases.get(customer_id)
    if case is None or case.merged_into:
        return Known(customer_id)
    known = await _known(work, [customer_id, *cases], cases)
    directed = await referrals.directed(work, [each.plan_id for each in known.plans])
    return replace(
        known,
        responsible={each: user and UUID(user) for each, user in case.responsible.items()},
        assessments=await _assessments(work, list(cases)),
        plans=[replace(each, **vars(directed.get(each.plan_id, Directed()))) for each in known.plans],
    )


async def facts_of(work: Work, plan: Row[Any]) -> Facts:
    """What the times of a plan that the asker reaches depend on. It steps beyond the border, for good."""
    known = await _of_person(work, plan.customer_id)
    [this] = await _plans(work, PLAN.c.plan_id == plan.plan_id)
    return known.as_to(this)


async def facts_of_draft(work: Work, customer_id: UUID, earlier: EarlierPlan | None) -> Facts:
    """The same of a plan that is being begun."""
    reviewed_on = earlier.reviewed_on if earlier else None
    draft = KnownPlan(uuid7(), work.actor.municipality, earlier=earlier, reviewed_on=reviewed_on)
    return (await _of_person(work, customer_id)).as_to(draft)


async def _of_person(work: Work, customer_id: UUID) -> Known:
    await work.beyond_the_border("times of a plan follow from the plans of all municipalities that have the customer")
    ids = await ids_of(work, customer_id)
    return await _known(work, ids, await _cases(work, _CASE.customer_id.in_(ids)))


async def _cases(work: Work, theirs: ColumnElement[bool]) -> dict[UUID, Row[Any]]:
    rows = await work.connection.execute(select(INTEGRATION_CASE).where(theirs))
    return {each.customer_id: each for each in rows}


async def _known(work: Work, ids: Sequence[UUID], cases: dict[UUID, Row[Any]]) -> Known:
    """What is known but for assessments and referrals; no law sets days for a family's plan."""
    first = [each.first_plan_on for each in cases.values() if each.first_plan_on]
    facts = Facts(first_plan_on=min(first, default=None))
    if case := cases.get(ids[0]):
        facts = replace(
            facts,
            first_permit_on=case.first_permit_on,
            three_year_limit_applies=case.three_year_limit_applies,
            education_goal_until=case.education_goal_until,
            jobseeker=bool(case.registered_jobseeker or case.unemployed_jobseeker),
        )
    own = PLAN.c.customer_id.in_(ids) & (PLAN.c.kind != "family") & PLAN.c.drawn_up_on.is_not(None)
    return Known(ids[0], facts, plans=await _plans(work, own))


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


async def _plans(work: Work, which: ColumnElement[bool]) -> list[KnownPlan]:
    edition = PLAN_EDITION.c
    in_force = (edition.plan_id == PLAN.c.plan_id) & (edition.edition == PLAN.c.edition)
    found = select(PLAN, edition.content).outerjoin(PLAN_EDITION, in_force).where(which)
    plans = (await work.connection.execute(found)).all()
    plan_ids = [each.plan_id for each in plans]
    granted: dict[UUID, list[Granted]] = defaultdict(list)
    received: dict[UUID, date] = {}
    table = PLAN_ACT.c
    acts = select(PLAN_ACT).where(
        table.plan_id.in_(plan_ids), table.act.in_(("extend_plan", "move_plan")), table.withdrawn.is_(None)
    )
    for act in await work.connection.execute(acts.order_by(table.act_id)):
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
            earlier=EarlierPlan.model_validate(each.earlier) if each.earlier else None,
            drawn_up_on=each.drawn_up_on,
            reviewed_on=each.reviewed_on,
            ended_on=each.ended_on,
            received_on=received.get(each.plan_id),
            own_studies=any(line.get("own_studies") for line in (each.content or {}).get("services", ())),
            granted=tuple(granted[each.plan_id]),
            hindrances=tuple(hindrances[each.plan_id]),
        )
        for each in plans
    ]
