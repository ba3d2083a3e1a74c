"""The routes of families: each is one request to the customer service, as the user asked it."""

from datetime import date
from typing import Any

import pytest

from contracts.customer.families import ChangeFamilyRelation, EndFamilyRelation, GetFamily, RecordFamilyRelation
from contracts.envelope import Request
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Answer, Door

KEY = {"Idempotency-Key": "k1"}
AS_READ = KEY | {"If-Match": '"3"'}
SISTER = {"name": {"family": "Esimerkki", "given": "Ilta"}, "year_of_birth": 1990}


async def sent(door: Door, method: str, path: str, **more: Any) -> tuple[Answer, Request[Any]]:
    """The answer, and what the service was asked."""
    answer = await door.send(method, f"{API}{path}", **more)
    [asked] = door.requests.asked
    return answer, asked.request


async def test_a_family_is_read_as_it_is_on_a_day(door: Door) -> None:
    answer, asked = await sent(door, "GET", f"/customers/{CUSTOMER_ID}/family?on=2026-01-01")
    assert answer.status == 200
    assert asked == GetFamily(customer_id=CUSTOMER_ID, on=date(2026, 1, 1))


async def test_recording_answers_the_version_of_the_relation(door: Door) -> None:
    body = {"kind": "sibling", "relative": SISTER, "why": "Told"}
    answer, asked = await sent(door, "POST", f"/customers/{CUSTOMER_ID}/family", json=body, headers=KEY)
    assert (answer.status, answer.headers["ETag"]) == (201, '"1"')
    assert answer.headers["Location"] == f"{API}/customers/{CUSTOMER_ID}/family"
    assert asked == RecordFamilyRelation.model_validate({"customer_id": CUSTOMER_ID, **body})


async def test_a_change_tells_what_was_left_out_from_what_is_emptied(door: Door) -> None:
    body = {"changes": {"valid_until": None}}
    answer, asked = await sent(door, "PATCH", f"/family-relations/{GRANT_ID}", json=body, headers=AS_READ)
    assert answer.headers["ETag"] == '"2"'
    assert isinstance(asked, ChangeFamilyRelation)
    assert (asked.expected_version, asked.changes.model_fields_set) == (3, {"valid_until"})


async def test_an_end_is_told_with_its_day(door: Door) -> None:
    body = {"ended_on": "2026-02-01"}
    answer, asked = await sent(door, "POST", f"/family-relations/{GRANT_ID}/end", json=body, headers=AS_READ)
    assert answer.headers["ETag"] == '"3"'
    assert asked == EndFamilyRelation(relation_id=GRANT_ID, expected_version=3, ended_on=date(2026, 2, 1))


@pytest.mark.parametrize("body", [{"kind": "sibling", "relative": {"name": "Ilta"}}, {"kind": "s", "relative": 1}, {}])
async def test_a_body_of_another_shape_is_refused_by_its_field(door: Door, body: dict[str, Any]) -> None:
    answer = await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/family", json=body, headers=KEY)
    assert answer.problem(422, "invalid-input")["errors"]
    assert door.requests.asked == []
