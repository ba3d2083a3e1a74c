"""Reviews, more time, hindrances, how goals are reached and what was neglected of a plan in force, and taken back."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

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
from services.plan.handlers.telling import IN_FORCE, check_in_force, check_version, lock, tell, withdrawal
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
    today, review, awaited = helsinki_date(work.now), message.review, plan.review_awaited
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
    return await _done(work, plan, "review_plan", review=review.model_dump(mode="json"), awaited=awaited)


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
    hindrance, record_id = message.hindrance, uuid7()
    await repository.add_hindrance(work, plan, hindrance_id=record_id, **dict(hindrance))
    plan = await _count_anew(work, plan)
    return await _done(work, plan, "record_hindrance", record_id=record_id, hindrance=hindrance.model_dump(mode="json"))


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
    plan = await _count_anew(work, plan)
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


async def withdraw_record(message: WithdrawRecord, work: Work) -> Recorded:
    """Takes back what was recorded wrongly; what was offered for a time that the plan no longer has is void."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(Recorded):
        return done
    await check_version(work, plan, message.expected_version)
    record = await repository.recorded(work, plan.plan_id, message.record_id)
    if record is None:
        raise NotFound("no such record")
    if record.withdrawn:
        raise Conflict("The record was withdrawn already.")
    await repository.withdraw(work, record.act_id, withdrawal(work, message.why))
    is_review = record.act == "review_plan"
    plan = await _count_anew(work, plan, **(await _without_review(work, plan, record) if is_review else {}))
    await _void_what_is_too_long(work, plan)
    return await _done(work, plan, "withdraw_record", why=message.why)


async def _without_review(work: Work, plan: Row[Any], withdrawn: Row[Any]) -> dict[str, Any]:
    """When a plan was reviewed and is to be reviewed, by its other reviews and what was agreed."""
    reviews = [each["review"] for each in await repository.told_by(work, plan.plan_id, "review_plan")]
    days = [each["reviewed_on"] for each in (*reviews, plan.earlier or {"reviewed_on": None})]
    last = await repository.reviewed_or_agreed(work, plan)
    by_review = last.act == "review_plan" and date.fromisoformat(last.told["review"]["next_review_on"])
    awaited = withdrawn.told.get("awaited") if last.act_id < withdrawn.act_id else None
    return {
        "reviewed_on": max((date.fromisoformat(each) for each in days if each), default=None),
        "next_review_on": by_review or (await _content(work, plan)).next_review_on,
        "review_awaited": plan.review_awaited or awaited,
    }


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


async def _count_anew(work: Work, plan: Row[Any], **changed: Any) -> Row[Any]:
    """Says of a plan in force whether a hindrance goes on, and adds the days of those that are over to what was agreed.

    What else was changed is written with it.
    """
    known, today = await facts_of(work, plan), helsinki_date(work.now)
    known = replace(known, reviewed_on=changed.get("reviewed_on", known.reviewed_on))
    law, ends_on = law_of(known, today), (await _content(work, plan)).ends_on
    if plan.status in IN_FORCE:
        changed |= {"status": status_in_force(known), "law_version": law.version}
        if plan.kind != "family" and ends_on:
            since = max(each.approved_on for each in await repository.approvals(work, plan.plan_id, plan.edition))
            over = replace(known, hindrances=tuple(each for each in known.hindrances if each.last))
            changed["valid_until"] = valid_until(ends_on, since, over, law, today)
    return await repository.change(work, plan.plan_id, **changed)


async def _void_what_is_too_long(work: Work, plan: Row[Any]) -> None:
    """What was offered up to a later day than the plan may now last begins anew as a draft."""
    made = await repository.in_making(work, plan.plan_id)
    if made is None or made.stage != "offered" or plan.kind == "family":
        return
    content, (known, law) = PlanContent.model_validate(made.content), await _known(work, plan)
    latest = latest_end(known, law, helsinki_date(work.now))
    if latest and content.ends_on and content.ends_on > latest:
        await repository.begin_again(work, plan, content)


async def _done(work: Work, plan: Row[Any], act: str, record_id: UUID | None = None, **told: Any) -> Recorded:
    done = await _recorded(work, plan, act, record_id, **told)
    await tell(work, plan)
    return done


async def _recorded(work: Work, plan: Row[Any], act: str, record_id: UUID | None = None, **told: Any) -> Recorded:
    record_id = await repository.add_act(work, plan, act, plan.edition, record_id, **told)
    return Recorded(plan_id=plan.plan_id, version=plan.version, record_id=record_id)
