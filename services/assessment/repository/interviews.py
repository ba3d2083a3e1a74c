"""Appointments for interviews, and what became of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, insert, select, update

from services.assessment.tables import customer_view, interview
from services.kit.customer_view import ids_of
from services.kit.work import Work

MOST_INTERVIEWS = 20


async def of_assessment(work: Work, assessment_id: UUID) -> Sequence[Row[Any]]:
    """The newest interviews of an assessment, newest first."""
    newest = (
        select(interview).where(interview.c.assessment_id == assessment_id).order_by(interview.c.interview_id.desc())
    )
    return (await work.connection.execute(newest.limit(MOST_INTERVIEWS))).all()


async def held(work: Work, assessment_id: UUID) -> Sequence[dict[str, Any]]:
    """How the interviews of an assessment were held."""
    found = select(interview.c.held).where(interview.c.assessment_id == assessment_id, interview.c.state == "held")
    return (await work.connection.execute(found)).scalars().all()


async def missed_on(work: Work, customer_id: UUID) -> Sequence[date]:
    """The days of the interviews that the customer missed, in all assessments within the border.

    `customer_id` is that of the record kept; those of records merged into it count too.
    """
    theirs = interview.c.customer_id == ids_of(customer_view, customer_id)
    missed = select(interview.c.missed_on).where(theirs, interview.c.state == "missed")
    return (await work.connection.execute(missed)).scalars().all()


async def planned_at(work: Work, assessment_id: UUID) -> datetime | None:
    """When the interview planned begins; None where none is planned."""
    planned = select(interview.c.starts_at).where(
        interview.c.assessment_id == assessment_id, interview.c.state == "planned"
    )
    return (await work.connection.execute(planned)).scalar_one_or_none()


async def settle_planned(work: Work, assessment_id: UUID, state: str, **values: Any) -> bool:
    """Writes what became of the interview planned; whether there was one."""
    planned = and_(interview.c.assessment_id == assessment_id, interview.c.state == "planned")
    told = {"state": state, "recorded_at": work.now, "recorded_by": work.actor.user} | values
    return bool((await work.connection.execute(update(interview).where(planned).values(told))).rowcount)


async def add(work: Work, **values: Any) -> None:
    """Writes a new interview."""
    told = {"recorded_at": work.now, "recorded_by": work.actor.user}
    await work.connection.execute(insert(interview), values | told)
