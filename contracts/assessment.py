"""What the assessment service publishes and answers: assessments of skills and integration service needs (14 §)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request, StateEvent
from contracts.types import Code, CustomerId, MunicipalityCode, Value
from contracts.usage import DataUsed

AssessmentStatus = Literal["to_start", "withdrawn"]


class Assessment(Value):
    """An assessment of one customer by one municipality. `reasons` are codes of 681/2023 14 § 1 mom."""

    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    status: AssessmentStatus
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


class AssessmentChanged(StateEvent, type="assessment.changed.v1", data=("assessment",)):
    """An assessment is to be started, its reasons changed, or it was withdrawn."""

    SUBJECT = "assessment_id"

    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    status: AssessmentStatus
    reasons: tuple[Code, ...] = Field(examples=[["integration_act_group"]])
    created_at: AwareDatetime | None = Field(None, description="null: told before this was")
