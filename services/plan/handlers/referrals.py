"""Directing clients to what was agreed, and what came of it."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from contracts.plan.content import PlanContent, PlannedService
from contracts.plan.programme import NameInLanguages
from contracts.plan.referrals import (
    AnswerReferral,
    AnswerReferralForPartner,
    Completion,
    EarlierMeasure,
    GetReferral,
    GetReferralForProvider,
    ListPlanReferrals,
    PlanReferrals,
    RecordCompletion,
    RecordCompletionForPartner,
    Referral,
    ReferralAnswer,
    ReferralChanged,
    ReferralForProvider,
    ReferralVersion,
    ReferToService,
    WithdrawCompletion,
    WithdrawReferral,
)
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, NotFound, check_current, check_input
from services.kit.work import Work
from services.plan.handlers.due_dates import facts_changed
from services.plan.handlers.telling import check_in_force, withdrawal
from services.plan.law import disclosure_to_provider
from services.plan.repository import plans, programme
from services.plan.repository import referrals as repository
from services.plan.repository.facts import ids_of
from services.plan.rules import referrals as rules

BASIS = "681/2023 20 § 5 mom."


async def refer_to_service(message: ReferToService, work: Work) -> ReferralVersion:
    """Records that the client was directed to a service agreed in the edition in force."""
    plan = await plans.get(work, message.plan_id, lock=True)
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    check_in_force(plan)
    content = await plans.agreed(work, plan)
    line = rules.line_of(content, message.line_id)
    ids = await ids_of(work, message.customer_id or plan.customer_id)
    customer_id = next((each for each in plan.customer_ids if each in ids), None)
    await work.beyond_the_border("a plan that moved names services of the programme that it was agreed with")
    service = await programme.agreed_on(work, line.service) if line and line.service else None
    today = helsinki_date(work.now)
    check_input(rules.broken_by_referring(message, line, service, customer_id is not None, today))
    assert line
    assert customer_id
    if await repository.find_open(work, plan.plan_id, message.line_id, customer_id):
        raise Conflict("The client has been referred to it already.")
    referral = await repository.add(work, plan, message, customer_id, line)
    await facts_changed(work, *plan.customer_ids)
    await _tell(work, referral)
    _record_use(work, plan.customer_ids)
    return ReferralVersion(referral_id=referral.referral_id, version=referral.version)


async def answer_referral(message: AnswerReferral, work: Work) -> ReferralVersion:
    """Records that the client begins in the service, or does not."""
    referral = await repository.lock(work, message.referral_id)
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    check_current(referral.version, message.expected_version)
    _record_use(work, [referral.customer_id])
    return await _answer(work, referral, message.answer)


async def answer_referral_for_partner(message: AnswerReferralForPartner, work: Work) -> ReferralVersion:
    """The provider's own answer."""
    work.rights.refuse_people("plan")
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    referral = await repository.of_partner(work, message.referral_id, message.partner)
    work.record_use([referral.customer_id], message.DATA, relation="none", organisation=message.partner)
    return await _answer(work, referral, message.answer)


async def record_completion(message: RecordCompletion, work: Work) -> ReferralVersion:
    """Records what was completed or interrupted."""
    referral = await repository.lock(work, message.referral_id)
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    check_current(referral.version, message.expected_version)
    _record_use(work, [referral.customer_id])
    return await _complete(work, referral, message.completion, message.is_over, work.actor.organisation)


async def record_completion_for_partner(message: RecordCompletionForPartner, work: Work) -> ReferralVersion:
    """The provider's own report."""
    work.rights.refuse_people("plan")
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    referral = await repository.of_partner(work, message.referral_id, message.partner)
    work.record_use([referral.customer_id], message.DATA, relation="none", organisation=message.partner)
    return await _complete(work, referral, message.completion, message.is_over, message.partner)


async def withdraw_completion(message: WithdrawCompletion, work: Work) -> ReferralVersion:
    """Takes back what was recorded wrongly: it stays readable, and the referral stands as if it were not there."""
    referral = await repository.lock(work, message.referral_id)
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    check_current(referral.version, message.expected_version)
    _record_use(work, [referral.customer_id])
    known = await repository.completions(work, referral)
    completion = next((each for each in known if each.completion_id == message.completion_id), None)
    if completion is None:
        raise NotFound("no such completion")
    if completion.withdrawn:
        raise Conflict("The completion was withdrawn already.")
    if referral.withdrawn:
        raise Conflict("The referral was withdrawn.")
    if completion.organisation == referral.partner:
        raise Conflict("The provider's own program told it.")
    await repository.withdraw_completion(work, completion.completion_id, withdrawal(work, message.why))
    now = await _standing(work, referral)
    reopens = now.state in rules.OPEN and referral.state not in rules.OPEN
    if reopens and await repository.find_open(work, referral.plan_id, referral.line_id, referral.customer_id):
        raise Conflict("The client has been referred to it anew.")
    return await _change(work, referral, now)


async def withdraw_referral(message: WithdrawReferral, work: Work) -> ReferralVersion:
    """Takes back a referral that was made wrongly: it stays readable as declined, and its line waits for another."""
    referral = await repository.lock(work, message.referral_id)
    if done := await work.outcome_of_repeat(ReferralVersion):
        return done
    check_current(referral.version, message.expected_version)
    plan = await plans.get(work, referral.plan_id)
    _record_use(work, plan.customer_ids)
    if referral.withdrawn:
        raise Conflict("The referral was withdrawn already.")
    told = withdrawal(work, message.why).model_dump(mode="json")
    over = {"state": "declined", "ended_on": helsinki_date(work.now)}
    changed = await repository.change(work, referral.referral_id, withdrawn=told, **over)
    await facts_changed(work, *plan.customer_ids)
    await _tell(work, changed)
    return ReferralVersion(referral_id=changed.referral_id, version=changed.version)


async def get_referral(message: GetReferral, work: Work) -> Referral:
    """A referral of a plan of the acting municipality."""
    row = await repository.get(work, message.referral_id)
    [referral] = await repository.shown(work, [row])
    _record_use(work, [row.customer_id])
    return referral


async def list_plan_referrals(message: ListPlanReferrals, work: Work) -> PlanReferrals:
    """All referrals of a plan, and whether all that was agreed has been referred to."""
    plan = await plans.get(work, message.plan_id)
    rows = await repository.of_plan(work, plan.plan_id)
    directed = (await repository.directed(work, [plan.plan_id])).get(plan.plan_id)
    _record_use(work, plan.customer_ids)
    return PlanReferrals(
        referrals=tuple(await repository.shown(work, rows)),
        referred_on=directed.referred_on if directed else None,
    )


async def get_referral_for_provider(message: GetReferralForProvider, work: Work) -> ReferralForProvider:
    """What this service knows of the items of 94 §, as the plan says now; of what is over only that it is."""
    work.rights.refuse_people("plan")
    referral = await repository.of_partner(work, message.referral_id, message.partner)
    plan = await plans.whole(work, referral.plan_id)
    content = await repository.agreed_with(work, referral)
    line = rules.line_of(content, referral.line_id) if content else None
    if plan is None or content is None or line is None:
        raise NotFound("no such referral")
    law = disclosure_to_provider()
    work.record_use([referral.customer_id], message.DATA, relation="none", organisation=message.partner)
    told = ReferralForProvider(
        referral_id=referral.referral_id,
        version=referral.version,
        state=referral.state,
        municipality=plan.municipality,
        changed_at=referral.changed_at,
        referred_on=referral.referred_on,
        service=repository.pinned(referral),
        service_name=await _name(work, line, content),
        earlier_measures=(),
        is_withdrawn=bool(referral.withdrawn),
        may_be_told=tuple(each.code for each in law.items),
    )
    if referral.state not in rules.OPEN:
        return told
    pinned = [each.service for each in content.services if each.service]
    theirs = [each for each in await repository.of_plan(work, plan.plan_id) if each.customer_id == referral.customer_id]
    earlier = rules.earlier_lines(
        content, referral, theirs, await repository.kinds_of(work, pinned), law.kinds_of_training
    )
    of_client = {
        "customer_id": referral.customer_id,
        "plan_drawn_up_on": plan.drawn_up_on,
        "plan_valid_until": plan.valid_until,
        "service_starts_on": line.starts_on,
        "service_ends_on": line.ends_on,
        "earlier_measures": tuple(
            [
                EarlierMeasure(
                    service=each.service,
                    name=await _name(work, each, content),
                    starts_on=each.starts_on,
                    ends_on=each.ends_on,
                )
                for each in earlier
                if each.service
            ]
        ),
    }
    return told.model_copy(update=of_client)


async def _name(work: Work, line: PlannedService, content: PlanContent) -> NameInLanguages:
    service = await programme.agreed_on(work, line.service) if line.service else None
    return rules.name_of(line, service, content)


async def _answer(work: Work, referral: Row[Any], told: ReferralAnswer) -> ReferralVersion:
    check_input(rules.broken_by_answer(told, referral.referred_on, helsinki_date(work.now)))
    if referral.state != "made":
        raise Conflict("The referral has been answered already.")
    now = rules.standing(told.answer, told.on, ())
    return await _change(work, referral, now, answer=told.answer, decline_reason=told.reason)


async def _complete(
    work: Work, referral: Row[Any], told: Completion, is_over: bool, organisation: str
) -> ReferralVersion:
    check_input(rules.broken_by_completion(told, referral.referred_on, helsinki_date(work.now)))
    if not rules.may_complete(referral.state, told.kind, is_over):
        raise Conflict("The referral was declined, or is over already.")
    known = await repository.completions(work, referral)
    if not is_over and sum(each.organisation == organisation for each in known) >= rules.MOST_COMPLETIONS:
        raise Conflict(f"At most {rules.MOST_COMPLETIONS} completions of a referral are told by one organisation.")
    await repository.add_completion(work, referral, told, organisation, is_over=is_over)
    return await _change(work, referral, await _standing(work, referral))


async def _standing(work: Work, referral: Row[Any]) -> rules.Standing:
    said_on = referral.answered_on if referral.answer else None
    known = await repository.completions(work, referral)
    return rules.standing(referral.answer, said_on, [each for each in known if each.withdrawn is None])


async def _change(work: Work, referral: Row[Any], to: rules.Standing, **told: Any) -> ReferralVersion:
    changed = await repository.change(work, referral.referral_id, **asdict(to), **told)
    await _tell(work, changed)
    return ReferralVersion(referral_id=changed.referral_id, version=changed.version)


async def _tell(work: Work, referral: Row[Any]) -> None:
    told = referral._asdict() | {"service": repository.pinned(referral), "is_withdrawn": bool(referral.withdrawn)}
    await work.publish(ReferralChanged.model_validate(told), legal_basis=BASIS)


def _record_use(work: Work, customers: Any) -> None:
    work.record_use(customers, ["plan"], relation=work.rights.related)
