"""What the plan service hears, in whatever order it comes."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from contracts.customer.state import CustomerCircumstances, CustomerClosed
from contracts.plan.documents import GetPlanForDocument
from contracts.plan.plans import DraftPlan, ListCustomerPlans, OfferPlan, WritePlan
from services.kit.actor import service_actor
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.plan.handlers.hearing import hear_of_transfer
from tests.plan.support import (
    CAUSE,
    HELSINKI,
    NEED,
    TAMPERE,
    TODAY,
    Desk,
    concluded,
    content,
    envelope,
    opened,
    transfer,
)
from tests.plan.test_due_dates import due
from tests.plan.test_family import family
from tests.support import EXPERT_HELSINKI, eventually

pytestmark = pytest.mark.database
RECORDS = service_actor("records")


async def test_an_older_state_that_comes_late_changes_nothing(desk: Desk) -> None:
    customer = uuid7()
    await desk.learn(opened(customer, first_permit_on=date(2025, 2, 2)), 3)
    await desk.learn(opened(customer, first_permit_on=date(2024, 1, 1)), 2)
    await desk.of_circumstances(customer, jobseeker=True)
    [case] = await desk.rows("SELECT first_permit_on, unemployed_jobseeker FROM integration_case")
    assert tuple(case) == (date(2025, 2, 2), True)


async def test_circumstances_may_be_heard_of_before_the_customer(desk: Desk) -> None:
    customer = uuid7()
    await desk.of_circumstances(customer, jobseeker=True)
    await desk.learn(opened(customer))
    [case] = await desk.rows("SELECT first_permit_on, unemployed_jobseeker FROM integration_case")
    assert tuple(case) == (date(2025, 1, 15), True)


async def test_a_jobseeker_s_plan_is_offered_with_a_goal_of_employment(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.of_circumstances(customer, jobseeker=True)
    goal = content().goals[0].model_copy(update={"kind": "language"})
    with pytest.raises(InvalidInput) as refused:
        await desk.offered(await desk.first(customer), goals=(goal,))
    assert [each.rule for each in refused.value.errors] == ["employment_goal"]


async def test_a_jobseeker_who_is_not_unemployed_is_one_too(desk: Desk) -> None:
    customer = await desk.customer()
    told = CustomerCircumstances(customer_id=customer, unemployed_jobseeker=False, registered_jobseeker=True)
    await desk.hear(told, 2)
    goal = content().goals[0].model_copy(update={"kind": "language"})
    with pytest.raises(InvalidInput) as refused:
        await desk.offered(await desk.first(customer), goals=(goal,))
    assert [each.rule for each in refused.value.errors] == ["employment_goal"]


@pytest.mark.parametrize(
    "other",
    [
        {"status": "under_way", "result": None},
        {"result": "no_plan_needed"},
        {"municipality": HELSINKI},
    ],
)
async def test_a_plan_begins_from_an_assessment_of_one_s_own_that_found_it_needed(desk: Desk, other: Any) -> None:
    customer = await desk.customer()
    await desk.hear(concluded(customer, **other))
    with pytest.raises(InvalidInput) as refused:
        await desk.drafted(customer, earlier=None)
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/assessment_id", "plan_needed")]


async def test_the_plan_moves_with_the_customer_and_waits_for_a_review(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    plan = await desk.in_force(customer)
    told = envelope(transfer(customer))
    await desk.deliver(told)
    await desk.deliver(told)
    with pytest.raises(NotFound):
        await desk.plan(plan)
    found = await desk.plan(plan, EXPERT_HELSINKI)
    assert (found.status, found.review_awaited, found.municipality) == ("in_force", "transfer", HELSINKI)
    assert found.in_force
    assert (await desk.told(plan.plan_id))[-1]["municipality"] == HELSINKI


@pytest.mark.parametrize(("receiver", "acted"), [("area-837", "end_plan"), (HELSINKI, "move_plan")])
async def test_a_transfer_that_is_heard_of_a_week_late_is_dated_by_the_day_on_which_it_was_accepted(
    desk: Desk, receiver: str, acted: str
) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    plan = await desk.in_force(customer)
    accepted = envelope(transfer(customer, receiver=receiver))
    desk.clock.move_to(date(2026, 3, 9))
    await desk.deliver(accepted)
    [moved] = await desk.rows("SELECT acted_at FROM plan_act WHERE act = $1", acted)
    assert moved["acted_at"] == accepted.time
    if acted == "end_plan":
        assert (await desk.told(plan.plan_id))[-1]["ended_on"] == "2026-03-02"
    else:
        assert (await due(desk, customer, EXPERT_HELSINKI))["transfer_review"] == date(2026, 4, 1)


async def test_a_transfer_that_was_not_accepted_moves_nothing(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    await desk.hear(transfer(customer, state="requested"))
    assert (await desk.plan(plan)).municipality == TAMPERE


async def test_the_receiver_of_a_plan_offers_its_next_edition_with_the_needs_it_came_from(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    goal = content().goals[0].model_copy(update={"need_ids": (NEED,)})
    plan = await desk.approved(await desk.offered(await desk.first(customer), goals=(goal,)))
    await desk.hear(transfer(customer))
    found = await desk.plan(plan, EXPERT_HELSINKI)
    assert found.in_force
    write = WritePlan(plan_id=plan.plan_id, expected_version=found.version, content=found.in_force.content)
    written = await desk.ask(write, EXPERT_HELSINKI)
    offer = OfferPlan(plan_id=plan.plan_id, expected_version=written.version)
    assert (await desk.ask(offer, EXPERT_HELSINKI)).edition == 2


async def test_transfers_that_are_heard_of_in_the_wrong_order_end_where_the_customer_is(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI, "049")
    plan = await desk.in_force(customer)
    first = transfer(customer)
    second = transfer(customer, HELSINKI, "049")
    await desk.hear(second)
    await desk.hear(first)
    assert (await desk.told(plan.plan_id))[-1]["municipality"] == "049"


async def test_an_old_transfer_does_not_send_back_who_came_home(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    await desk.hear(transfer(customer))
    plan = await desk.in_force(customer)
    await desk.hear(transfer(customer, TAMPERE, HELSINKI))
    assert (await desk.told(plan.plan_id))[-1]["municipality"] == HELSINKI


async def test_a_plan_in_force_is_handed_over_to_the_employment_authority_and_a_draft_is_dropped(desk: Desk) -> None:
    one, other = await desk.customer(), await desk.customer()
    in_force, offered = await desk.in_force(one), await desk.offered(await desk.first(other))
    for customer in (one, other):
        await desk.hear(transfer(customer, receiver="area-837"))
    told = (await desk.told(in_force.plan_id))[-1]
    assert (told["status"], told["end_reason"], told["ended_on"]) == ("ended", "handed_over", str(TODAY))
    told = (await desk.told(offered.plan_id))[-1]
    assert (told["status"], told["offered"], told["end_reason"]) == ("dropped", None, None)


def closed(customer_id: UUID, reason: str, *still_open: str, by_hand: bool = True) -> CustomerClosed:
    told = opened(customer_id, *still_open or (HELSINKI,))
    return CustomerClosed(**(dict(told) | {"municipality": TAMPERE, "reason": reason, "by_hand": by_hand}))


@pytest.mark.parametrize(
    ("reason", "by_hand", "status", "end_reason"),
    [
        ("moved_away", True, "ended", "moved_away"),
        ("services_ended", True, "ended", "no_need"),
        ("not_reached", True, "ended", "not_followed"),
        ("transferred", True, "ended", "not_followed"),
        ("transferred", False, "in_force", None),
        ("moved_away", False, "ended", "moved_away"),  # as it was told before it was told by whom
    ],
)
async def test_a_plan_in_force_ends_with_the_relationship_unless_a_transfer_follows(
    desk: Desk, reason: str, by_hand: bool, status: str, end_reason: str | None
) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    await desk.learn(closed(customer, reason, by_hand=by_hand), 2)
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["status"], told["end_reason"]) == (status, end_reason)


async def test_a_draft_is_dropped_with_the_relationship(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.drafted(customer)
    await desk.learn(closed(customer, "moved_away"), 2)
    assert (await desk.told(plan.plan_id))[-1]["status"] == "dropped"


async def test_a_family_s_plan_ends_with_the_relationship_of_any_member(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer()
    await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    await desk.learn(closed(child, "moved_away"), 2)
    assert (await desk.told(plan.plan_id))[-1]["status"] == "ended"


async def test_the_end_of_an_earlier_relationship_that_is_heard_of_late_ends_no_plan(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.in_force(customer)
    await desk.learn(opened(customer), 3)
    await desk.learn(closed(customer, "moved_away"), 2)
    assert (await desk.plan(plan)).status == "in_force"


async def test_a_plan_is_not_drafted_beside_the_one_that_a_transfer_brings_at_that_moment(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    await desk.in_force(customer)
    await desk.hear(concluded(customer, municipality=HELSINKI))
    async with desk.unit_of_work.begin(service_actor("plan"), CAUSE) as work:
        await hear_of_transfer(transfer(customer), work)
        drafting = asyncio.create_task(desk.ask(DraftPlan(customer_id=customer), EXPERT_HELSINKI))
        await eventually(lambda: desk.rows("SELECT FROM pg_locks WHERE NOT granted"))
    with pytest.raises(Conflict):
        await drafting


@pytest.mark.parametrize("child_is_there", [True, False])
async def test_a_family_s_plan_goes_along_when_all_of_them_are_customers_there(
    desk: Desk, child_is_there: bool
) -> None:
    mother = await desk.customer(TAMPERE, HELSINKI)
    child = await desk.customer(TAMPERE, *[HELSINKI] * child_is_there)
    await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    await desk.hear(transfer(mother))
    told = (await desk.told(plan.plan_id))[-1]
    if child_is_there:
        assert (told["municipality"], told["status"]) == (HELSINKI, "in_force")
        assert (await desk.plan(plan, EXPERT_HELSINKI)).members == (child,)
    else:
        assert (told["municipality"], told["status"], told["end_reason"]) == (TAMPERE, "ended", "moved_away")
        with pytest.raises(NotFound):
            await desk.plan(plan, EXPERT_HELSINKI)


async def test_a_family_s_plan_ends_when_a_member_is_transferred_alone(desk: Desk) -> None:
    mother, child = await desk.customer(), await desk.customer(TAMPERE, HELSINKI)
    await desk.in_force(mother)
    plan = await desk.approved(await desk.offered(await family(desk, mother, child)))
    await desk.hear(transfer(child))
    told = (await desk.told(plan.plan_id))[-1]
    assert (told["municipality"], told["status"], told["end_reason"]) == (TAMPERE, "ended", "moved_away")


async def test_the_longest_time_is_counted_from_the_first_plan_wherever_it_was_drawn_up(desk: Desk) -> None:
    customer = await desk.customer(TAMPERE, HELSINKI)
    plan = await desk.in_force(customer, ends_on=date(2027, 9, 1))
    await desk.hear(transfer(customer, receiver="area-837"))
    there = await desk.ask(ListCustomerPlans(customer_id=customer), EXPERT_HELSINKI)
    assert there.plans == ()
    await desk.hear(concluded(customer, municipality=HELSINKI))
    again = await desk.ask(DraftPlan(customer_id=customer), EXPERT_HELSINKI)
    assert again.plan_id != plan.plan_id
    assert (await desk.plan(again, EXPERT_HELSINKI)).latest_end == date(2027, 9, 1)


async def test_the_records_service_alone_gets_what_was_offered_as_it_was(desk: Desk) -> None:
    customer = await desk.customer()
    draft = await desk.first(customer)
    asked = GetPlanForDocument(plan_id=draft.plan_id, edition=1)
    with pytest.raises(NotFound):
        await desk.ask(asked, RECORDS)
    offered = await desk.offered(draft)
    found = await desk.ask(asked, RECORDS)
    assert (found.content, found.languages, found.municipality) == (content(), ("fi", "ar"), TAMPERE)
    assert found.law_sections[0].legal_basis == "681/2023 16 §"
    with pytest.raises(Forbidden):
        await desk.ask(asked)
    await desk.written(offered, follow_up="A call each week")
    with pytest.raises(NotFound):
        await desk.ask(asked, RECORDS)


async def test_a_document_names_the_longest_time_of_the_earlier_act_and_the_review_of_the_present_one(
    desk: Desk,
) -> None:
    customer = await desk.customer()
    offered = await desk.offered(await desk.drafted(customer, earlier={"drawn_up_on": date(2024, 10, 1)}))
    found = await desk.ask(GetPlanForDocument(plan_id=offered.plan_id, edition=1), RECORDS)
    assert found.law_version == "2025-01-01+2011-09-01"
    sections = {each.code: each.legal_basis for each in found.law_sections}
    assert (sections["plan_review"], sections["plan_maximum"]) == ("681/2023 22 § 1 mom.", "1386/2010 12 §")


async def test_a_document_of_an_unknown_plan_is_left_out(desk: Desk) -> None:
    customer = await desk.customer()
    plan = await desk.first(customer)
    await desk.hear(desk.document(plan.model_copy(update={"plan_id": uuid4()})))
    assert await desk.rows("SELECT FROM plan_document") == []
