"""What an assessment finds out: topics, written by several people at once, and clarifying measures."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query
from pydantic import Field
from starlette.responses import Response

from contracts.assessment.cases import GetAssessment
from contracts.assessment.measures import (
    CancelMeasure,
    MeasureOrder,
    MeasureReport,
    MeasureVersion,
    OrderMeasure,
    ReportMeasure,
)
from contracts.assessment.topics import (
    GetTopicHistory,
    PinnedFacts,
    TopicContent,
    TopicHistory,
    TopicVersion,
    WriteTopic,
)
from contracts.customer.background import ChangeBackground
from contracts.types import Code, Value, Words
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import with_headers, with_links
from services.gateway.routes.assessments import ADD, CASE, CHANGE, READ, SAME
from services.gateway.routes.background import NewContent
from services.gateway.routes.customers import PREFIX, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["assessments"])
_MEASURE = "/clarifying-measures/{measure_id:uuid}"

TopicCode = Annotated[Code, Path(description="a topic of the rule book", examples=["literacy"])]


def _topic_version(
    if_match: Annotated[
        str,
        Header(
            alias="If-Match",
            pattern='^"(0|[1-9][0-9]{0,8})"$',
            description='The version of the topic that is written anew; "0" while nothing is written.',
            examples=['"0"'],
        ),
    ],
) -> int:
    return int(if_match.strip('"'))


_SAME_MEASURE = {"measure_id": "$request.path.measure_id"}
_SAME_TOPIC = SAME | {"topic": "$request.path.topic"}
_ORDERED = with_links(
    report_measure={"measure_id": "$response.body#/measure_id"},
    cancel_measure={"measure_id": "$response.body#/measure_id"},
)
_WRITTEN = with_headers("ETag") | with_links(
    write_topic=_SAME_TOPIC | {"If-Match": "$response.header.ETag"}, get_topic_history=_SAME_TOPIC
)
_PAGE = with_links(get_topic_history=_SAME_TOPIC | {"cursor": "$response.body#/next_cursor"})


class NewFacts(NewContent):
    """A group of the customer's background that an answer tells anew, in place of the version that was read."""

    expected_version: int = Field(ge=0, le=999_999_999)


class NewWriting(Value):
    """What a topic holds from now on, and facts of the customer told with it."""

    content: TopicContent
    facts: NewFacts | None = None


class NewMeasure(Value):
    """What is to be found out."""

    order: MeasureOrder


class NewReport(Value):
    """What was found out."""

    report: MeasureReport


class Cancellation(Value):
    """Why a measure is cancelled."""

    reason: Words


_writing = JsonBody(
    NewWriting,
    example={
        "content": {
            "text": "Reads and writes his own language.",
            "levels": [{"scale": "literacy", "level": "literate"}],
            "needs": [{"kind": "language_learning"}],
        }
    },
)
_order = JsonBody(
    NewMeasure, example={"order": {"measure": "language_level", "provider": "own", "due_on": "2100-04-01"}}
)
_report = JsonBody(
    NewReport,
    example={"report": {"result": "Starts at A1.", "done_on": "2026-03-02", "done_by": "Kieli Kettunen"}},
)
_cancellation = JsonBody(Cancellation, example={"reason": "It was found out in the interview."})


@routes.put(
    f"{CASE}/topics/{{topic}}",
    response_model=TopicVersion,
    responses={200: _WRITTEN, **CHANGE},
    openapi_extra=_writing.documentation,
)
async def write_topic(
    caller: SignedIn,
    assessment_id: UUID,
    topic: TopicCode,
    key: IdempotencyKey,
    version: Annotated[int, Depends(_topic_version)],
    body: Annotated[NewWriting, Depends(_writing)],
) -> Response:
    """Write what was found out under a topic; facts of the customer go to the background, and are pinned.

    Repeated with the same key it does what is left of both, whatever came in between.
    """
    pinned = await _tell_facts(caller, assessment_id, body.facts, key) if body.facts else None
    done = await caller.ask(
        WriteTopic(
            assessment_id=assessment_id, topic=topic, expected_version=version, content=body.content, facts=pinned
        ),
        key,
    )
    return answer(done, version=done.version)


@routes.get(f"{CASE}/topics/{{topic}}/history", response_model=TopicHistory, responses={200: _PAGE, **READ})
async def get_topic_history(
    caller: SignedIn,
    assessment_id: UUID,
    topic: TopicCode,
    cursor: Annotated[int | None, Query(ge=1, le=999_999_999, description="next_cursor of the page before")] = None,
) -> Response:
    """What was ever written under a topic, by whom; newest first, a page at a time."""
    return answer(await caller.ask(GetTopicHistory(assessment_id=assessment_id, topic=topic, cursor=cursor)))


@routes.post(
    f"{CASE}/clarifying-measures",
    status_code=201,
    response_model=MeasureVersion,
    responses={201: _ORDERED, **ADD},
    openapi_extra=_order.documentation,
)
async def order_measure(
    caller: SignedIn, assessment_id: UUID, key: IdempotencyKey, body: Annotated[NewMeasure, Depends(_order)]
) -> Response:
    """Order a measure that finds out something more closely."""
    return answer(await caller.ask(OrderMeasure(assessment_id=assessment_id, order=body.order), key), 201)


@routes.post(
    f"{_MEASURE}/report",
    response_model=MeasureVersion,
    responses={200: with_links(cancel_measure=_SAME_MEASURE), **ADD},
    openapi_extra=_report.documentation,
)
async def report_measure(
    caller: SignedIn, measure_id: UUID, key: IdempotencyKey, body: Annotated[NewReport, Depends(_report)]
) -> Response:
    """Report what a measure found out."""
    return answer(await caller.ask(ReportMeasure(measure_id=measure_id, report=body.report), key))


@routes.post(
    f"{_MEASURE}/cancel",
    response_model=MeasureVersion,
    responses={200: with_links(report_measure=_SAME_MEASURE), **ADD},
    openapi_extra=_cancellation.documentation,
)
async def cancel_measure(
    caller: SignedIn, measure_id: UUID, key: IdempotencyKey, body: Annotated[Cancellation, Depends(_cancellation)]
) -> Response:
    """Cancel a measure."""
    return answer(await caller.ask(CancelMeasure(measure_id=measure_id, reason=body.reason), key))


async def _tell_facts(caller: SignedIn, assessment_id: UUID, facts: NewFacts, key: str) -> PinnedFacts:
    """Tells the background's owner the facts, in the caller's name, and returns which version they became."""
    customer_id = (await caller.ask(GetAssessment(assessment_id=assessment_id))).customer_id
    of_facts = f"{key} facts"  # no caller's key has a space in it
    changed = await caller.ask(
        ChangeBackground(customer_id=customer_id, **facts.model_dump(exclude_unset=True)), of_facts
    )
    return PinnedFacts(group=changed.group, version=changed.version)
