"""What the records service asks of a plan, to make documents of it."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request
from contracts.plan.content import PlanContent
from contracts.plan.state import PlanKind
from contracts.records.state import Sha256
from contracts.types import Code, CustomerId, LanguageCode, MunicipalityCode, Value


class LawSection(Value):
    """A provision that the plan rests on: its code, section and short names."""

    code: Code = Field(examples=["plan_review"])
    legal_basis: str = Field(examples=["681/2023 22 § 1 mom."])
    fi: str
    sv: str
    en: str


class PlanForDocument(Value):
    """An edition as it was offered: frozen, so that a document of it is the same whenever it is made.

    All that an offer must hold is there: languages, days, names and justifications of services, goals with their kinds.
    """

    plan_id: UUID
    edition: int = Field(ge=1)
    customer_id: CustomerId
    members: tuple[CustomerId, ...] = Field((), description="of a family's plan: whom else it is for")
    municipality: MunicipalityCode = Field(description="whose authority drew it up with the customer")
    kind: PlanKind
    county_takes_part: bool
    law_version: str = Field(examples=["2025-01-01"])
    offered_at: AwareDatetime
    languages: tuple[LanguageCode, ...] = Field(
        examples=[["fi", "ar"]], description="first the language it is approved in, then those of copies"
    )
    content: PlanContent
    content_sha256: Sha256 = Field(description="of the content as canonical JSON")
    law_sections: tuple[LawSection, ...]


class GetPlanForDocument(Request[PlanForDocument], type="plan.get_plan_for_document.v1", act="view", data=("plan",)):
    """An edition that was offered; NotFound for a draft or a voided one. Asked by the records service alone."""

    plan_id: UUID
    edition: int = Field(ge=1, le=999_999_999)
