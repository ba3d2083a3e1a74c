"""The whole road: a customer is opened, and a second service has heard of it."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pika
import pytest

from contracts.assessment.state import GetCustomerAssessments
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    EraseCustomer,
    GetCustomer,
    OpenCustomer,
    Person,
    PersonChanges,
)
from contracts.types import Address, ContactDetails, PersonName, ResidencePermit
from services.kit.errors import ProblemReply
from tests.support import EXPERT_HELSINKI, RECORDS_TAMPERE, House, eventually, now

pytestmark = [pytest.mark.broker, pytest.mark.database]
CONTRACTS = Path(__file__).parents[2] / "contracts"

FAMILY, GIVEN, CODE = "Zzfamilyname", "Zzgivenname", "010594Y9032"
STREET, PHONE, EMAIL = "Zzstreet 1", "+358 40 9998887", "zz@example.org"
PLANTED = [FAMILY, GIVEN, CODE, "Zzstreet", "9998887", EMAIL, "1994-05-01"]


def person(**more: Any) -> Person:
    """A person with planted values that must not show anywhere."""
    values = {
        "name": PersonName(family=FAMILY, given=GIVEN),
        "date_of_birth": date(1994, 5, 1),
        "personal_identity_code": CODE,
        "contact": ContactDetails(
            phone=PHONE, email=EMAIL, address=Address(street=STREET, postal_code="33100", city="Tampere")
        ),
        "first_residence_permit": ResidencePermit(
            kind="continuous", ground="international_protection_asylum", granted_on=date(now().year - 1, 1, 15)
        ),
    }
    return Person.model_validate(values | more)


async def open_customer(house: House, **more: Any) -> UUID:
    opened = await house.ask(OpenCustomer(person=person(**more), arrival="moved"))
    return opened.customer_id


async def status_of(house: House, customer_id: UUID) -> list[str]:
    asked = GetCustomerAssessments(customer_id=customer_id)
    return [each.status for each in (await house.ask(asked)).assessments]


async def test_opening_a_customer_of_a_target_group_puts_an_assessment_to_start(house: House) -> None:
    customer_id = await open_customer(house)
    await house.settle()
    assert await status_of(house, customer_id) == ["to_start"]


async def test_an_assessment_is_withdrawn_when_the_facts_no_longer_call_for_it(house: House) -> None:
    customer_id = await open_customer(house)
    await house.settle()
    old = ResidencePermit(
        kind="continuous", ground="international_protection_asylum", granted_on=date(now().year - 5, 1, 15)
    )
    await house.ask(
        ChangeCustomer(customer_id=customer_id, expected_version=1, changes=PersonChanges(first_residence_permit=old))
    )
    await house.settle()
    assert await status_of(house, customer_id) == ["withdrawn"]


async def test_another_municipality_sees_nothing(house: House) -> None:
    customer_id = await open_customer(house)
    await house.settle()
    for question in (GetCustomer(customer_id=customer_id), GetCustomerAssessments(customer_id=customer_id)):
        with pytest.raises(ProblemReply) as raised:
            await house.ask(question, EXPERT_HELSINKI)
        assert raised.value.problem().status == 404


KEPT = {"tombstone", "usage_line", "subject_sequence", "outbox", "request_outcome"}
"""What still knows the opaque id of an erased person: the tombstone, and the erasure itself as event and outcome."""


async def test_an_erased_customer_is_nowhere(house: House) -> None:
    customer_id = await open_customer(house)
    await house.settle()
    await house.ask(EraseCustomer(customer_id=customer_id), RECORDS_TAMPERE)
    await house.settle()
    await eventually(lambda: house.rows("assessment", "SELECT 1 FROM tombstone WHERE customer_id = $1", customer_id))
    for service in house.services:
        assert await _tables_that_know(house, service, customer_id) <= KEPT
    left = await house.rows("customer", "SELECT type FROM outbox WHERE type <> 'customer.data_used.v1'")
    assert [row["type"] for row in left] == ["customer.erased.v1"]


async def test_an_opening_repeated_after_the_erasure_does_not_make_the_person_again(house: House) -> None:
    request = OpenCustomer(person=person(), arrival="moved")
    opened = await house.ask(request, key="the same")
    await house.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    assert await house.ask(request, key="the same") == opened
    assert not await house.rows("customer", "SELECT 1 FROM customer")


async def _tables_that_know(house: House, service: str, customer_id: UUID) -> set[str]:
    found = set()
    for table in house.services[service].parts.backbone.metadata.sorted_tables:
        if await house.rows(service, f"SELECT 1 FROM {table.name} t WHERE t::text LIKE $1", f"%{customer_id}%"):
            found.add(table.name)
    return found


async def test_a_closed_relationship_withdraws_the_assessment(house: House) -> None:
    customer_id = await open_customer(house)
    await house.ask(CloseCustomer(customer_id=customer_id, expected_version=1, reason="moved_away"))
    await house.settle()
    rows = await house.rows("assessment", "SELECT status FROM assessment")
    assert [row["status"] for row in rows] == ["withdrawn"]


def _envelope_validator() -> jsonschema.Draft7Validator:
    (path,) = Path(__file__).parents[1].joinpath("contracts/specs").glob("*cloudevents*.json")
    return jsonschema.Draft7Validator(json.loads(path.read_text()))


async def test_a_foreign_client_reads_an_event_and_validates_it(house: House) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(house.vhost.url()))
    channel = connection.channel()
    channel.queue_declare("foreign", exclusive=True)
    channel.queue_bind("foreign", "customer.events", "#")
    await open_customer(house)
    await house.settle()
    method, properties, body = channel.basic_get("foreign", auto_ack=True)
    connection.close()
    assert method is not None
    event = json.loads(body)
    _envelope_validator().validate(event)
    schema = json.loads((CONTRACTS / "schemas" / f"{event['type']}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(event["data"])
    assert properties.content_type == "application/cloudevents+json"
    assert (method.routing_key, properties.type, properties.message_id) == (event["type"], event["type"], event["id"])


async def test_one_trace_holds_the_whole_road(house: House) -> None:
    with house.telemetry.span("POST /api/v1/customers") as span:
        await open_customer(house)
    await house.settle()
    house.telemetry.flush()
    for service in house.services.values():
        service.parts.telemetry.flush()
    trace_id = span.get_span_context().trace_id
    spans = [each for each in house.spans.get_finished_spans() if each.context.trace_id == trace_id]
    road = {each.name for each in spans}
    assert {
        "ask customer.open_customer.v1",
        "answer customer.open_customer.v1",
        "publish customer.opened.v1",
        "process customer.opened.v1",
    } <= road
    heard = {"koto-assessment", "koto-plan", "koto-records"}
    on_the_road = {each.resource.attributes["service.name"] for each in spans}
    assert heard | {"koto-gateway", "koto-customer"} <= on_the_road
    ids = {each.context.span_id for each in spans}
    assert all(each.parent is None or each.parent.span_id in ids for each in spans)
