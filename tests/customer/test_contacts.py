"""Contacts from other authorities: taken up once, joined by person, and led to one of four ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.customer.contacts import (
    Contact,
    ContactVersion,
    GetContact,
    ListContacts,
    ReceiveContact,
    ResolveContact,
    SetReceivingParty,
)
from contracts.customer.people import CloseCustomer, CustomerVersion, EraseCustomer, GetCustomer
from services.customer.handlers.people import KnownElsewhere
from services.customer.law import law_on
from services.customer.repository import contacts as repository
from services.kit.actor import Actor, service_actor
from services.kit.clock import helsinki_date
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import (
    CAUSE,
    CODE,
    OTHER_CODE,
    CustomerService,
    changing,
    closed,
    opening,
    person,
    reporting,
)
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database
ADVISOR = Actor("advisor@tampere", "837", "advisor")
INTEGRATION = service_actor("integration")


async def received(customers: CustomerService, message: ReceiveContact | None = None, **more: Any) -> UUID:
    """The contact to which a report was taken."""
    return (await customers.ask(message or reporting(), **more)).contact_id


async def contact(customers: CustomerService, contact_id: UUID, actor: Actor = EXPERT_TAMPERE) -> Contact:
    return await customers.ask(GetContact(contact_id=contact_id), actor)


async def resolve(
    customers: CustomerService, contact_id: UUID, actor: Actor = EXPERT_TAMPERE, *, version: int = 1, **how: Any
) -> ContactVersion:
    told = {"contact_id": contact_id, "expected_version": version, **how}
    return await customers.ask(ResolveContact.model_validate(told), actor)


async def test_a_report_of_another_authority_is_in_the_inbox_of_the_municipality_it_names(
    customers: CustomerService,
) -> None:
    contact_id = await received(customers, reporting("091", reference="m-1"), actor=INTEGRATION)
    [card] = (await customers.ask(ListContacts(), EXPERT_HELSINKI)).contacts
    assert (card.contact_id, card.name.family, card.reports, card.state) == (contact_id, "Esimerkki", 1, "open")
    assert (await customers.ask(ListContacts(), EXPERT_TAMPERE)).contacts == ()


async def test_an_advisor_records_a_contact_that_came_by_phone_and_resolves_none(customers: CustomerService) -> None:
    contact_id = await received(customers, actor=ADVISOR)
    shown = await contact(customers, contact_id, ADVISOR)
    assert (shown.reports[0].channel, shown.reports[0].report.text) == ("phone", "Wishes to learn Finnish")
    with pytest.raises(Forbidden):
        await resolve(customers, contact_id, ADVISOR, outcome="closed", reason="no_need")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {"name": {"family": "Aamu", "given": "ESIMERKKI"}}),
        ({}, {"personal_identity_code": CODE}),
        ({"personal_identity_code": CODE}, {"personal_identity_code": CODE, "name": {"family": "X", "given": "Y"}}),
        ({"personal_identity_code": CODE}, {"personal_identity_code": CODE, "date_of_birth": None}),
    ],
)
async def test_reports_of_the_same_person_are_one_contact(
    customers: CustomerService, first: dict[str, Any], then: dict[str, Any]
) -> None:
    contact_id = await received(customers, reporting(reference="m-1", **first), actor=INTEGRATION)
    assert await received(customers, reporting(reference="m-2", **then), actor=INTEGRATION) == contact_id
    shown = await contact(customers, contact_id)
    assert [each.reference for each in shown.reports] == ["m-1", "m-2"]
    assert shown.version == 2


@pytest.mark.parametrize(
    "other",
    [{"name": {"family": "Toinen", "given": "Aamu"}}, {"date_of_birth": "1994-05-02"}],
)
async def test_reports_of_different_people_are_contacts_of_their_own(
    customers: CustomerService, other: dict[str, Any]
) -> None:
    assert await received(customers) != await received(customers, reporting(**other))


async def test_people_with_the_same_name_and_birthday_and_different_codes_are_two(customers: CustomerService) -> None:
    first = await received(customers, reporting(personal_identity_code=CODE))
    assert await received(customers, reporting(personal_identity_code=OTHER_CODE)) != first


async def test_the_very_same_report_is_taken_up_once_even_after_its_key_was_forgotten(
    customers: CustomerService,
) -> None:
    message = reporting(reference="m-1")
    first = await received(customers, message, actor=INTEGRATION)
    assert await received(customers, message, actor=INTEGRATION) == first
    assert len((await contact(customers, first)).reports) == 1


async def test_two_reports_of_one_person_at_the_same_moment_are_one_contact(customers: CustomerService) -> None:
    one, two = await customers.ask_while(
        (reporting(reference="m-1"), INTEGRATION), (reporting(reference="m-2"), INTEGRATION)
    )
    assert one == two


@pytest.mark.parametrize(
    ("wrong", "pointer", "rule"),
    [
        ({"date_of_birth": None}, "/report/person/date_of_birth", "nobody_known_by_it"),
        ({"date_of_birth": "2096-01-01"}, "/report/person/date_of_birth", "in_future"),
        ({"language": "xx"}, "/report/person/language", "code_list"),
        ({"personal_identity_code": "010594Y9033"}, "/report/person/personal_identity_code", "check_character"),
        (
            {"personal_identity_code": "010594Y9033", "date_of_birth": None},
            "/report/person/personal_identity_code",
            "check_character",
        ),
    ],
)
async def test_what_is_wrong_with_the_person_is_named(
    customers: CustomerService, wrong: dict[str, Any], pointer: str, rule: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await received(customers, reporting(**wrong))
    assert (pointer, rule) in {(each.pointer, each.rule) for each in refused.value.errors}


@pytest.mark.parametrize(
    ("consent", "pointer", "rule"),
    [
        ({}, "/report/consent", "consent"),
        ({"how": "oral"}, "/report/consent", "consent"),
        ({"given_on": "2026-03-01", "how": "oral", "not_needed": "other_act"}, "/report/consent", "consent"),
        ({"given_on": "2026-03-03", "how": "oral"}, "/report/consent/given_on", "in_future"),
        ({"given_on": "2026-03-01", "how": "guessed"}, "/report/consent/how", "code_list"),
        ({"not_needed": "hurry"}, "/report/consent/not_needed", "code_list"),
    ],
)
async def test_without_a_consent_or_the_ground_why_none_is_needed_nothing_is_taken_up(
    customers: CustomerService, consent: dict[str, Any], pointer: str, rule: str
) -> None:
    told = reporting().model_dump()
    told["report"]["consent"] = consent
    with pytest.raises(InvalidInput) as refused:
        await received(customers, ReceiveContact.model_validate(told))
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [(pointer, rule)]


async def test_a_contact_becomes_a_customer(customers: CustomerService) -> None:
    contact_id = await received(customers, reporting(personal_identity_code=CODE, language="so"))
    done = await resolve(customers, contact_id, outcome="opened")
    assert done.customer_id
    customer = await customers.ask(GetCustomer(customer_id=done.customer_id))
    assert customer.person.personal_identity_code == CODE
    assert customer.person.service_language == "so"
    assert [each.arrival for each in customer.relationships] == ["authority_contact"]
    assert await customers.events(done.customer_id) == ["customer.opened.v1"]
    shown = await contact(customers, contact_id)
    assert (shown.state, shown.customer_id, shown.ended_by) == ("opened", done.customer_id, "expert@tampere")


async def test_a_customer_is_opened_with_the_code_that_an_older_report_told(customers: CustomerService) -> None:
    contact_id = await received(customers, reporting(personal_identity_code=CODE))
    assert await received(customers) == contact_id
    done = await resolve(customers, contact_id, version=2, outcome="opened")
    assert done.customer_id
    opened = await customers.ask(GetCustomer(customer_id=done.customer_id))
    assert opened.person.personal_identity_code == CODE


async def test_a_customer_is_opened_as_the_official_says_where_the_report_was_wrong(customers: CustomerService) -> None:
    told = person(date_of_birth="1994-05-02").model_dump()
    done = await resolve(customers, await received(customers), outcome="opened", person=told)
    assert done.customer_id
    assert (await customers.ask(GetCustomer(customer_id=done.customer_id))).person.date_of_birth.day == 2


async def test_a_contact_about_another_municipalitys_customer_opens_nothing(customers: CustomerService) -> None:
    await customers.ask(opening(personal_identity_code=CODE), EXPERT_HELSINKI)
    contact_id = await received(customers, reporting(personal_identity_code=CODE))
    with pytest.raises(KnownElsewhere):
        await resolve(customers, contact_id, outcome="opened")
    assert (await contact(customers, contact_id)).state == "open"


async def test_a_contact_is_attached_to_a_customer_whom_the_official_reaches_and_to_no_other(
    customers: CustomerService,
) -> None:
    own, others = await customers.ask(opening()), await customers.ask(opening(), EXPERT_HELSINKI)
    contact_id = await received(customers)
    with pytest.raises(NotFound):
        await resolve(customers, contact_id, outcome="attached", customer_id=others.customer_id)
    done = await resolve(customers, contact_id, outcome="attached", customer_id=own.customer_id)
    assert (done.customer_id, done.version) == (own.customer_id, 2)


async def test_a_contact_that_was_passed_on_lives_in_the_other_municipality(customers: CustomerService) -> None:
    contact_id = await received(customers)
    asked = {"outcome": "passed_on", "municipality": "091", "why": "Moved there last week"}
    await resolve(customers, contact_id, **asked)
    with pytest.raises(NotFound):
        await contact(customers, contact_id)
    shown = await contact(customers, contact_id, EXPERT_HELSINKI)
    [passed] = shown.passed_on
    assert (passed.municipality, passed.passed_by, passed.why) == ("837", "expert@tampere", "Moved there last week")
    assert (await resolve(customers, contact_id, EXPERT_HELSINKI, version=2, outcome="opened")).customer_id


async def test_passed_on_to_where_the_person_has_a_contact_the_two_become_one(customers: CustomerService) -> None:
    there = await received(customers, reporting("091", reference="m-1"), actor=INTEGRATION)
    here = await received(customers, reporting(reference="m-2"), actor=INTEGRATION)
    await resolve(customers, here, outcome="passed_on", municipality="091")
    [card] = (await customers.ask(ListContacts(), EXPERT_HELSINKI)).contacts
    assert (card.contact_id, card.reports) == (there, 2)
    assert len((await contact(customers, there, EXPERT_HELSINKI)).passed_on) == 1


async def test_the_identity_code_goes_along_to_the_contact_that_one_is_joined_to(customers: CustomerService) -> None:
    there = await received(customers, reporting("091"), actor=EXPERT_HELSINKI)
    here = await received(customers, reporting(personal_identity_code=CODE))
    await resolve(customers, here, outcome="passed_on", municipality="091")
    another = reporting("091", personal_identity_code=OTHER_CODE)
    assert await received(customers, another, actor=EXPERT_HELSINKI) != there
    again = reporting("091", personal_identity_code=CODE, name={"family": "Uusi", "given": "Aamu"})
    assert await received(customers, again, actor=EXPERT_HELSINKI) == there


async def test_a_contact_is_closed_with_a_reason_once(customers: CustomerService) -> None:
    contact_id = await received(customers)
    with pytest.raises(InvalidInput) as refused:
        await resolve(customers, contact_id, outcome="closed")
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/reason", "needed")]
    await resolve(customers, contact_id, outcome="closed", reason="own_wish")
    with pytest.raises(Conflict):
        await resolve(customers, contact_id, version=2, outcome="opened")
    assert [each.reason for each in [await contact(customers, contact_id)]] == ["own_wish"]
    assert await received(customers) != contact_id  # a new report is a new contact


async def test_a_decision_repeated_with_its_key_is_the_same_decision(customers: CustomerService) -> None:
    contact_id = await received(customers)
    asked = ResolveContact(contact_id=contact_id, expected_version=1, outcome="opened")
    assert await customers.ask(asked, key="k") == await customers.ask(asked, key="k")
    assert len(await customers.rows("SELECT FROM customer")) == 1


async def test_who_decides_on_an_older_version_learns_that_a_report_came_meanwhile(customers: CustomerService) -> None:
    contact_id = await received(customers)
    await received(customers)
    with pytest.raises(ChangedMeanwhile):
        await resolve(customers, contact_id, outcome="closed", reason="no_need")


async def test_for_another_municipality_a_contact_does_not_exist(customers: CustomerService) -> None:
    contact_id = await received(customers)
    with pytest.raises(NotFound):
        await contact(customers, contact_id, EXPERT_HELSINKI)
    with pytest.raises(NotFound):
        await resolve(customers, contact_id, EXPERT_HELSINKI, outcome="opened")


async def test_nobody_records_a_contact_for_another_municipality(customers: CustomerService) -> None:
    with pytest.raises(InvalidInput) as refused:
        await received(customers, reporting("091"))
    assert [each.rule for each in refused.value.errors] == ["own_municipality"]


async def test_who_records_by_hand_is_no_program(customers: CustomerService) -> None:
    with pytest.raises(InvalidInput) as refused:
        await received(customers, reporting(reference="m-1"))
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [
        ("/channel", "by_program"),
        ("/reference", "by_program"),
    ]


async def test_the_contact_of_a_withheld_customer_is_not_shown(customers: CustomerService) -> None:
    contact_id = await received(customers)
    done = await resolve(customers, contact_id, outcome="opened")
    withheld = Actor("kin@tampere", "837", "integration_expert", withheld=(done.customer_id or UUID(int=0),))
    assert (await customers.ask(ListContacts(state="opened"), withheld)).contacts == ()
    with pytest.raises(NotFound):
        await contact(customers, contact_id, withheld)


async def test_nor_is_an_open_one_with_the_identity_code_of_a_withheld_customer(customers: CustomerService) -> None:
    known = await customers.ask(opening(personal_identity_code=CODE))
    contact_id, other = (
        await received(customers, reporting(personal_identity_code=CODE)),
        await received(customers, reporting(date_of_birth="1990-01-01")),
    )
    kin = replace(EXPERT_TAMPERE, withheld=(known.customer_id,))
    assert [each.contact_id for each in (await customers.ask(ListContacts(), kin)).contacts] == [other]
    with pytest.raises(NotFound):
        await contact(customers, contact_id, kin)
    with pytest.raises(NotFound):
        await resolve(customers, contact_id, kin, outcome="closed", reason="no_need")
    assert await contact(customers, contact_id)


async def test_of_a_protected_customer_a_contact_tells_what_may_be_seen_of_the_customer(
    customers: CustomerService,
) -> None:
    contact_id = await received(customers, reporting("091", contact={"phone": "0401112223"}), actor=EXPERT_HELSINKI)
    await resolve(customers, contact_id, EXPERT_HELSINKI, outcome="passed_on", municipality="837", why="Moved")
    done = await resolve(customers, contact_id, version=2, outcome="opened")
    assert done.customer_id
    shown = await contact(customers, contact_id)
    assert shown.reports[0].report.person.contact
    assert (await contact(customers, contact_id, ADVISOR)).masked  # who sees no customer's contact details
    opened = CustomerVersion(customer_id=done.customer_id, version=1)
    await customers.ask(changing(opened, safety_non_disclosure=True))
    hidden = await contact(customers, contact_id)
    [report] = [each.report for each in hidden.reports]
    assert (report.person.contact, report.text, hidden.passed_on, hidden.masked) == (None, None, (), True)
    assert not any("protected_contact" in each["data"] for each in await customers.uses())
    unmasking = replace(EXPERT_TAMPERE, powers=("personal_safety",), purpose="assessment")
    assert await contact(customers, contact_id, unmasking) == shown
    assert any("protected_contact" in each["data"] for each in await customers.uses())


async def test_the_contact_of_a_customer_who_is_another_municipalitys_now_is_shown_no_more(
    customers: CustomerService,
) -> None:
    contact_id = await received(customers)
    done = await resolve(customers, contact_id, outcome="opened")
    assert done.customer_id
    assert len((await customers.ask(ListContacts(state="opened"))).contacts) == 1
    await closed(customers, CustomerVersion(customer_id=done.customer_id, version=1))
    assert (await customers.ask(ListContacts(state="opened"))).contacts == ()
    with pytest.raises(NotFound):
        await contact(customers, contact_id)


async def test_a_right_for_certain_customers_covers_no_contacts(customers: CustomerService) -> None:
    with pytest.raises(Forbidden):
        await customers.ask(ListContacts(), Actor("x@tampere", "837", "integration_expert", customers=()))


async def test_the_list_names_the_receiving_party_and_the_days_a_contact_has_waited(customers: CustomerService) -> None:
    assert (await customers.ask(ListContacts())).receiving_party is None
    administrator = Actor("admin@tampere", "837", "access_administrator")
    await customers.ask(SetReceivingParty(unit="Alkuneuvonta", users=("expert@tampere",)), administrator)
    await received(customers)
    customers.clock.moment = datetime(2026, 3, 5, 23, tzinfo=UTC)
    found = await customers.ask(ListContacts())
    assert found.receiving_party
    assert (found.receiving_party.unit, found.receiving_party.is_you) == ("Alkuneuvonta", True)
    assert [each.days_since_received for each in found.contacts] == [4]  # in Helsinki it is the 6th


async def test_contacts_come_a_page_at_a_time_and_each_once(customers: CustomerService) -> None:
    ids = [await received(customers, reporting(date_of_birth=f"199{number}-01-01")) for number in range(5)]
    seen, cursor = [], None
    while True:
        page = await customers.ask(ListContacts(limit=2, cursor=cursor))
        seen += [each.contact_id for each in page.contacts]
        if not (cursor := page.next_cursor):
            break
    assert seen == ids


async def test_neither_code_nor_text_of_a_report_can_be_read_in_the_database(customers: CustomerService) -> None:
    contact_id = await received(customers, reporting(personal_identity_code=CODE))
    await resolve(customers, contact_id, outcome="passed_on", municipality="091", why="Tells of herself")
    everything = await customers.everything()
    assert "Esimerkki" in everything
    assert not any(told in everything for told in (CODE, "Finnish", "Kuraattori", "0401234567", "Tells of herself"))


async def test_with_the_customer_the_contact_is_erased(customers: CustomerService) -> None:
    done = await resolve(customers, await received(customers), outcome="opened")
    assert done.customer_id
    await customers.ask(CloseCustomer(customer_id=done.customer_id, expected_version=1, reason="own_wish"))
    await customers.ask(EraseCustomer(customer_id=done.customer_id), RECORDS_TAMPERE)
    assert await customers.rows("SELECT FROM contact UNION ALL SELECT FROM contact_report") == []


async def test_a_contact_without_a_customer_is_forgotten_when_the_law_says(customers: CustomerService) -> None:
    kept, old = await received(customers), await received(customers, reporting(date_of_birth="1990-01-01"))
    await resolve(customers, old, outcome="closed", reason="no_need")
    today = helsinki_date(customers.clock.moment)
    assert law_on(today).contact_kept.first_day_kept(today).year == today.year - 4
    async with customers.unit_of_work.begin(INTEGRATION, CAUSE) as work:
        await repository.forget(work, customers.clock.moment + timedelta(seconds=1))
    assert [row["contact_id"] for row in await customers.rows("SELECT contact_id FROM contact")] == [kept]
    assert len(await customers.rows("SELECT FROM contact_report")) == 1


async def test_who_looked_at_a_contact_is_logged(customers: CustomerService) -> None:
    contact_id = await received(customers)
    await contact(customers, contact_id)
    assert [(each["act"], each["data"]) for each in await customers.uses()] == [
        ("receive", ["contact_report"]),
        ("view", ["contact_report"]),
    ]
