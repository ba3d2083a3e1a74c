"""The county's participation in assessments: asking, the turns with the county, and its section."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from contracts.assessment.county_sections import (
    Contribution,
    ContributionVersion,
    CountySection,
    GetCountySection,
    WriteCountySection,
)
from contracts.assessment.participations import (
    MOST_PARTICIPATIONS,
    Channel,
    GetParticipation,
    GoOnWithoutContribution,
    ListParticipations,
    Participation,
    ParticipationPreview,
    Participations,
    ParticipationVersion,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    Way,
    WithdrawParticipation,
)
from contracts.handshake import HandshakeState, Responsible, ToOtherSide
from contracts.types import Code, Day, Value, Words
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.assessments import ADD, CASE, CHANGE, READ
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["participations"])
ONE = "/participations/{participation_id:uuid}"
_SAME = {"participation_id": "$request.path.participation_id"}


def _next_acts(participation: dict[str, str]) -> dict[str, Any]:
    """The documentation of what can be asked after an answer that tells a participation's version."""
    version = participation | {"If-Match": "$response.header.ETag"}
    return with_links(
        get_participation=participation,
        reply_to_participation=version,
        withdraw_participation=version,
        record_participation_answer=version,
        go_on_without_contribution=version,
    )


_REQUESTED = with_headers("ETag", "Location") | _next_acts({"participation_id": "$response.body#/participation_id"})
_CURRENT = with_headers("ETag") | _next_acts(_SAME)
_LISTED = with_links(
    list_participations={"cursor": "$response.body#/next_cursor"},
    get_participation={"participation_id": "$response.body#/participations/0/participation_id"},
)
_OF_ASSESSMENT = {"assessment_id": "$request.path.assessment_id"}
_WRITTEN = with_links(get_county_section=_OF_ASSESSMENT, write_county_section=_OF_ASSESSMENT)


class ParticipationRequest(Value):
    """How the county is asked to take part, and what it is told beforehand."""

    way: Way
    proposed_at: AwareDatetime | None = None
    preview: ParticipationPreview


class ParticipationReply(Value):
    """A reply to the county, with another time if need be."""

    text: ToOtherSide
    proposed_at: AwareDatetime | None = None


class AnswerRecorded(Value):
    """The county's answer that came by phone or letter."""

    act: Literal["accept", "reject"]
    responsible: Responsible | None = None
    reason: Code | None = None
    text: ToOtherSide | None = None
    channel: Channel
    answered_on: Day


class WithoutContribution(Value):
    """Why it is done without a contribution of the county's."""

    reason: Words


class NewContribution(Value):
    """What the county has written, and how it came where another writes it down."""

    contribution: Contribution
    channel: Channel | None = None


_request = JsonBody(
    ParticipationRequest,
    example={
        "way": "in_writing",
        "preview": {"service_language": "so", "interpreter_needed": True, "topics": ["health_and_social_needs"]},
    },
)
_reply = JsonBody(ParticipationReply, example={"text": "At the municipality's office."})
_answer = JsonBody(
    AnswerRecorded,
    example={
        "act": "accept",
        "responsible": {"name": "Sanna Virkanen", "phone": "+358 00 000 0003"},
        "channel": "phone",
        "answered_on": "2026-03-02",
    },
)
_without = JsonBody(WithoutContribution, example={"reason": "The county found nothing to add."})
_contribution = JsonBody(
    NewContribution,
    example={
        "contribution": {
            "sections": [{"topic": "health_and_social_needs", "text": "Needs a doctor's time."}],
            "written_by": "Sanna Virkanen",
            "written_on": "2026-03-02",
        },
        "channel": "letter",
    },
)


@routes.post(
    f"{CASE}/participations",
    status_code=201,
    response_model=ParticipationVersion,
    responses={201: _REQUESTED, **ADD},
    openapi_extra=_request.documentation,
)
async def request_participation(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    body: Annotated[ParticipationRequest, Depends(_request)],
) -> Response:
    """Ask the wellbeing services county that the municipality belongs to, to take part in the assessment."""
    done = await caller.ask(RequestParticipation(assessment_id=assessment_id, **dict(body)), key)
    return answer(done, 201, version=done.version, location=f"{PREFIX}/participations/{done.participation_id}")


@routes.get(
    "/participations", response_model=Participations, responses={200: _LISTED, **problems(400, 401, 403, 429, 500, 503)}
)
async def list_participations(
    caller: SignedIn,
    state: HandshakeState | None = None,
    assessment_id: UUID | None = None,
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PARTICIPATIONS)] = MOST_PARTICIPATIONS,
) -> Response:
    """Participations that the municipality asked for, the first first."""
    asked = ListParticipations(state=state, assessment_id=assessment_id, cursor=cursor, limit=limit)
    return answer(await caller.ask(asked))


@routes.get(ONE, response_model=Participation, responses={200: _CURRENT, **READ})
async def get_participation(caller: SignedIn, participation_id: UUID) -> Response:
    """One participation, with every turn that it took."""
    found = await caller.ask(GetParticipation(participation_id=participation_id))
    return answer(found, version=found.version)


@routes.post(
    f"{ONE}/reply",
    response_model=ParticipationVersion,
    responses={200: _CURRENT, **CHANGE},
    openapi_extra=_reply.documentation,
)
async def reply_to_participation(
    caller: SignedIn,
    participation_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[ParticipationReply, Depends(_reply)],
) -> Response:
    """Reply to what the county asked, if need be with another time."""
    told = ReplyToParticipation(participation_id=participation_id, expected_version=version, **dict(body))
    return _changed(await caller.ask(told, key))


@routes.post(
    f"{ONE}/withdraw",
    response_model=ParticipationVersion,
    responses={200: _CURRENT, **READ, **problems(409, 412, 422, 428)},
)
async def withdraw_participation(
    caller: SignedIn, participation_id: UUID, key: IdempotencyKey, version: ExpectedVersion
) -> Response:
    """Take the request back, while it is not answered."""
    told = WithdrawParticipation(participation_id=participation_id, expected_version=version)
    return _changed(await caller.ask(told, key))


@routes.post(
    f"{ONE}/answer",
    response_model=ParticipationVersion,
    responses={200: _CURRENT, **CHANGE},
    openapi_extra=_answer.documentation,
)
async def record_participation_answer(
    caller: SignedIn,
    participation_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[AnswerRecorded, Depends(_answer)],
) -> Response:
    """Write down the county's answer that came by phone or letter."""
    told = RecordParticipationAnswer(participation_id=participation_id, expected_version=version, **dict(body))
    return _changed(await caller.ask(told, key))


@routes.post(
    f"{ONE}/go-on",
    response_model=ParticipationVersion,
    responses={200: _CURRENT, **CHANGE},
    openapi_extra=_without.documentation,
)
async def go_on_without_contribution(
    caller: SignedIn,
    participation_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[WithoutContribution, Depends(_without)],
) -> Response:
    """Record why the assessment is concluded without a contribution of the county that takes part."""
    told = GoOnWithoutContribution(participation_id=participation_id, expected_version=version, reason=body.reason)
    return _changed(await caller.ask(told, key))


@routes.get(f"{CASE}/county-section", response_model=CountySection, responses={200: _WRITTEN, **READ})
async def get_county_section(caller: SignedIn, assessment_id: UUID) -> Response:
    """What the county has contributed to the assessment; masked for who may not see it."""
    return answer(await caller.ask(GetCountySection(assessment_id=assessment_id)))


@routes.post(
    f"{CASE}/county-section",
    status_code=201,
    response_model=ContributionVersion,
    responses={201: _WRITTEN, **ADD},
    openapi_extra=_contribution.documentation,
)
async def write_county_section(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    body: Annotated[NewContribution, Depends(_contribution)],
) -> Response:
    """Write the county's contribution by hand: its own worker, or the expert who got it by phone or letter."""
    return answer(await caller.ask(WriteCountySection(assessment_id=assessment_id, **dict(body)), key), 201)


def _changed(done: ParticipationVersion) -> Response:
    return answer(done, version=done.version)
