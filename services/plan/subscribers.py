"""The doors of the plan service: what it answers, and what it hears."""

from collections.abc import Mapping
from typing import Any

from contracts.assessment.state import AssessmentChanged
from contracts.customer.state import CustomerCircumstances, CustomerState
from contracts.customer.transfers import TransferChanged
from contracts.envelope import Event, Request
from contracts.plan.documents import GetPlanForDocument
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    ReviewPlan,
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
    ListCustomerPlans,
    OfferPlan,
    WithdrawGuardianConsent,
    WritePlan,
)
from contracts.records.state import DocumentKept
from contracts.topology import CUSTOMER_STATES
from services.kit.projection import Projection
from services.kit.work import Handler
from services.plan.handlers import hearing, implementation, plans, reading
from services.plan.tables import CUSTOMER_VIEW

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    DraftPlan: plans.draft_plan,
    WritePlan: plans.write_plan,
    OfferPlan: plans.offer_plan,
    ApprovePlan: plans.approve_plan,
    DropPlan: plans.drop_plan,
    EndPlan: plans.end_plan,
    WithdrawGuardianConsent: plans.withdraw_guardian_consent,
    ReviewPlan: implementation.review_plan,
    ExtendPlan: implementation.extend_plan,
    RecordHindrance: implementation.record_hindrance,
    EndHindrance: implementation.end_hindrance,
    RecordFollowUp: implementation.record_follow_up,
    RecordNeglect: implementation.record_neglect,
    GetPlan: reading.get_plan,
    GetPlanEdition: reading.get_plan_edition,
    GetPlanHistory: reading.get_plan_history,
    GetPlanDifferences: reading.get_plan_differences,
    ListCustomerPlans: reading.list_customer_plans,
    GetPlanForDocument: reading.get_plan_for_document,
}
INPUT: Mapping[type[Event], Handler] = {
    **dict.fromkeys(CUSTOMER_STATES, hearing.hear_of_customer),
    CustomerCircumstances: hearing.hear_of_circumstances,
    AssessmentChanged: hearing.hear_of_assessment,
    TransferChanged: hearing.hear_of_transfer,
    DocumentKept: hearing.hear_of_document,
}


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {
        "open_municipalities": sorted({each.municipality for each in state.relationships if each.state == "open"}),
        "merged_into": state.merged_into,
    }


PROJECTIONS = (Projection(CUSTOMER_VIEW, view_of, of=CUSTOMER_STATES),)
