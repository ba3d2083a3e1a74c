"""Plans from the draft to their end: written, offered, approved by the parties, dropped or ended (681/2023 16-23 §)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request
from contracts.plan.content import PlanContent
from contracts.plan.implementation import Extension, Hindrance, HindranceOfPlan, PlanAct, Review
from contracts.plan.state import PlanKind, PlanStatus
from contracts.records.state import Sha256
from contracts.types import Code, CustomerId, Day, LanguageCode, MunicipalityCode, Name, Text, Value, Words
from contracts.usage import Organisation, UserId

MOST_MEMBERS = 30
MOST_CONSENTS = 10
MOST_ACTS = 50
MOST_EARLIER = 30
EditionStage = Literal["draft", "offered", "approved", "voided", "replaced"]
Party = Literal["customer", "guardian", "expert", "county"]
Version = Annotated[int, Field(ge=1, le=999_999_999)]


class PlanVersion(Value):
    """The outcome of an act: which plan, and the version it now has."""

    plan_id: UUID
    version: int = Field(ge=1, description="grows by every act that changes where the plan stands; the ETag")
    edition: int = Field(ge=1, description="the edition that the act was about")


class EarlierExtension(Value):
    """That the longest time was made longer elsewhere."""

    ground: Code = Field(examples=["little_education_or_many_services"], description="the rule book's plan.extensions")
    months: int = Field(ge=1, le=60)


class EarlierPlan(Value):
    """The customer's first plan, where it was drawn up elsewhere: the longest time is counted from it (23 § 2 mom.).

    What made that time longer before this plan, in it or in a later one, is told here too (23 § 3-4 mom., 31 §).
    """

    drawn_up_on: Day = Field(examples=["2025-09-01"])
    reviewed_on: Day | None = Field(None, examples=["2026-02-02"], description="the newest review (22 §)")
    extensions: tuple[EarlierExtension, ...] = Field((), max_length=MOST_EARLIER, description="as each was granted")
    hindrances: tuple[Hindrance, ...] = Field((), max_length=MOST_EARLIER, description="that are over")


class GuardianConsent(Value):
    """That a guardian agrees to a plan for the whole family."""

    given_on: Day = Field(examples=["2026-03-02"])
    given_by: Name


class KnownConsent(GuardianConsent):
    """The same, as it is kept."""

    consent_id: UUID
    withdrawn_on: Day | None = None


class FollowOn(Value):
    """What comes after the plan, for the needs that remain (23 § 6 mom.)."""

    plan: Code = Field(examples=["employment_plan"], description="code list follow_on_plans")
    to_whom: Name | None = Field(None, examples=["Esimerkkialueen työllisyyspalvelut"])
    text: Text | None = None


class Approval(Value):
    """That a party approves the very document of an edition, in the language of it."""

    party: Party
    language: LanguageCode = Field(examples=["fi"])
    sha256: Sha256 = Field(description="of the document that was approved")
    how: Code = Field(examples=["in_person"], description="code list approval_ways")
    approved_on: Day
    approved_by: Name | None = Field(None, examples=[None], description="which guardian, or who of the county")


class KnownApproval(Approval):
    """The same, and who recorded it."""

    recorded_at: AwareDatetime
    recorded_by: UserId
    organisation: Organisation


class EditionDocument(Value):
    """A document that the records service keeps of an edition."""

    document_id: UUID
    language: LanguageCode
    is_copy: bool = Field(description="for reading beside the document that is approved")
    sha256: Sha256
    kept_at: AwareDatetime


class EditionCard(Value):
    """Where an edition stands. No edition is ever lost: one that was offered and changed is kept as voided."""

    edition: int = Field(ge=1)
    stage: EditionStage
    law_version: str = Field(examples=["2025-01-01"])
    created_at: AwareDatetime
    created_by: UserId
    offered_at: AwareDatetime | None = None
    content_sha256: Sha256 | None = Field(None, description="of what was offered, as canonical JSON")


class Edition(EditionCard):
    """An edition whole."""

    content: PlanContent
    approvals: tuple[KnownApproval, ...] = ()
    documents: tuple[EditionDocument, ...] = ()
    awaited: tuple[Party, ...] = Field((), description="whose approval is awaited; a guardian may act for the customer")


class PlanCard(Value):
    """Where a plan stands, for a list."""

    plan_id: UUID
    version: int = Field(ge=1)
    customer_id: CustomerId
    members: tuple[CustomerId, ...] = Field((), description="of a family's plan: whom else it is for")
    municipality: MunicipalityCode
    kind: PlanKind
    status: PlanStatus
    drawn_up_on: Day | None = None
    valid_until: Day | None = None
    next_review_on: Day | None = None
    created_at: AwareDatetime
    proposed_end: Code | None = Field(
        None,
        examples=["time_over"],
        description="why it might be ended, by code list plan_end_reasons; a person decides",
    )


class Plan(PlanCard):
    """A plan whole: the edition in force, the one in the making, and what was granted and recorded."""

    is_statutory: bool = Field(
        description="whether the act knows such a plan; else it is of the municipality's free will"
    )
    assessment_id: UUID | None
    county_takes_part: bool
    law_version: str = Field(examples=["2025-01-01"])
    earlier: EarlierPlan | None = None
    latest_end: Day | None = Field(None, description="the longest that it may be in force, as known today (23 §)")
    reviewed_on: Day | None = None
    review_awaited: Code | None = Field(None, examples=["transfer"], description="code list plan_review_reasons")
    ended_on: Day | None = None
    end_reason: Code | None = Field(None, examples=["employed"])
    follow_on: FollowOn | None = None
    consents: tuple[KnownConsent, ...] = ()
    editions: tuple[EditionCard, ...]
    in_force: Edition | None = None
    in_making: Edition | None = Field(None, description="the draft, or what was offered and awaits approvals")
    last_review: Review | None = None
    extensions: tuple[Extension, ...] = ()
    hindrances: tuple[HindranceOfPlan, ...] = ()
    members_plans: tuple[PlanCard, ...] = Field((), description="of a family's plan: the members' own, by right")


class Plans(Value):
    """Plans of one customer in the acting municipality, newest first."""

    plans: tuple[PlanCard, ...]


class DraftPlan(Request[PlanVersion], type="plan.draft_plan.v1", changes=True, act="change", data=("plan",)):
    """Begin a plan: filled with the needs of the concluded assessment, each traceable to its need (16 §, 20 § 1 mom.).

    A family's plan needs no assessment of its own, and neither does one that goes on from an earlier plan.
    """

    customer_id: CustomerId
    kind: PlanKind = "individual"
    assessment_id: UUID | None = Field(None, examples=[None], description="null: the newest that found a need")
    earlier: EarlierPlan | None = None
    members: tuple[CustomerId, ...] = Field(
        (), max_length=MOST_MEMBERS, examples=[[]], description="of a family's plan"
    )
    consents: tuple[GuardianConsent, ...] = Field((), max_length=MOST_CONSENTS, examples=[[]])


class WritePlan(Request[PlanVersion], type="plan.write_plan.v1", changes=True, act="change", data=("plan",)):
    """Replace the whole draft. Of an edition that was offered this makes the next one: its approvals are void.

    Of a plan in force it begins a new edition, and the one in force stays so until that is approved.
    """

    plan_id: UUID
    expected_version: Version
    content: PlanContent


class OfferPlan(Request[PlanVersion], type="plan.offer_plan.v1", changes=True, act="change", data=("plan",)):
    """Freeze the draft and offer it for approval; every rule that it breaks is told at once."""

    plan_id: UUID
    expected_version: Version


class ApprovePlan(Request[PlanVersion], type="plan.approve_plan.v1", changes=True, act="change", data=("plan",)):
    """Record that a party approves an edition; the last one needed brings it into force."""

    plan_id: UUID
    edition: Version
    approval: Approval


class DropPlan(Request[PlanVersion], type="plan.drop_plan.v1", changes=True, act="change", data=("plan",)):
    """Give up what was never in force: a plan, or of one in force the edition in the making."""

    plan_id: UUID
    expected_version: Version
    why: Words


class EndPlan(Request[PlanVersion], type="plan.end_plan.v1", changes=True, act="change", data=("plan",)):
    """End a plan in force, and tell what comes after it (23 § 6 mom.)."""

    plan_id: UUID
    expected_version: Version
    reason: Code = Field(examples=["employed"], description="code list plan_end_reasons")
    ended_on: Day
    follow_on: FollowOn


class GiveGuardianConsent(
    Request[PlanVersion], type="plan.give_guardian_consent.v1", changes=True, act="change", data=("plan",)
):
    """Record that a guardian agrees to a family's plan that is open already: a further one, or one who agrees again."""

    plan_id: UUID
    expected_version: Version
    consent: GuardianConsent


class WithdrawGuardianConsent(
    Request[PlanVersion], type="plan.withdraw_guardian_consent.v1", changes=True, act="change", data=("plan",)
):
    """Record that a guardian agrees no more: what was offered is void, and a person decides on the rest."""

    plan_id: UUID
    expected_version: Version
    consent_id: UUID
    withdrawn_on: Day


class GetPlan(Request[Plan], type="plan.get_plan.v1", act="view", data=("plan",)):
    """One plan whole."""

    plan_id: UUID


class GetPlanEdition(Request[Edition], type="plan.get_plan_edition.v1", act="view", data=("plan",)):
    """One edition, whatever became of it."""

    plan_id: UUID
    edition: Version


class ListCustomerPlans(Request[Plans], type="plan.list_customer_plans.v1", act="view", data=("plan",)):
    """The acting municipality's plans of one of its customers, of the family's too."""

    customer_id: CustomerId


class PlanHistory(Value):
    """What was done to a plan, the newest first, a page at a time."""

    acts: tuple[PlanAct, ...]
    next_cursor: UUID | None = None


class GetPlanHistory(Request[PlanHistory], type="plan.get_plan_history.v1", act="view", data=("plan",)):
    """What was done to a plan: by whom, when, and what was recorded."""

    plan_id: UUID
    cursor: UUID | None = Field(None, examples=[None], description="next_cursor of the page before")


class FieldDifference(Value):
    """A field whose value differs; what is no text is told as JSON."""

    field: str
    before: str | None = None
    after: str | None = None


class LineDifference(Value):
    """A goal, a service or the plan's own fields, and what differs in it."""

    part: Literal["goals", "services", "plan"]
    line_id: UUID | None = Field(None, description="goal_id or line_id; null: of the plan's own fields")
    change: Literal["added", "removed", "changed"]
    fields: tuple[FieldDifference, ...]


class PlanDifferences(Value):
    """What differs between two editions, line by line."""

    before: int
    after: int
    differences: tuple[LineDifference, ...]


class GetPlanDifferences(Request[PlanDifferences], type="plan.get_plan_differences.v1", act="view", data=("plan",)):
    """What changed from one edition to another."""

    plan_id: UUID
    before: Version
    after: Version
