"""Integration plans: written, offered, approved, ended, and read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from contracts.plan.content import PlanContent
from contracts.plan.plans import (
    MOST_CONSENTS,
    MOST_MEMBERS,
    Approval,
    ApprovePlan,
    DraftPlan,
    DropPlan,
    EarlierPlan,
    Edition,
    EndPlan,
    FollowOn,
    GetPlan,
    GetPlanDifferences,
    GetPlanEdition,
    GetPlanHistory,
    GiveGuardianConsent,
    GuardianConsent,
    ListCustomerPlans,
    OfferPlan,
    Plan,
    PlanDifferences,
    PlanHistory,
    Plans,
    PlanVersion,
    Version,
    WithdrawGuardianConsent,
    WritePlan,
)
from contracts.plan.state import PlanKind
from contracts.types import Code, CustomerId, Day, Value, Words
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["plans"])

READ = problems(400, 401, 403, 404, 429, 500, 503)
ADD = READ | problems(409, 413, 415, 422)
CHANGE = ADD | problems(412, 428)
SAME = {"plan_id": "$request.path.plan_id"}


def next_acts(plan: dict[str, str], **more: dict[str, str]) -> dict[str, dict[str, object]]:
    """The documentation of what can be asked after an answer that tells a plan's version."""
    version = plan | {"If-Match": "$response.header.ETag"}
    return with_links(
        get_plan=plan,
        get_plan_history=plan,
        write_plan=version,
        offer_plan=version,
        drop_plan=version,
        end_plan=version,
        review_plan=version,
        extend_plan=version,
        **more,
    )


_DRAFTED = with_headers("ETag", "Location") | next_acts({"plan_id": "$response.body#/plan_id"})
CURRENT = with_headers("ETag") | next_acts(SAME)
_WHOLE = with_headers("ETag") | with_links(
    get_plan_edition=SAME | {"edition": "$response.body#/editions/0/edition"},
    get_plan_differences=SAME
    | {"before": "$response.body#/editions/0/edition", "after": "$response.body#/editions/0/edition"},
    withdraw_guardian_consent=SAME
    | {"consent_id": "$response.body#/consents/0/consent_id", "If-Match": "$response.header.ETag"},
    give_guardian_consent=SAME | {"If-Match": "$response.header.ETag"},
    **dict.fromkeys(("approve_plan", "record_hindrance", "record_follow_up", "record_neglect"), SAME),
)
_LISTED = with_links(get_plan={"plan_id": "$response.body#/plans/0/plan_id"})
_PAGE = with_links(get_plan_history=SAME | {"cursor": "$response.body#/next_cursor"})


class NewPlan(Value):
    """What kind of plan is begun, from which needs, and for which family members."""

    kind: PlanKind = "individual"
    assessment_id: UUID | None = None
    earlier: EarlierPlan | None = None
    members: tuple[CustomerId, ...] = Field((), max_length=MOST_MEMBERS)
    consents: tuple[GuardianConsent, ...] = Field((), max_length=MOST_CONSENTS)


class PlanDropping(Value):
    """Why a plan, or its edition in the making, is given up."""

    why: Words


class RecordedWrongly(Value):
    """Why something is taken back."""

    why: Words


class PlanEnding(Value):
    """Why and when a plan ends, and what comes after it."""

    reason: Code
    ended_on: Day
    follow_on: FollowOn


class WithdrawnConsent(Value):
    """When a guardian said to agree no more."""

    withdrawn_on: Day


_GOAL, _LINE = "0199d2b0-0000-7000-8000-000000000001", "0199d2b0-0000-7000-8000-000000000002"
_HASH = 64 * "0"
_new = JsonBody(NewPlan, example={"kind": "individual", "earlier": {"drawn_up_on": "2025-09-01"}})
_content = JsonBody(
    PlanContent,
    example={
        "goals": [{"goal_id": _GOAL, "kind": "employment", "term": "plan", "text": "Work as a cook"}],
        "services": [
            {
                "line_id": _LINE,
                "name": "Suomen kielen kurssi",
                "responsible_party": "Esimerkkiopisto",
                "justification": "A cook needs the language of the kitchen",
                "goal_ids": [_GOAL],
            }
        ],
        "follow_up": "A call each month",
        "duties_told_on": "2026-03-02",
        "starts_on": "2026-03-02",
        "ends_on": "2027-03-01",
        "next_review_on": "2026-08-31",
        "language": "fi",
        "copy_language": "ar",
    },
)
_approval = JsonBody(
    Approval,
    example={
        "party": "customer",
        "language": "fi",
        "sha256": _HASH,
        "how": "in_person",
        "approved_on": "2026-03-02",
    },
)
_dropping = JsonBody(PlanDropping, example={"why": "The customer moved before it was agreed"})
withdrawing = JsonBody(RecordedWrongly, example={"why": "Recorded of another customer"})
_ending = JsonBody(
    PlanEnding,
    example={
        "reason": "employed",
        "ended_on": "2026-03-02",
        "follow_on": {"plan": "employment_plan", "to_whom": "Esimerkkialueen työllisyyspalvelut"},
    },
)
_consent = JsonBody(GuardianConsent, example={"given_on": "2026-03-02", "given_by": "Aamu Esimerkki"})
_withdrawn = JsonBody(WithdrawnConsent, example={"withdrawn_on": "2026-03-02"})


@routes.post(
    "/customers/{customer_id:uuid}/plans",
    status_code=201,
    response_model=PlanVersion,
    responses={201: _DRAFTED, **ADD},
    openapi_extra=_new.documentation,
)
async def draft_plan(
    caller: SignedIn, customer_id: CustomerId, key: IdempotencyKey, body: Annotated[NewPlan, Depends(_new)]
) -> Response:
    """Begin a plan, filled with the needs of the concluded assessment."""
    done = await caller.ask(DraftPlan(customer_id=customer_id, **dict(body)), key)
    return answer(done, 201, version=done.version, location=f"{PREFIX}/plans/{done.plan_id}")


@routes.get("/customers/{customer_id:uuid}/plans", response_model=Plans, responses={200: _LISTED, **READ})
async def list_customer_plans(caller: SignedIn, customer_id: CustomerId) -> Response:
    """The acting municipality's plans of a customer, of the family's too; the newest first."""
    return answer(await caller.ask(ListCustomerPlans(customer_id=customer_id)))


@routes.get("/plans/{plan_id:uuid}", response_model=Plan, responses={200: _WHOLE, **READ})
async def get_plan(caller: SignedIn, plan_id: UUID) -> Response:
    """A plan with the edition in force and the one in the making."""
    plan = await caller.ask(GetPlan(plan_id=plan_id))
    return answer(plan, version=plan.version)


@routes.get("/plans/{plan_id:uuid}/editions/{edition}", response_model=Edition, responses={200: {}, **READ})
async def get_plan_edition(caller: SignedIn, plan_id: UUID, edition: Version) -> Response:
    """One edition with its approvals and documents."""
    return answer(await caller.ask(GetPlanEdition(plan_id=plan_id, edition=edition)))


@routes.get("/plans/{plan_id:uuid}/differences", response_model=PlanDifferences, responses={200: {}, **READ})
async def get_plan_differences(
    caller: SignedIn,
    plan_id: UUID,
    before: Annotated[Version, Query(description="the number of an edition")],
    after: Annotated[Version, Query(description="of the one that it is compared with")],
) -> Response:
    """What changed from one edition to another, by line."""
    return answer(await caller.ask(GetPlanDifferences(plan_id=plan_id, before=before, after=after)))


@routes.get("/plans/{plan_id:uuid}/history", response_model=PlanHistory, responses={200: _PAGE, **READ})
async def get_plan_history(
    caller: SignedIn,
    plan_id: UUID,
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
) -> Response:
    """What was done to a plan and recorded of it; the newest first, a page at a time."""
    return answer(await caller.ask(GetPlanHistory(plan_id=plan_id, cursor=cursor)))


@routes.put(
    "/plans/{plan_id:uuid}/content",
    response_model=PlanVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_content.documentation,
)
async def write_plan(
    caller: SignedIn,
    plan_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[PlanContent, Depends(_content)],
) -> Response:
    """Replace the whole draft; a change of what was offered makes the next edition."""
    return changed(
        await caller.ask(WritePlan(plan_id=plan_id, expected_version=version, content=body), key, body="content")
    )


@routes.post("/plans/{plan_id:uuid}/offer", response_model=PlanVersion, responses={200: CURRENT, **CHANGE})
async def offer_plan(caller: SignedIn, plan_id: UUID, key: IdempotencyKey, version: ExpectedVersion) -> Response:
    """Freeze the draft and offer it for approval; every rule that it breaks is told at once."""
    return changed(await caller.ask(OfferPlan(plan_id=plan_id, expected_version=version), key))


@routes.post(
    "/plans/{plan_id:uuid}/editions/{edition}/approvals",
    response_model=PlanVersion,
    responses={200: CURRENT, **ADD},
    openapi_extra=_approval.documentation,
)
async def approve_plan(
    caller: SignedIn,
    plan_id: UUID,
    edition: Version,
    key: IdempotencyKey,
    body: Annotated[Approval, Depends(_approval)],
) -> Response:
    """Record that a party approves an edition by its document; the last one needed brings it into force."""
    return changed(await caller.ask(ApprovePlan(plan_id=plan_id, edition=edition, approval=body), key, body="approval"))


@routes.post(
    "/plans/{plan_id:uuid}/drop",
    response_model=PlanVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_dropping.documentation,
)
async def drop_plan(
    caller: SignedIn,
    plan_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[PlanDropping, Depends(_dropping)],
) -> Response:
    """Give up a plan that was never in force."""
    return changed(await caller.ask(DropPlan(plan_id=plan_id, expected_version=version, why=body.why), key))


@routes.post(
    "/plans/{plan_id:uuid}/end",
    response_model=PlanVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_ending.documentation,
)
async def end_plan(
    caller: SignedIn,
    plan_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[PlanEnding, Depends(_ending)],
) -> Response:
    """End a plan in force, and tell what comes after it."""
    return changed(await caller.ask(EndPlan(plan_id=plan_id, expected_version=version, **dict(body)), key))


@routes.post(
    "/plans/{plan_id:uuid}/consents",
    response_model=PlanVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_consent.documentation,
)
async def give_guardian_consent(
    caller: SignedIn,
    plan_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[GuardianConsent, Depends(_consent)],
) -> Response:
    """Record that a further guardian agrees to a family's plan, or one who had withdrawn agrees again."""
    asked = GiveGuardianConsent(plan_id=plan_id, expected_version=version, consent=body)
    return changed(await caller.ask(asked, key, body="consent"))


@routes.post(
    "/plans/{plan_id:uuid}/consents/{consent_id:uuid}/withdraw",
    response_model=PlanVersion,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=_withdrawn.documentation,
)
async def withdraw_guardian_consent(
    caller: SignedIn,
    plan_id: UUID,
    consent_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[WithdrawnConsent, Depends(_withdrawn)],
) -> Response:
    """Record that a guardian agrees to a family's plan no more."""
    asked = WithdrawGuardianConsent(
        plan_id=plan_id, expected_version=version, consent_id=consent_id, withdrawn_on=body.withdrawn_on
    )
    return changed(await caller.ask(asked, key))


def changed(done: PlanVersion) -> Response:
    """The outcome of an act, with the plan's version."""
    return answer(done, version=done.version)
