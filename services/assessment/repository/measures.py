"""Clarifying measures."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from services.assessment.tables import measure
from services.kit.work import Work


async def of_assessment(work: Work, assessment_id: UUID) -> Sequence[Row[Any]]:
    """The measures of an assessment, newest first."""
    query = select(measure).where(measure.c.assessment_id == assessment_id).order_by(measure.c.measure_id.desc())
    return (await work.connection.execute(query)).all()


async def count(work: Work, assessment_id: UUID, *, only_open: bool = False) -> int:
    """How many measures were ordered, or how many of them are neither reported nor cancelled."""
    query = select(func.count()).select_from(measure).where(measure.c.assessment_id == assessment_id)
    if only_open:
        query = query.where(measure.c.state == "ordered")
    counted: int = (await work.connection.execute(query)).scalar_one()
    return counted


async def state(work: Work, measure_id: UUID) -> str:
    """Where a measure stands."""
    found: str = (
        await work.connection.execute(select(measure.c.state).where(measure.c.measure_id == measure_id))
    ).scalar_one()
    return found


async def add(work: Work, **values: Any) -> None:
    """Writes an order."""
    told = {"state": "ordered", "ordered_at": work.now, "ordered_by": work.actor.user}
    await work.connection.execute(insert(measure), values | told)


async def settle(work: Work, measure_id: UUID, state: str, **values: Any) -> None:
    """Writes what became of a measure."""
    told = {
        "state": state,
        "settled_at": work.now,
        "settled_by": work.actor.user,
        "organisation": work.actor.organisation,
    }
    settled = update(measure).where(measure.c.measure_id == measure_id)
    await work.connection.execute(settled.values(told | values))
