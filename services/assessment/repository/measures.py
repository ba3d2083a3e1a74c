"""Clarifying measures."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from services.assessment.tables import assessment, customer_view, measure
from services.kit.customer_view import is_open, join_record
from services.kit.errors import NotFound
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


async def add(work: Work, **values: Any) -> Row[Any]:
    """Writes an order."""
    told = {"state": "ordered", "ordered_at": work.now, "ordered_by": work.actor.user}
    return (await work.connection.execute(insert(measure).returning(*measure.c), values | told)).one()


async def settle(work: Work, measure_id: UUID, state: str, **values: Any) -> Row[Any]:
    """Writes what became of a measure."""
    settled = update(measure).where(measure.c.measure_id == measure_id).returning(*measure.c)
    return (await work.connection.execute(settled.values(_settled(work, state) | values))).one()


async def cancel_open(work: Work, assessment_id: UUID) -> Sequence[Row[Any]]:
    """Cancels what is neither reported nor cancelled of an assessment that is locked."""
    still_open = (measure.c.assessment_id == assessment_id) & (measure.c.state == "ordered")
    cancelled = update(measure).where(still_open).returning(*measure.c)
    return (await work.connection.execute(cancelled.values(_settled(work, "cancelled")))).all()


async def get_of_partner(work: Work, measure_id: UUID, partner: str) -> Row[Any]:
    """A measure that was ordered from an organisation, with `kept`, the customer's id, `is_customer`, whether he or she
    is the municipality's still, and `assessment_status`; else NotFound.
    """
    of_case = measure.join(assessment, assessment.c.assessment_id == measure.c.assessment_id)
    query = (
        select(
            measure,
            customer_view.c.customer_id.label("kept"),
            is_open(customer_view, measure.c.municipality).label("is_customer"),
            assessment.c.status.label("assessment_status"),
        )
        .select_from(join_record(customer_view, of_case, measure.c.customer_id))
        .where(measure.c.measure_id == measure_id, measure.c.ordered["organisation"].astext == partner)
    )
    row: Row[Any] | None = (await work.connection.execute(query)).first()
    if row is None:
        raise NotFound("no such measure")
    return row


async def lock_case(work: Work, assessment_id: UUID) -> Row[Any]:
    """The assessment of a measure, whoever's, locked."""
    query = select(assessment).where(assessment.c.assessment_id == assessment_id).with_for_update()
    return (await work.connection.execute(query)).one()


def _settled(work: Work, state: str) -> dict[str, Any]:
    return {
        "state": state,
        "settled_at": work.now,
        "settled_by": work.actor.user,
        "organisation": work.actor.organisation,
    }
