"""Opening a customer relationship."""

import asyncio
import json
from datetime import date

import pytest

from contracts.customer.people import CustomerVersion, GetCustomer, GetCustomerHistory
from services.kit.actor import Actor
from services.kit.errors import Conflict, InvalidInput, KeyReused
from tests.customer.conftest import CODE, CustomerService, closed, opening
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database


async def test_an_opened_customer_is_read_as_it_was_told(customers: CustomerService) -> None:
    message = opening(
        personal_identity_code=CODE,
        citizenships=("SOM", "XXA"),
        mother_tongue="so",
        service_language="fi",
        interpreter={"needed": True, "language": "so"},
        contact={
            "phone": "+358 00 000 0000",
            "address": {"street": "Keksittykatu 1", "postal_code": "00000", "city": "Esimerkkilä"},
        },
        first_residence_permit={"kind": "continuous", "ground": "work", "granted_on": "2026-01-15"},
    )
    opened = await customers.ask(message)
    found = await customers.ask(GetCustomer(customer_id=opened.customer_id))
    assert found.person == message.person
    assert found.version == opened.version == 1
    [relationship] = found.relationships
    assert (relationship.municipality, relationship.arrival, relationship.started_on) == (
        "837",
        "moved",
        date(2026, 3, 2),
    )


async def test_opening_is_published_with_consequences_and_no_names(customers: CustomerService) -> None:
    opened = await customers.ask(
        opening(
            arrival="quota_refugee",
            personal_identity_code=CODE,
            service_language="so",
            interpreter={"needed": True},
            first_residence_permit={"kind": "continuous", "ground": "quota_refugee", "granted_on": "2026-01-15"},
        )
    )
    [event] = await customers.told()
    assert event["type"] == "customer.opened.v1"
    assert event["customer_ids"] == [opened.customer_id]
    assert json.loads(event["data"]) == {
        "customer_id": str(opened.customer_id),
        "relationships": [
            {
                "municipality": "837",
                "state": "open",
                "arrival": "quota_refugee",
                "ended_on": None,
                "responsible": None,
            }
        ],
        "first_permit_on": "2026-01-15",
        "three_year_limit_applies": True,
        "integration_act_groups": ["2.3"],
        "service_language": "so",
        "interpreter_needed": True,
        "safety_non_disclosure": False,
        "education_goal_until": None,  # of age already: the event does not tell the day of birth
        "merged_into": None,
        "municipality": "837",
    }


async def test_for_the_young_the_last_day_is_told_on_which_18_asks_for_a_goal_of_education(
    customers: CustomerService,
) -> None:
    await customers.ask(opening(date_of_birth="2004-02-29"))
    [event] = await customers.told()
    assert json.loads(event["data"])["education_goal_until"] == "2029-02-27"


async def test_every_field_told_at_the_opening_is_in_the_history_with_its_source(customers: CustomerService) -> None:
    opened = await customers.ask(opening(arrival="authority_contact", personal_identity_code=CODE, mother_tongue="so"))
    history = await customers.ask(GetCustomerHistory(customer_id=opened.customer_id))
    assert {entry.field: entry.new for entry in history.entries} == {
        "name": {"family": "Esimerkki", "given": "Aamu"},
        "date_of_birth": "1994-05-01",
        "personal_identity_code": CODE,
        "mother_tongue": "so",
        "relationship": {
            "municipality": "837",
            "arrival": "authority_contact",
            "started_on": "2026-03-02",
            "ended_on": None,
            "end_reason": None,
            "responsible": None,
        },
    }
    assert {(e.version, e.changed_by, e.organisation, e.source, e.previous) for e in history.entries} == {
        (1, "expert@tampere", "837", "authority_contact", None)
    }


async def test_the_day_of_the_relationship_is_the_day_in_helsinki(customers: CustomerService) -> None:
    customers.clock.moment = customers.clock.moment.replace(hour=23)
    opened = await customers.ask(opening())
    found = await customers.ask(GetCustomer(customer_id=opened.customer_id))
    assert found.relationships[0].started_on == date(2026, 3, 3)


async def test_every_broken_rule_is_told_by_its_field_and_never_by_its_value(customers: CustomerService) -> None:
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(opening(personal_identity_code="010594Y9033", mother_tongue="qqq"))
    problem = refused.value.problem()
    assert {(error.pointer, error.rule) for error in problem.errors} == {
        ("/person/personal_identity_code", "check_character"),
        ("/person/mother_tongue", "code_list"),
    }
    assert "010594Y9033" not in problem.model_dump_json()
    assert await customers.rows("SELECT FROM customer") == []


async def test_a_repeat_has_the_same_outcome_and_writes_nothing(customers: CustomerService) -> None:
    first = await customers.ask(opening(personal_identity_code=CODE), key="k")
    before = await customers.everything()
    assert await customers.ask(opening(personal_identity_code=CODE), key="k") == first
    assert await customers.everything() == before


async def test_a_key_used_for_another_body_is_refused(customers: CustomerService) -> None:
    await customers.ask(opening(), key="k")
    with pytest.raises(KeyReused):
        await customers.ask(opening(mother_tongue="so"), key="k")


async def test_two_copies_of_one_request_at_once_open_one_customer(customers: CustomerService) -> None:
    one, other = await asyncio.gather(customers.ask(opening(), key="k"), customers.ask(opening(), key="k"))
    assert one == other
    assert len(await customers.rows("SELECT FROM customer")) == 1


async def test_people_without_an_identity_code_are_opened_side_by_side(customers: CustomerService) -> None:
    assert (await customers.ask(opening())).customer_id != (await customers.ask(opening())).customer_id


async def test_a_present_customer_of_the_municipality_is_not_opened_twice(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE))
    with pytest.raises(Conflict) as refused:
        await customers.ask(opening(personal_identity_code=CODE))
    assert refused.value.code == "conflict"


async def test_a_customer_of_another_municipality_is_known_elsewhere_and_the_question_is_logged(
    customers: CustomerService,
) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    with pytest.raises(Conflict) as refused:
        await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
    answer = refused.value.problem().model_dump_json()
    assert refused.value.code == "known-elsewhere"
    assert not any(told in answer for told in (CODE, str(opened.customer_id), "837", "Esimerkki"))
    line = (await customers.uses())[-1]
    assert (line["user"], line["organisation"], line["outcome"]) == ("expert@helsinki", "091", "done")
    assert (line["customers"], line["data"]) == ([str(opened.customer_id)], ["existence"])
    assert CODE not in str(line)


@pytest.mark.parametrize("other", [EXPERT_TAMPERE, EXPERT_HELSINKI])
async def test_of_two_experts_who_open_the_same_new_person_at_once_one_is_told_so(
    customers: CustomerService, other: Actor
) -> None:
    answers = await asyncio.gather(
        customers.ask(opening(personal_identity_code=CODE)),
        customers.ask(opening(personal_identity_code=CODE), other),
        return_exceptions=True,
    )
    [refused] = [answer for answer in answers if isinstance(answer, Conflict)]
    [opened] = [answer for answer in answers if isinstance(answer, CustomerVersion)]
    assert refused.code in ("conflict", "known-elsewhere")
    assert [row["customer_id"] for row in await customers.rows("SELECT customer_id FROM customer")] == [
        opened.customer_id
    ]


async def test_a_former_customer_is_the_same_person_opened_again(customers: CustomerService) -> None:
    first = await customers.ask(opening(personal_identity_code=CODE, mother_tongue="so", service_language="fi"))
    ended = await closed(customers, first)
    again = await customers.ask(opening(personal_identity_code=CODE, arrival="outreach", service_language="so"))
    assert (again.customer_id, again.version) == (first.customer_id, ended.version + 1)
    found = await customers.ask(GetCustomer(customer_id=first.customer_id))
    assert [each.ended_on is None for each in found.relationships] == [False, True]
    assert (found.person.mother_tongue, found.person.service_language) == ("so", "so")
    history = await customers.ask(GetCustomerHistory(customer_id=first.customer_id))
    assert [entry.field for entry in history.entries if entry.version == again.version] == [
        "service_language",
        "relationship",
    ]


async def test_of_two_who_open_a_former_customer_again_at_once_one_is_refused(customers: CustomerService) -> None:
    await closed(customers, await customers.ask(opening(personal_identity_code=CODE)))
    answers = await asyncio.gather(
        *(customers.ask(opening(personal_identity_code=CODE)) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "CustomerVersion"]


async def test_a_former_customer_of_another_municipality_is_known_elsewhere(customers: CustomerService) -> None:
    await closed(customers, await customers.ask(opening(personal_identity_code=CODE)))
    with pytest.raises(Conflict) as refused:
        await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
    assert refused.value.code == "known-elsewhere"


async def test_a_former_customer_who_is_another_municipality_s_now_is_not_opened_beside_it(
    customers: CustomerService,
) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    await closed(customers, opened)
    await customers.rows(
        "INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on) "
        "VALUES (gen_random_uuid(), $1, '091', 'moved', '2026-03-01')",
        opened.customer_id,
    )
    with pytest.raises(Conflict) as refused:
        await customers.ask(opening(personal_identity_code=CODE))
    assert refused.value.code == "known-elsewhere"
