"""Plans in force: reviews, more time, hindrances, how goals are reached, what was neglected."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from contracts.plan.implementation import (
    EndHindrance,
    ExtendPlan,
    Extension,
    FollowUp,
    Hindrance,
    Neglect,
    Recorded,
    RecordFollowUp,
    RecordHindrance,
    RecordNeglect,
    Review,
    ReviewPlan,
    WithdrawRecord,
)
from contracts.types import Day, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey
from services.gateway.routes.plans import ADD, CHANGE, CURRENT, SAME, RecordedWrongly, next_acts, withdrawing

routes = APIRouter(prefix=PREFIX, tags=["plans"])

_RECORD = SAME | {"record_id": "$response.body#/record_id", "If-Match": "$response.header.ETag"}
_RECORDED = with_headers("ETag") | next_acts(SAME, withdraw_record=_RECORD)
_INTERRUPTED = with_headers("ETag") | with_links(
    get_plan=SAME, end_hindrance=SAME | {"hindrance_id": "$response.body#/record_id"}, withdraw_record=_RECORD
)


class LastDay(Value):
    """The last day of a hindrance."""

    last: Day


_GOAL = "0199d2b0-0000-7000-8000-000000000001"
_review = JsonBody(
    Review,
    example={
        "reason": "half_year",
        "reviewed_on": "2026-03-02",
        "participation": "Took part in the course",
        "progress": "Level A2",
        "next_review_on": "2026-08-31",
    },
)
_extension = JsonBody(
    Extension,
    example={"ground": "little_education_or_many_services", "months": 12, "reason": "Learns to read first"},
)
_hindrance = JsonBody(Hindrance, example={"ground": "illness", "first": "2026-02-02"})
_last = JsonBody(LastDay, example={"last": "2026-03-01"})
_follow_up = JsonBody(FollowUp, example={"goal_id": _GOAL, "followed_on": "2026-03-02", "progress": "under_way"})
_neglect = JsonBody(
    Neglect,
    example={"happened_on": "2026-03-02", "fact": "Was absent for a week", "explanation": "The child was ill"},
)


@routes.post(
    "/plans/{plan_id:uuid}/reviews",
    status_code=201,
    response_model=Recorded,
    responses={201: _RECORDED, **CHANGE},
    openapi_extra=_review.documentation,
)
async def review_plan(
    caller: SignedIn,
    plan_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Review, Depends(_review)],
) -> Response:
    """Record a review, and when the next one is."""
    return _recorded(
        await caller.ask(ReviewPlan(plan_id=plan_id, expected_version=version, review=body), key, body="review")
    )


@routes.post(
    "/plans/{plan_id:uuid}/extensions",
    status_code=201,
    response_model=Recorded,
    responses={201: _RECORDED, **CHANGE},
    openapi_extra=_extension.documentation,
)
async def extend_plan(
    caller: SignedIn,
    plan_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Extension, Depends(_extension)],
) -> Response:
    """Make the longest time of a plan longer, on a ground of the law's."""
    return _recorded(
        await caller.ask(ExtendPlan(plan_id=plan_id, expected_version=version, extension=body), key, body="extension")
    )


@routes.post(
    "/plans/{plan_id:uuid}/hindrances",
    status_code=201,
    response_model=Recorded,
    responses={201: _INTERRUPTED, **ADD},
    openapi_extra=_hindrance.documentation,
)
async def record_hindrance(
    caller: SignedIn, plan_id: UUID, key: IdempotencyKey, body: Annotated[Hindrance, Depends(_hindrance)]
) -> Response:
    """Record a hindrance; while it goes on the plan is interrupted."""
    return _recorded(await caller.ask(RecordHindrance(plan_id=plan_id, hindrance=body), key, body="hindrance"))


@routes.post(
    "/plans/{plan_id:uuid}/hindrances/{hindrance_id:uuid}/end",
    response_model=Recorded,
    responses={200: CURRENT, **ADD},
    openapi_extra=_last.documentation,
)
async def end_hindrance(
    caller: SignedIn,
    plan_id: UUID,
    hindrance_id: UUID,
    key: IdempotencyKey,
    body: Annotated[LastDay, Depends(_last)],
) -> Response:
    """End a hindrance: its days are added to the time of the plan."""
    done = await caller.ask(EndHindrance(plan_id=plan_id, hindrance_id=hindrance_id, last=body.last), key)
    return answer(done, version=done.version)


@routes.post(
    "/plans/{plan_id:uuid}/follow-ups",
    status_code=201,
    response_model=Recorded,
    responses={201: _RECORDED, **ADD},
    openapi_extra=_follow_up.documentation,
)
async def record_follow_up(
    caller: SignedIn, plan_id: UUID, key: IdempotencyKey, body: Annotated[FollowUp, Depends(_follow_up)]
) -> Response:
    """Record how a goal is being reached."""
    return _recorded(await caller.ask(RecordFollowUp(plan_id=plan_id, follow_up=body), key, body="follow_up"))


@routes.post(
    "/plans/{plan_id:uuid}/neglects",
    status_code=201,
    response_model=Recorded,
    responses={201: _RECORDED, **ADD},
    openapi_extra=_neglect.documentation,
)
async def record_neglect(
    caller: SignedIn, plan_id: UUID, key: IdempotencyKey, body: Annotated[Neglect, Depends(_neglect)]
) -> Response:
    """Record that something agreed was not done, and how the customer explains it."""
    return _recorded(await caller.ask(RecordNeglect(plan_id=plan_id, neglect=body), key, body="neglect"))


@routes.post(
    "/plans/{plan_id:uuid}/records/{record_id:uuid}/withdraw",
    response_model=Recorded,
    responses={200: CURRENT, **CHANGE},
    openapi_extra=withdrawing.documentation,
)
async def withdraw_record(
    caller: SignedIn,
    plan_id: UUID,
    record_id: UUID,
    version: ExpectedVersion,
    key: IdempotencyKey,
    body: Annotated[RecordedWrongly, Depends(withdrawing)],
) -> Response:
    """Take back a review, more time, a hindrance, a follow-up or a neglect that was recorded wrongly."""
    asked = WithdrawRecord(plan_id=plan_id, expected_version=version, record_id=record_id, why=body.why)
    done = await caller.ask(asked, key)
    return answer(done, version=done.version)


def _recorded(done: Recorded) -> Response:
    return answer(done, 201, version=done.version)
