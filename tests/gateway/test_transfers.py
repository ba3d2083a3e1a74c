"""Routes of transfers and of what is open: one request to the customer service each, in the caller's name."""

from typing import Any

import pytest

from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.people import CloseCustomer
from contracts.customer.transfers import (
    AcceptTransfer,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    WithdrawTransfer,
)
from tests.gateway.replies.ids import CUSTOMER_ID, TRANSFER_ID
from tests.gateway.support import API, Door

TRANSFER = f"{API}/transfers/{TRANSFER_ID}"
CONSENT = {"given_on": "2026-03-01", "given_by": "writing"}
SOMEBODY = {"name": "Aino Virkanen"}


@pytest.mark.parametrize(
    ("path", "body", "asks"),
    [
        ("/accept", {"responsible": SOMEBODY}, AcceptTransfer),
        ("/reject", {"reason": "not_resident", "text": "No."}, RejectTransfer),
        ("/ask-more", {"text": "When?"}, AskMoreOfTransfer),
        ("/reply", {"text": "In May."}, ReplyToTransfer),
        ("/withdraw", None, WithdrawTransfer),
    ],
)
async def test_each_turn_is_its_own_request_to_the_version_that_was_read(
    door: Door, path: str, body: Any, asks: Any
) -> None:
    headers = {"If-Match": '"2"', "Idempotency-Key": "act-1"}
    answer = await door.send("POST", f"{TRANSFER}{path}", headers=headers, **({"json": body} if body else {}))
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    [asked] = door.requests.asked
    told = {"transfer_id": TRANSFER_ID, "expected_version": 2, **(body or {})}
    assert (asked.request, asked.key) == (asks.model_validate(told), "act-1")


async def test_a_customer_is_offered_and_the_answer_says_where_the_transfer_is(door: Door) -> None:
    body = {"receiver": "091", "reason": "moved", "consent": CONSENT}
    headers = {"Idempotency-Key": "act-1"}
    answer = await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/transfers", json=body, headers=headers)
    assert (answer.status, answer.headers["ETag"], answer.headers["Location"]) == (201, '"1"', TRANSFER)
    [asked] = door.requests.asked
    assert asked.request == OfferTransfer.model_validate({"customer_id": CUSTOMER_ID, **body})
    found = await door.send("GET", answer.headers["Location"])
    assert (found.status, found.headers["ETag"]) == (200, '"2"')
    assert door.requests.asked[-1].request == GetTransfer(transfer_id=TRANSFER_ID)


async def test_whom_one_asks_for_stands_in_the_body_and_not_in_the_address(door: Door) -> None:
    body = {"personal_identity_code": "010594Y9032", "reason": "moved", "consent": CONSENT}
    answer = await door.send("POST", f"{API}/transfers", json=body, headers={"Idempotency-Key": "act-1"})
    assert (answer.status, answer.headers["Location"]) == (201, TRANSFER)
    assert door.requests.asked[0].request == AskForTransfer.model_validate(body)


async def test_transfers_are_listed_by_direction_and_state(door: Door) -> None:
    answer = await door.send("GET", f"{API}/transfers?direction=in&state=requested&limit=5")
    assert (answer.status, answer.json) == (200, {"transfers": [], "next_cursor": None})
    assert door.requests.asked[0].request == ListTransfers(direction="in", state="requested", cursor=None, limit=5)


async def test_open_matters_are_read_and_acknowledged_at_the_close(door: Door) -> None:
    assert (await door.send("GET", f"{API}/customers/{CUSTOMER_ID}/open-matters")).json == {"matters": []}
    body = {"reason": "moved_away", "acknowledged": [str(TRANSFER_ID)]}
    headers = {"If-Match": '"4"', "Idempotency-Key": "act-3"}
    await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/close", json=body, headers=headers)
    assert [each.request for each in door.requests.asked] == [
        GetOpenMatters(customer_id=CUSTOMER_ID),
        CloseCustomer(customer_id=CUSTOMER_ID, expected_version=4, reason="moved_away", acknowledged=(TRANSFER_ID,)),
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"receiver": "Esimerkki kunta", "reason": "moved"}, "/receiver"),
        ({"receiver": "091"}, "/reason"),
        ({"receiver": "091", "reason": "moved", "consent": CONSENT | {"given_on": "then"}}, "/consent/given_on"),
        ({"receiver": "091", "reason": "moved", "name": "Aamu"}, "/name"),
    ],
)
async def test_an_offer_that_can_not_be_is_refused_by_field(door: Door, body: Any, pointer: str) -> None:
    answer = await door.send(
        "POST", f"{API}/customers/{CUSTOMER_ID}/transfers", json=body, headers={"Idempotency-Key": "k"}
    )
    assert [error["pointer"] for error in answer.problem(422, "invalid-input")["errors"]] == [pointer]
