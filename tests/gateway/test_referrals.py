"""The routes of referrals are one request each; and a referral's way through the whole house."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.plan.programme import AddProgrammeService
from contracts.plan.referrals import (
    AnswerReferral,
    GetReferral,
    ListPlanReferrals,
    RecordCompletion,
    ReferToService,
    WithdrawCompletion,
    WithdrawReferral,
)
from services.kit.clock import helsinki_date
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import GRANT_ID
from tests.gateway.support import API, Answer, Door, opening
from tests.plan.agreed import Agreed, taught
from tests.plan.support import SUPERVISOR, Desk, StoppedClock
from tests.support import House, TestDatabases, eventually, now

REFERRAL = f"{API}/referrals/{GRANT_ID}"
OF_PLAN = f"{API}/plans/{GRANT_ID}/referrals"
LINE = str(uuid4())
ANSWER = {"answer": {"answer": "declined", "on": "2026-03-02", "reason": "no_place"}}
DONE = {"completion": {"kind": "service", "outcome": "completed", "ends_on": "2026-03-02"}, "is_over": False}


async def test_a_referral_is_made_under_its_plan_and_the_answer_says_where_it_is(door: Door) -> None:
    body = {"line_id": LINE, "provider": {"name": "Esimerkkiopisto"}, "referred_on": "2026-03-02"}
    made = await door.send("POST", OF_PLAN, json=body, headers={"Idempotency-Key": "k"})
    assert (made.status, made.headers["ETag"], made.headers["Location"]) == (201, '"1"', REFERRAL)
    assert (await door.send("GET", REFERRAL)).headers["ETag"] == '"2"'
    assert (await door.send("GET", OF_PLAN)).json == {"referrals": [], "referred_on": None}
    assert [each.request for each in door.requests.asked] == [
        ReferToService.model_validate({"plan_id": GRANT_ID, **body}),
        GetReferral(referral_id=GRANT_ID),
        ListPlanReferrals(plan_id=GRANT_ID),
    ]


@pytest.mark.parametrize(
    ("path", "body", "asks"), [("answer", ANSWER, AnswerReferral), ("completions", DONE, RecordCompletion)]
)
async def test_each_act_is_a_request_to_the_version_that_was_read(door: Door, path: str, body: Any, asks: Any) -> None:
    headers = {"Idempotency-Key": "k", "If-Match": '"1"'}
    assert (await door.send("POST", f"{REFERRAL}/{path}", json=body, headers=headers)).status == 200
    [asked] = door.requests.asked
    assert asked.request == asks.model_validate({"referral_id": GRANT_ID, "expected_version": 1, **body})
    del headers["If-Match"]
    answer = await door.send("POST", f"{REFERRAL}/{path}", json=body, headers=headers)
    answer.problem(428, "precondition-required")


async def test_a_completion_is_withdrawn_where_it_is_with_a_reason(door: Door) -> None:
    headers, why = {"Idempotency-Key": "k", "If-Match": '"2"'}, {"why": "Recorded of the wrong course"}
    place = f"{REFERRAL}/completions/{LINE}/withdraw"
    assert (await door.send("POST", place, json=why, headers=headers)).headers["ETag"] == '"3"'
    (await door.send("POST", place, json={"why": ""}, headers=headers)).problem(422, "invalid-input")
    [asked] = door.requests.asked
    assert asked.request == WithdrawCompletion(
        referral_id=GRANT_ID, expected_version=2, completion_id=UUID(LINE), **why
    )


async def test_a_referral_is_withdrawn_with_a_reason(door: Door) -> None:
    headers, why = {"Idempotency-Key": "k", "If-Match": '"2"'}, {"why": "Made of another customer"}
    assert (await door.send("POST", f"{REFERRAL}/withdraw", json=why, headers=headers)).headers["ETag"] == '"3"'
    refused = await door.send("POST", f"{REFERRAL}/withdraw", json={"why": " "}, headers=headers)
    assert [each["pointer"] for each in refused.problem(422, "invalid-input")["errors"]] == ["/why"]
    [asked] = door.requests.asked
    assert asked.request == WithdrawReferral(referral_id=GRANT_ID, expected_version=2, **why)


@pytest.mark.broker
@pytest.mark.database
async def test_a_client_is_referred_begins_and_completes_through_the_whole_house(
    house: House, databases: TestDatabases
) -> None:
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        tokens = []
        for organisation in ("837", "091"):
            user = str(uuid4())
            await house.appoint(user, organisation, "integration_expert")
            tokens.append(issuer.token(sub=user))
        expert, elsewhere = tokens

        async def ask(method: str, path: str, status: int = 200, token: str = expert, **more: Any) -> Answer:
            headers = {"Idempotency-Key": str(uuid4())} | more.pop("headers", {})
            answer = await door.send(method, path, token=token, headers=headers, **more)
            assert answer.status == status, answer
            return answer

        opened = await ask("POST", f"{API}/customers", 201, json=opening())
        await house.settle()
        today = helsinki_date(now())
        desk = Desk.of(house.services["plan"], StoppedClock(now()))
        course = await desk.ask(AddProgrammeService(service=taught()), SUPERVISOR)
        plan = Agreed(desk, UUID(opened.json["customer_id"]), course.service_id, today=today)
        drafted = await desk.drafted(plan.customer_id, earlier={"drawn_up_on": today})
        days = {"starts_on": today, "ends_on": today + timedelta(days=300), "duties_told_on": today}
        content = days | {"services": plan.lines, "next_review_on": today + timedelta(days=90)}
        plan.plan = await desk.approved(await desk.offered(drafted, **content))
        of_plan = f"{API}/plans/{plan.plan_id}/referrals"

        day = str(today - timedelta(days=1))
        body = {"provider": {"name": "Esimerkkiopisto"}, "referred_on": day}
        made = [
            await ask("POST", of_plan, 201, json=body | {"line_id": str(line)}) for line in (plan.course, plan.other)
        ]
        place = made[0].headers["Location"]
        await ask("POST", of_plan, 409, json=body | {"line_id": str(plan.course)})
        wrong = {"answer": {"answer": "declined", "on": day}}
        refused = await ask("POST", f"{place}/answer", 422, json=wrong, headers={"If-Match": '"1"'})
        assert [(each["pointer"], each["rule"]) for each in refused.json["errors"]] == [("/answer/reason", "missing")]
        begun = {"answer": {"answer": "taken_up", "on": day}}
        await ask("POST", f"{place}/answer", json=begun, headers={"If-Match": '"1"'})
        await ask("POST", f"{place}/answer", 412, json=begun, headers={"If-Match": '"1"'})
        done = {"completion": {"kind": "service", "outcome": "completed", "ends_on": day, "hours": 60}}
        await ask("POST", f"{place}/completions", json=done, headers={"If-Match": '"2"'})
        found = await ask("GET", place)
        assert (found.json["state"], found.headers["ETag"]) == ("completed", '"3"')
        listed = (await ask("GET", of_plan)).json
        states = [each["state"] for each in listed["referrals"]]
        assert (states, listed["referred_on"]) == (["completed", "made"], str(today))
        for path in (place, of_plan):
            await ask("GET", path, 404, elsewhere)
