"""A provider's program: it is told who was referred to it, answers, and reports what was completed."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.plan.plans import ApprovePlan, DraftPlan, OfferPlan, PlanVersion, WritePlan
from contracts.plan.referrals import GetReferral, Referral, ReferralVersion, ReferToService
from services.kit.actor import Actor
from services.kit.clock import helsinki_date
from services.kit.errors import ProblemReply
from tests.customer.conftest import opening
from tests.customer.transfers import SAFE
from tests.integration.authority import Authority
from tests.integration.partner import CODE
from tests.plan.support import LINE, content
from tests.support import EXPERT_TAMPERE, House, eventually, now

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]
ANSWER, COMPLETION, TOLD = "authority.referral_answer.v1", "authority.completion.v1", "authority.referral.v1"
COLLEGE = {"name": "Esimerkkiopisto", "partner": "college"}


def today() -> date:
    return helsinki_date(now())


async def in_force(house: House, actor: Actor = EXPERT_TAMPERE, **person: Any) -> PlanVersion:
    """A plan in force of a customer just opened, that goes on from an earlier one."""
    told = {"personal_identity_code": CODE, "contact": {"phone": "+358 50 123"}}
    known = await house.ask(opening(**told | person), actor)
    earlier = {"drawn_up_on": str(today() - timedelta(days=100))}
    drafting = DraftPlan.model_validate({"customer_id": known.customer_id, "earlier": earlier})

    async def drafted() -> PlanVersion | None:
        try:
            return await house.ask(drafting)
        except ProblemReply:
            return None  # not heard of yet

    plan: PlanVersion = await eventually(drafted, what="the draft")
    days = {
        "starts_on": today(),
        "ends_on": today() + timedelta(days=200),
        "next_review_on": today() + timedelta(days=100),
        "duties_told_on": today(),
    }
    writing = WritePlan(plan_id=plan.plan_id, expected_version=plan.version, content=content(**days))
    plan = await house.ask(writing)
    plan = await house.ask(OfferPlan(plan_id=plan.plan_id, expected_version=plan.version))
    query = "SELECT sha256 FROM plan_document WHERE plan_id = $1 AND NOT is_copy"
    [document] = await eventually(lambda: house.rows("plan", query, plan.plan_id), what="the document")
    approval = {"language": "fi", "sha256": document["sha256"], "how": "in_person", "approved_on": str(today())}
    for party in ("customer", "expert"):
        told = {"plan_id": plan.plan_id, "edition": plan.edition, "approval": approval | {"party": party}}
        plan = await house.ask(ApprovePlan.model_validate(told))
    return plan


async def referred(
    house: House, provider: dict[str, Any] = COLLEGE, actor: Actor = EXPERT_TAMPERE, **person: Any
) -> ReferralVersion:
    """A referral that was just made."""
    plan = await in_force(house, actor, **person)
    told = {"plan_id": plan.plan_id, "line_id": LINE, "provider": provider, "referred_on": str(today())}
    return await house.ask(ReferToService.model_validate(told))


async def seen(house: House, known: ReferralVersion) -> Referral:
    """The referral as the expert sees it."""
    return await house.ask(GetReferral(referral_id=known.referral_id))


def saying(known: ReferralVersion, **more: Any) -> dict[str, Any]:
    return {"referral_id": str(known.referral_id)} | more


async def test_a_provider_is_told_answers_and_reports_what_was_completed(house: House, college: Authority) -> None:
    known = await referred(house)
    told = await college.matter("referral_id", "made")
    assert (told["referral_id"], told["municipality"]) == (str(known.referral_id), "837")
    assert told["person"]["personal_identity_code"] == CODE
    assert told["service_name"]["fi"] == "Suomen kielen kurssi"

    begun = saying(known, answer="taken_up", on=str(today()))
    assert await college.outcome(ANSWER, begun) == ("received", [])
    assert (await seen(house, known)).state == "taken_up"
    done = saying(known, kind="service", outcome="completed", ends_on=str(today()), hours=40)
    assert await college.outcome(COMPLETION, done) == ("received", [])
    referral = await seen(house, known)
    assert (referral.state, [each.hours for each in referral.completions]) == ("completed", [40])
    over = await college.matter("referral_id", "completed")
    assert over["person"] is None


async def test_a_message_that_comes_twice_is_one_completion(house: House, college: Authority) -> None:
    known = await referred(house)
    done = saying(known, kind="service", outcome="completed", ends_on=str(today()), is_over=False)
    message_id = str(uuid4())
    for _ in range(2):
        assert await college.outcome(COMPLETION, done, message_id) == ("received", [])
    assert len((await seen(house, known)).completions) == 1


async def test_what_is_wrong_is_named_in_the_receipt(house: House, college: Authority) -> None:
    known = await referred(house)
    outcome, errors = await college.outcome(ANSWER, saying(known, answer="declined", on=str(today())))
    assert (outcome, errors) == ("refused", [("/data/reason", "missing")])
    assert (await college.outcome(ANSWER, {"referral_id": str(UUID(int=9)), "answer": "taken_up", "on": "2026-01-01"}))[
        0
    ] == "refused"


async def test_a_referral_to_another_provider_is_none_of_its_business(house: House, college: Authority) -> None:
    known = await referred(house, {"name": "Toinen opisto"})
    await house.settle()
    assert (await college.outcome(ANSWER, saying(known, answer="taken_up", on=str(today()))))[0] == "refused"
    assert not any(each["type"] == TOLD for each in college.heard)


async def test_a_partner_that_answers_no_referrals_is_told_of_none_whatever_was_typed(
    house: House, county: Authority
) -> None:
    await referred(house, {"name": "Esimerkin hyvinvointialue", "partner": "county"})
    await house.settle()
    assert await house.rows("integration", "SELECT FROM partner_matter") == []
    assert not any(each["type"] == TOLD for each in county.heard)


async def test_of_a_customer_under_non_disclosure_nobody_is_named(house: House, college: Authority) -> None:
    await referred(house, actor=SAFE, safety_non_disclosure=True)
    told = await college.matter("referral_id", "made")
    assert told["person"] is None
    assert CODE not in json.dumps(college.heard)
