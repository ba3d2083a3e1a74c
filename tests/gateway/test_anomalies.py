"""The doors to anomalies and emergencies."""

from typing import Any

from contracts.access.anomalies import CloseAnomaly, FindAnomalies, GetAnomaly, WatchCustomer
from contracts.customer.search import FindForEmergency
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Door


def asked(door: Door) -> Any:
    (one,) = door.requests.asked
    return one.request


async def test_the_work_list_is_asked_a_page_at_a_time(door: Door) -> None:
    assert (await door.send("GET", f"{API}/anomalies?also_closed=true&limit=5")).status == 200
    assert asked(door) == FindAnomalies(also_closed=True, limit=5)


async def test_a_case_is_read_with_its_version(door: Door) -> None:
    answer = await door.send("GET", f"{API}/anomalies/{GRANT_ID}")
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    assert asked(door) == GetAnomaly(anomaly_id=GRANT_ID)


async def test_a_case_is_closed_in_the_version_that_was_read(door: Door) -> None:
    body = {"outcome": "justified", "why": "It was a meeting."}
    headers = {"Idempotency-Key": "k", "If-Match": '"2"'}
    answer = await door.send("POST", f"{API}/anomalies/{GRANT_ID}/close", json=body, headers=headers)
    assert answer.status == 200
    assert asked(door) == CloseAnomaly(anomaly_id=GRANT_ID, expected_version=2, **body)


async def test_a_case_is_not_closed_without_saying_why(door: Door) -> None:
    headers = {"Idempotency-Key": "k", "If-Match": '"2"'}
    body = {"outcome": "justified", "why": "no"}
    answer = await door.send("POST", f"{API}/anomalies/{GRANT_ID}/close", json=body, headers=headers)
    assert [each["pointer"] for each in answer.problem(422, "invalid-input")["errors"]] == ["/why"]


async def test_a_customer_is_watched(door: Door) -> None:
    headers = {"Idempotency-Key": "k"}
    answer = await door.send("PUT", f"{API}/customers/{CUSTOMER_ID}/watch", json={"watched": False}, headers=headers)
    assert answer.status == 200
    assert asked(door) == WatchCustomer(customer_id=CUSTOMER_ID, watched=False)


async def test_whom_an_emergency_is_about_is_asked_in_a_body(door: Door) -> None:
    body = {"personal_identity_code": "010594Y9032", "reason": "Found unconscious"}
    answer = await door.send("POST", f"{API}/customers/find-for-emergency", json=body)
    assert answer.json == {"customer_id": str(CUSTOMER_ID)}
    assert asked(door) == FindForEmergency(**body)
