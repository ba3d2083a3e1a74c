"""Routes of plans: one request to the plan service each, in the caller's name."""

from typing import Any

import pytest

from contracts.envelope import FieldError
from contracts.plan.content import PlanContent
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    RecordFollowUp,
    RecordHindrance,
    ReviewPlan,
    WithdrawRecord,
)
from contracts.plan.plans import (
    ApprovePlan,
    DraftPlan,
    DropPlan,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    GiveGuardianConsent,
    ListCustomerPlans,
    OfferPlan,
    WithdrawGuardianConsent,
    WritePlan,
)
from services.kit.errors import InvalidInput, ProblemReply
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID, PLAN_ID
from tests.gateway.support import API, Door

PLAN = f"{API}/plans/{PLAN_ID}"
APPROVAL = {"party": "customer", "language": "fi", "sha256": "a" * 64, "how": "in_person", "approved_on": "2026-03-02"}
REVIEW = {
    "reason": "half_year",
    "reviewed_on": "2026-03-02",
    "participation": "x",
    "progress": "x",
    "next_review_on": "2026-08-31",
}
EXTENSION = {"ground": "home_care_part_time", "months": 6, "reason": "x"}
HINDRANCE = {"ground": "illness", "first": "2026-03-02"}
CONSENT = {"given_on": "2026-03-02", "given_by": "Aamu Esimerkki"}
FOLLOW_UP = {"goal_id": str(GRANT_ID), "followed_on": "2026-03-02", "progress": "reached"}


@pytest.mark.parametrize(
    ("method", "path", "body", "asks", "told"),
    [
        ("PUT", "/content", {"follow_up": "Weekly"}, WritePlan, {"content": PlanContent(follow_up="Weekly")}),
        ("POST", "/offer", None, OfferPlan, {}),
        ("POST", "/drop", {"why": "Moved"}, DropPlan, {"why": "Moved"}),
        ("POST", "/reviews", REVIEW, ReviewPlan, {"review": REVIEW}),
        ("POST", "/extensions", EXTENSION, ExtendPlan, {"extension": EXTENSION}),
        ("POST", "/consents", CONSENT, GiveGuardianConsent, {"consent": CONSENT}),
        ("POST", f"/records/{GRANT_ID}/withdraw", {"why": "x"}, WithdrawRecord, {"record_id": GRANT_ID, "why": "x"}),
        (
            "POST",
            f"/consents/{GRANT_ID}/withdraw",
            {"withdrawn_on": "2026-03-02"},
            WithdrawGuardianConsent,
            {"consent_id": GRANT_ID, "withdrawn_on": "2026-03-02"},
        ),
    ],
)
async def test_what_changes_a_plan_is_asked_of_the_version_that_was_read(
    door: Door, method: str, path: str, body: Any, asks: Any, told: Any
) -> None:
    headers = {"If-Match": '"2"', "Idempotency-Key": "act-1"}
    answer = await door.send(method, f"{PLAN}{path}", headers=headers, **({"json": body} if body else {}))
    assert (answer.status in (200, 201), answer.headers["ETag"]) == (True, '"3"')
    [asked] = door.requests.asked
    assert asked.request == asks.model_validate({"plan_id": PLAN_ID, "expected_version": 2, **told})
    missing = await door.send(
        method, f"{PLAN}{path}", headers={"Idempotency-Key": "k"}, **({"json": body} if body else {})
    )
    assert missing.status == 428


@pytest.mark.parametrize(
    ("path", "body", "asks", "told"),
    [
        ("/editions/1/approvals", APPROVAL, ApprovePlan, {"edition": 1, "approval": APPROVAL}),
        ("/hindrances", HINDRANCE, RecordHindrance, {"hindrance": HINDRANCE}),
        (
            f"/hindrances/{GRANT_ID}/end",
            {"last": "2026-03-02"},
            EndHindrance,
            {"hindrance_id": GRANT_ID, "last": "2026-03-02"},
        ),
        ("/follow-ups", FOLLOW_UP, RecordFollowUp, {"follow_up": FOLLOW_UP}),
    ],
)
async def test_what_is_added_needs_no_version(door: Door, path: str, body: Any, asks: Any, told: Any) -> None:
    answer = await door.send("POST", f"{PLAN}{path}", headers={"Idempotency-Key": "act-1"}, json=body)
    assert answer.status in (200, 201)
    assert door.requests.asked[0].request == asks.model_validate({"plan_id": PLAN_ID, **told})


async def test_a_plan_is_begun_and_the_answer_says_where_it_is(door: Door) -> None:
    body = {"kind": "individual", "assessment_id": str(GRANT_ID)}
    headers = {"Idempotency-Key": "act-1"}
    answer = await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/plans", json=body, headers=headers)
    assert (answer.status, answer.headers["Location"]) == (201, PLAN)
    assert door.requests.asked[0].request == DraftPlan(customer_id=CUSTOMER_ID, assessment_id=GRANT_ID)


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        (PLAN, GetPlan(plan_id=PLAN_ID)),
        (f"{PLAN}/editions/2", GetPlanEdition(plan_id=PLAN_ID, edition=2)),
        (f"{PLAN}/differences?before=1&after=2", GetPlanDifferences(plan_id=PLAN_ID, before=1, after=2)),
        (f"{PLAN}/history?cursor={GRANT_ID}", GetPlanHistory(plan_id=PLAN_ID, cursor=GRANT_ID)),
        (f"{API}/customers/{CUSTOMER_ID}/plans", ListCustomerPlans(customer_id=CUSTOMER_ID)),
    ],
)
async def test_plans_are_read(door: Door, path: str, asks: Any) -> None:
    assert (await door.send("GET", path)).status == 200
    assert door.requests.asked[0].request == asks


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (APPROVAL | {"party": "neighbour"}, "/party"),
        (APPROVAL | {"sha256": "abc"}, "/sha256"),
        (APPROVAL | {"approved_on": "yesterday"}, "/approved_on"),
    ],
)
async def test_an_approval_that_can_not_be_is_refused_by_field(door: Door, body: Any, pointer: str) -> None:
    headers = {"Idempotency-Key": "k"}
    answer = await door.send("POST", f"{PLAN}/editions/1/approvals", json=body, headers=headers)
    assert [error["pointer"] for error in answer.problem(422, "invalid-input")["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("told", "shown"),
    [("/approval/approved_on", "/approved_on"), ("/approvals", "/approvals"), ("/plan_id", "/plan_id")],
)
async def test_what_a_rule_says_of_the_body_points_into_the_body_that_was_sent(
    door: Door, told: str, shown: str
) -> None:
    error = FieldError(pointer=told, rule="before_offered", detail="not yet")
    door.requests.fails_by = ProblemReply(InvalidInput(errors=[error]).problem())
    answer = await door.send("POST", f"{PLAN}/editions/1/approvals", json=APPROVAL, headers={"Idempotency-Key": "k"})
    assert [each["pointer"] for each in answer.problem(422, "invalid-input")["errors"]] == [shown]
