"""What the assessment service does."""

from uuid_utils.compat import uuid7

from contracts.assessment.state import Assessment, AssessmentChanged, Assessments, GetCustomerAssessments
from contracts.customer.state import CustomerState
from contracts.law import laws
from services.assessment import repository
from services.assessment.rules import reasons_to_assess
from services.kit.clock import helsinki_date
from services.kit.errors import NotFound
from services.kit.work import Work


async def consider(message: CustomerState, work: Work) -> None:
    """Keeps an assessment to start for each municipality that must make one on the facts known (14 § 1-2 mom.)."""
    if not await repository.is_newest(work, message.customer_id):
        return
    arrivals = {each.municipality: each.arrival for each in message.relationships if each.state == "open"}
    if message.merged_into:  # the duties are those of the record kept
        arrivals = {}
    standing = await repository.standing(work, message.customer_id)
    for municipality in sorted(arrivals.keys() | standing.keys()):
        present = standing.get(municipality)
        # Measured on the day the municipality learned of the person: time that passes ends no duty that has begun.
        on = helsinki_date(present.created_at if present else work.now)
        law = laws().on(on)
        arrival = arrivals.get(municipality)
        before = tuple(present.reasons) if present and present.status != "withdrawn" else ()
        reasons = reasons_to_assess(message, arrival, on, law) if arrival else ()
        if reasons == before:
            continue
        changed = Assessment(
            assessment_id=present.assessment_id if present else uuid7(),
            customer_id=message.customer_id,
            municipality=municipality,
            status="to_start" if reasons else "withdrawn",
            reasons=reasons or before,
            changed_at=work.now,
        )
        await repository.save(work, changed, law.version, merged=message.merged_into is not None)
        await work.publish(
            AssessmentChanged(
                **changed.model_dump(exclude={"changed_at"}),
                created_at=present.created_at if present else work.now,
                law_version=law.version,
            )
        )


async def get_customer_assessments(message: GetCustomerAssessments, work: Work) -> Assessments:
    """The acting municipality's assessments of its customer; NotFound until this service has heard of the opening."""
    known = await repository.assessments(work, message.customer_id)
    if known is None:
        work.rights.refuse_in_emergency(message.customer_id, "assessment")
        raise NotFound("No such customer of this organisation is known here; a new one is known in a moment.")
    customer_id, rows = known
    work.record_use([customer_id], message.DATA, relation=work.rights.related)
    return Assessments(assessments=tuple(Assessment.model_validate(row, from_attributes=True) for row in rows))
