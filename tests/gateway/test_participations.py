"""Routes of participations: one request to the assessment service each, in the caller's name."""

from typing import Any

import pytest

from contracts.assessment.county_sections import GetCountySection, WriteCountySection
from contracts.assessment.participations import (
    GetParticipation,
    GoOnWithoutContribution,
    ListParticipations,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from tests.gateway.replies.ids import ASSESSMENT_ID, TRANSFER_ID
from tests.gateway.support import API, Door

ONE, CASE = f"{API}/participations/{TRANSFER_ID}", f"{API}/assessments/{ASSESSMENT_ID}"
BY_PHONE = {"act": "reject", "reason": "later", "channel": "phone", "answered_on": "2026-03-02"}
WRITTEN = {
    "sections": [{"topic": "health_and_social_needs", "text": "So."}],
    "written_by": "Sanna Virkanen",
    "written_on": "2026-03-02",
}


@pytest.mark.parametrize(
    ("path", "body", "asks"),
    [
        ("/reply", {"text": "At ten."}, ReplyToParticipation),
        ("/withdraw", None, WithdrawParticipation),
        ("/answer", BY_PHONE, RecordParticipationAnswer),
        ("/go-on", {"reason": "Nothing was found."}, GoOnWithoutContribution),
    ],
)
async def test_each_act_is_its_own_request_to_the_version_that_was_read(
    door: Door, path: str, body: Any, asks: Any
) -> None:
    headers = {"If-Match": '"2"', "Idempotency-Key": "act-1"}
    answer = await door.send("POST", f"{ONE}{path}", headers=headers, **({"json": body} if body else {}))
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    [asked] = door.requests.asked
    told = {"participation_id": TRANSFER_ID, "expected_version": 2, **(body or {})}
    assert (asked.request, asked.key) == (asks.model_validate(told), "act-1")


async def test_a_county_is_asked_and_the_answer_says_where_the_participation_is(door: Door) -> None:
    body = {"way": "in_writing", "preview": {"topics": ["health_and_social_needs"]}}
    headers = {"Idempotency-Key": "act-1"}
    answer = await door.send("POST", f"{CASE}/participations", json=body, headers=headers)
    assert (answer.status, answer.headers["ETag"], answer.headers["Location"]) == (201, '"1"', ONE)
    [asked] = door.requests.asked
    assert asked.request == RequestParticipation.model_validate({"assessment_id": ASSESSMENT_ID, **body})
    found = await door.send("GET", answer.headers["Location"])
    assert (found.status, found.headers["ETag"]) == (200, '"2"')
    assert door.requests.asked[-1].request == GetParticipation(participation_id=TRANSFER_ID)


async def test_a_list_is_asked_for_by_state_and_assessment(door: Door) -> None:
    answer = await door.send("GET", f"{API}/participations?state=accepted&assessment_id={ASSESSMENT_ID}&limit=5")
    assert answer.status == 200
    wanted = ListParticipations(state="accepted", assessment_id=ASSESSMENT_ID, limit=5)
    assert [each.request for each in door.requests.asked] == [wanted]


async def test_the_county_s_section_is_read_and_written_by_requests_of_its_own(door: Door) -> None:
    body = {"contribution": WRITTEN, "channel": "letter"}
    headers = {"Idempotency-Key": "act-1"}
    written = await door.send("POST", f"{CASE}/county-section", json=body, headers=headers)
    read = await door.send("GET", f"{CASE}/county-section")
    assert (written.status, read.status) == (201, 200)
    assert [each.request for each in door.requests.asked] == [
        WriteCountySection.model_validate({"assessment_id": ASSESSMENT_ID, **body}),
        GetCountySection(assessment_id=ASSESSMENT_ID),
    ]
