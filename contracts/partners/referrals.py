"""Referrals as the provider whose program is connected hears of them and answers (681/2023 20 § 5 mom., 94 §)."""

from uuid import UUID

from pydantic import Field

from contracts.customer.disclosures import PersonForPartner
from contracts.partners import FromPartner, MatterTold
from contracts.plan.content import PinnedService
from contracts.plan.programme import NameInLanguages
from contracts.plan.referrals import Completion, EarlierMeasure, ReferralAnswer, ReferralState
from contracts.types import Day, MunicipalityCode


class ReferralAnswered(ReferralAnswer, FromPartner, type="authority.referral_answer.v1", data=("plan",)):
    """Whether a client who was referred to the partner begins in its service."""

    referral_id: UUID


class CompletionReported(Completion, FromPartner, type="authority.completion.v1", data=("plan",)):
    """What a client who was referred to the partner completed or interrupted."""

    referral_id: UUID
    is_over: bool = Field(True, description="nothing more of the service follows")


class ReferralTold(MatterTold, type="authority.referral.v1", data=("plan", "identity", "contact", "language")):
    """A client who was referred to the partner, or a referral that is over: of the items of 94 § what is known."""

    SUBJECT = "referral_id"

    referral_id: UUID
    state: ReferralState
    municipality: MunicipalityCode = Field(examples=["837"], description="who refers")
    referred_on: Day
    plan_drawn_up_on: Day | None = None
    plan_valid_until: Day | None = None
    service: PinnedService | None = None
    service_name: NameInLanguages
    service_starts_on: Day | None = None
    service_ends_on: Day | None = None
    earlier_measures: tuple[EarlierMeasure, ...] = ()
    is_withdrawn: bool = Field(False, description="it was made wrongly; its state says declined")
    person: PersonForPartner | None = Field(
        None,
        description="who was referred, while it is not over; null under non-disclosure for personal safety: the"
        " municipality tells it in another way",
    )
