"""Reviews, more time, hindrances, how goals are reached and what was neglected of a plan in force, and taken back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.law import Law
from contracts.law.counting import Length
from contracts.law.deadlines import Granted
from contracts.plan.content import PlanContent
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    Recorded,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    ReviewPlan,
    WithdrawRecord,
)
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, NotFound, check_input
from services.kit.work import Work
from services.plan.handlers.counting import count_anew, follow, lock_with_others
from services.plan.handlers.telling import IN_FORCE, check_in_force, check_version, lock, tell, withdrawal
from services.plan.repository import plans as repository
from services.plan.repository.known import facts_of
from services.plan.rules import plans as rules
from services.plan.rules.times import Facts, latest_end, law_of


async def review_plan(message: ReviewPlan, work: Work) -> Recorded:
    """Records a review; from it on the plan is under the act that is in force (102 § 2 mom.)."""
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    await check_version(work, plan, message.expected_version)
    check_in_force(plan)
    today, review = helsinki_date(work.now), message.review
    known = await facts_of(work, plan)
    known = replace(known, reviewed_on=max(review.reviewed_on, known.reviewed_on or review.reviewed_on))
    check_input(rules.broken_by_reviewing(review, known, law_of(known, today), today))
    if review.changes_plan:
        await _begin_edition(work, plan, await repository.agreed(work, plan))
    plan = await repository.change(
        work,
        plan.plan_id,
        reviewed_on=known.reviewed_on,
        next_review_on=review.next_review_on,
        review_awaited=None,
    )
    record_id = await repository.add_act(work, plan, "review_plan", plan.edition, review=review.model_dump(mode="json"))
    return await _counted(work, plan, others, record_id)


async def extend_plan(message: ExtendPlan, work: Work) -> Recorded:
    """Makes the longest time longer. Until when the plan is in force is agreed in a new edition."""
    # two municipalities at once would each find that nothing was granted yet
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    await check_version(work, plan, message.expected_version)
    check_in_force(plan)
    if plan.kind == "family":
        raise Conflict("A family's plan lasts as long as its members' own.")
    today, extension = helsinki_date(work.now), message.extension
    known, law = await _known(work, plan)
    check_input(rules.broken_by_extending(extension, known, law, today))
    length, content = Length(months=extension.months), await repository.agreed(work, plan)
    latest = latest_end(replace(known, granted=(*known.granted, Granted(extension.ground, length))), law, today)
    ends_on = length.after(plan.valid_until)
    await _begin_edition(work, plan, content.model_copy(update={"ends_on": min(ends_on, latest or ends_on)}))
    plan = await repository.change(work, plan.plan_id)
    told = extension.model_dump(mode="json")
    return await _counted(
        work, plan, others, await repository.add_act(work, plan, "extend_plan", plan.edition, extension=told)
    )


async def record_hindrance(message: RecordHindrance, work: Work) -> Recorded:
    """Records a hindrance that goes on, or one that is over."""
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    known, law = await _known(work, plan)
    hindrance, begun = message.hindrance, known.first_plan_on or plan.drawn_up_on
    check_input(rules.broken_by_hindrance(hindrance, begun, law, helsinki_date(work.now)))
    plan = await repository.change(work, plan.plan_id)
    told = hindrance.model_dump(mode="json")
    record_id = await repository.add_act(work, plan, "record_hindrance", plan.edition, hindrance=told)
    await repository.add_hindrance(work, plan, hindrance_id=record_id, **dict(hindrance))
    return await _counted(work, plan, others, record_id)


async def end_hindrance(message: EndHindrance, work: Work) -> Recorded:
    """Ends a hindrance; its days are added to the time of the plan."""
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    known = await repository.hindrances(work, plan.plan_id)
    hindrance = next((each for each in known if each.hindrance_id == message.hindrance_id), None)
    if hindrance is None:
        raise NotFound("no such hindrance")
    if hindrance.last:
        raise Conflict("The hindrance has ended already.")
    check_input(rules.broken_by_ending_hindrance(message.last, hindrance.first, helsinki_date(work.now)))
    await repository.end_hindrance(work, hindrance.hindrance_id, message.last)
    plan = await repository.change(work, plan.plan_id)
    ended = {"ground": hindrance.ground, "first": str(hindrance.first), "last": str(message.last)}
    record_id = hindrance.hindrance_id
    await repository.add_act(work, plan, "end_hindrance", plan.edition, record_id=str(record_id), hindrance=ended)
    return await _counted(work, plan, others, record_id)


async def record_follow_up(message: RecordFollowUp, work: Work) -> Recorded:
    """Records how a goal is being reached."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    told, content = message.follow_up, await repository.agreed(work, plan)
    check_input(rules.broken_by_follow_up(told, content, plan.drawn_up_on, helsinki_date(work.now)))
    record_id = await repository.add_act(
        work, plan, "record_follow_up", plan.edition, follow_up=told.model_dump(mode="json")
    )
    return Recorded(plan_id=plan.plan_id, version=plan.version, record_id=record_id)


async def record_neglect(message: RecordNeglect, work: Work) -> Recorded:
    """Records a fact and what the customer says of it; nothing follows from it here."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    told, content = message.neglect, await repository.agreed(work, plan)
    check_input(rules.broken_by_neglect(told, content, plan.drawn_up_on, helsinki_date(work.now)))
    record_id = await repository.add_act(
        work, plan, "record_neglect", plan.edition, neglect=told.model_dump(mode="json")
    )
    return Recorded(plan_id=plan.plan_id, version=plan.version, record_id=record_id)


async def withdraw_record(message: WithdrawRecord, work: Work) -> Recorded:
    """Takes back what was recorded wrongly: it stays readable, and all is counted as if it were not there."""
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    await check_version(work, plan, message.expected_version)
    record = await repository.recorded(work, plan.plan_id, message.record_id)
    if record is None:
        raise NotFound("no such record")
    if record.withdrawn:
        raise Conflict("The record was withdrawn already.")
    await repository.withdraw(work, record, withdrawal(work, message.why))
    changed = await _reviewed(work, plan) if record.act == "review_plan" else {}
    plan = await repository.change(work, plan.plan_id, **changed)
    record_id = record.act_id
    await repository.add_act(work, plan, "withdraw_record", plan.edition, record_id=str(record_id), why=message.why)
    return await _counted(work, plan, others, record_id)


async def _reviewed(work: Work, plan: Row[Any]) -> dict[str, Any]:
    """When a plan was reviewed and is to be reviewed, by its reviews that count and by what was agreed."""
    acts = await repository.counting(work, plan.plan_id, "review_plan", "approve_plan", "move_plan")
    reviews = [each for each in acts if each.act == "review_plan"]
    days = [date.fromisoformat(each.told["review"]["reviewed_on"]) for each in reviews]
    if plan.earlier and plan.earlier["reviewed_on"]:
        days.append(date.fromisoformat(plan.earlier["reviewed_on"]))
    reviewed_on = {"reviewed_on": max(days, default=None)}
    if plan.status not in IN_FORCE:
        return reviewed_on
    agreed, next_review_on, awaited = await repository.agreed(work, plan), None, None
    for each in acts:
        if each.act == "review_plan":
            next_review_on, awaited = date.fromisoformat(each.told["review"]["next_review_on"]), None
        elif each.act == "approve_plan" and each.edition == plan.edition:
            next_review_on = agreed.next_review_on
        elif each.act == "move_plan":
            awaited = each.told.get("awaited")
    return {**reviewed_on, "next_review_on": next_review_on, "review_awaited": awaited}


async def _known(work: Work, plan: Row[Any]) -> tuple[Facts, Law]:
    known = await facts_of(work, plan)
    return known, law_of(known, helsinki_date(work.now))


async def _begin_edition(work: Work, plan: Row[Any], content: PlanContent) -> None:
    """A draft of what is to be agreed anew; one that is in the making already stays as it is."""
    if await repository.in_making(work, plan.plan_id) is None:
        await repository.add_edition(work, plan, content)


async def _counted(work: Work, plan: Row[Any], others: Sequence[Row[Any]], record_id: UUID) -> Recorded:
    """What follows of something that was recorded, for the plan and the customer's others; everybody hears of it."""
    plan = await count_anew(work, plan)
    await tell(work, plan, *await follow(work, others))
    return Recorded(plan_id=plan.plan_id, version=plan.version, record_id=record_id)
