"""The doors of the plan service: what it answers, and what it hears."""

from collections.abc import Mapping
from typing import Any

from contracts.customer.state import CustomerState
from contracts.envelope import Event, Request
from contracts.plan.programme import (
    AddProgrammeService,
    ChangeProgrammeService,
    GetProgrammeService,
    ImportProgramme,
    ListProgramme,
)
from contracts.plan.referrals import (
    AnswerReferral,
    AnswerReferralForPartner,
    GetReferral,
    GetReferralForProvider,
    ListPlanReferrals,
    RecordCompletion,
    RecordCompletionForPartner,
    ReferToService,
)
from contracts.topology import CUSTOMER_STATES
from services.kit.projection import Projection
from services.kit.work import Handler
from services.plan.handlers import programme, referrals
from services.plan.tables import CUSTOMER_VIEW

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    AddProgrammeService: programme.add_programme_service,
    ChangeProgrammeService: programme.change_programme_service,
    GetProgrammeService: programme.get_programme_service,
    ListProgramme: programme.list_programme,
    ImportProgramme: programme.import_programme,
    ReferToService: referrals.refer_to_service,
    AnswerReferral: referrals.answer_referral,
    RecordCompletion: referrals.record_completion,
    GetReferral: referrals.get_referral,
    ListPlanReferrals: referrals.list_plan_referrals,
    GetReferralForProvider: referrals.get_referral_for_provider,
    AnswerReferralForPartner: referrals.answer_referral_for_partner,
    RecordCompletionForPartner: referrals.record_completion_for_partner,
}
INPUT: Mapping[type[Event], Handler] = {}


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {
        "open_municipalities": sorted({each.municipality for each in state.relationships if each.state == "open"}),
        "merged_into": state.merged_into,
    }


PROJECTIONS = (Projection(CUSTOMER_VIEW, view_of, of=CUSTOMER_STATES),)
