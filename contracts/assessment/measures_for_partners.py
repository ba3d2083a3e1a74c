"""Clarifying measures that are ordered from a connected third party (869/2024 3 §; 681/2023 94 §)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.measures import MeasureReport, MeasureVersion
from contracts.envelope import Request, StateEvent
from contracts.types import Code, CustomerId, Day, MunicipalityCode, Value, Words
from contracts.usage import Organisation

MeasureState = Literal["ordered", "reported", "cancelled"]


class PartnerMeasure(Value):
    """An order as its provider may see it: whom it is about, and instructions, for as long as it is to be done."""

    measure_id: UUID
    version: int = Field(ge=1, description="grows when it is reported or cancelled")
    state: MeasureState
    municipality: MunicipalityCode
    measure: Code = Field(description="a clarifying measure of the rule book", examples=["language_level"])
    instructions: Words | None = None
    due_on: Day
    ordered_at: AwareDatetime
    changed_at: AwareDatetime
    legal_basis: str = Field(examples=["681/2023 94 §; 869/2024 3 §"])
    customer_id: CustomerId | None = None


class GetMeasureForPartner(
    Request[PartnerMeasure], type="assessment.get_measure_for_partner.v1", act="view", data=("measure",)
):
    """A measure that was ordered from the partner."""

    partner: Organisation = Field(examples=["0245437-2"])
    measure_id: UUID


class ReportMeasureForPartner(
    Request[MeasureVersion],
    type="assessment.report_measure_for_partner.v1",
    changes=True,
    act="change",
    data=("measure",),
):
    """What a measure found out, as the program of its provider reports it."""

    partner: Organisation = Field(examples=["0245437-2"])
    measure_id: UUID
    report: MeasureReport


class MeasureChanged(StateEvent, type="assessment.measure_changed.v1", data=("measure",)):
    """A clarifying measure was ordered from another organisation, or was reported or cancelled."""

    SUBJECT = "measure_id"

    measure_id: UUID
    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    organisation: Organisation = Field(examples=["0245437-2"], description="from which it was ordered")
    state: MeasureState
    due_on: Day
