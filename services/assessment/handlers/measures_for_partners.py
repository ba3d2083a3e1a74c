"""Clarifying measures whose provider has a program of its own: it is told of the order, and reports."""

from contracts.assessment.measures import MeasureVersion
from contracts.assessment.measures_for_partners import (
    GetMeasureForPartner,
    PartnerMeasure,
    ReportMeasureForPartner,
)
from services.assessment.handlers.base import check_open
from services.assessment.handlers.measures import check_ordered, tell
from services.assessment.law.participations import participation_law
from services.assessment.repository import measures
from services.assessment.rules import measures as rules
from services.assessment.rules.ends import OPEN
from services.kit.clock import helsinki_date
from services.kit.errors import check_input
from services.kit.work import Work

MEASURE = "measure"


async def get_measure_for_partner(message: GetMeasureForPartner, work: Work) -> PartnerMeasure:
    """A measure ordered from the partner; whom it is about, and what to look at, while it is to be done."""
    work.rights.refuse_people(MEASURE)
    row = await measures.get_of_partner(work, message.measure_id, message.partner)
    is_to_be_done = row.state == "ordered" and row.is_customer and row.assessment_status in OPEN
    work.record_use([row.kept], [MEASURE], relation="none", organisation=message.partner)
    return PartnerMeasure(
        measure_id=row.measure_id,
        version=1 if row.state == "ordered" else 2,
        state=row.state,
        municipality=row.municipality,
        measure=row.ordered["measure"],
        instructions=row.ordered["instructions"] if is_to_be_done else None,
        due_on=row.ordered["due_on"],
        ordered_at=row.ordered_at,
        changed_at=row.settled_at or row.ordered_at,
        legal_basis=participation_law().disclosure_for_measures.legal_basis,
        customer_id=row.kept if is_to_be_done else None,
    )


async def report_measure_for_partner(message: ReportMeasureForPartner, work: Work) -> MeasureVersion:
    """Writes what the measure found out, as the provider's program reports it."""
    work.rights.refuse_people(MEASURE)
    if done := await work.outcome_of_repeat(MeasureVersion):
        return done
    found = await measures.get_of_partner(work, message.measure_id, message.partner)
    check_open(await measures.lock_case(work, found.assessment_id))
    await check_ordered(work, message.measure_id)
    check_input(rules.broken_by_report(message.report, helsinki_date(work.now)))
    report = message.report.model_dump(mode="json")
    settled = await measures.settle(work, message.measure_id, "reported", report=report, organisation=message.partner)
    await tell(work, settled)
    work.record_use([found.kept], [MEASURE], relation="none", organisation=message.partner)
    return MeasureVersion(measure_id=message.measure_id)
