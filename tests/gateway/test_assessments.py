"""Routes of assessments: one request each in the caller's name, and two where facts are told with an answer."""

from typing import Any

import pytest

from contracts.assessment.cases import ConcludeAssessment, DropAssessment, GetAssessment, StartAssessment
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import CancelMeasure, OrderMeasure, ReportMeasure
from contracts.assessment.topics import GetTopicHistory, PinnedFacts, TopicContent, WriteTopic
from contracts.customer.background import ChangeBackground
from services.kit.errors import ChangedMeanwhile
from tests.gateway.replies.ids import ASSESSMENT_ID, CUSTOMER_ID, GRANT_ID
from tests.gateway.support import API, Door

CASE = f"{API}/assessments/{ASSESSMENT_ID}"
KEY = {"Idempotency-Key": "act-1"}
APPOINTMENT = {
    "starts_at": "2100-01-01T09:00:00Z",
    "place": "office",
    "language": "fi",
    "interpreter": {"needed": False},
}
HELD = {"held_on": "2026-03-02", "place": "office", "language": "fi", "language_understood": True}
TOLD = {"duty": "personal_data", "told_on": "2026-03-02", "made_sure": "told_back"}


@pytest.mark.parametrize(
    ("path", "body", "asks"),
    [
        ("/interview", {"appointment": APPOINTMENT}, PlanInterview),
        ("/interview/missed", {"explanation": "Ill."}, RecordMissedInterview),
        ("/interview/held", {"interview": HELD}, BeginInterview),
        ("/duties", {"duties": [TOLD]}, AcknowledgeDuties),
        ("/conclude", {"conclusion": {"result": "plan_needed"}}, ConcludeAssessment),
        ("/drop", {"drop": {"ground": "moved", "reason": "Moved."}}, DropAssessment),
    ],
)
async def test_each_act_is_its_own_request_to_the_version_that_was_read(
    door: Door, path: str, body: dict[str, Any], asks: Any
) -> None:
    answer = await door.send("POST", f"{CASE}{path}", json=body, headers=KEY | {"If-Match": '"2"'})
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    [asked] = door.requests.asked
    told = {"assessment_id": ASSESSMENT_ID, "expected_version": 2, **body}
    assert (asked.request, asked.key) == (asks.model_validate(told), "act-1")


async def test_an_assessment_is_started_and_the_answer_says_where_it_is(door: Door) -> None:
    body = {"asked_on": "2026-03-02", "why": "Asks for it."}
    answer = await door.send("POST", f"{API}/customers/{CUSTOMER_ID}/assessments", json=body, headers=KEY)
    assert (answer.status, answer.headers["ETag"], answer.headers["Location"]) == (201, '"1"', CASE)
    assert door.requests.asked[0].request == StartAssessment.model_validate({"customer_id": CUSTOMER_ID, **body})
    assert (await door.send("GET", CASE)).headers["ETag"] == '"2"'


async def test_measures_are_ordered_reported_and_cancelled(door: Door) -> None:
    order = {"order": {"measure": "literacy", "provider": "own", "due_on": "2100-01-01"}}
    report = {"report": {"result": "Reads.", "done_on": "2026-03-02", "done_by": "Kieli Kettunen"}}
    measure = f"{API}/clarifying-measures/{GRANT_ID}"
    assert (await door.send("POST", f"{CASE}/clarifying-measures", json=order, headers=KEY)).status == 201
    assert (await door.send("POST", f"{measure}/report", json=report, headers=KEY)).status == 200
    assert (await door.send("POST", f"{measure}/cancel", json={"reason": "So."}, headers=KEY)).status == 200
    assert [each.request for each in door.requests.asked] == [
        OrderMeasure.model_validate({"assessment_id": ASSESSMENT_ID, **order}),
        ReportMeasure.model_validate({"measure_id": GRANT_ID, **report}),
        CancelMeasure(measure_id=GRANT_ID, reason="So."),
    ]


async def test_a_topic_is_written_to_its_own_version(door: Door) -> None:
    headers = KEY | {"If-Match": '"0"'}
    answer = await door.send("PUT", f"{CASE}/topics/literacy", json={"content": {"text": "Reads."}}, headers=headers)
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert (await door.send("GET", f"{CASE}/topics/literacy/history?cursor=3")).status == 200
    assert [each.request for each in door.requests.asked] == [
        WriteTopic(
            assessment_id=ASSESSMENT_ID, topic="literacy", expected_version=0, content=TopicContent(text="Reads.")
        ),
        GetTopicHistory(assessment_id=ASSESSMENT_ID, topic="literacy", cursor=3),
    ]


FACTS = {"content": {"group": "education", "studies": []}, "expected_version": 3}


async def test_facts_are_told_to_their_owner_first_by_a_key_made_of_the_caller_s(door: Door) -> None:
    body = {"content": {"text": "Two trades."}, "facts": FACTS}
    headers = KEY | {"If-Match": '"0"'}
    await door.send("PUT", f"{CASE}/topics/education_and_work_experience", json=body, headers=headers)
    read, told, written = door.requests.asked
    assert read.request == GetAssessment(assessment_id=ASSESSMENT_ID)
    assert told.request == ChangeBackground.model_validate({"customer_id": CUSTOMER_ID, **FACTS})
    assert (told.key, written.key) == ("act-1 facts", "act-1")
    assert written.request.facts == PinnedFacts(group="education", version=4)


async def test_where_the_facts_are_refused_nothing_is_written(door: Door) -> None:
    door.requests.fails_by = ChangedMeanwhile(current_version=9)
    body = {"content": {"text": "Two trades."}, "facts": FACTS}
    answer = await door.send("PUT", f"{CASE}/topics/literacy", json=body, headers=KEY | {"If-Match": '"0"'})
    answer.problem(412, "changed-meanwhile")
    assert not any(isinstance(each.request, WriteTopic) for each in door.requests.asked)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"content": {"text": ""}}, "/content/text"),
        ({"content": {"text": "So."}, "topic": "literacy"}, "/topic"),
        ({"content": {"text": "So."}, "facts": {"content": FACTS["content"]}}, "/facts/expected_version"),
    ],
)
async def test_a_writing_that_can_not_be_is_refused_by_field(door: Door, body: Any, pointer: str) -> None:
    answer = await door.send("PUT", f"{CASE}/topics/literacy", json=body, headers=KEY | {"If-Match": '"0"'})
    assert [error["pointer"] for error in answer.problem(422, "invalid-input")["errors"]] == [pointer]
