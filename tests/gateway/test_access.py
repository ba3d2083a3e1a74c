"""The routes of rights: each is one request to the access service, as the user asked it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.access.organisations import ListOrganisations
from contracts.access.rights import (
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    GiveGrant,
    ListGrants,
    ListUsers,
    ReviewGrant,
    user_number,
)
from contracts.access.safeguards import (
    ListNotices,
    MarkNoticeSeen,
    OpenEmergencyAccess,
    ReleaseCustomer,
)
from contracts.envelope import Request
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Answer, Door

KEY = {"Idempotency-Key": "k1"}
AS_READ = KEY | {"If-Match": '"3"'}
AT = datetime(2099, 7, 31, 21, tzinfo=UTC)
REASON = "The ambulance asks for the next of kin."


async def sent(door: Door, method: str, path: str, **more: Any) -> tuple[Answer, Request[Any], str | None]:
    """The answer, and what the service was asked, with which key."""
    answer = await door.send(method, f"{API}{path}", **more)
    [asked] = door.requests.asked
    return answer, asked.request, asked.key


class TestRights:
    async def test_giving_answers_the_address_and_the_version_of_the_right(self, door: Door) -> None:
        body = {"user": "u", "role": "advisor", "task": "guidance", "ground": {"kind": "employment"}}
        answer, asked, key = await sent(door, "POST", "/grants", json=body, headers=KEY)
        assert (answer.status, answer.headers["ETag"]) == (201, '"1"')
        assert answer.headers["Location"] == f"{API}/grants/{GRANT_ID}"
        assert (asked, key) == (GiveGrant.model_validate(body), "k1")

    async def test_reading_answers_the_version(self, door: Door) -> None:
        answer, asked, _ = await sent(door, "GET", f"/grants/{GRANT_ID}")
        assert answer.headers["ETag"] == '"3"'
        assert asked == GetGrant(grant_id=GRANT_ID)

    async def test_lists_take_their_filters_from_the_query(self, door: Door) -> None:
        number = user_number("expert@tampere")
        query = f"user_number={number}&due_for_review=true&unused_for_days=90&ending_within_days=14&limit=5"
        _, asked, _ = await sent(door, "GET", f"/grants?{query}&cursor={GRANT_ID}")
        assert asked == ListGrants(
            user_number=number,
            due_for_review=True,
            unused_for_days=90,
            ending_within_days=14,
            limit=5,
            cursor=GRANT_ID,
        )

    @pytest.mark.parametrize(
        ("method", "path", "body", "headers", "request_"),
        [
            (
                "PATCH",
                f"/grants/{GRANT_ID}",
                {"ends_at": AT.isoformat()},
                AS_READ,
                ChangeGrantEnd(grant_id=GRANT_ID, expected_version=3, ends_at=AT),
            ),
            (
                "POST",
                f"/grants/{GRANT_ID}/end",
                {"reason": "left"},
                AS_READ,
                EndGrant(grant_id=GRANT_ID, expected_version=3, reason="left"),
            ),
            (
                "POST",
                f"/grants/{GRANT_ID}/review",
                None,
                AS_READ,
                ReviewGrant(grant_id=GRANT_ID, expected_version=3),
            ),
            (
                "POST",
                f"/grants/{GRANT_ID}/deputies",
                {"user": "other", "ends_at": AT.isoformat()},
                KEY,
                AppointDeputy(grant_id=GRANT_ID, user="other", ends_at=AT),
            ),
            (
                "POST",
                f"/withheld-customers/{GRANT_ID}/release",
                {"user": "other"},
                KEY,
                ReleaseCustomer(withheld_id=GRANT_ID, user="other"),
            ),
            (
                "POST",
                f"/customers/{CUSTOMER_ID}/emergency-access",
                {"reason": REASON},
                KEY,
                OpenEmergencyAccess(customer_id=CUSTOMER_ID, reason=REASON),
            ),
            ("POST", f"/notices/{GRANT_ID}/seen", None, KEY, MarkNoticeSeen(notice_id=GRANT_ID)),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )
    async def test_a_change_is_asked_as_it_was_sent(
        self, door: Door, method: str, path: str, body: Any, headers: dict[str, str], request_: Request[Any]
    ) -> None:
        answer, asked, key = await sent(door, method, path, json=body, headers=headers)
        assert answer.status in (200, 201)
        assert (asked, key) == (request_, "k1")

    @pytest.mark.parametrize(
        ("path", "request_"),
        [
            ("/users", ListUsers()),
            ("/notices?also_seen=true", ListNotices(also_seen=True)),
            ("/organisations?kind=municipality&name=tamp", ListOrganisations(kind="municipality", name="tamp")),
        ],
    )
    async def test_a_list_is_asked_for(self, door: Door, path: str, request_: Request[Any]) -> None:
        answer, asked, _ = await sent(door, "GET", path)
        assert answer.status == 200
        assert asked == request_


class TestRefusals:
    @pytest.mark.parametrize("path", ["end", "review"])
    async def test_a_change_of_a_right_says_which_version_it_saw(self, door: Door, path: str) -> None:
        body = {"reason": "left"}
        answer = await door.send("POST", f"{API}/grants/{GRANT_ID}/{path}", json=body, headers=KEY)
        answer.problem(428, "precondition-required")

    async def test_an_emergency_has_a_reason(self, door: Door) -> None:
        answer = await door.send(
            "POST", f"{API}/customers/{CUSTOMER_ID}/emergency-access", json={"reason": "           "}, headers=KEY
        )
        [error] = answer.problem(422, "invalid-input")["errors"]
        assert error["pointer"] == "/reason"
        assert not door.requests.asked

    @pytest.mark.parametrize("query", ["cursor=abc", "limit=0", "unused_for_days=-1", "user_number=expert@tampere"])
    async def test_a_query_that_can_t_be_is_refused(self, door: Door, query: str) -> None:
        answer = await door.send("GET", f"{API}/grants?{query}")
        answer.problem(400, "malformed-request")
        assert not door.requests.asked
