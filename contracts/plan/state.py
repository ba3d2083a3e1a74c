"""What other services hear of an integration plan: where it stands and until when, never what was agreed."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import StateEvent
from contracts.types import Code, CustomerId, Day, LanguageCode, MunicipalityCode, Value
from contracts.usage import DataUsed

PlanKind = Literal["individual", "multidisciplinary", "family"]
PlanStatus = Literal["draft", "offered", "in_force", "interrupted", "ended", "dropped"]
"""`draft` and `offered` are of a plan that was never in force: a new edition of one in force leaves it in force."""


class OfferedEdition(Value):
    """The edition that waits for approvals: its documents are made, and approvals are bound to them."""

    edition: int = Field(ge=1)
    offered_at: AwareDatetime
    languages: tuple[LanguageCode, ...] = Field(
        examples=[["fi", "ar"]], description="first the language it is approved in, then those of copies"
    )


class PlanChanged(StateEvent, type="plan.changed.v1", data=("plan",)):
    """Where a plan stands."""

    SUBJECT = "plan_id"

    plan_id: UUID
    customer_id: CustomerId
    members: tuple[CustomerId, ...] = Field((), description="of a family's plan: whom else it is for")
    municipality: MunicipalityCode
    kind: PlanKind
    status: PlanStatus
    assessment_id: UUID | None = Field(None, description="from whose needs it was made")
    county_takes_part: bool = False
    law_version: str = Field(examples=["2025-01-01"])
    edition: int | None = Field(None, ge=1, description="the one in force, or that was last; null: none ever was")
    offered: OfferedEdition | None = None
    drawn_up_on: Day | None = Field(None, description="when the first edition came into force (681/2023 23 § 2 mom.)")
    valid_until: Day | None = Field(None, description="the last day")
    reviewed_on: Day | None = None
    next_review_on: Day | None = Field(None, description="as agreed, at the latest that of 22 § 1 mom.")
    ended_on: Day | None = None
    end_reason: Code | None = Field(None, description="code list plan_end_reasons", examples=["employed"])
    created_at: AwareDatetime

    def about_customers(self) -> frozenset[UUID]:
        """The customer and the family members: whoever of them is erased is erased here too."""
        return frozenset({self.customer_id, *self.members})


class PlanDataUsed(DataUsed, type="plan.data_used.v1", data=("usage_log",)):
    """Somebody used data of the plan service, or was refused."""
