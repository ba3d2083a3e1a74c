"""Referrals (681/2023 20 § 5 mom.): that a client was directed to a service agreed in the plan, and what came of it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request, StateEvent
from contracts.partners import PartnerCode
from contracts.plan.content import PinnedService
from contracts.plan.implementation import Withdrawal
from contracts.plan.programme import NameInLanguages, ServiceProvider
from contracts.types import Code, CustomerId, Day, MunicipalityCode, Name, Value, Words
from contracts.usage import Organisation, UserId

ReferralState = Literal["made", "taken_up", "declined", "completed", "interrupted"]
Version = Annotated[int, Field(ge=1, le=999_999_999)]


class ReferralVersion(Value):
    """The outcome of an act: which referral, and the version that it now has."""

    referral_id: UUID
    version: int = Field(ge=1)


class ReferralAnswer(Value):
    """Whether the client begins in the service, and from which day that is known."""

    answer: Literal["taken_up", "declined"]
    on: Day = Field(description="the day it began, or was declined")
    reason: Code | None = Field(
        None, examples=[None], description="code list referral_decline_reasons; of a referral that was declined"
    )


class LanguageTest(Value):
    """What the client can in Finnish or Swedish, skill by skill; null: not tested. Code list language_levels."""

    language: Code = Field(examples=["fi"], description="fi or sv")
    listening: Code | None = Field(None, examples=["B1.1"])
    reading: Code | None = Field(None, examples=["B1.1"])
    speaking: Code | None = Field(None, examples=["A2.2"])
    writing: Code | None = Field(None, examples=["A2.2"])


class Completion(Value):
    """What came of a service, or of a part of it."""

    kind: Code = Field(examples=["service"], description="code list completion_kinds")
    outcome: Literal["completed", "interrupted"]
    starts_on: Day | None = None
    ends_on: Day
    hours: int | None = Field(None, ge=0, le=10_000)
    levels: LanguageTest | None = Field(None, description="of a final language test all four skills (26 § 3-4 mom.)")
    reason: Code | None = Field(
        None, examples=[None], description="code list interruption_reasons; of what was interrupted"
    )


class KnownCompletion(Completion):
    """The same, and who told it."""

    completion_id: UUID
    recorded_at: AwareDatetime
    recorded_by: UserId
    organisation: Organisation
    withdrawn: Withdrawal | None = Field(None, examples=[None], description="null: it counts")


class Referral(ReferralVersion):
    """A referral as it stands, with all that was completed."""

    plan_id: UUID
    line_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode = Field(description="that made it")
    service: PinnedService | None = Field(None, description="null: not of the programme")
    service_name: Name | None = Field(None, description="as the plan says")
    provider: ServiceProvider
    state: ReferralState
    referred_on: Day
    answered_on: Day | None = None
    decline_reason: Code | None = Field(None, examples=["no_place"])
    completions: tuple[KnownCompletion, ...]
    withdrawn: Withdrawal | None = Field(
        None, examples=[None], description="that it was made wrongly: to those who know no more, it was declined"
    )


class PlanReferrals(Value):
    """The referrals of a plan, the oldest first, and whether all that was agreed has been referred to."""

    referrals: tuple[Referral, ...]
    referred_on: Day | None = Field(
        None, description="the day on which all lines of the edition in force had been referred; null: not all are"
    )


class ReferToService(
    Request[ReferralVersion], type="plan.refer_to_service.v1", changes=True, act="change", data=("plan",)
):
    """Record that the client was directed to a service agreed in the edition in force (20 § 5 mom.)."""

    plan_id: UUID
    line_id: UUID
    customer_id: CustomerId | None = Field(
        None, examples=[None], description="of a family's plan a member; null: the customer"
    )
    provider: ServiceProvider
    referred_on: Day


class AnswerReferral(
    Request[ReferralVersion], type="plan.answer_referral.v1", changes=True, act="change", data=("plan",)
):
    """Record that the client begins in the service, or does not."""

    referral_id: UUID
    expected_version: Version
    answer: ReferralAnswer


class RecordCompletion(
    Request[ReferralVersion], type="plan.record_completion.v1", changes=True, act="change", data=("plan",)
):
    """Record what was completed or interrupted; `is_over`: nothing more of the service follows."""

    referral_id: UUID
    expected_version: Version
    completion: Completion
    is_over: bool = True


class WithdrawCompletion(
    Request[ReferralVersion], type="plan.withdraw_completion.v1", changes=True, act="change", data=("plan",)
):
    """Take back a completion that was recorded wrongly; the referral stands as if it had never been recorded.

    What a provider's own program told is the provider's.
    """

    referral_id: UUID
    expected_version: Version
    completion_id: UUID
    why: Words


class WithdrawReferral(
    Request[ReferralVersion], type="plan.withdraw_referral.v1", changes=True, act="change", data=("plan",)
):
    """Take back a referral that was made wrongly, whatever came of it: its line waits for one again.

    Its provider hears that it was wrong.
    """

    referral_id: UUID
    expected_version: Version
    why: Words


class GetReferral(Request[Referral], type="plan.get_referral.v1", act="view", data=("plan",)):
    """A referral of a plan of the acting municipality."""

    referral_id: UUID


class ListPlanReferrals(Request[PlanReferrals], type="plan.list_plan_referrals.v1", act="view", data=("plan",)):
    """All referrals of a plan."""

    plan_id: UUID


class EarlierMeasure(Value):
    """A training of the plan in which the client has been already."""

    service: PinnedService
    name: NameInLanguages
    starts_on: Day | None = None
    ends_on: Day | None = None


class ReferralForProvider(Value):
    """What the plan service tells a provider of somebody referred to it: of the items of 94 § those that it knows."""

    referral_id: UUID
    version: int = Field(ge=1, description="grows by every act")
    state: ReferralState
    municipality: MunicipalityCode
    changed_at: AwareDatetime
    customer_id: CustomerId | None = Field(None, description="whom it is about, while it is not over")
    referred_on: Day
    plan_drawn_up_on: Day | None = None
    plan_valid_until: Day | None = None
    service: PinnedService | None = None
    service_name: NameInLanguages
    service_starts_on: Day | None = None
    service_ends_on: Day | None = None
    earlier_measures: tuple[EarlierMeasure, ...]
    is_withdrawn: bool = Field(False, description="it was made wrongly; its state says declined")
    may_be_told: tuple[Code, ...] = Field(
        examples=[["names"]], description="every item that 94 § allows to tell; most of them other services know"
    )


class GetReferralForProvider(
    Request[ReferralForProvider], type="plan.get_referral_for_provider.v1", act="disclose", data=("plan",)
):
    """What a provider is told of a referral to it, as the plan says now; asked by the partners' service."""

    partner: PartnerCode
    referral_id: UUID


class AnswerReferralForPartner(
    Request[ReferralVersion], type="plan.answer_referral_for_partner.v1", changes=True, act="change", data=("plan",)
):
    """The provider's own answer to a referral that was made to it; asked by the partners' service."""

    partner: PartnerCode
    referral_id: UUID
    answer: ReferralAnswer


class RecordCompletionForPartner(
    Request[ReferralVersion], type="plan.record_completion_for_partner.v1", changes=True, act="change", data=("plan",)
):
    """The provider's own report of a completion; asked by the partners' service."""

    partner: PartnerCode
    referral_id: UUID
    completion: Completion
    is_over: bool = True


class ReferralChanged(StateEvent, type="plan.referral_changed.v1", data=("plan",)):
    """Where a referral stands."""

    SUBJECT = "referral_id"

    referral_id: UUID
    plan_id: UUID
    line_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    service: PinnedService | None = None
    partner: PartnerCode | None = Field(None, description="the provider, where its program is connected")
    state: ReferralState
    version: int = Field(ge=1)
    referred_on: Day
    answered_on: Day | None = None
    ended_on: Day | None = None
    is_withdrawn: bool = Field(False, description="it was made wrongly; its state says declined")
