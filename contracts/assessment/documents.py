"""What the records service asks of an assessment, to make a document of it."""

from uuid import UUID

from pydantic import Field

from contracts.assessment.cases import Conclusion
from contracts.assessment.interviews import HeldInterview
from contracts.assessment.measures import MeasureOrder, MeasureReport
from contracts.assessment.state import Authority
from contracts.assessment.topics import TopicContent
from contracts.envelope import Request
from contracts.types import Code, CustomerId, Day, MunicipalityCode, Value


class WrittenTopic(Value):
    """What was found out under a topic of the rule book."""

    topic: Code = Field(examples=["literacy"])
    content: TopicContent


class ReportedMeasure(Value):
    """What was found out more closely: what was ordered, and what was reported."""

    order: MeasureOrder
    report: MeasureReport


class AssessmentForDocument(Value):
    """An assessment as it was concluded; it is read only since, so that a document of it is always the same.

    What the county's section holds is not in it.
    """

    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    law_version: str = Field(examples=["2025-01-01"])
    responsible_authority: Authority = Field(description="who drew it up")
    concluded_on: Day
    conclusion: Conclusion
    interviews: tuple[HeldInterview, ...] = Field(description="oldest first")
    topics: tuple[WrittenTopic, ...] = Field(description="in the order of the rule book")
    measures: tuple[ReportedMeasure, ...] = Field((), description="oldest first; those cancelled are left out")
    duties_told: tuple[Code, ...] = Field(examples=[["aims_of_services"]])


class GetAssessmentForDocument(
    Request[AssessmentForDocument],
    type="assessment.get_assessment_for_document.v1",
    act="view",
    data=("assessment",),
):
    """An assessment that was concluded; NotFound for any other. Asked by the records service alone."""

    assessment_id: UUID
