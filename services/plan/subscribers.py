"""The doors of the plan service: what it answers, and what it hears."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.access.teams import TeamChanged
from contracts.assessment.state import AssessmentChanged
from contracts.customer.state import CustomerCircumstances
from contracts.customer.transfers import TransferChanged
from contracts.envelope import Event, Request
from contracts.plan.documents import GetPlanForDocument
from contracts.plan.due_dates import GetCustomerDueDates, GetDueDateSettings, ListDue, SetDueDateSettings
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    ReviewPlan,
    WithdrawRecord,
)
from contracts.plan.plans import (
    ApprovePlan,
    DraftPlan,
    DropPlan,
    EndPlan,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    GiveGuardianConsent,
    ListCustomerPlans,
    OfferPlan,
    WithdrawGuardianConsent,
    WritePlan,
)
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
    WithdrawCompletion,
    WithdrawReferral,
)
from contracts.records.state import DocumentKept
from contracts.topology import CUSTOMER_STATES
from services.kit.customer_view import kept_in
from services.kit.projection import Projection
from services.kit.service import Background
from services.kit.work import Handler
from services.plan.handlers import due_dates, hearing, implementation, plans, programme, reading, referrals
from services.plan.tables import CUSTOMER_VIEW, TEAM_VIEW

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    DraftPlan: plans.draft_plan,
    WritePlan: plans.write_plan,
    OfferPlan: plans.offer_plan,
    ApprovePlan: plans.approve_plan,
    DropPlan: plans.drop_plan,
    EndPlan: plans.end_plan,
    GiveGuardianConsent: plans.give_guardian_consent,
    WithdrawGuardianConsent: plans.withdraw_guardian_consent,
    ReviewPlan: implementation.review_plan,
    ExtendPlan: implementation.extend_plan,
    RecordHindrance: implementation.record_hindrance,
    EndHindrance: implementation.end_hindrance,
    RecordFollowUp: implementation.record_follow_up,
    RecordNeglect: implementation.record_neglect,
    WithdrawRecord: implementation.withdraw_record,
    GetPlan: reading.get_plan,
    GetPlanEdition: reading.get_plan_edition,
    GetPlanHistory: reading.get_plan_history,
    GetPlanDifferences: reading.get_plan_differences,
    ListCustomerPlans: reading.list_customer_plans,
    GetPlanForDocument: reading.get_plan_for_document,
    GetCustomerDueDates: due_dates.get_customer_due_dates,
    ListDue: due_dates.list_due,
    GetDueDateSettings: due_dates.get_due_date_settings,
    SetDueDateSettings: due_dates.set_due_date_settings,
    AddProgrammeService: programme.add_programme_service,
    ChangeProgrammeService: programme.change_programme_service,
    GetProgrammeService: programme.get_programme_service,
    ListProgramme: programme.list_programme,
    ImportProgramme: programme.import_programme,
    ReferToService: referrals.refer_to_service,
    AnswerReferral: referrals.answer_referral,
    RecordCompletion: referrals.record_completion,
    WithdrawCompletion: referrals.withdraw_completion,
    WithdrawReferral: referrals.withdraw_referral,
    GetReferral: referrals.get_referral,
    ListPlanReferrals: referrals.list_plan_referrals,
    GetReferralForProvider: referrals.get_referral_for_provider,
    AnswerReferralForPartner: referrals.answer_referral_for_partner,
    RecordCompletionForPartner: referrals.record_completion_for_partner,
}
INPUT: Mapping[type[Event], Handler] = {
    **dict.fromkeys(CUSTOMER_STATES, hearing.hear_of_customer),
    CustomerCircumstances: hearing.hear_of_circumstances,
    AssessmentChanged: hearing.hear_of_assessment,
    TransferChanged: hearing.hear_of_transfer,
    DocumentKept: hearing.hear_of_document,
}


def team_of(state: TeamChanged) -> dict[str, Any]:
    """What `team_view` keeps of a team."""
    return state.model_dump(include={"organisation", "members", "ended"})


PROJECTIONS = (
    kept_in(CUSTOMER_VIEW),
    Projection(TEAM_VIEW, team_of, of=(TeamChanged,)),
)
BACKGROUND: Sequence[Background] = (due_dates.watch,)
