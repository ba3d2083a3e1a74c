"""Plans from the draft to their end."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.assessment.state import Need
from contracts.plan.content import PinnedService, PlanContent
from contracts.plan.plans import (
    MOST_CONSENTS,
    ApprovePlan,
    DraftPlan,
    DropPlan,
    EditionDocument,
    EndPlan,
    GiveGuardianConsent,
    KnownConsent,
    OfferPlan,
    PlanVersion,
    WithdrawGuardianConsent,
    WritePlan,
)
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, InvalidInput, NotFound, check_input
from services.kit.work import Work
from services.plan.handlers.counting import count_anew, follow, lock_with_others
from services.plan.handlers.telling import IN_FORCE, check_in_force, check_version, lock, tell
from services.plan.repository import facts, programme
from services.plan.repository import plans as repository
from services.plan.repository.known import facts_of, facts_of_draft
from services.plan.repository.reach import kept_id
from services.plan.rules import plans as rules
from services.plan.rules.offering import (
    Family,
    broken_by_drawing_up,
    broken_by_offering,
    broken_since,
    error,
    sha256,
)
from services.plan.rules.times import drawn_up, law_of

_OPEN_ALREADY = "There is a plan already: write, drop or end that one."


async def draft_plan(message: DraftPlan, work: Work) -> PlanVersion:
    """Begins a plan of a customer, or of a family each member of which the asker reaches."""
    customer_id = await kept_id(work, message.customer_id)
    members = await _members(work, message.members)
    work.record_use([customer_id, *members], message.DATA, relation=work.rights.related)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    people = sorted({customer_id, *members})  # in one order everywhere, for each is locked
    if not all([await facts.lock_case(work, each) for each in people]):
        raise NotFound("No such customer of this organisation is known here; a new one is known in a moment.")
    today, is_family = helsinki_date(work.now), message.kind == "family"
    ids_of = {person: await facts.ids_of(work, person) for person in people}
    ids, everybodys = ids_of[customer_id], [each for ids in ids_of.values() for each in ids]
    if await repository.has_open(work, everybodys if is_family else ids, work.actor.municipality, family=is_family):
        raise Conflict(_OPEN_ALREADY)
    errors = rules.broken_by_drafting(message.model_copy(update={"members": tuple(members)}), customer_id, today)
    found = None if is_family else await facts.assessment(work, ids, message.assessment_id)
    if found is None and (message.assessment_id or not (is_family or message.earlier)):
        errors.append(error("/assessment_id", "plan_needed"))
    check_input(errors)
    law = law_of(await facts_of_draft(work, customer_id, message.earlier), today)
    check_input(rules.broken_by_kind(message.kind, law))

    consents = [KnownConsent(consent_id=uuid7(), **dict(each)) for each in message.consents]
    plan = await repository.add(
        work,
        plan_id=uuid7(),
        customer_id=customer_id,
        customer_ids=[customer_id, *members],
        municipality=work.actor.municipality,
        kind=message.kind,
        status="draft",
        version=1,
        assessment_id=found.assessment_id if found else None,
        county_takes_part=message.kind == "multidisciplinary" or bool(found and found.county_takes_part),
        law_version=law.version,
        earlier=message.earlier and message.earlier.model_dump(mode="json"),
        consents=[each.model_dump(mode="json") for each in consents],
        reviewed_on=message.earlier and message.earlier.reviewed_on,
        created_at=work.now,
    )
    if plan is None:
        raise Conflict(_OPEN_ALREADY)
    needs = [Need.model_validate(each) for each in found.needs] if found else []
    number = await repository.add_edition(work, plan, rules.prefilled(needs))
    return await _done(work, plan, "draft_plan", number)


async def _members(work: Work, told: Iterable[UUID]) -> list[UUID]:
    """The ids of the records kept; raises InvalidInput naming each who is not reached."""
    found, errors = [], []
    for at, each in enumerate(told):
        try:
            found.append(await kept_id(work, each))
        except NotFound:
            errors.append(error(f"/members/{at}", "unknown", "customer"))
    check_input(errors)
    return found


async def write_plan(message: WritePlan, work: Work) -> PlanVersion:
    """Replaces the draft; where the edition was offered, or none is in the making, the next one begins."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    await check_version(work, plan, message.expected_version)
    _check_open(plan)
    made = await repository.in_making(work, plan.plan_id)
    if made and made.stage == "draft":
        content = message.content.model_dump(mode="json")
        await repository.change_edition(work, plan.plan_id, made.edition, content=content)
        plan = await repository.change(work, plan.plan_id)
        await repository.add_act(work, plan, "write_plan", made.edition)
        return PlanVersion(plan_id=plan.plan_id, version=plan.version, edition=made.edition)
    number = await repository.begin_again(work, plan, message.content)
    plan = await repository.change(work, plan.plan_id, status=_status(plan, "draft"))
    return await _done(work, plan, "write_plan", number)


async def offer_plan(message: OfferPlan, work: Work) -> PlanVersion:
    """Freezes the draft, unless it breaks a rule."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    await check_version(work, plan, message.expected_version)
    made = await repository.in_making(work, plan.plan_id)
    if made is None or made.stage != "draft":
        raise Conflict("There is no draft to offer.")
    today, content = helsinki_date(work.now), PlanContent.model_validate(made.content)
    known = await facts_of(work, plan)
    law = law_of(known, today)
    family = await _family(work, plan)
    needs = await facts.needs(work, plan.assessment_id)
    pinned = await _may_be_named(work, plan, content)
    check_input(broken_by_offering(content, known, law, today, needs=needs, programme=pinned, family=family))
    offered = {"offered_at": work.now, "law_version": law.version, "content_sha256": sha256(content)}
    await repository.change_edition(work, plan.plan_id, made.edition, stage="offered", **offered)
    plan = await repository.change(work, plan.plan_id, status=_status(plan, "offered"), law_version=law.version)
    return await _done(work, plan, "offer_plan", made.edition)


async def approve_plan(message: ApprovePlan, work: Work) -> PlanVersion:
    """Records an approval; who changes the edition at the same moment comes before or after it, never between."""
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    made, approval = await repository.in_making(work, plan.plan_id), message.approval
    if made is None or made.stage != "offered" or made.edition != message.edition:
        raise Conflict("This edition is not offered for approval.", current_version=plan.version)
    before = await repository.approvals(work, plan.plan_id, made.edition)
    if any(each.party == approval.party for each in before):
        raise Conflict("This party has approved the edition already.", current_version=plan.version)
    today, content = helsinki_date(work.now), PlanContent.model_validate(made.content)
    documents = [
        EditionDocument.model_validate(each, from_attributes=True)
        for each in await repository.documents(work, plan.plan_id, made.edition)
    ]
    offered_on = helsinki_date(made.offered_at)
    errors = rules.broken_by_approving(approval, content.language, documents, offered_on, today)
    if approval.party == "county" and not plan.county_takes_part:
        errors.append(error("/approval/party", "unknown", "party"))
    check_input(errors)
    known, family = await facts_of(work, plan), await _family(work, plan)
    if broken := broken_since(content, known, offered_on, made.law_version, family):
        why = "; ".join(each.detail for each in broken)
        raise Conflict(f"What was offered no longer holds, write it anew: {why}.", current_version=plan.version)
    await repository.approve(work, plan, made.edition, **dict(approval))
    if rules.awaited({approval.party, *(each.party for each in before)}, plan.county_takes_part):
        plan = await repository.change(work, plan.plan_id)
        return await _done(work, plan, "approve_plan", made.edition)
    day = max(approval.approved_on, *(each.approved_on for each in before))
    plan = await _bring_into_force(work, plan, made.edition, content, day)
    return await _done(work, plan, "approve_plan", made.edition, others)


async def drop_plan(message: DropPlan, work: Work) -> PlanVersion:
    """Gives up what was never in force: the plan, or the edition that is being made beside the one in force."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    await check_version(work, plan, message.expected_version)
    _check_open(plan)
    made = await repository.in_making(work, plan.plan_id)
    if plan.status in IN_FORCE and made is None:
        raise Conflict("The plan is in force, and nothing else is being made of it: it is ended, not dropped.")
    await repository.void(work, plan)
    plan = await repository.change(work, plan.plan_id, status=_status(plan, "dropped"))
    return await _done(work, plan, "drop_plan", made.edition if made else 1, why=message.why)


async def end_plan(message: EndPlan, work: Work) -> PlanVersion:
    """Ends a plan in force, and with it what hinders it."""
    plan, others = await lock_with_others(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    await check_version(work, plan, message.expected_version)
    check_in_force(plan)
    check_input(rules.broken_by_ending(message, plan.drawn_up_on, helsinki_date(work.now)))
    await repository.void(work, plan)
    await repository.end_hindrances(work, plan.plan_id, message.ended_on)
    plan = await repository.change(
        work,
        plan.plan_id,
        status="ended",
        ended_on=message.ended_on,
        end_reason=message.reason,
        follow_on=message.follow_on.model_dump(mode="json"),
    )
    return await _done(work, plan, "end_plan", plan.edition, others, reason=message.reason)


async def give_guardian_consent(message: GiveGuardianConsent, work: Work) -> PlanVersion:
    """Records a further consent to a family's plan. What was void stays void: it is offered anew."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    await check_version(work, plan, message.expected_version)
    _check_open(plan)
    check_input(rules.broken_by_consent(message.consent, plan.kind, helsinki_date(work.now)))
    if sum(each["withdrawn_on"] is None for each in plan.consents) >= MOST_CONSENTS:
        raise Conflict("As many guardians agree as a plan can tell.")
    consent = KnownConsent(consent_id=uuid7(), **dict(message.consent))
    made = await repository.in_making(work, plan.plan_id)
    plan = await repository.change(work, plan.plan_id, consents=[*plan.consents, consent.model_dump(mode="json")])
    return await _done(work, plan, "give_guardian_consent", made.edition if made else plan.edition)


async def withdraw_guardian_consent(message: WithdrawGuardianConsent, work: Work) -> PlanVersion:
    """Records that a guardian agrees no more. Without any consent what was offered is void."""
    plan = await lock(work, message.plan_id)
    if done := await work.outcome_of_repeat(PlanVersion):
        return done
    await check_version(work, plan, message.expected_version)
    _check_open(plan)
    consents = [KnownConsent.model_validate(each) for each in plan.consents]
    consent = next((each for each in consents if each.consent_id == message.consent_id), None)
    if consent is None:
        raise NotFound("no such consent")
    if consent.withdrawn_on:
        raise Conflict("The consent was withdrawn already.")
    today = helsinki_date(work.now)
    if message.withdrawn_on > today or message.withdrawn_on < consent.given_on:
        rule = "future" if message.withdrawn_on > today else "before_starts_on"
        raise InvalidInput(errors=[error("/withdrawn_on", rule)])
    withdrawn = consent.model_copy(update={"withdrawn_on": message.withdrawn_on})
    consents = [withdrawn if each is consent else each for each in consents]
    changed: dict[str, Any] = {"consents": [each.model_dump(mode="json") for each in consents]}
    made = await repository.in_making(work, plan.plan_id)
    number = made.edition if made else plan.edition
    if made and made.stage == "offered" and all(each.withdrawn_on for each in consents):
        number = await repository.begin_again(work, plan, PlanContent.model_validate(made.content))
        changed["status"] = _status(plan, "draft")
    plan = await repository.change(work, plan.plan_id, **changed)
    return await _done(work, plan, "withdraw_guardian_consent", number)


async def _family(work: Work, plan: Row[Any]) -> Family | None:
    """What a family's plan depends on; None for any other."""
    if plan.kind != "family":
        return None
    agreed = any(each["withdrawn_on"] is None for each in plan.consents)
    return Family(plan.customer_ids, agreed, await repository.members_until(work, plan))


async def _may_be_named(work: Work, plan: Row[Any], content: PlanContent) -> set[PinnedService]:
    """The services that lines may name: of the municipality's programme, and what is agreed already, whosever it is."""
    agreed = await repository.edition(work, plan.plan_id, plan.edition) if plan.edition else None
    before = PlanContent.model_validate(agreed.content).services if agreed else ()
    named = [each.service for each in content.services if each.service]
    return await programme.known(work, named) | {each.service for each in before if each.service}


async def _bring_into_force(work: Work, plan: Row[Any], number: int, content: PlanContent, day: date) -> Row[Any]:
    """What the last approval needed makes of a plan; an edition that was in force until then is replaced."""
    known = await facts_of(work, plan)
    law = law_of(known, day)
    if plan.kind != "family":
        if late := broken_by_drawing_up(known, law, day):
            raise InvalidInput(errors=[late])
        first = drawn_up(known, day).first_plan_on
        assert first
        await facts.remember_first_plan(work, (await facts.ids_of(work, plan.customer_id))[0], first)
    if plan.edition:
        await repository.change_edition(work, plan.plan_id, plan.edition, stage="replaced")
    await repository.change_edition(work, plan.plan_id, number, stage="approved")
    plan = await repository.change(
        work,
        plan.plan_id,
        status="in_force",
        edition=number,
        drawn_up_on=plan.drawn_up_on or day,
        valid_until=content.ends_on,
        next_review_on=content.next_review_on,
    )
    return await count_anew(work, plan)


def _status(plan: Row[Any], status: str) -> str:
    """That of a plan that was never in force; one in force stays so whatever becomes of its next edition."""
    return plan.status if plan.status in IN_FORCE else status


def _check_open(plan: Row[Any]) -> None:
    if plan.status in ("ended", "dropped"):
        raise Conflict("The plan is over.")


async def _done(
    work: Work, plan: Row[Any], act: str, number: int, others: Sequence[Row[Any]] = (), **told: Any
) -> PlanVersion:
    """Writes an act, and tells where the plan stands, and the customer's others that it moved."""
    await repository.add_act(work, plan, act, number, **told)
    await tell(work, plan, *await follow(work, others))
    return PlanVersion(plan_id=plan.plan_id, version=plan.version, edition=number)
