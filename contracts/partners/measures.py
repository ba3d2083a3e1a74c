"""Clarifying measures as they are ordered from those who do them, and reported (681/2023 94 §; 869/2024 3 §)."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.measures import MeasureReport
from contracts.assessment.measures_for_partners import MeasureState
from contracts.customer.disclosures import PersonForPartner
from contracts.partners import FromPartner, MatterTold
from contracts.types import Code, Day, MunicipalityCode, Words


class MeasureReported(MeasureReport, FromPartner, type="authority.measure_report.v1", data=("measure",)):
    """What a measure that was ordered from the partner found out."""

    measure_id: UUID


class MeasureOrdered(
    MatterTold,
    type="authority.measure_order.v1",
    data=("measure", "identity", "contact", "language"),
):
    """A measure that is ordered from the partner, or that is not to be done any more."""

    SUBJECT = "measure_id"

    measure_id: UUID
    state: MeasureState
    municipality: MunicipalityCode = Field(examples=["837"], description="who orders it")
    measure: Code = Field(description="a clarifying measure of the rule book", examples=["language_level"])
    instructions: Words | None = None
    due_on: Day
    ordered_at: AwareDatetime
    person: PersonForPartner | None = Field(
        None,
        description="whom it is about, while it is to be done; null under non-disclosure for personal safety: the"
        " municipality tells it in another way",
    )
