"""What a document of an assessment is made of."""

from contracts.assessment.cases import Conclusion
from contracts.assessment.documents import (
    AssessmentForDocument,
    GetAssessmentForDocument,
    ReportedMeasure,
    WrittenTopic,
)
from contracts.assessment.interviews import AcknowledgedDuty, HeldInterview
from services.assessment.repository import cases, interviews, measures, topics
from services.assessment.rules.base import assessment_law
from services.assessment.rules.topics import ASSESSMENT
from services.kit.errors import Forbidden, NotFound
from services.kit.work import Work


async def get_assessment_for_document(message: GetAssessmentForDocument, work: Work) -> AssessmentForDocument:
    """A concluded assessment without the county's section; asked by the service alone that makes documents."""
    if work.actor.role != "service_records":
        raise Forbidden("What documents are made of is given to the records service.")
    row = await cases.concluded(work, message.assessment_id)
    if row is None:
        raise NotFound("no such assessment was concluded")
    work.record_use([row.customer_id], [ASSESSMENT], relation="none")
    codes = [each.code for each in assessment_law(row.law_version).topics]
    written = await topics.newest(work, row.assessment_id, codes)
    held = [HeldInterview.model_validate(each) for each in await interviews.held(work, row.assessment_id)]
    return AssessmentForDocument(
        assessment_id=row.assessment_id,
        customer_id=row.customer_id,
        municipality=row.municipality,
        law_version=row.law_version,
        responsible_authority=row.responsible_authority,
        concluded_on=row.ended_on,
        conclusion=Conclusion.model_validate(row.conclusion),
        interviews=tuple(sorted(held, key=lambda each: each.held_on)),
        topics=tuple(WrittenTopic(topic=code, content=written[code].content) for code in codes if code in written),
        measures=tuple(
            ReportedMeasure.model_validate({"order": each.ordered, "report": each.report})
            for each in reversed(await measures.of_assessment(work, row.assessment_id))
            if each.state == "reported"
        ),
        duties_told=tuple(AcknowledgedDuty.model_validate(each).duty for each in row.duties),
    )
