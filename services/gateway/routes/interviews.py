"""Initial interviews of an assessment, and what the customer is told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from contracts.assessment.interviews import (
    MOST_PEOPLE,
    AcknowledgeDuties,
    Appointment,
    BeginInterview,
    HeldInterview,
    PlanInterview,
    RecordMissedInterview,
    ToldDuty,
)
from contracts.assessment.versions import AssessmentVersion
from contracts.types import Value, Words
from services.gateway.bodies import JsonBody
from services.gateway.caller import SignedIn
from services.gateway.routes.assessments import CASE, CHANGE, CURRENT, changed
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["assessments"])


class NewAppointment(Value):
    """When, where and how."""

    appointment: Appointment


class Missed(Value):
    """What the customer says of it."""

    explanation: Words | None = None


class NewInterview(Value):
    """How it is held."""

    interview: HeldInterview


class ToldDuties(Value):
    """What the customer was told."""

    duties: tuple[ToldDuty, ...] = Field(min_length=1, max_length=MOST_PEOPLE)


_appointment = JsonBody(
    NewAppointment,
    example={
        "appointment": {
            "starts_at": "2100-03-09T09:00:00Z",
            "place": "office",
            "language": "fi",
            "interpreter": {"needed": True, "language": "so", "booking": "T-1207"},
        }
    },
)
_missed = JsonBody(Missed, example={"explanation": "The child was ill."})
_interview = JsonBody(
    NewInterview,
    example={
        "interview": {
            "held_on": "2026-03-02",
            "place": "office",
            "language": "fi",
            "language_understood": True,
            "interpreter_used": True,
            "interpreter_language": "so",
            "participants": [{"role": "interpreter"}],
        }
    },
)
_duties = JsonBody(
    ToldDuties,
    example={"duties": [{"duty": "personal_data", "told_on": "2026-03-02", "made_sure": "told_back"}]},
)


@routes.post(
    f"{CASE}/interview",
    response_model=AssessmentVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_appointment.documentation,
)
async def plan_interview(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[NewAppointment, Depends(_appointment)],
) -> Response:
    """Plan the initial interview, in place of one that is planned already."""
    return changed(
        await caller.ask(PlanInterview(assessment_id=assessment_id, expected_version=version, **dict(body)), key)
    )


@routes.post(
    f"{CASE}/interview/missed",
    response_model=AssessmentVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_missed.documentation,
)
async def record_missed_interview(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Missed, Depends(_missed)],
) -> Response:
    """Record that the customer did not come. What may follow is told with the assessment, and decided by others."""
    return changed(
        await caller.ask(
            RecordMissedInterview(assessment_id=assessment_id, expected_version=version, **dict(body)), key
        )
    )


@routes.post(
    f"{CASE}/interview/held",
    response_model=AssessmentVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_interview.documentation,
)
async def begin_interview(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[NewInterview, Depends(_interview)],
) -> Response:
    """Record that an interview is held: the assessment is under way."""
    return changed(
        await caller.ask(BeginInterview(assessment_id=assessment_id, expected_version=version, **dict(body)), key)
    )


@routes.post(
    f"{CASE}/duties",
    response_model=AssessmentVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_duties.documentation,
)
async def acknowledge_duties(
    caller: SignedIn,
    assessment_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[ToldDuties, Depends(_duties)],
) -> Response:
    """Record what the customer was told of what must be told."""
    return changed(
        await caller.ask(AcknowledgeDuties(assessment_id=assessment_id, expected_version=version, **dict(body)), key)
    )
