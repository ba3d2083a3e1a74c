"""The routes of contacts: each is one request to the customer service, as the user asked it."""

import json
from uuid import UUID

from contracts.customer.contacts import GetContact, ListContacts, ReceiveContact, ResolveContact, SetReceivingParty
from services.gateway.routes import contacts
from tests.gateway.replies.ids import GRANT_ID
from tests.gateway.support import API, Door

CONTACT = f"{API}/contacts/{GRANT_ID}"
KEY = {"Idempotency-Key": "k1"}
REPORT = json.loads(json.dumps(contacts._receiving.example))


async def test_recording_answers_the_address_of_the_contact(door: Door) -> None:
    answer = await door.send("POST", f"{API}/contacts", json=REPORT, headers=KEY)
    assert (answer.status, answer.headers["Location"]) == (201, CONTACT)
    [asked] = door.requests.asked
    assert (asked.request, asked.key) == (ReceiveContact.model_validate(REPORT), "k1")


async def test_a_field_that_is_missing_is_named_by_its_pointer(door: Door) -> None:
    report = REPORT | {"report": {name: value for name, value in REPORT["report"].items() if name != "consent"}}
    answer = await door.send("POST", f"{API}/contacts", json=report, headers=KEY)
    assert answer.status == 422
    assert [(each["pointer"], each["rule"]) for each in answer.json["errors"]] == [("/report/consent", "missing")]


async def test_the_inbox_takes_its_state_and_page_from_the_query(door: Door) -> None:
    answer = await door.send("GET", f"{API}/contacts?state=closed&limit=5&cursor={GRANT_ID}")
    assert answer.status == 200
    [asked] = door.requests.asked
    assert asked.request == ListContacts(state="closed", limit=5, cursor=GRANT_ID)


async def test_reading_a_contact_answers_its_version(door: Door) -> None:
    answer = await door.send("GET", CONTACT)
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    [asked] = door.requests.asked
    assert asked.request == GetContact(contact_id=GRANT_ID)


async def test_a_decision_names_the_version_that_was_read(door: Door) -> None:
    body = {"outcome": "attached", "customer_id": str(GRANT_ID)}
    answer = await door.send("POST", f"{CONTACT}/resolve", json=body, headers=KEY | {"If-Match": '"2"'})
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    [asked] = door.requests.asked
    assert asked.request == ResolveContact(
        contact_id=GRANT_ID, expected_version=2, outcome="attached", customer_id=UUID(int=GRANT_ID.int)
    )
    assert (await door.send("POST", f"{CONTACT}/resolve", json=body, headers=KEY)).status == 428


async def test_the_receiving_party_is_named(door: Door) -> None:
    body = {"unit": "Alkuneuvonta", "users": ["expert@tampere"]}
    answer = await door.send("PUT", f"{API}/receiving-party", json=body, headers=KEY)
    assert (answer.status, answer.json) == (200, {"municipality": "837"})
    [asked] = door.requests.asked
    assert asked.request == SetReceivingParty(unit="Alkuneuvonta", users=("expert@tampere",))
