"""A family's plan: for members whom the asker reaches, with a guardian's consent, as long as a member's own lasts."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.plan.implementation import ExtendPlan, Extension
from contracts.plan.plans import (
    DraftPlan,
    DropPlan,
    EndPlan,
    FollowOn,
    GiveGuardianConsent,
    ListCustomerPlans,
    OfferPlan,
    PlanVersion,
    WithdrawGuardianConsent,
)
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from tests.plan.support import TODAY, Desk, opened

pytestmark = pytest.mark.database
CONSENT = {"given_on": TODAY, "given_by": "Aamu Esimerkki"}


async def family(desk: Desk, mother: UUID, *members: UUID, **other: Any) -> PlanVersion:
    told = {"kind": "family", "members": members, "consents": (CONSENT,), "earlier": None}
    return await desk.drafted(mother, **(told | other))


async def test_a_family_s_plan_lasts_as_long_as_the_longest_of_the_members_own(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother, ends_on=date(2026, 12, 1))
    own = await desk.in_force(child, ends_on=date(2027, 2, 1))
    written = await desk.written(await family(desk, mother, child), ends_on=date(2027, 2, 2))
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(OfferPlan(plan_id=written.plan_id, expected_version=written.version))
    assert [each.rule for each in refused.value.errors] == ["members_plans"]
    plan = await desk.approved(await desk.offered(written, ends_on=date(2027, 2, 1)))
    found = await desk.plan(plan)
    assert (found.status, found.members, found.is_statutory) == ("in_force", (child,), False)
    assert {each.customer_id for each in found.members_plans} == {mother, child}
    assert (await desk.told(plan.plan_id))[-1]["members"] == [str(child)]
    for person in (mother, child):
        kinds = [each.kind for each in (await desk.ask(ListCustomerPlans(customer_id=person))).plans]
        assert sorted(kinds) == ["family", "individual"]
    await _end(desk, own)
    assert (await desk.plan(plan)).proposed_end is None


async def _end(desk: Desk, plan: PlanVersion) -> None:
    ending = {"reason": "goals_reached", "ended_on": TODAY, "follow_on": FollowOn(plan="none")}
    await desk.ask(EndPlan.model_validate({"plan_id": plan.plan_id, "expected_version": plan.version, **ending}))


async def test_when_the_last_member_s_plan_ends_the_family_s_is_proposed_to_end(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    own = await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    await _end(desk, own)
    found = await desk.plan(plan)
    assert (found.status, found.proposed_end) == ("in_force", "members_plans_ended")


async def test_a_family_s_plan_is_approved_only_while_a_member_has_one(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    own = await desk.in_force(mother)
    offered = await desk.offered(await family(desk, mother, child))
    await desk.approved(offered, "customer")
    await _end(desk, own)
    with pytest.raises(Conflict) as refused:
        await desk.approved(offered, "expert")
    assert "no member of the family has a plan in force" in refused.value.detail


async def test_without_a_plan_of_any_member_there_is_none_of_the_family(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    written = await desk.written(await family(desk, mother, child))
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(OfferPlan(plan_id=written.plan_id, expected_version=written.version))
    assert [each.rule for each in refused.value.errors] == ["no_members_plan"]


async def test_a_family_s_plan_needs_members_whom_the_asker_reaches(desk: Desk) -> None:
    mother, elsewhere = await desk.customer(), await desk.customer("091")
    with pytest.raises(InvalidInput) as refused:
        await family(desk, mother, elsewhere)
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/members/0", "unknown")]


async def test_a_family_has_one_open_plan_whoever_of_it_is_named_first(desk: Desk) -> None:
    mother, child, father = [await desk.customer() for _ in range(3)]
    made = await family(desk, mother, child)
    for customer, member in ((child, mother), (father, child)):
        with pytest.raises(Conflict):
            await family(desk, customer, member)
    await desk.ask(DropPlan(plan_id=made.plan_id, expected_version=made.version, why="Another is begun"))
    await family(desk, father, child)


@pytest.mark.parametrize(
    ("other", "pointers"),
    [
        ({"members": (), "consents": ()}, ["/members", "/consents"]),
        ({"consents": ({**CONSENT, "given_on": date(2026, 3, 3)},)}, ["/consents/0/given_on"]),
        ({"kind": "individual"}, ["/members", "/consents", "/assessment_id"]),
    ],
)
async def test_what_a_family_s_plan_needs_is_asked_for_at_the_draft(
    desk: Desk, other: Any, pointers: list[str]
) -> None:
    mother, child = await desk.customer(), await desk.customer()
    told = {"customer_id": mother, "kind": "family", "members": (child,), "consents": (CONSENT,), **other}
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(DraftPlan.model_validate(told))
    assert [each.pointer for each in refused.value.errors] == pointers


async def test_nobody_is_a_further_member_of_the_own_family(desk: Desk) -> None:
    mother = await desk.customer()
    with pytest.raises(InvalidInput) as refused:
        await family(desk, mother, mother)
    assert [each.rule for each in refused.value.errors] == ["own_member"]


async def test_a_plan_of_a_member_s_merged_record_counts_for_the_family(desk: Desk) -> None:
    mother, child, duplicate = [await desk.customer() for _ in range(3)]
    await desk.in_force(duplicate)
    await desk.learn(opened(duplicate, merged_into=child), 2)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    assert [each.customer_id for each in (await desk.plan(plan)).members_plans] == [duplicate]


async def test_a_family_s_plan_is_not_extended(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    extension = Extension(ground="home_care_part_time", months=6, reason="Little time")
    with pytest.raises(Conflict):
        await desk.ask(ExtendPlan(plan_id=plan.plan_id, expected_version=plan.version, extension=extension))


async def test_without_any_guardian_s_consent_what_was_offered_is_void(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother)
    offered = await desk.offered(await family(desk, mother, child))
    [consent] = (await desk.plan(offered)).consents
    told = {"consent_id": consent.consent_id, "withdrawn_on": TODAY}
    withdrawing = WithdrawGuardianConsent.model_validate(
        {"plan_id": offered.plan_id, "expected_version": offered.version, **told}
    )
    done = await desk.ask(withdrawing)
    found = await desk.plan(offered)
    assert (found.status, [each.stage for each in found.editions]) == ("draft", ["voided", "draft"])
    assert (await desk.told(offered.plan_id))[-1]["offered"] is None
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(OfferPlan(plan_id=offered.plan_id, expected_version=done.version))
    assert "/consents" in [each.pointer for each in refused.value.errors]
    with pytest.raises(Conflict):
        await desk.ask(withdrawing.model_copy(update={"expected_version": done.version}))


async def test_a_guardian_who_had_withdrawn_agrees_again_and_the_plan_is_offered(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother)
    plan = await desk.written(await family(desk, mother, child))
    [consent] = (await desk.plan(plan)).consents
    told = {"plan_id": plan.plan_id, "consent_id": consent.consent_id, "withdrawn_on": TODAY}
    plan = await desk.ask(WithdrawGuardianConsent.model_validate(told | {"expected_version": plan.version}))
    with pytest.raises(InvalidInput):
        await desk.ask(OfferPlan(plan_id=plan.plan_id, expected_version=plan.version))
    giving = GiveGuardianConsent.model_validate(
        {"plan_id": plan.plan_id, "expected_version": plan.version, "consent": CONSENT}
    )
    done = await desk.ask(giving, key="once")
    assert await desk.ask(giving, key="once") == done
    assert [each.withdrawn_on for each in (await desk.plan(plan)).consents] == [TODAY, None]
    await desk.ask(OfferPlan(plan_id=plan.plan_id, expected_version=done.version))
    with pytest.raises(ChangedMeanwhile):
        await desk.ask(giving)


async def test_consent_is_given_to_a_family_s_plan_and_not_before_it_was(desk: Desk) -> None:
    plan = await desk.drafted(await desk.customer())
    consent = {**CONSENT, "given_on": date(2026, 3, 3)}
    giving = {"plan_id": plan.plan_id, "expected_version": plan.version, "consent": consent}
    with pytest.raises(InvalidInput) as refused:
        await desk.ask(GiveGuardianConsent.model_validate(giving))
    assert [each.pointer for each in refused.value.errors] == ["/consent", "/consent/given_on"]


async def test_no_more_guardians_agree_than_a_plan_can_tell(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    plan = await family(desk, mother, child, consents=(CONSENT,) * 10)
    giving = {"plan_id": plan.plan_id, "expected_version": plan.version, "consent": CONSENT}
    with pytest.raises(Conflict):
        await desk.ask(GiveGuardianConsent.model_validate(giving))


async def test_who_may_not_handle_one_of_the_family_finds_no_plan_of_it(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    plan = await family(desk, mother, child)
    with pytest.raises(NotFound):
        await desk.plan(plan, Actor("expert@tampere", "837", "integration_expert", withheld=(child,)))


async def test_a_family_s_plan_is_erased_with_whoever_of_it_is_erased(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    plan = await family(desk, mother, child)
    await desk.erase(child)
    with pytest.raises(NotFound):
        await desk.plan(plan)
    assert await desk.rows("SELECT FROM plan_edition") == []


async def test_a_right_to_one_of_a_family_does_not_show_the_family_s_plan(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    county = Actor(user="worker", organisation="06", role="county_worker", granted_by="837", customers=(mother,))
    with pytest.raises(NotFound):
        await desk.plan(plan, county)
    found = await desk.ask(ListCustomerPlans(customer_id=mother), county)
    assert [each.kind for each in found.plans] == ["individual"]
    assert (await desk.plan(plan, replace(county, customers=(mother, child)))).members == (child,)


async def test_the_plan_of_a_family_is_not_shown_after_a_member_has_left(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    await desk.learn(opened(child, "091"), 2)
    with pytest.raises(NotFound):
        await desk.plan(plan)
