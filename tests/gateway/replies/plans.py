"""Replies of plans and what is due."""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.envelope import Request
from contracts.plan.content import PlanContent
from contracts.plan.due_dates import (
    CustomerDueDates,
    DueDateSettingsVersion,
    GetCustomerDueDates,
    GetDueDateSettings,
    KeptDueDateSettings,
    ListDue,
    SetDueDateSettings,
    Worklist,
    WorklistItem,
)
from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    Recorded,
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
    Edition,
    EndPlan,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    GiveGuardianConsent,
    ListCustomerPlans,
    OfferPlan,
    Plan,
    PlanCard,
    PlanDifferences,
    PlanHistory,
    Plans,
    PlanVersion,
    WithdrawGuardianConsent,
    WritePlan,
)
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID, PLAN_ID

_LAW: dict[str, Any] = {"law_version": "2025-01-01"}
_PLAN: dict[str, Any] = {
    "plan_id": PLAN_ID,
    "version": 2,
    "customer_id": CUSTOMER_ID,
    "municipality": "837",
    "kind": "individual",
    "status": "draft",
    "created_at": datetime(2026, 3, 2, tzinfo=UTC),
}

REPLIES: dict[type[Request[Any]], BaseModel] = {
    ListDue: Worklist(
        items=(
            WorklistItem(
                customer_id=CUSTOMER_ID,
                matter_id=CUSTOMER_ID,
                kind="plan_latest",
                due_on=date(2028, 1, 15),
                statutory=True,
                passed=False,
            ),
        )
    ),
    GetCustomerDueDates: CustomerDueDates(due_dates=()),
    GetDueDateSettings: KeptDueDateSettings(version=0, notice_days=14, aims=()),
    SetDueDateSettings: DueDateSettingsVersion(version=1),
    **dict.fromkeys(
        (
            DraftPlan,
            WritePlan,
            OfferPlan,
            ApprovePlan,
            DropPlan,
            EndPlan,
            GiveGuardianConsent,
            WithdrawGuardianConsent,
        ),
        PlanVersion(plan_id=PLAN_ID, version=3, edition=1),
    ),
    **dict.fromkeys(
        (ReviewPlan, ExtendPlan, RecordHindrance, EndHindrance, RecordFollowUp, RecordNeglect, WithdrawRecord),
        Recorded(plan_id=PLAN_ID, version=3, record_id=GRANT_ID),
    ),
    GetPlan: Plan(**_PLAN, is_statutory=True, assessment_id=None, county_takes_part=False, editions=(), **_LAW),
    GetPlanEdition: Edition(
        edition=1,
        stage="draft",
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        created_by="u",
        content=PlanContent(),
        **_LAW,
    ),
    GetPlanDifferences: PlanDifferences(before=1, after=2, differences=()),
    GetPlanHistory: PlanHistory(acts=()),
    ListCustomerPlans: Plans(plans=(PlanCard(**_PLAN),)),
}
