"""Who a customer is, as an organisation that works with him or her is told through the partners' door."""

from typing import Any

import pytest

from contracts.customer.disclosures import GetPersonForPartner, PersonForPartner
from contracts.customer.people import CustomerVersion
from services.kit.actor import service_actor
from services.kit.errors import Forbidden, NotFound
from tests.customer.conftest import CODE, CustomerService, closed, opening
from tests.customer.test_duplicates import AGAIN, SPELLED, merging, named
from tests.customer.transfers import PARTNERS, PERMIT, SAFE

pytestmark = pytest.mark.database
COUNTY = "08"


async def told(customers: CustomerService, known: CustomerVersion, **more: Any) -> PersonForPartner:
    """What the county of Tampere is told of a customer."""
    asked = {"partner": COUNTY, "municipality": "837", "customer_id": known.customer_id} | more
    return await customers.ask(GetPersonForPartner.model_validate(asked), PARTNERS)


async def test_who_it_is_the_language_and_how_to_reach_are_told_and_the_permit_is_not(
    customers: CustomerService,
) -> None:
    contact = {"phone": "+358 50 123"}
    known = await customers.ask(
        opening(personal_identity_code=CODE, service_language="so", contact=contact, first_residence_permit=PERMIT)
    )
    person = await told(customers, known)
    assert person.contact
    assert (person.personal_identity_code, person.service_language, person.contact.phone) == (
        CODE,
        "so",
        "+358 50 123",
    )
    assert "granted_on" not in person.model_dump_json()


async def test_contact_details_under_non_disclosure_are_left_out(customers: CustomerService) -> None:
    known = await customers.ask(opening(safety_non_disclosure=True, contact={"phone": "+358 50 123"}), SAFE)
    person = await told(customers, known)
    assert (person.contact, person.safety_non_disclosure) == (None, True)


async def test_the_look_is_a_line_of_the_log_under_the_partner_s_own_code(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    await told(customers, known)
    use = (await customers.uses())[-1]
    assert (use["organisation"], use["customers"], use["data"]) == (
        COUNTY,
        [str(known.customer_id)],
        ["contact", "identity", "language"],
    )


async def test_of_an_alias_the_record_kept_is_told(customers: CustomerService) -> None:
    kept = await customers.ask(named(SPELLED))
    duplicate = await customers.ask(named(AGAIN))
    await customers.ask(merging(kept, duplicate))
    assert await told(customers, duplicate) == await told(customers, kept)


async def test_nobody_is_told_who_is_not_the_asking_municipality_s_customer_any_more(
    customers: CustomerService,
) -> None:
    known = await customers.ask(opening())
    with pytest.raises(NotFound):
        await told(customers, known, municipality="091")
    await closed(customers, known)
    with pytest.raises(NotFound):
        await told(customers, known)
    with pytest.raises(NotFound):
        await told(customers, CustomerVersion(customer_id=customers.unknown, version=1))


async def test_neither_a_person_nor_another_service_asks_in_a_partner_s_name(customers: CustomerService) -> None:
    known = await customers.ask(opening())
    asked = GetPersonForPartner(partner=COUNTY, municipality="837", customer_id=known.customer_id)
    with pytest.raises(Forbidden):
        await customers.ask(asked)
    with pytest.raises(Forbidden):
        await customers.ask(asked, service_actor("records"))
