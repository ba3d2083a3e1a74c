"""Where plans stand by what is known of a person: what is recorded in one of them moves the others too."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.plan.content import PlanContent
from services.kit.actor import service_actor
from services.kit.clock import helsinki_date
from services.kit.errors import NotFound
from services.kit.work import Work
from services.plan.handlers.telling import IN_FORCE, record_use, tell
from services.plan.repository import facts
from services.plan.repository import plans as repository
from services.plan.repository.known import facts_of
from services.plan.rules.offering import broken_by_times
from services.plan.rules.times import PLAN_REVIEW, Facts, due, law_of, status_in_force, valid_until


async def lock_with_others(work: Work, plan_id: UUID) -> tuple[Row[Any], Sequence[Row[Any]]]:
    """A plan that the asker reaches, and the customer's other open plans, whoever has them; its use is recorded.

    All are locked in one order everywhere. Steps beyond the border, for good. Raises NotFound.
    """
    asked = await repository.get(work, plan_id)
    record_use(work, asked)
    await work.beyond_the_border("what is recorded in one plan moves the times of the customer's others")
    locked = await repository.lock_all(work, await facts.ids_of(work, asked.customer_id), plan_id)
    plan = next((each for each in locked if each.plan_id == plan_id), None)
    if plan is None or plan.municipality != asked.municipality:
        raise NotFound("no such plan")  # any more
    return plan, [each for each in locked if each.plan_id != plan_id]


async def count_anew(work: Work, plan: Row[Any]) -> Row[Any]:
    """Writes where a plan stands since what an act recorded of it, under the act's version.

    What was offered on what holds no more is void, and begins anew as a draft.
    """
    known = await facts_of(work, plan)
    await _void_what_no_longer_holds(work, plan, known)
    return await repository.stand(work, plan, **await _stands(work, plan, known))


async def follow(work: Work, others: Sequence[Row[Any]]) -> None:
    """Brings the customer's other plans to where they stand since; of those that moved everybody hears."""
    for plan in others:
        known = await facts_of(work, plan)
        stands = await _stands(work, plan, known)
        is_void = await _void_what_no_longer_holds(work, plan, known)
        if not is_void and all(plan._mapping[name] == value for name, value in stands.items()):
            continue
        if plan.status not in IN_FORCE:
            stands["status"] = "draft"
        moved = await repository.change(work, plan.plan_id, **stands)
        by = service_actor("plan")  # who acts in another municipality is not told here
        await repository.add_act(work, moved, "count_anew", moved.edition or 1, actor=by)
        await tell(work, moved)


async def _stands(work: Work, plan: Row[Any], known: Facts) -> dict[str, Any]:
    """Of a plan in force: whether a hindrance goes on, its law, its last day and its next review by what is known."""
    if plan.status not in IN_FORCE:
        return {}
    today = helsinki_date(work.now)
    law, content = law_of(known, today), await repository.agreed(work, plan)
    stands: dict[str, Any] = {"status": status_in_force(known), "law_version": law.version}
    if plan.kind == "family":
        return stands
    if review := due(known, law, today).get(PLAN_REVIEW):
        stands["next_review_on"] = min(plan.next_review_on, review.due_on)
    since = max(each.approved_on for each in await repository.approvals(work, plan.plan_id, plan.edition))
    over = replace(known, hindrances=tuple(each for each in known.hindrances if each.last))
    assert content.ends_on
    return stands | {"valid_until": valid_until(content.ends_on, since, over, law, today)}


async def _void_what_no_longer_holds(work: Work, plan: Row[Any], known: Facts) -> bool:
    """Whether what was offered was voided; a family's is looked at when it is approved."""
    made = await repository.in_making(work, plan.plan_id)
    if made is None or made.stage != "offered" or plan.kind == "family":
        return False
    offered_on, content = helsinki_date(made.offered_at), PlanContent.model_validate(made.content)
    law = law_of(known, offered_on)
    if made.law_version == law.version and not broken_by_times(content, known, law, offered_on):
        return False
    await repository.begin_again(work, plan, content)
    return True
