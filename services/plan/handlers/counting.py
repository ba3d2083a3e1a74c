"""Where plans stand by what is known of a person: what is recorded in one of them moves the others too."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.plan.content import PlanContent
from services.kit.actor import Actor, service_actor
from services.kit.clock import helsinki_date
from services.kit.errors import NotFound
from services.kit.work import Work
from services.plan.handlers.telling import IN_FORCE, record_use
from services.plan.repository import facts
from services.plan.repository import plans as repository
from services.plan.repository.known import facts_of
from services.plan.rules.offering import broken_since
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
    plan = await repository.stand(work, plan, **await _stands(work, plan, known))
    await _begin_again(work, plan, known, work.actor)
    return plan


async def follow(work: Work, others: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Brings the customer's other plans to where they stand since; returns those that moved, which are to be told.

    In the service's name: who acted in another municipality is not told there.
    """
    service, moved = service_actor("plan"), []
    for before in others:
        known = await facts_of(work, before)
        plan = await repository.stand(work, before, **await _stands(work, before, known))
        number = await _begin_again(work, plan, known, service)
        if number is None and plan == before:
            continue
        plan = await repository.change(work, plan.plan_id, status=plan.status if plan.status in IN_FORCE else "draft")
        await repository.add_act(work, plan, "count_anew", number or plan.edition, actor=service)
        moved.append(plan)
    return moved


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
    assert content.ends_on
    return stands | {"valid_until": valid_until(content.ends_on, since, known, law, today)}


async def _begin_again(work: Work, plan: Row[Any], known: Facts, actor: Actor) -> int | None:
    """The edition that takes the place of what was offered and holds no more; a family's is looked at when approved."""
    made = await repository.in_making(work, plan.plan_id)
    if made is None or made.stage != "offered" or plan.kind == "family":
        return None
    content = PlanContent.model_validate(made.content)
    if not broken_since(content, known, helsinki_date(made.offered_at), made.law_version):
        return None
    return await repository.begin_again(work, plan, content, actor)
