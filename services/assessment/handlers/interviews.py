"""Interviews planned, missed and held, and what the customer was told."""

from typing import Any

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.assessment.interviews import (
    AcknowledgedDuty,
    AcknowledgeDuties,
    BeginInterview,
    PlanInterview,
    RecordMissedInterview,
)
from contracts.assessment.versions import AssessmentVersion
from services.assessment.handlers.base import change, to_version
from services.assessment.repository import interviews
from services.assessment.rules import interviews as rules
from services.assessment.rules.base import assessment_law
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, check_input
from services.kit.work import Work


@to_version
async def plan_interview(message: PlanInterview, work: Work, row: Row[Any]) -> AssessmentVersion:
    """Plans an interview, in place of one that is planned already."""
    check_input(rules.broken_by_appointment(message.appointment, work.now, helsinki_date(work.now)))
    await interviews.settle_planned(work, row.assessment_id, "replaced")
    await interviews.add(
        work,
        interview_id=uuid7(),
        assessment_id=row.assessment_id,
        customer_id=row.customer_id,
        municipality=row.municipality,
        state="planned",
        starts_at=message.appointment.starts_at,
        appointment=message.appointment.model_dump(mode="json"),
    )
    status = "planned" if row.status == "to_start" else row.status
    return await change(work, row.assessment_id, status=status, interview_at=message.appointment.starts_at)


@to_version
async def record_missed_interview(message: RecordMissedInterview, work: Work, row: Row[Any]) -> AssessmentVersion:
    """Records that the customer did not come; what may follow is told with the assessment, and decided by others."""
    planned = await interviews.planned_at(work, row.assessment_id)
    if planned is None or planned > work.now:
        raise Conflict("No interview was planned that the customer could have missed.")
    told = {"missed_on": helsinki_date(planned), "explanation": message.explanation}
    await interviews.settle_planned(work, row.assessment_id, "missed", **told)
    return await change(work, row.assessment_id, interview_at=row.begun_on and rules.noon(row.begun_on))


@to_version
async def begin_interview(message: BeginInterview, work: Work, row: Row[Any]) -> AssessmentVersion:
    """Records an interview that is held, the one planned if there is one."""
    held = message.interview
    check_input(rules.broken_by_interview(held, helsinki_date(work.now)))
    told, planned = held.model_dump(mode="json"), await interviews.planned_at(work, row.assessment_id)
    if not await interviews.settle_planned(work, row.assessment_id, "held", held=told):
        await interviews.add(
            work,
            interview_id=uuid7(),
            assessment_id=row.assessment_id,
            customer_id=row.customer_id,
            municipality=row.municipality,
            state="held",
            held=told,
        )
    return await change(
        work,
        row.assessment_id,
        status="under_way",
        begun_on=min(row.begun_on or held.held_on, held.held_on),
        interview_at=planned if planned and helsinki_date(planned) == held.held_on else rules.noon(held.held_on),
    )


@to_version
async def acknowledge_duties(message: AcknowledgeDuties, work: Work, row: Row[Any]) -> AssessmentVersion:
    """Records what the customer was told."""
    check_input(rules.broken_by_duties(message.duties, assessment_law(row.law_version), helsinki_date(work.now)))
    told = [
        AcknowledgedDuty(**each.model_dump(), recorded_at=work.now, recorded_by=work.actor.user)
        for each in message.duties
    ]
    before = [AcknowledgedDuty.model_validate(each) for each in row.duties]
    duties = [each.model_dump(mode="json") for each in rules.acknowledged(before, told)]
    return await change(work, row.assessment_id, duties=duties)
