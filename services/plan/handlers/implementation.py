"""Reviews, more time, hindrances, how goals are reached and what was neglected of a plan in force."""

from dataclasses import replace
from typing import Any

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
)
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, NotFound, check_input
from services.kit.work import Work
from services.plan.handlers.telling import check_in_force, check_version, lock, tell
from services.plan.repository import facts
from services.plan.repository import plans as repository
from services.plan.repository.known import facts_of
from services.plan.rules import plans as rules
from services.plan.rules.times import Facts, latest_end, law_of, status_in_force, valid_until


async def review_plan(message: ReviewPlan, work: Work) -> Recorded:
    """Records a review; from it on the plan is under the act that is in force (102 § 2 mom.)."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    await check_version(work, plan, message.expected_version)
    check_in_force(plan)
    today, review = helsinki_date(work.now), message.review
    known = await facts_of(work, plan)
    known = replace(known, reviewed_on=max(review.reviewed_on, known.reviewed_on or review.reviewed_on))
    law = law_of(known, today)
    check_input(rules.broken_by_reviewing(review, known, law, today))
    plan = await repository.change(
        work,
        plan.plan_id,
        reviewed_on=known.reviewed_on,
        next_review_on=review.next_review_on,
        review_awaited=None,
        law_version=law.version,
    )
    if review.changes_plan:
        await _begin_edition(work, plan, await _content(work, plan))
    return await _done(work, plan, "review_plan", review=review.model_dump(mode="json"))


async def extend_plan(message: ExtendPlan, work: Work) -> Recorded:
    """Makes the longest time longer. Until when the plan is in force is agreed in a new edition."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    await check_version(work, plan, message.expected_version)
    check_in_force(plan)
    if plan.kind == "family":
        raise Conflict("A family's plan lasts as long as its members' own.")
    today, extension = helsinki_date(work.now), message.extension
    # two municipalities at once would each find that nothing was granted yet
    await facts.lock_case(work, (await facts.ids_of(work, plan.customer_id))[0])
    known, law = await _known(work, plan)
    check_input(rules.broken_by_extending(extension, known, law, today))
    length, content = Length(months=extension.months), await _content(work, plan)
    latest = latest_end(replace(known, granted=(*known.granted, Granted(extension.ground, length))), law, today)
    ends_on = length.after(plan.valid_until)
    await _begin_edition(work, plan, content.model_copy(update={"ends_on": min(ends_on, latest or ends_on)}))
    plan = await repository.change(work, plan.plan_id, law_version=law.version)
    return await _done(work, plan, "extend_plan", extension=extension.model_dump(mode="json"))


async def record_hindrance(message: RecordHindrance, work: Work) -> Recorded:
    """Records a hindrance that goes on, or one that is over."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    known, law = await _known(work, plan)
    begun = known.first_plan_on or plan.drawn_up_on
    check_input(rules.broken_by_hindrance(message.hindrance, begun, law, helsinki_date(work.now)))
    hindrance_id = await repository.add_hindrance(work, plan, **dict(message.hindrance))
    plan = await _interrupt(work, plan, law)
    done = await _done(work, plan, "record_hindrance", hindrance=message.hindrance.model_dump(mode="json"))
    return done.model_copy(update={"record_id": hindrance_id})


async def end_hindrance(message: EndHindrance, work: Work) -> Recorded:
    """Ends a hindrance; its days are added to the time of the plan."""
    plan = await lock(work, message.plan_id)
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
    plan = await _interrupt(work, plan, (await _known(work, plan))[1])
    ended = {"ground": hindrance.ground, "first": str(hindrance.first), "last": str(message.last)}
    done = await _done(work, plan, "end_hindrance", hindrance=ended)
    return done.model_copy(update={"record_id": hindrance.hindrance_id})


async def record_follow_up(message: RecordFollowUp, work: Work) -> Recorded:
    """Records how a goal is being reached."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    told, content = message.follow_up, await _content(work, plan)
    check_input(rules.broken_by_follow_up(told, content, plan.drawn_up_on, helsinki_date(work.now)))
    return await _recorded(work, plan, "record_follow_up", follow_up=told.model_dump(mode="json"))


async def record_neglect(message: RecordNeglect, work: Work) -> Recorded:
    """Records a fact and what the customer says of it; nothing follows from it here."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    check_in_force(plan)
    told, content = message.neglect, await _content(work, plan)
    check_input(rules.broken_by_neglect(told, content, plan.drawn_up_on, helsinki_date(work.now)))
    return await _recorded(work, plan, "record_neglect", neglect=told.model_dump(mode="json"))


async def _known(work: Work, plan: Row[Any]) -> tuple[Facts, Law]:
    known = await facts_of(work, plan)
    return known, law_of(known, helsinki_date(work.now))


async def _content(work: Work, plan: Row[Any]) -> PlanContent:
    """What is agreed in the edition in force."""
    edition = await repository.edition(work, plan.plan_id, plan.edition)
    assert edition
    return PlanContent.model_validate(edition.content)


async def _begin_edition(work: Work, plan: Row[Any], content: PlanContent) -> None:
    """A draft of what is to be agreed anew; one that is in the making already stays as it is."""
    if await repository.in_making(work, plan.plan_id) is None:
        await repository.add_edition(work, plan, content)


async def _interrupt(work: Work, plan: Row[Any], law: Law) -> Row[Any]:
    """Says whether a hindrance goes on, and adds the days of those that are over to what was agreed."""
    known = await facts_of(work, plan)
    changed: dict[str, Any] = {"status": status_in_force(known)}
    ends_on = (await _content(work, plan)).ends_on
    if plan.kind != "family" and ends_on:
        since = max(each.approved_on for each in await repository.approvals(work, plan.plan_id, plan.edition))
        over = replace(known, hindrances=tuple(each for each in known.hindrances if each.last))
        changed["valid_until"] = valid_until(ends_on, since, over, law, helsinki_date(work.now))
    return await repository.change(work, plan.plan_id, **changed)


async def _done(work: Work, plan: Row[Any], act: str, **told: Any) -> Recorded:
    done = await _recorded(work, plan, act, **told)
    await tell(work, plan)
    return done


async def _recorded(work: Work, plan: Row[Any], act: str, **told: Any) -> Recorded:
    act_id = await repository.add_act(work, plan, act, plan.edition, **told)
    return Recorded(plan_id=plan.plan_id, version=plan.version, record_id=act_id)
