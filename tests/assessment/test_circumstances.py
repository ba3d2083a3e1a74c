"""Work and benefits: grounds 1, 3 and 5 of 14 § 1 mom., and who is responsible (3 § 1 mom., R-ASM-03)."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.assessment.rules.grounds import last_day, reasons_to_assess
from tests.assessment.support import Desk, changed, circumstances, opened
from tests.assessment.test_rules import LAW, ON, state

pytestmark = pytest.mark.database

NOBODYS_GROUP: dict[str, Any] = {"integration_act_groups": ()}


@pytest.mark.parametrize("ground", ["unemployed_jobseeker", "child_home_care_allowance", "social_assistance"])
@pytest.mark.parametrize(("is_so", "days"), [(True, 0), (True, 1), (False, 0)])
def test_each_ground_holds_until_the_last_day_of_the_three_years(ground: str, is_so: bool, days: int) -> None:
    permit = date(2024, 3, 2)
    told = circumstances(UUID(int=1), **{ground: is_so})
    on = last_day(permit, LAW) + timedelta(days=days)
    expected = (ground,) if is_so and days == 0 else ()
    assert reasons_to_assess(state(permit=permit), "moved", on, LAW, told) == expected


def test_grounds_come_in_the_order_of_the_law() -> None:
    told = circumstances(UUID(int=1), unemployed_jobseeker=True, child_home_care_allowance=True, social_assistance=True)
    assert LAW.assessment
    reasons = reasons_to_assess(state(groups=("2.3.1",)), "moved", ON, LAW, told)
    assert list(reasons) == [each.code for each in LAW.assessment.grounds if each.code in reasons]
    assert len(reasons) == 4


async def test_a_benefit_brings_an_assessment_and_its_end_takes_it_away(desk: Desk, customer_id: UUID) -> None:
    await desk.learn(opened(customer_id, **NOBODYS_GROUP), 1)
    await desk.hear(circumstances(customer_id, social_assistance=True), 2)
    await desk.hear(circumstances(customer_id, social_assistance=False), 3)
    assert await desk.published() == [
        ("837", "to_start", ["social_assistance"]),
        ("837", "withdrawn", ["social_assistance"]),
    ]


async def test_circumstances_that_come_before_the_customer_s_state_are_kept_for_it(
    desk: Desk, customer_id: UUID
) -> None:
    await desk.hear(circumstances(customer_id, child_home_care_allowance=True), 2)
    assert await desk.assessments() == []
    await desk.hear(opened(customer_id, **NOBODYS_GROUP), 1)
    assert await desk.assessments("reasons") == [(["child_home_care_allowance"],)]


async def test_each_fact_has_an_order_of_its_own(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id, **NOBODYS_GROUP), 1)
    await desk.hear(circumstances(customer_id, unemployed_jobseeker=True), 4)
    await desk.hear(circumstances(customer_id, unemployed_jobseeker=False), 3)
    await desk.hear(changed(customer_id), 2)
    assert await desk.assessments("reasons") == [(["unemployed_jobseeker", "integration_act_group"],)]


async def test_facts_of_one_customer_that_come_at_once_end_as_the_newest_of_each_say(
    desk: Desk, customer_id: UUID
) -> None:
    facts = [opened(customer_id, **NOBODYS_GROUP)]
    events: list[Any] = facts + [circumstances(customer_id, social_assistance=bool(each % 2)) for each in range(2, 7)]
    events.append(changed(customer_id))
    numbered = list(enumerate(events, start=1))
    await asyncio.gather(*(desk.hear(event, number) for number, event in reversed(numbered)))
    [standing] = [row for row in await desk.assessments("status, reasons") if row[0] == "to_start"]
    assert standing[1] == ["integration_act_group"]


async def test_the_employment_authority_is_responsible_for_an_unemployed_jobseeker_and_nobody_is_moved(
    desk: Desk, customer_id: UUID
) -> None:
    known = await desk.to_start(customer_id)
    assert (await desk.whole(known)).responsible.authority == "municipality"
    await desk.hear(circumstances(customer_id, unemployed_jobseeker=True), 2)

    whole = await desk.whole(known)
    assert (whole.responsible.authority, whole.responsible.transfer_proposed) == ("employment_authority", True)
    assert (whole.municipality, whole.status) == ("837", "to_start")
    assert [each["responsible_authority"] for each in await desk.told()] == ["municipality", "employment_authority"]


async def test_the_employment_authority_is_responsible_for_a_jobseeker_who_is_not_unemployed_and_it_is_no_ground(
    desk: Desk, customer_id: UUID
) -> None:
    known = await desk.to_start(customer_id)
    await desk.hear(circumstances(customer_id, unemployed_jobseeker=False, registered_jobseeker=True), 2)
    whole = await desk.whole(known)
    assert (whole.responsible.authority, whole.reasons) == ("employment_authority", ("integration_act_group",))


async def test_what_is_not_known_of_work_makes_the_municipality_responsible(desk: Desk, customer_id: UUID) -> None:
    known = await desk.to_start(customer_id)
    await desk.hear(circumstances(customer_id, social_assistance=True), 2)
    assert (await desk.whole(known)).responsible.authority == "municipality"
