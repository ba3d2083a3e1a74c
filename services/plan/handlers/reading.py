"""Reading plans: by people, and by the records service for documents."""

from typing import Any

from sqlalchemy import Row

from contracts.law import Provision, laws
from contracts.plan.content import PlanContent
from contracts.plan.documents import GetPlanForDocument, LawSection, PlanForDocument
from contracts.plan.implementation import Extension, HindranceOfPlan, PlanAct, Review
from contracts.plan.plans import (
    Edition,
    EditionCard,
    EditionDocument,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    KnownApproval,
    ListCustomerPlans,
    Plan,
    PlanCard,
    PlanDifferences,
    PlanHistory,
    Plans,
)
from services.kit.clock import helsinki_date
from services.kit.errors import Forbidden, NotFound
from services.kit.work import Work
from services.plan.handlers.telling import IN_FORCE, languages_of, members_of, record_use
from services.plan.repository import facts
from services.plan.repository import plans as repository
from services.plan.repository.known import facts_of
from services.plan.repository.reach import kept_id
from services.plan.rules import plans as rules
from services.plan.rules.times import PLAN_MAXIMUM, PLAN_REVIEW, latest_end, law_of

_REFERRAL = "referral"


async def get_plan(message: GetPlan, work: Work) -> Plan:
    """A plan whole, with what of it is shown by the law of today."""
    plan = await repository.get(work, message.plan_id)
    today, known = helsinki_date(work.now), await facts_of(work, plan)
    law = law_of(known, today)
    members = []
    if plan.kind == "family":
        found = await repository.find(work, await facts.people_of(work, plan))
        members = [each for each in found if each.kind != "family" and each.status not in ("ended", "dropped")]
    record_use(work, plan, *members)
    made, last = await repository.in_making(work, plan.plan_id), None
    if plan.edition:
        last = await repository.edition(work, plan.plan_id, plan.edition)
    reviews = await repository.counting(work, plan.plan_id, "review_plan")
    extensions = await repository.counting(work, plan.plan_id, "extend_plan")
    same = plan._mapping
    return Plan.model_validate(
        {
            **{name: same[name] for name in Plan.model_fields if name in same},
            **dict(await _card(work, plan)),
            "is_statutory": rules.is_statutory(plan.kind, law),
            "law_version": plan.law_version if plan.status in ("ended", "dropped") else law.version,
            "latest_end": None if plan.kind == "family" else latest_end(known, law, today),
            "editions": [_edition_card(each) for each in await repository.editions(work, plan.plan_id)],
            "in_force": last and await _edition(work, plan, last),
            "in_making": made and await _edition(work, plan, made),
            "last_review": Review.model_validate(reviews[-1].told["review"]) if reviews else None,
            "extensions": [Extension.model_validate(each.told["extension"]) for each in extensions],
            "hindrances": [
                HindranceOfPlan.model_validate(each, from_attributes=True)
                for each in await repository.hindrances(work, plan.plan_id)
            ],
            "members_plans": [await _card(work, each) for each in members],
        }
    )


async def get_plan_edition(message: GetPlanEdition, work: Work) -> Edition:
    """One edition, in force or not."""
    plan = await repository.get(work, message.plan_id)
    record_use(work, plan)
    return await _edition(work, plan, await _found(work, plan, message.edition))


async def get_plan_differences(message: GetPlanDifferences, work: Work) -> PlanDifferences:
    """What changed from one edition to another, by line."""
    plan = await repository.get(work, message.plan_id)
    record_use(work, plan)
    before, after = [
        PlanContent.model_validate((await _found(work, plan, each)).content) for each in (message.before, message.after)
    ]
    found = tuple(rules.differences(before, after))
    return PlanDifferences(before=message.before, after=message.after, differences=found)


async def get_plan_history(message: GetPlanHistory, work: Work) -> PlanHistory:
    """What was done to a plan, a page at a time."""
    plan = await repository.get(work, message.plan_id)
    record_use(work, plan)
    rows, more = await repository.acts(work, plan.plan_id, message.cursor)
    acts = tuple(PlanAct.model_validate({**each._mapping, **each.told}) for each in rows)
    return PlanHistory(acts=acts, next_cursor=more)


async def list_customer_plans(message: ListCustomerPlans, work: Work) -> Plans:
    """The plans of one customer, and of the family."""
    customer_id = await kept_id(work, message.customer_id)
    found = await repository.find(work, await facts.ids_of(work, customer_id))
    people = {customer_id, *(each for plan in found for each in plan.customer_ids)}
    work.record_use(sorted(people), message.DATA, relation=work.rights.related)
    return Plans(plans=tuple([await _card(work, each) for each in found]))


async def get_plan_for_document(message: GetPlanForDocument, work: Work) -> PlanForDocument:
    """An edition as it was offered, for the records service alone."""
    if not work.rights.allows("plan", "none"):
        raise Forbidden("Only the records service asks this.")
    plan = await repository.whole(work, message.plan_id)
    edition = await repository.edition(work, message.plan_id, message.edition)
    if plan is None or edition is None or edition.stage not in ("offered", "approved", "replaced"):
        raise NotFound("no such edition was offered")
    work.record_use(plan.customer_ids, message.DATA, relation="none")
    content, law = PlanContent.model_validate(edition.content), laws().version(edition.law_version)
    named: list[Provision] = [each for each in law.plan.kinds if each.code == plan.kind]
    named += [each for each in law.deadlines if each.code in (_REFERRAL, PLAN_REVIEW, PLAN_MAXIMUM)]
    same = plan._mapping
    return PlanForDocument.model_validate(
        {
            **{name: same[name] for name in PlanForDocument.model_fields if name in same},
            "edition": edition.edition,
            "members": members_of(plan),
            "law_version": edition.law_version,
            "offered_at": edition.offered_at,
            "languages": languages_of(content),
            "content": content,
            "content_sha256": edition.content_sha256,
            "law_sections": [LawSection.model_validate(each, from_attributes=True) for each in named],
        }
    )


async def _found(work: Work, plan: Row[Any], number: int) -> Row[Any]:
    edition = await repository.edition(work, plan.plan_id, number)
    if edition is None:
        raise NotFound("no such edition")
    return edition


async def _card(work: Work, plan: Row[Any]) -> PlanCard:
    until = await repository.members_until(work, plan) if plan.kind == "family" else None
    end = None
    if plan.status in IN_FORCE:
        end = rules.proposed_end(plan.kind, plan.status, plan.valid_until, until, helsinki_date(work.now))
    told = {**plan._mapping, "members": members_of(plan), "proposed_end": end}
    return PlanCard.model_validate(told)


def _edition_card(edition: Row[Any]) -> EditionCard:
    return EditionCard.model_validate(edition, from_attributes=True)


async def _edition(work: Work, plan: Row[Any], edition: Row[Any]) -> Edition:
    approvals = await repository.approvals(work, plan.plan_id, edition.edition)
    documents = await repository.documents(work, plan.plan_id, edition.edition)
    is_awaited = edition.stage == "offered"
    parties = {each.party for each in approvals}
    return Edition.model_validate(
        {
            **edition._mapping,
            "approvals": [KnownApproval.model_validate(each, from_attributes=True) for each in approvals],
            "documents": [EditionDocument.model_validate(each, from_attributes=True) for each in documents],
            "awaited": rules.awaited(parties, plan.county_takes_part) if is_awaited else (),
        }
    )
