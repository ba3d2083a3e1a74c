"""Assessments from their start to what came of them (681/2023 14 §), and reading them."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.interviews import AcknowledgedDuty, Interview
from contracts.assessment.measures import Measure
from contracts.assessment.state import AssessmentResult, AssessmentStatus, Authority
from contracts.assessment.topics import Topic
from contracts.assessment.versions import AssessmentVersion, Version
from contracts.envelope import Request
from contracts.types import Code, CustomerId, Day, MunicipalityCode, Name, Value, Words
from contracts.usage import Organisation

MOST_REFERRALS = 10


class AssessmentCard(Value):
    """Where an assessment stands. `reasons` are codes of 681/2023 14 § 1 mom."""

    assessment_id: UUID
    version: int = Field(ge=1)
    customer_id: CustomerId
    municipality: MunicipalityCode
    status: AssessmentStatus
    reasons: tuple[Code, ...] = Field(examples=[["integration_act_group"]])
    created_at: AwareDatetime
    changed_at: AwareDatetime
    interview_at: AwareDatetime | None = Field(None, description="when the interview is planned, or was held")
    result: AssessmentResult | None = None
    ended_on: Day | None = None


class AssessmentsOfCustomer(Value):
    """The acting municipality's assessments of one customer, newest first."""

    assessments: tuple[AssessmentCard, ...]


class GetAssessmentsOfCustomer(
    Request[AssessmentsOfCustomer], type="assessment.get_customer_assessments.v2", act="view", data=("assessment",)
):
    """The acting municipality's assessments of one of its customers."""

    customer_id: CustomerId


class Responsibility(Value):
    """Who is responsible for the assessment (681/2023 3 § 1 mom.), as far as the facts known tell."""

    authority: Authority
    legal_basis: str = Field(examples=["681/2023 3 § 1 mom."])
    transfer_proposed: bool = Field(
        description="the customer is an unemployed jobseeker: a transfer to the employment authority may be offered"
    )


class Consequence(Value):
    """What may follow by law and is decided by others, in the words of the rule book."""

    code: Code
    legal_basis: str
    fi: str
    sv: str
    en: str


class StartedByHand(Value):
    """That the customer asked for the assessment and was assessed to need it (681/2023 14 § 1 mom. 4)."""

    asked_on: Day
    why: Words = Field(description="why the customer is assessed to need it")
    despite_time_limit: Words | None = Field(None, description="why it is made though the time of 14 § 1 mom. is over")
    recorded_at: AwareDatetime
    recorded_by: str = Field(examples=["expert@tampere"])


class Referral(Value):
    """To whom the customer is referred (681/2023 14 § 7 mom.)."""

    name: Name
    organisation: Organisation | None = None
    what_for: Words | None = None


class Conclusion(Value):
    """What came of an assessment."""

    result: AssessmentResult
    reason: Words | None = Field(None, description="obligatory where no plan is needed")
    referred_to: tuple[Referral, ...] = Field((), max_length=MOST_REFERRALS, description="obligatory where referred on")


class Drop(Value):
    """Why an assessment ended without a result."""

    ground: Code = Field(description="code list assessment_drop_grounds", examples=["moved"])
    reason: Words


class WholeAssessment(AssessmentCard):
    """An assessment with all that was recorded in it, as far as the asker may see it."""

    law_version: str = Field(examples=["2025-01-01"])
    responsible: Responsibility
    county_takes_part: bool = False
    started_by_hand: StartedByHand | None = None
    interviews: tuple[Interview, ...] = Field(description="newest first, the last twenty")
    topics: tuple[Topic, ...]
    duties: tuple[AcknowledgedDuty, ...]
    duties_left: tuple[Code, ...] = Field(description="what the customer must still be told")
    measures: tuple[Measure, ...]
    missed: int = Field(0, ge=0, description="interviews missed in the time within which they count")
    consequences: tuple[Consequence, ...] = Field((), description="of interviews missed: told, and decided by others")
    conclusion: Conclusion | None = None
    drop: Drop | None = None
    ended_by: str | None = Field(None, description="who concluded or dropped it", examples=["expert@tampere"])


class GetAssessment(
    Request[WholeAssessment], type="assessment.get_assessment.v1", act="view", data=("assessment", "county_section")
):
    """One assessment, whole."""

    assessment_id: UUID


class StartAssessment(
    Request[AssessmentVersion], type="assessment.start_assessment.v1", changes=True, act="change", data=("assessment",)
):
    """Start an assessment by hand: the customer, or an authority, asks, and a person assesses the need of it."""

    customer_id: CustomerId
    asked_on: Day
    why: Words
    despite_time_limit: Words | None = Field(
        None, description="obligatory when the time of 14 § 1 mom. is over and no exception is known"
    )


class ConcludeAssessment(
    Request[AssessmentVersion],
    type="assessment.conclude_assessment.v1",
    changes=True,
    act="change",
    data=("assessment",),
):
    """Conclude an assessment that holds all that it must; it is read only from then on."""

    assessment_id: UUID
    expected_version: Version
    conclusion: Conclusion


class DropAssessment(
    Request[AssessmentVersion], type="assessment.drop_assessment.v1", changes=True, act="change", data=("assessment",)
):
    """End an assessment without a result. What follows for benefits is told, and decided by others."""

    assessment_id: UUID
    expected_version: Version
    drop: Drop
