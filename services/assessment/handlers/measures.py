"""Clarifying measures: ordering, reporting and cancelling them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.assessment.measures import MOST_MEASURES, CancelMeasure, MeasureVersion, OrderMeasure, ReportMeasure
from contracts.assessment.measures_for_partners import MeasureChanged
from services.assessment.handlers.base import check_open
from services.assessment.repository import measures, reach
from services.assessment.rules import measures as rules
from services.assessment.rules.base import assessment_law
from services.assessment.rules.topics import ASSESSMENT
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, check_input
from services.kit.work import Work


async def order_measure(message: OrderMeasure, work: Work) -> MeasureVersion:
    """Orders a measure."""
    row = await reach.lock(work, message.assessment_id)
    if done := await work.outcome_of_repeat(MeasureVersion):
        return done
    check_open(row)
    check_input(rules.broken_by_order(message.order, assessment_law(row.law_version), helsinki_date(work.now)))
    if await measures.count(work, row.assessment_id) >= MOST_MEASURES:
        raise Conflict(f"At most {MOST_MEASURES} measures are ordered in one assessment.")
    measure_id = uuid7()
    ordered = await measures.add(
        work,
        measure_id=measure_id,
        assessment_id=row.assessment_id,
        customer_id=row.customer_id,
        municipality=row.municipality,
        ordered=message.order.model_dump(mode="json"),
    )
    await tell(work, ordered)
    _record_use(work, row)
    return MeasureVersion(measure_id=measure_id)


async def report_measure(message: ReportMeasure, work: Work) -> MeasureVersion:
    """Writes what a measure found out."""
    row = await reach.lock_of_measure(work, message.measure_id)
    if done := await work.outcome_of_repeat(MeasureVersion):
        return done
    check_open(row)
    await check_ordered(work, message.measure_id)
    check_input(rules.broken_by_report(message.report, helsinki_date(work.now)))
    report = message.report.model_dump(mode="json")
    await tell(work, await measures.settle(work, message.measure_id, "reported", report=report))
    _record_use(work, row)
    return MeasureVersion(measure_id=message.measure_id)


async def cancel_measure(message: CancelMeasure, work: Work) -> MeasureVersion:
    """Cancels a measure, with the reason."""
    row = await reach.lock_of_measure(work, message.measure_id)
    if done := await work.outcome_of_repeat(MeasureVersion):
        return done
    check_open(row)
    await check_ordered(work, message.measure_id)
    await tell(work, await measures.settle(work, message.measure_id, "cancelled", cancel_reason=message.reason))
    _record_use(work, row)
    return MeasureVersion(measure_id=message.measure_id)


async def recall_open(work: Work, assessment_id: UUID) -> None:
    """Cancels what is still to be done of an assessment that ends, and tells who was to do it."""
    for row in await measures.cancel_open(work, assessment_id):
        await tell(work, row)


async def tell(work: Work, row: Row[Any]) -> None:
    """Tells how a measure stands that was ordered from another organisation."""
    if organisation := row.ordered["organisation"]:
        told = {
            name: getattr(row, name) for name in ("measure_id", "assessment_id", "customer_id", "municipality", "state")
        }
        await work.publish(MeasureChanged(**told, organisation=organisation, due_on=row.ordered["due_on"]))


async def check_ordered(work: Work, measure_id: UUID) -> None:
    """Raises Conflict when a measure is settled already."""
    state = await measures.state(work, measure_id)
    if state != "ordered":
        raise Conflict(f"The measure is {state} already.")


def _record_use(work: Work, row: Row[Any]) -> None:
    work.record_use([row.kept], [ASSESSMENT], relation=work.rights.related)
