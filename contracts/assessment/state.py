"""What other services hear of an assessment: where it stands and what came of it, never what was said."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request, StateEvent
from contracts.types import Code, CustomerId, Day, MunicipalityCode, Value
from contracts.usage import DataUsed

Status = Literal["to_start", "withdrawn"]
AssessmentStatus = Literal["to_start", "planned", "under_way", "concluded", "dropped", "withdrawn"]
AssessmentResult = Literal["plan_needed", "no_plan_needed", "referred_on"]
Authority = Literal["municipality", "employment_authority"]
"""Who is responsible for the assessment and the plan (681/2023 3 § 1 mom.)."""


class Assessment(Value):
    """An assessment of one customer by one municipality. `reasons` are codes of 681/2023 14 § 1 mom."""

    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    status: Status
    reasons: tuple[Code, ...] = Field(examples=[["integration_act_group"]])
    changed_at: AwareDatetime


class Assessments(Value):
    """The acting municipality's assessments of one customer, newest first."""

    assessments: tuple[Assessment, ...]


class GetCustomerAssessments(
    Request[Assessments], type="assessment.get_customer_assessments.v1", act="view", data=("assessment",)
):
    """The acting municipality's assessments of one of its customers."""

    customer_id: CustomerId


class AssessmentDataUsed(DataUsed, type="assessment.data_used.v1", data=("usage_log",)):
    """Somebody used data of the assessment service, or was refused."""


class AssessmentToStart(StateEvent, type="assessment.changed.v1", data=("assessment",)):
    """An assessment is to be started, its reasons changed, or it was withdrawn. Told until there was more to tell."""

    SUBJECT = "assessment_id"

    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    status: Status
    reasons: tuple[Code, ...] = Field(examples=[["integration_act_group"]])
    created_at: AwareDatetime | None = Field(None, description="null: told before this was")


class Need(Value):
    """A need that an assessment found: a line of the plan can be traced to it."""

    need_id: UUID
    topic: Code = Field(description="the topic of the assessment under which it was found")
    kind: Code = Field(description="code list integration_needs", examples=["language_learning"])


class AssessmentChanged(StateEvent, type="assessment.changed.v2", data=("assessment",)):
    """Where an assessment stands, and what came of it."""

    SUBJECT = "assessment_id"

    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    status: AssessmentStatus
    reasons: tuple[Code, ...] = Field(examples=[["integration_act_group"]])
    created_at: AwareDatetime
    law_version: str = Field(examples=["2025-01-01"])
    responsible_authority: Authority = "municipality"
    interview_at: AwareDatetime | None = Field(None, description="when the initial interview is planned, or was held")
    county_takes_part: bool = Field(False, description="14 § 4 mom.: the wellbeing services county has agreed to")
    result: AssessmentResult | None = None
    ended_on: Day | None = Field(None, description="the day it was concluded or dropped; null while it is open")
    needs: tuple[Need, ...] = Field((), description="once it is concluded; those of the county's own section never")
