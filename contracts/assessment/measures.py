"""Clarifying measures: what is found out more closely beside the interview, and by whom (869/2024 3 §)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.versions import MOST_LEVELS, Level
from contracts.envelope import Request
from contracts.types import Code, Day, Name, Value, Words
from contracts.usage import Organisation

MOST_MEASURES = 20


class MeasureVersion(Value):
    """The outcome of an act: which measure."""

    measure_id: UUID


class MeasureOrder(Value):
    """What is to be found out, by whom, and until when."""

    measure: Code = Field(description="a clarifying measure of the rule book", examples=["language_level"])
    provider: Literal["own", "third_party"]
    organisation: Organisation | None = Field(None, description="of a third party: at least one of code and name")
    name: Name | None = None
    due_on: Day
    instructions: Words | None = None


class MeasureReport(Value):
    """What was found out, by whom and when: from an expert, and not from the customer (681/2023 73 § 2 mom.)."""

    result: Words
    levels: tuple[Level, ...] = Field((), max_length=MOST_LEVELS)
    done_on: Day
    done_by: Name = Field(description="the expert")
    found_out_by: Code = Field("expert_assessment", description="code list skill_sources")


class Measure(Value):
    """A measure that was ordered, and what became of it."""

    measure_id: UUID
    state: Literal["ordered", "reported", "cancelled"]
    order: MeasureOrder
    ordered_at: AwareDatetime
    ordered_by: str = Field(examples=["expert@tampere"])
    report: MeasureReport | None = None
    cancel_reason: Words | None = None
    settled_at: AwareDatetime | None = None
    settled_by: str | None = None
    organisation: str | None = Field(None, description="whose user reported or cancelled it", examples=["837"])


class OrderMeasure(
    Request[MeasureVersion], type="assessment.order_measure.v1", changes=True, act="change", data=("assessment",)
):
    """Order a clarifying measure; the assessment is not concluded before it is reported or cancelled."""

    assessment_id: UUID
    order: MeasureOrder


class ReportMeasure(
    Request[MeasureVersion], type="assessment.report_measure.v1", changes=True, act="change", data=("assessment",)
):
    """Report what a measure found out."""

    measure_id: UUID
    report: MeasureReport


class CancelMeasure(
    Request[MeasureVersion], type="assessment.cancel_measure.v1", changes=True, act="change", data=("assessment",)
):
    """Cancel a measure that was ordered."""

    measure_id: UUID
    reason: Words
