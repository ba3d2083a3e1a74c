"""Whom a municipality is to reach: the list, the attempts, becoming a customer, and being forgotten."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.customer.outreach import (
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    ReceiveOutreachTargets,
    RecordOutreachAttempt,
)
from contracts.customer.people import CustomerVersion, EraseCustomer, GetCustomer, GetCustomerHistory, PersonChanges
from services.customer.handlers.outreach import sweep
from services.kit.actor import Actor, service_actor
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, closed, opening
from tests.customer.working import imported, listed, somebody, worked_off
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database

POWERFUL = Actor("powerful@tampere", "837", "integration_expert", powers=("trafficking",))
INTEGRATION = service_actor("integration")


async def one(customers: CustomerService, **more: str) -> UUID:
    """The id of somebody who was put on the list."""
    await imported(customers, somebody(**more))
    return (await listed(customers))[0].target_id


async def attempted(customers: CustomerService, target_id: UUID, outcome: str, **more: Any) -> str:
    """The state after an attempt that came to this."""
    asked = RecordOutreachAttempt(target_id=target_id, channel="phone", outcome=outcome, **more)
    return (await customers.ask(asked)).state


async def test_somebody_named_is_on_the_list_with_the_ground_and_the_time_left(customers: CustomerService) -> None:
    await imported(customers, somebody(phone="+358 40 1234567"))
    [target] = await listed(customers)
    assert (target.name.family, target.state, target.attempts) == ("Esimerkki", "not_reached", 0)
    assert [(each.ground, each.source, each.received_on) for each in target.grounds] == [
        ("home_care_allowance", "benefit_institution", date(2026, 3, 2))
    ]
    assert (target.three_years_end_on, target.contact_by, target.days_left) == (
        date(2028, 3, 1),
        date(2028, 3, 1),
        730,
    )
    assert target.contact is not None
    assert target.contact.phone == "+358 40 1234567"


async def test_the_list_comes_with_the_least_time_left_first_and_in_pages(customers: CustomerService) -> None:
    days = ["2025-06-01", "2023-04-01", "2024-12-01"]
    rows = [somebody(given_name=f"Given{number}", first_permit_on=day) for number, day in enumerate(days)]
    await imported(customers, *rows)
    first = await customers.ask(ListOutreachTargets(limit=2))
    rest = await customers.ask(ListOutreachTargets(limit=2, cursor=first.next_cursor))
    assert [each.name.given for each in (*first.targets, *rest.targets)] == ["Given1", "Given2", "Given0"]
    assert rest.next_cursor is None


async def test_the_list_is_narrowed_by_state_and_ground(customers: CustomerService) -> None:
    await imported(customers, somebody(given_name="Aamu"), somebody(given_name="Ilta", ground="social_assistance"))
    assert [each.name.given for each in await listed(customers, ground="social_assistance")] == ["Ilta"]
    assert len(await listed(customers, state="not_reached")) == 2
    assert await listed(customers, state="reached") == []


async def test_an_attempt_says_where_the_contact_stands_and_is_kept(customers: CustomerService) -> None:
    target_id = await one(customers, personal_identity_code=CODE)
    assert await attempted(customers, target_id, "no_answer", note="Rang twice") == "not_reached"
    assert await attempted(customers, target_id, "reached") == "reached"
    seen = await customers.ask(GetOutreachTarget(target_id=target_id))
    assert (seen.attempts, seen.state, seen.personal_identity_code) == (2, "reached", CODE)
    made = [(each.channel, each.outcome, each.note, each.made_by) for each in seen.attempts_made]
    assert made == [
        ("phone", "no_answer", "Rang twice", "expert@tampere"),
        ("phone", "reached", None, "expert@tampere"),
    ]


@pytest.mark.parametrize("ended", ["not_found", "declined"])
async def test_somebody_reached_after_contact_had_ended_has_the_whole_time_again(
    customers: CustomerService, ended: str
) -> None:
    target_id = await one(customers)
    await attempted(customers, target_id, ended)
    assert (await listed(customers))[0].contact_by == date(2026, 4, 1)
    customers.clock.moment = customers.clock.moment.replace(day=3)
    assert await attempted(customers, target_id, "reached") == "reached"
    assert (await listed(customers))[0].contact_by == date(2028, 3, 1)


async def test_the_same_attempt_sent_again_is_recorded_once(customers: CustomerService) -> None:
    asked = RecordOutreachAttempt(target_id=await one(customers), channel="letter", outcome="no_answer")
    assert await customers.ask(asked, key="k") == await customers.ask(asked, key="k")
    assert await customers.rows("SELECT count(*) FROM outreach_attempt") == [(1,)]


async def test_an_attempt_names_its_codes_from_the_lists(customers: CustomerService) -> None:
    target_id = await one(customers)
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(RecordOutreachAttempt(target_id=target_id, channel="pigeon", outcome="flew"))
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [
        ("/channel", "code_list"),
        ("/outcome", "code_list"),
    ]


async def test_somebody_reached_becomes_a_customer_and_the_list_keeps_nothing(customers: CustomerService) -> None:
    target_id = await one(
        customers,
        personal_identity_code=CODE,
        permit_kind="continuous",
        permit_ground="international_protection_asylum",
    )
    await attempted(customers, target_id, "reached", note="Xyznote")
    asked = OpenFromOutreach(target_id=target_id, told=PersonChanges(mother_tongue="so"))
    opened, again = await customers.ask(asked, key="k"), await customers.ask(asked, key="k")
    assert opened == again
    seen = await customers.ask(GetCustomer(customer_id=opened.customer_id))
    assert (seen.person.personal_identity_code, seen.person.mother_tongue) == (CODE, "so")
    assert seen.person.first_residence_permit is not None
    assert seen.person.first_residence_permit.granted_on == date(2025, 3, 1)
    assert seen.relationships[0].arrival == "outreach"
    history = await customers.ask(GetCustomerHistory(customer_id=opened.customer_id))
    assert {each.source for each in history.entries} == {"outreach"}
    assert await customers.events() == ["customer.opened.v1"]
    assert await customers.rows("SELECT FROM outreach_target UNION ALL SELECT FROM outreach_attempt") == []
    assert "Xyznote" not in await customers.everything()


async def test_two_experts_who_open_the_same_person_open_one_customer(customers: CustomerService) -> None:
    asked = OpenFromOutreach(target_id=await one(customers))
    first, second = await customers.ask_while((asked, EXPERT_TAMPERE), (asked, POWERFUL))
    assert isinstance(first, CustomerVersion)
    assert isinstance(second, NotFound)
    assert await customers.rows("SELECT count(*) FROM customer") == [(1,)]


async def test_whoever_can_not_be_opened_stays_on_the_list(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
    target_id = await one(customers, personal_identity_code=CODE)
    with pytest.raises(Conflict):
        await customers.ask(OpenFromOutreach(target_id=target_id))
    assert [each.target_id for each in await listed(customers)] == [target_id]


@pytest.mark.parametrize("outcome", ["declined", "not_found", "already_customer"])
async def test_after_the_contact_has_ended_the_list_forgets_in_a_month(
    customers: CustomerService, outcome: str
) -> None:
    target_id = await one(customers)
    await attempted(customers, target_id, outcome)
    assert (await listed(customers))[0].contact_by == date(2026, 4, 1)
    customers.clock.moment = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert await sweep(customers.unit_of_work) == 0
    customers.clock.moment = datetime(2026, 4, 2, 12, tzinfo=UTC)
    assert await listed(customers) == []
    assert await sweep(customers.unit_of_work) == 1
    assert await customers.rows("SELECT FROM outreach_target UNION ALL SELECT FROM outreach_attempt") == []


async def test_when_the_three_years_end_the_list_forgets_the_person_whole(customers: CustomerService) -> None:
    await imported(customers, somebody(family_name="Xyzfamily", first_permit_on="2023-03-03"))
    customers.clock.moment = datetime(2026, 3, 3, 21, tzinfo=UTC)
    assert await sweep(customers.unit_of_work) == 0
    customers.clock.moment = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)  # the fourth in Helsinki
    assert await sweep(customers.unit_of_work) == 1
    assert "Xyzfamily" not in await customers.everything()


async def test_who_became_a_customer_by_another_way_is_forgotten(customers: CustomerService) -> None:
    await one(customers, personal_identity_code=CODE)
    await customers.ask(opening(personal_identity_code=CODE))
    assert await sweep(customers.unit_of_work) == 1


async def test_a_person_erased_is_off_the_list_too(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    await closed(customers, known)
    target_id = await one(customers, personal_identity_code=CODE)
    assert (await customers.ask(GetOutreachTarget(target_id=target_id))).customer_id == known.customer_id
    await customers.ask(EraseCustomer(customer_id=known.customer_id), RECORDS_TAMPERE)
    assert await listed(customers) == []


async def test_another_municipality_has_another_list(customers: CustomerService) -> None:
    target_id = await one(customers)
    assert await listed(customers, EXPERT_HELSINKI) == []
    for asked in (
        GetOutreachTarget(target_id=target_id),
        RecordOutreachAttempt(target_id=target_id, channel="phone", outcome="reached"),
        OpenFromOutreach(target_id=target_id),
    ):
        with pytest.raises(NotFound):
            await customers.ask(asked, EXPERT_HELSINKI)


async def test_a_victim_of_trafficking_is_on_the_list_of_those_with_the_right_to_it_alone(
    customers: CustomerService,
) -> None:
    row = somebody(ground="victim_of_trafficking", first_permit_on="2020-01-01")
    await imported(customers, row, source="immigration_service", actor=POWERFUL)
    [target] = await listed(customers, POWERFUL)
    assert (target.three_years_end_on, target.contact_by) == (None, date(2027, 3, 2))
    assert await listed(customers) == []
    with pytest.raises(NotFound):
        await customers.ask(GetOutreachTarget(target_id=target.target_id))


async def test_a_right_to_certain_customers_shows_no_list(customers: CustomerService) -> None:
    for actor in (
        Actor("x@tampere", "837", "integration_expert", customers=(uuid4(),)),
        Actor("x@pirkanmaa", "06", "integration_expert", granted_by="837", customers=(uuid4(),)),
        Actor("x@tampere", "837", "advisor"),
    ):
        with pytest.raises(Forbidden):
            await customers.ask(ListOutreachTargets(), actor)


async def test_somebody_withheld_who_may_be_on_the_list_is_not_shown(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    await closed(customers, known)
    await one(customers, personal_identity_code=CODE)
    kin = Actor("kin@tampere", "837", "integration_expert", withheld=(known.customer_id,))
    assert await listed(customers, kin) == []


async def test_who_looked_at_the_list_is_in_the_usage_log_with_how_many_were_shown(customers: CustomerService) -> None:
    await one(customers)
    line = (await customers.uses())[-1]
    assert (line["request"], line["found"], line["data"]) == (
        "customer.list_outreach_targets.v1",
        1,
        ["outreach"],
    )
    assert line["words"]


async def test_a_service_that_stands_for_an_authority_sends_a_list_as_a_message(customers: CustomerService) -> None:
    rows = (
        somebody(ground="integration_act_group", personal_identity_code=CODE),
        somebody(ground="victim_of_trafficking", given_name="Ilta", personal_identity_code=OTHER_CODE),
        somebody(ground="home_care_allowance", given_name="Yö"),
    )
    asked = ReceiveOutreachTargets(municipality="837", source="immigration_service", rows=rows)
    begun = await customers.ask(asked, INTEGRATION)
    done = await worked_off(customers, begun.operation_id)
    assert (done.done, done.rejected, done.started_by) == (2, 1, "integration")
    assert [(each.row, each.errors[0].rule) for each in done.rejected_rows] == [(3, "not_of_source")]
    assert [each.name.given for each in await listed(customers)] == ["Aamu"]
    assert len(await listed(customers, POWERFUL)) == 2


async def test_a_message_is_for_a_municipality_and_comes_from_a_service(customers: CustomerService) -> None:
    asked = ReceiveOutreachTargets(municipality="999", source="immigration_service", rows=(somebody(),))
    with pytest.raises(InvalidInput):
        await customers.ask(asked, INTEGRATION)
    with pytest.raises(Forbidden):
        await customers.ask(asked)


async def test_an_attempt_and_an_opening_at_once_come_one_after_the_other(customers: CustomerService) -> None:
    target_id = await one(customers)
    attempt = RecordOutreachAttempt(target_id=target_id, channel="phone", outcome="reached")
    results = await asyncio.gather(
        customers.ask(attempt), customers.ask(OpenFromOutreach(target_id=target_id)), return_exceptions=True
    )
    assert not [each for each in results if isinstance(each, Exception) and not isinstance(each, NotFound)]
    assert await customers.rows("SELECT FROM outreach_target UNION ALL SELECT FROM outreach_attempt") == []
