"""Contacts of another authority's program, from its own connection at the broker to the municipality's inbox."""

import json
from typing import Any

import pika.exceptions
import pytest

from contracts.customer.contacts import GetContact, ListContacts
from contracts.customer.people import OpenCustomer, Person
from contracts.partners import ToPartner
from contracts.policy import Case, policy
from contracts.registry import events
from tests.integration.conftest import receipts
from tests.integration.partner import CODE, TYPE, Foreigner, event, report
from tests.support import EXPERT_HELSINKI, House, eventually, rows

pytestmark = [pytest.mark.database, pytest.mark.broker]


def told(receipt: dict[str, Any]) -> tuple[Any, ...]:
    """What a receipt says: of which message, the outcome, and which rules were broken where."""
    errors = [(each["pointer"], each["rule"]) for each in receipt["errors"]]
    return receipt["message_id"], receipt["outcome"], errors


async def test_a_foreign_program_reports_a_person_and_gets_a_receipt(house: House, school: Foreigner) -> None:
    school.send(event("m-1"))
    [receipt] = await receipts(school)
    assert told(receipt) == ("m-1", "received", [])
    [card] = (await house.ask(ListContacts())).contacts
    contact = await house.ask(GetContact(contact_id=card.contact_id))
    [one] = contact.reports
    assert (one.authority, one.authority_name, one.channel, one.reference) == (
        "school",
        "Esimerkin koulu",
        "message",
        "m-1",
    )
    assert one.report.person.name.family == "Esimerkki"


async def test_the_receipt_is_the_same_for_a_customer_as_for_somebody_unknown(house: House, school: Foreigner) -> None:
    person = Person.model_validate(report()["person"] | {"personal_identity_code": CODE, "language": None})
    await house.ask(OpenCustomer(person=person.model_copy(update={"contact": None}), arrival="moved"), EXPERT_HELSINKI)
    known = report(person=report()["person"] | {"personal_identity_code": CODE})
    school.send(event("m-1", known))
    [of_known] = await receipts(school)
    school.send(event("m-2"))
    [of_unknown] = await receipts(school)
    same = of_known.keys() - {"message_id", "message_number", "received_at"}
    assert {each: of_known[each] for each in same} == {each: of_unknown[each] for each in same}
    assert "Esimerkki" not in json.dumps(of_known)


async def test_the_same_message_again_gets_its_receipt_again_and_is_one_report(house: House, school: Foreigner) -> None:
    school.send(event("m-1"))
    [first] = await receipts(school)
    school.send(event("m-1", time="2026-03-02T08:15:00Z"))  # written anew: what it says is the same
    [again] = await receipts(school)
    assert again == first
    [card] = (await house.ask(ListContacts())).contacts
    assert card.reports == 1


async def test_an_id_may_be_a_uuid_whatever_its_digits_look_like(house: House, school: Foreigner) -> None:
    school.send(event("7f031146-870d-42ee-a5cd-ea5bf6b73370"))
    assert [told(each)[1] for each in await receipts(school)] == ["received"]


async def test_another_message_with_a_used_id_is_refused(house: House, school: Foreigner) -> None:
    school.send(event("m-1"))
    await receipts(school)
    school.send(event("m-1", report(needs=["employment"])))
    assert [told(each) for each in await receipts(school)] == [("m-1", "refused", [("/id", "id_reused")])]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"not JSON", (None, "refused", [("", "json_invalid")])),
        (b"[]", (None, "refused", [("", "model_type")])),
        (event("m 1"), (None, "refused", [("/id", "string_pattern_mismatch")])),
        (event("m-010594Y9032"), (None, "refused", [("/id", "identity_code")])),
        (event("m-1", specversion="0.3"), ("m-1", "refused", [("/specversion", "string_pattern_mismatch")])),
        (event("m-1", type="other.v1"), ("m-1", "refused", [("/type", "differs_from_routing_key")])),
        (event("m-1", {}), ("m-1", "refused", [(f"/data/{each}", "missing") for each in
            ("reporter", "person", "needs", "consent", "municipality")])),
        (event("m-1", report(needs=["gold"])), ("m-1", "refused", [("/data/needs/0", "code_list")])),
        (event("m-1", report(consent={})), ("m-1", "refused", [("/data/consent", "consent")])),
        (event("m-1", report(municipality="999")), ("m-1", "refused", [("/data/municipality", "code_list")])),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_message_is_named_in_its_receipt(
    house: House, school: Foreigner, body: bytes, expected: tuple[Any, ...]
) -> None:
    school.send(body)
    assert [told(each) for each in await receipts(school)] == [expected]
    assert (await house.ask(ListContacts())).contacts == ()


async def test_a_message_put_right_may_keep_its_id(house: House, school: Foreigner) -> None:
    school.send(event("m-1", report(needs=["gold"])))
    await receipts(school)
    school.send(event("m-1"))
    assert [told(each) for each in await receipts(school)] == [("m-1", "received", [])]


async def test_a_type_that_the_partner_may_not_send_is_refused(house: House, school: Foreigner) -> None:
    school.send(event("m-1", type="authority.outreach_list.v1"), key="school.authority.outreach_list.v1")
    assert [told(each) for each in await receipts(school)] == [("m-1", "refused", [("/type", "type_not_allowed")])]


async def test_fields_that_we_do_not_know_are_no_mistake(house: House, school: Foreigner) -> None:
    school.send(event("m-1", report(shoe_size=38), traceparent="x"))
    assert [told(each) for each in await receipts(school)] == [("m-1", "received", [])]


async def test_a_partner_writes_in_its_own_name_alone(house: House, school: Foreigner) -> None:
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        school.send(event(), key=f"employment.{TYPE}")


@pytest.mark.parametrize("queue", ["partner.employment", "integration.partners", "customer.requests"])
async def test_a_partner_reads_no_queue_but_its_own(house: House, school: Foreigner, queue: str) -> None:
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        school.read(queue)


async def test_headers_in_which_a_partner_says_it_is_another_are_not_believed(house: House, school: Foreigner) -> None:
    other = f"employment.{TYPE}"
    school.send(event(), headers={"CC": [other], "x-routing-key": other, "x-exchange": "partners"})
    await receipts(school)
    [row] = await house.rows("integration", "SELECT partner FROM partner_message")
    assert row["partner"] == "school"


async def test_what_was_written_while_the_customer_service_was_away_waits_and_arrives(
    house: House, school: Foreigner
) -> None:
    url = house.services["customer"].parts.settings.database_url.get_secret_value()
    await house.services.pop("customer").stop()
    school.send(event("m-1"))
    await eventually(lambda: house.rows("integration", "SELECT FROM partner_message WHERE attempts > 0"))
    assert school.read() == []
    await house.start("customer", url)
    assert [told(each) for each in await receipts(school)] == [("m-1", "received", [])]
    assert len((await house.ask(ListContacts())).contacts) == 1


async def test_a_door_that_dies_between_asking_and_keeping_the_answer_reports_once(
    house: House, school: Foreigner
) -> None:
    integration = house.services["integration"]
    url = integration.parts.settings.database_url.get_secret_value()
    # the outcome can't be written: as if the process had died after the customer service had done it
    await house.rows("integration", "ALTER TABLE outbox RENAME TO outbox_away")
    school.send(event("m-1"))
    await eventually(lambda: house.rows("customer", "SELECT FROM contact_report"))
    await house.services.pop("integration").stop()
    await rows(url, "ALTER TABLE outbox_away RENAME TO outbox")
    await house.start("integration", url)
    assert [told(each) for each in await receipts(school)] == [("m-1", "received", [])]
    [card] = (await house.ask(ListContacts())).contacts
    assert card.reports == 1


async def test_many_messages_at_once_are_each_reported_once(house: House, school: Foreigner) -> None:
    expected = {f"m-{number}" for number in range(30)}
    for message_id in sorted(expected):
        school.send(event(message_id))
        school.send(event(message_id))  # may come before the first has its receipt, or after: then it gets one too
    found: set[str] = set()
    while found < expected:
        found |= {each["message_id"] for each in await receipts(school)}
    [card] = (await house.ask(ListContacts())).contacts
    assert card.reports == 30


async def test_nothing_of_a_message_is_left_once_its_owner_has_it(house: House, school: Foreigner) -> None:
    school.send(event("m-1", report(person=report()["person"] | {"personal_identity_code": CODE})))
    await receipts(school)
    named = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    tables = [row["name"] for row in await house.rows("integration", named)]
    kept = "".join([str(await house.rows("integration", f'SELECT t::text FROM "{table}" t')) for table in tables])
    assert "m-1" in kept
    assert not any(each in kept for each in ("Esimerkki", CODE, "1994", "Kuraattori", "Finnish", "0450000000"))


async def test_what_a_receipt_tells_is_what_the_policy_discloses() -> None:
    for each in events():
        if issubclass(each, ToPartner):
            assert all(policy().ruling(Case("service_integration", "disclose", data, "none")) for data in each.DATA)
