"""Assessments of skills and integration service needs, from their start to what came of them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from contracts.assessment.cases import (
    AssessmentsOfCustomer,
    ConcludeAssessment,
    Conclusion,
    Drop,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    StartAssessment,
    WholeAssessment,
)
from contracts.assessment.versions import AssessmentVersion
from contracts.types import CustomerId, Day, Value, Words
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["assessments"])
CASE = "/assessments/{assessment_id:uuid}"

READ = problems(400, 401, 403, 404, 429, 500, 503)
ADD = READ | problems(409, 413, 415, 422)
CHANGE = ADD | problems(412, 428)
SAME = {"assessment_id": "$request.path.assessment_id"}


def _next_acts(assessment: dict[str, str]) -> dict[str, Any]:
    """The documentation of what can be asked after an answer that tells an assessment's version."""
    version = assessment | {"If-Match": "$response.header.ETag"}
    return with_links(
        get_assessment=assessment,
        plan_interview=version,
        record_missed_interview=version,
        begin_interview=version,
        acknowledge_duties=version,
        conclude_assessment=version,
        drop_assessment=version,
        order_measure=assessment,
        write_topic=assessment,
    )


_STARTED = with_headers("ETag", "Location") | _next_acts({"assessment_id": "$response.body#/assessment_id"})
CURRENT = with_headers("ETag") | _next_acts(SAME)
_LISTED = with_links(
    get_assessment={"assessment_id": "$response.body#/assessments/0/assessment_id"},
    start_assessment={"customer_id": "$request.path.customer_id"},
)


class NewAssessment(Value):
    """That the customer asked, and why the need was assessed to be there."""

    asked_on: Day
    why: Words
    despite_time_limit: Words | None = None


class NewConclusion(Value):
    """What came of the assessment."""

    conclusion: Conclusion


class NewDrop(Value):
    """Why the assessment ends without a result."""

    drop: Drop


_start = JsonBody(NewAssessment, example={"asked_on": "2026-03-02", "why": "Has two trades and speaks no Finnish."})
_conclusion = JsonBody(
    NewConclusion, example={"conclusion": {"result": "no_plan_needed", "reason": "Works in his trade."}}
)
_drop = JsonBody(NewDrop, example={"drop": {"ground": "moved", "reason": "Moved to another municipality."}})


@routes.get(
    "/customers/{customer_id:uuid}/assessments",
    response_model=AssessmentsOfCustomer,
    responses={200: _LISTED, **READ},
)
async def get_customer_assessments(caller: SignedIn, customer_id: CustomerId) -> Response:
    """The acting municipality's assessments of one of its customers."""
    return answer(await caller.ask(GetAssessmentsOfCustomer(customer_id=customer_id)))


@routes.post(
    "/customers/{customer_id:uuid}/assessments",
    status_code=201,
    response_model=AssessmentVersion,
    responses={201: _STARTED, **ADD},
    openapi_extra=_start.documentation,
)
async def start_assessment(
    caller: SignedIn, customer_id: CustomerId, key: IdempotencyKey, body: Annotated[NewAssessment, Depends(_start)]
) -> Response:
    """Start an assessment of a customer who asks for it and is assessed to need it."""
    done = await caller.ask(StartAssessment(customer_id=customer_id, **dict(body)), key)
    return answer(done, 201, version=done.version, location=f"{PREFIX}/assessments/{done.assessment_id}")


@routes.get(CASE, response_model=WholeAssessment, responses={200: CURRENT, **READ})
async def get_assessment(caller: SignedIn, assessment_id: UUID) -> Response:
    """One assessment with all that was recorded in it."""
    found = await caller.ask(GetAssessment(assessment_id=assessment_id))
    return answer(found, version=found.version)


@routes.post(
    f"{CASE}/conclude",
    response_model=AssessmentVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_conclusion.documentation,
)
async def conclude_assessment(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[NewConclusion, Depends(_conclusion)],
) -> Response:
    """Conclude an assessment: what is still missing is told all at once."""
    return changed(
        await caller.ask(ConcludeAssessment(assessment_id=assessment_id, expected_version=version, **dict(body)), key)
    )


@routes.post(
    f"{CASE}/drop",
    response_model=AssessmentVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_drop.documentation,
)
async def drop_assessment(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[NewDrop, Depends(_drop)],
) -> Response:
    """End an assessment without a result."""
    return changed(
        await caller.ask(DropAssessment(assessment_id=assessment_id, expected_version=version, **dict(body)), key)
    )


def changed(done: AssessmentVersion) -> Response:
    return answer(done, version=done.version)
