"""Ways to plans, and to what is due."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from contracts.envelope import Request
from contracts.plan.documents import GetPlanForDocument
from contracts.plan.due_dates import (
    DueDateSettings,
    GetCustomerDueDates,
    GetDueDateSettings,
    ListDue,
    SetDueDateSettings,
)
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
from tests.leaks.doors.door import THEIRS, Door
from tests.leaks.people import Planted


def of_plan(request: type[Request[Any]], *, versioned: bool = False, **more: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        version = {"expected_version": planted.plan_version} if versioned else {}
        return request.model_validate({"plan_id": planted.plan_id, **version, **more})

    return ask


_REVIEW = {
    "reason": "half_year",
    "reviewed_on": date(2026, 1, 2),
    "participation": "x",
    "progress": "x",
    "next_review_on": date(2026, 6, 2),
}


_EXTENSION = {"ground": "home_care_part_time", "months": 6, "reason": "x"}


_APPROVAL = {
    "party": "customer",
    "language": "fi",
    "sha256": "a" * 64,
    "how": "in_person",
    "approved_on": date(2026, 1, 2),
}


_ENDING = {"reason": "employed", "ended_on": date(2026, 1, 2), "follow_on": {"plan": "none"}}


NOT_IN_FORCE: dict[str, Any] = {"refuses": True}
"""What was planted is a draft."""


DOORS = (
    Door("plan", GetPlan, of_plan(GetPlan)),
    Door("edition of a plan", GetPlanEdition, of_plan(GetPlanEdition, edition=1)),
    Door("history of a plan", GetPlanHistory, of_plan(GetPlanHistory), is_partial=True),  # of the draft's acts alone
    Door(
        "differences of a plan",
        GetPlanDifferences,
        of_plan(GetPlanDifferences, before=1, after=1),
        is_partial=True,  # none
    ),
    Door("plans", ListCustomerPlans, lambda it: ListCustomerPlans(customer_id=it.customer_id)),
    Door(
        "draft a plan",
        DraftPlan,
        lambda it: DraftPlan(customer_id=it.customer_id),
        refuses=True,  # there is one already
    ),
    Door("write a plan", WritePlan, of_plan(WritePlan, versioned=True, content={"follow_up": "Weekly"})),
    Door("write a plan that was changed", WritePlan, of_plan(WritePlan, expected_version=1, content={}), refuses=True),
    Door(
        "offer a plan",
        OfferPlan,
        of_plan(OfferPlan, versioned=True),
        refuses=True,  # it lacks much
    ),
    Door("approve a plan", ApprovePlan, of_plan(ApprovePlan, edition=1, approval=_APPROVAL), refuses=True),
    Door("drop a plan", DropPlan, of_plan(DropPlan, versioned=True, why="Moved")),
    Door("end a plan", EndPlan, of_plan(EndPlan, versioned=True, **_ENDING), **NOT_IN_FORCE),
    Door(
        "give a consent",
        GiveGuardianConsent,
        of_plan(GiveGuardianConsent, versioned=True, consent={"given_on": date(2026, 1, 2), "given_by": "Aamu"}),
        refuses=True,  # it is no family's plan
    ),
    Door(
        "withdraw a consent",
        WithdrawGuardianConsent,
        of_plan(WithdrawGuardianConsent, versioned=True, consent_id=uuid4(), withdrawn_on=date(2026, 1, 2)),
        refuses=True,  # it is no family's plan
    ),
    Door("review a plan", ReviewPlan, of_plan(ReviewPlan, versioned=True, review=_REVIEW), **NOT_IN_FORCE),
    Door("extend a plan", ExtendPlan, of_plan(ExtendPlan, versioned=True, extension=_EXTENSION), **NOT_IN_FORCE),
    Door(
        "record a hindrance",
        RecordHindrance,
        of_plan(RecordHindrance, hindrance={"ground": "illness", "first": date(2026, 1, 2)}),
        **NOT_IN_FORCE,
    ),
    Door(
        "end a hindrance",
        EndHindrance,
        of_plan(EndHindrance, hindrance_id=uuid4(), last=date(2026, 1, 2)),
        **NOT_IN_FORCE,
    ),
    Door(
        "follow a goal",
        RecordFollowUp,
        of_plan(RecordFollowUp, follow_up={"goal_id": uuid4(), "followed_on": date(2026, 1, 2), "progress": "reached"}),
        **NOT_IN_FORCE,
    ),
    Door(
        "record a neglect",
        RecordNeglect,
        of_plan(RecordNeglect, neglect={"happened_on": date(2026, 1, 2), "fact": "Was absent"}),
        **NOT_IN_FORCE,
    ),
    Door(
        "withdraw a record of a plan that was changed",
        WithdrawRecord,
        lambda it: WithdrawRecord(
            plan_id=it.plan_id, expected_version=it.plan_version + 1, record_id=uuid4(), why="Another plan"
        ),
        refuses=True,
    ),
    Door(
        "plan for a document",
        GetPlanForDocument,
        of_plan(GetPlanForDocument, edition=1),
        refuses=True,  # it was not offered
        **THEIRS,
    ),
    Door("due dates", GetCustomerDueDates, lambda it: GetCustomerDueDates(customer_id=it.customer_id)),
    Door("worklist", ListDue, lambda _: ListDue(), is_partial=True),
    Door("aims", GetDueDateSettings, lambda _: GetDueDateSettings(), **THEIRS),
    Door(
        "set aims",
        SetDueDateSettings,
        lambda _: SetDueDateSettings(expected_version=0, settings=DueDateSettings(notice_days=9, aims=())),
        **THEIRS,
    ),
)
