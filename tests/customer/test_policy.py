"""What the policy makes of a customer: whom a right reaches, what it shows, and what stays hidden."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.customer.people import (
    ChangeCustomer,
    Customer,
    CustomerVersion,
    GetCustomer,
    GetCustomerCards,
    GetCustomerHistory,
    PersonChanges,
)
from contracts.customer.search import CustomersFound, FindForEmergency, SearchCustomers
from services.kit.actor import Actor
from services.kit.errors import Conflict, Forbidden, NotFound
from tests.customer.conftest import CODE, CustomerService, changing, closed, opening
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

pytestmark = pytest.mark.database

CONTACT = {"phone": "040 123 4567", "email": "aamu@example.org"}
PERMIT = {"kind": "continuous", "ground": "victim_of_trafficking", "granted_on": "2026-01-15"}
ADVISOR = Actor("advisor@tampere", "837", "advisor")
UNMASKING = replace(EXPERT_TAMPERE, powers=("personal_safety", "trafficking"), purpose="assessment")


def county_worker(known: CustomerVersion, **limits: Any) -> Actor:
    """Somebody of the county who takes part in that customer's matter by Tampere's grant."""
    return Actor("w@06", "06", "county_worker", granted_by="837", customers=(known.customer_id,), **limits)


async def seen(customers: CustomerService, known: CustomerVersion, actor: Actor = EXPERT_TAMPERE) -> Customer:
    """The customer as that actor sees it."""
    return await customers.ask(GetCustomer(customer_id=known.customer_id), actor)


class TestNonDisclosure:
    async def test_contact_details_are_masked_filled_or_empty(self, customers: CustomerService) -> None:
        filled = await customers.ask(opening(contact=CONTACT, safety_non_disclosure=True))
        empty = await customers.ask(opening(safety_non_disclosure=True))
        for known in (filled, empty):
            customer = await seen(customers, known)
            assert customer.person.contact is None
            assert customer.masked == ("contact",)
            assert customer.person.safety_non_disclosure

    async def test_a_power_of_its_own_unmasks(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(contact=CONTACT, safety_non_disclosure=True))
        customer = await seen(customers, known, UNMASKING)
        assert customer.person.contact is not None
        assert customer.masked == ()

    async def test_the_history_is_masked_back_to_before_it(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(contact=CONTACT))
        await customers.ask(changing(known, safety_non_disclosure=True, why="040 123 4567 is known to the husband"))
        history = await customers.ask(GetCustomerHistory(customer_id=known.customer_id))
        [contact] = [entry for entry in history.entries if entry.field == "contact"]
        assert (contact.masked, contact.new) == (True, None)
        unmasked = await customers.ask(GetCustomerHistory(customer_id=known.customer_id), UNMASKING)
        assert any(entry.new and entry.field == "contact" for entry in unmasked.entries)

    async def test_the_reason_of_a_change_is_told_to_whom_all_that_it_changed_is_shown(
        self, customers: CustomerService
    ) -> None:
        known = await customers.ask(opening())
        at_once = {"contact": CONTACT, "safety_non_disclosure": True, "mother_tongue": "so"}
        known = await customers.ask(changing(known, why="Lives with her sister at Keksittykatu 1", **at_once))
        await customers.ask(changing(known, service_language="fi", why="Learns fast"))
        asked = GetCustomerHistory(customer_id=known.customer_id)
        history = await customers.ask(asked)
        assert "Keksittykatu" not in history.model_dump_json()
        assert [each.why for each in history.entries if each.version == 3] == ["Learns fast"]
        assert "Keksittykatu" in (await customers.ask(asked, UNMASKING)).model_dump_json()

    async def test_who_comes_back_is_not_opened_with_other_protected_data(self, customers: CustomerService) -> None:
        known = await customers.ask(
            opening(
                personal_identity_code=CODE, contact=CONTACT, safety_non_disclosure=True, first_residence_permit=PERMIT
            )
        )
        await closed(customers, known)
        again = opening(
            personal_identity_code=CODE,
            contact={"phone": "050 765 4321"},
            first_residence_permit=PERMIT | {"ground": "work"},
        )
        with pytest.raises(Forbidden) as refused:
            await customers.ask(again)
        assert {each.pointer for each in refused.value.errors} == {"/person/contact", "/person/first_residence_permit"}
        assert (await customers.ask(opening(personal_identity_code=CODE))).version == 3

    async def test_a_masked_phone_number_finds_nobody(self, customers: CustomerService) -> None:
        await customers.ask(opening(contact=CONTACT, safety_non_disclosure=True))
        assert (await customers.ask(SearchCustomers(phone="0401234567"))).hits == ()
        assert len((await customers.ask(SearchCustomers(phone="0401234567"), UNMASKING)).hits) == 1

    @pytest.mark.parametrize("changes", [{"contact": None}, {"safety_non_disclosure": False}])
    async def test_what_is_masked_is_changed_and_lifted_by_nobody_without_the_power(
        self, customers: CustomerService, changes: dict[str, Any]
    ) -> None:
        known = await customers.ask(opening(contact=CONTACT, safety_non_disclosure=True))
        asked = ChangeCustomer(
            customer_id=known.customer_id, expected_version=1, changes=PersonChanges.model_validate(changes)
        )
        with pytest.raises(Forbidden) as refused:
            await customers.ask(asked)
        [error] = refused.value.errors
        assert (error.pointer, error.rule) == (f"/changes/{next(iter(changes))}", "protected")
        assert (await customers.ask(asked, UNMASKING)).version == 2

    async def test_other_services_hear_of_it(self, customers: CustomerService) -> None:
        await customers.ask(opening(safety_non_disclosure=True))
        [event] = await customers.told()
        assert '"safety_non_disclosure": true' in event["data"]

    async def test_rights_that_may_be_out_of_date_unmask_nothing(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(contact=CONTACT, safety_non_disclosure=True))
        stale = replace(UNMASKING, rights_as_of=customers.clock.moment.replace(hour=9))
        assert (await seen(customers, known, stale)).masked == ("contact",)


class TestTrafficking:
    @pytest.mark.parametrize("ground", ["victim_of_trafficking", "compassionate_grounds", "other"])
    async def test_the_mask_does_not_tell_which_ground_it_hides(self, customers: CustomerService, ground: str) -> None:
        known = await customers.ask(opening(first_residence_permit=PERMIT | {"ground": ground}))
        customer = await seen(customers, known)
        assert (customer.person.first_residence_permit, customer.masked) == (None, ("first_residence_permit",))
        unmasked = (await seen(customers, known, UNMASKING)).person.first_residence_permit
        assert unmasked is not None
        assert unmasked.ground == ground

    async def test_a_former_ground_stays_masked_in_the_history(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(first_residence_permit=PERMIT))
        await customers.ask(changing(known, first_residence_permit=PERMIT | {"ground": "work"}), UNMASKING)
        history = await customers.ask(GetCustomerHistory(customer_id=known.customer_id))
        assert [each.masked for each in history.entries if each.field == "first_residence_permit"] == [True, True]
        assert "trafficking" not in history.model_dump_json()


class TestRoles:
    async def test_an_advisor_recognises_the_customer_and_sees_no_more(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(contact=CONTACT, mother_tongue="so", first_residence_permit=PERMIT))
        customer = await seen(customers, known, ADVISOR)
        assert (customer.person.name.family, customer.person.mother_tongue) == ("Esimerkki", "so")
        assert (customer.person.contact, customer.person.first_residence_permit) == (None, None)
        assert (customer.relationships, customer.masked) == ((), ("contact", "first_residence_permit"))

    async def test_an_advisor_does_not_look_for_phone_numbers(self, customers: CustomerService) -> None:
        await customers.ask(opening(contact=CONTACT))
        with pytest.raises(Forbidden):
            await customers.ask(SearchCustomers(phone="0401234567"), ADVISOR)

    async def test_a_county_worker_sees_the_customer_in_whose_matter_he_takes_part(
        self, customers: CustomerService
    ) -> None:
        known, other = await customers.ask(opening(contact=CONTACT)), await customers.ask(opening())
        customer = await seen(customers, known, county_worker(known))
        assert customer.person.name.family == "Esimerkki"
        assert (customer.person.contact, customer.masked) == (None, ("contact", "first_residence_permit"))
        with pytest.raises(NotFound):
            await seen(customers, other, county_worker(known))

    async def test_taking_part_ends_with_the_relationship(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        await closed(customers, known)
        with pytest.raises(NotFound):
            await seen(customers, known, county_worker(known))

    async def test_a_right_limited_in_content_shows_nothing_else(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(mother_tongue="so"))
        customer = await seen(customers, known, county_worker(known, data=("identity",)))
        assert (customer.person.name.family, customer.person.mother_tongue) == ("Esimerkki", None)

    async def test_a_right_limited_in_content_neither_finds_nor_opens_beyond_it(
        self, customers: CustomerService
    ) -> None:
        await customers.ask(opening())
        with pytest.raises(Forbidden):
            await customers.ask(SearchCustomers(name="Esimerkki"), replace(EXPERT_TAMPERE, data=("existence",)))
        narrow = replace(EXPERT_TAMPERE, data=("identity", "relationship"))
        with pytest.raises(Forbidden) as refused:
            await customers.ask(opening(contact=CONTACT), narrow)
        assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/person/contact", "not_covered")]
        assert (await customers.ask(opening(), narrow)).version == 1

    async def test_a_right_to_certain_customers_opens_no_others(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        with pytest.raises(Forbidden):
            await customers.ask(opening(), replace(EXPERT_TAMPERE, customers=(known.customer_id,)))

    async def test_a_right_limited_to_customers_reaches_no_other_in_any_list(self, customers: CustomerService) -> None:
        known, other = await customers.ask(opening()), await customers.ask(opening())
        limited = replace(EXPERT_TAMPERE, customers=(known.customer_id,))
        found = await customers.ask(SearchCustomers(name="Esimerkki"), limited)
        cards = await customers.ask(GetCustomerCards(customer_ids=(known.customer_id, other.customer_id)), limited)
        assert [each.customer_id for each in found.hits] == [known.customer_id]
        assert [each.customer_id for each in cards.cards] == [known.customer_id]


class TestWithheld:
    """Own, family's and colleagues' matters."""

    async def test_the_customer_does_not_exist_for_whom_it_is_withheld_from(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        recused = replace(EXPERT_TAMPERE, withheld=(known.customer_id,))
        with pytest.raises(NotFound):
            await seen(customers, known, recused)
        with pytest.raises(NotFound):
            await customers.ask(changing(known, mother_tongue="so"), recused)
        asked = SearchCustomers(personal_identity_code=CODE, purpose="transfer")
        assert await customers.ask(asked, recused) == CustomersFound(hits=(), known_elsewhere=True)
        found = FindForEmergency(personal_identity_code=CODE, reason="Found unconscious")
        assert (await customers.ask(found, recused)).customer_id is None
        assert (await customers.ask(GetCustomerCards(customer_ids=(known.customer_id,)), recused)).cards == ()

    async def test_not_even_in_an_emergency(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        both = replace(EXPERT_TAMPERE, withheld=(known.customer_id,), emergency=(known.customer_id,))
        with pytest.raises(NotFound):
            await seen(customers, known, both)

    async def test_who_opens_the_person_anew_hears_what_a_stranger_hears(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(personal_identity_code=CODE))
        with pytest.raises(Conflict) as refused:
            await customers.ask(
                opening(personal_identity_code=CODE), replace(EXPERT_TAMPERE, withheld=(known.customer_id,))
            )
        assert refused.value.code == "known-elsewhere"


class TestEmergency:
    async def test_it_shows_what_helping_takes_and_no_more(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(contact=CONTACT, first_residence_permit=PERMIT | {"ground": "work"}))
        opened = replace(EXPERT_HELSINKI, emergency=(known.customer_id,))
        customer = await seen(customers, known, opened)
        assert customer.person.contact is not None
        assert (customer.person.first_residence_permit, customer.masked) == (None, ("first_residence_permit",))
        assert customer.relationships == ()

    async def test_it_changes_nothing_and_finds_nobody(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        opened = replace(EXPERT_HELSINKI, emergency=(known.customer_id,))
        with pytest.raises(Forbidden):  # who sees the customer is told why not
            await customers.ask(changing(known, mother_tongue="so"), opened)
        with pytest.raises(NotFound):
            await customers.ask(changing(known, mother_tongue="so"), replace(opened, withheld=opened.emergency))
        assert (await customers.ask(SearchCustomers(name="Esimerkki"), opened)).hits == ()


class TestUsageLog:
    async def test_a_look_says_who_why_what_and_on_what_ground(self, customers: CustomerService) -> None:
        known = await customers.ask(opening(contact=CONTACT, safety_non_disclosure=True))
        await seen(customers, known, replace(EXPERT_TAMPERE, task="integration_services", purpose="assessment"))
        line = (await customers.uses())[-1]
        assert line.pop("words")
        assert line.pop("line")
        assert line == {
            "outcome": "done",
            "act": "view",
            "request": "customer.get_customer.v1",
            "user": "expert@tampere",
            "organisation": "837",
            "role": "integration_expert",
            "task": "integration_services",
            "purpose": "assessment",
            "legal_basis": "73 § 1 mom. 1-5; 79 § 2 mom.",
            "relation": "own",
            "customers": [str(known.customer_id)],
            "data": ["identity", "language", "relationship", "residence_permit"],
        }

    async def test_a_search_says_what_was_asked_to_the_access_service_alone(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        await customers.ask(SearchCustomers(name="Esimerkki"))
        line = (await customers.uses())[-1]
        assert (line["act"], line["found"], line["customers"]) == ("search", 1, [str(known.customer_id)])
        assert line["sealed"]
        assert "simerkki" not in str(line).lower()

    async def test_a_refusal_is_told_of_who_exists_as_of_who_does_not(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        with pytest.raises(NotFound):
            await seen(customers, known, EXPERT_HELSINKI)
        with pytest.raises(NotFound):
            await customers.ask(GetCustomer(customer_id=customers.unknown), EXPERT_HELSINKI)
        _, existing, missing = await customers.uses()
        assert (existing.pop("customers"), missing.pop("customers")) == (
            [str(known.customer_id)],
            [str(customers.unknown)],
        )
        assert existing.pop("line")
        assert missing.pop("line")
        assert existing == missing
        assert existing["outcome"] == "denied"

    async def test_a_repeat_is_told_once(self, customers: CustomerService) -> None:
        for _ in range(2):
            await customers.ask(opening(), key="same")
        assert len(await customers.uses()) == 1
