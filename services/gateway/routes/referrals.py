"""Referrals: directing clients to the services that a plan agreed on, and what came of it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from contracts.plan.programme import ServiceProvider
from contracts.plan.referrals import (
    AnswerReferral,
    Completion,
    GetReferral,
    ListPlanReferrals,
    PlanReferrals,
    RecordCompletion,
    Referral,
    ReferralAnswer,
    ReferralVersion,
    ReferToService,
    WithdrawCompletion,
    WithdrawReferral,
)
from contracts.types import CustomerId, Day, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey
from services.gateway.routes.plans import RecordedWrongly, withdrawing

routes = APIRouter(prefix=PREFIX, tags=["referrals"])

_READ = problems(400, 401, 403, 404, 429, 500, 503)
_ADD = _READ | problems(409, 413, 415, 422)
_CHANGE = _ADD | problems(412, 428)


class NewReferral(Value):
    """To which line of the plan, by whom and when the client was directed."""

    line_id: UUID
    customer_id: CustomerId | None = None
    provider: ServiceProvider
    referred_on: Day


class AnswerToReferral(Value):
    """Whether the client begins in the service."""

    answer: ReferralAnswer


class NewCompletion(Value):
    """What was completed or interrupted, and whether nothing more of the service follows."""

    completion: Completion
    is_over: bool = True


def _next_acts(referral: dict[str, str], **more: dict[str, str]) -> dict[str, Any]:
    """The documentation of what can be asked after an answer that tells a referral's version."""
    version = referral | _VERSION
    acts = dict.fromkeys(("answer_referral", "record_completion", "withdraw_referral"), version)
    return with_links(get_referral=referral, **acts, **more)


_VERSION = {"If-Match": "$response.header.ETag"}
_SAME = {"referral_id": "$request.path.referral_id"}


_MADE = with_headers("ETag", "Location") | _next_acts({"referral_id": "$response.body#/referral_id"})
_CURRENT = with_headers("ETag") | _next_acts(_SAME)
_WHOLE = with_headers("ETag") | _next_acts(
    _SAME,
    withdraw_completion=_SAME | _VERSION | {"completion_id": "$response.body#/completions/0/completion_id"},
)
_LISTED = with_links(get_referral={"referral_id": "$response.body#/referrals/0/referral_id"})
_referring = JsonBody(
    NewReferral,
    example={
        "line_id": "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11",
        "provider": {"name": "Esimerkkiopisto"},
        "referred_on": "2026-03-02",
    },
)
_answering = JsonBody(AnswerToReferral, example={"answer": {"answer": "taken_up", "on": "2026-03-09"}})
_LEVELS = {"language": "fi", "listening": "B1.1", "reading": "B1.1", "speaking": "A2.2", "writing": "A2.2"}
_completing = JsonBody(
    NewCompletion,
    example={
        "completion": {
            "kind": "final_language_test",
            "outcome": "completed",
            "ends_on": "2026-03-30",
            "levels": _LEVELS,
        },
        "is_over": False,
    },
)


@routes.post(
    "/plans/{plan_id:uuid}/referrals",
    status_code=201,
    response_model=ReferralVersion,
    responses={201: _MADE, **_ADD},
    openapi_extra=_referring.documentation,
)
async def refer_to_service(
    caller: SignedIn, plan_id: UUID, key: IdempotencyKey, body: Annotated[NewReferral, Depends(_referring)]
) -> Response:
    """Record that the client was directed to a service that the edition in force agrees on."""
    made = await caller.ask(ReferToService(plan_id=plan_id, **dict(body)), key)
    return answer(made, 201, version=made.version, location=f"{PREFIX}/referrals/{made.referral_id}")


@routes.get("/plans/{plan_id:uuid}/referrals", response_model=PlanReferrals, responses={200: _LISTED, **_READ})
async def list_plan_referrals(caller: SignedIn, plan_id: UUID) -> Response:
    """All referrals of a plan, and the day on which all that was agreed had been referred to."""
    return answer(await caller.ask(ListPlanReferrals(plan_id=plan_id)))


@routes.get("/referrals/{referral_id:uuid}", response_model=Referral, responses={200: _WHOLE, **_READ})
async def get_referral(caller: SignedIn, referral_id: UUID) -> Response:
    """A referral with what was completed."""
    referral = await caller.ask(GetReferral(referral_id=referral_id))
    return answer(referral, version=referral.version)


@routes.post(
    "/referrals/{referral_id:uuid}/answer",
    response_model=ReferralVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_answering.documentation,
)
async def answer_referral(
    caller: SignedIn,
    referral_id: UUID,
    version: ExpectedVersion,
    key: IdempotencyKey,
    body: Annotated[AnswerToReferral, Depends(_answering)],
) -> Response:
    """Record that the client begins in the service, or does not."""
    asked = AnswerReferral(referral_id=referral_id, expected_version=version, answer=body.answer)
    answered = await caller.ask(asked, key)
    return answer(answered, version=answered.version)


@routes.post(
    "/referrals/{referral_id:uuid}/completions",
    response_model=ReferralVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_completing.documentation,
)
async def record_completion(
    caller: SignedIn,
    referral_id: UUID,
    version: ExpectedVersion,
    key: IdempotencyKey,
    body: Annotated[NewCompletion, Depends(_completing)],
) -> Response:
    """Record what was completed or interrupted, such as a final language test; the last one ends the referral."""
    asked = RecordCompletion(referral_id=referral_id, expected_version=version, **dict(body))
    recorded = await caller.ask(asked, key)
    return answer(recorded, version=recorded.version)


@routes.post(
    "/referrals/{referral_id:uuid}/completions/{completion_id:uuid}/withdraw",
    response_model=ReferralVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=withdrawing.documentation,
)
async def withdraw_completion(
    caller: SignedIn,
    referral_id: UUID,
    completion_id: UUID,
    version: ExpectedVersion,
    key: IdempotencyKey,
    body: Annotated[RecordedWrongly, Depends(withdrawing)],
) -> Response:
    """Take back a completion that was recorded wrongly; it stays readable, with the reason."""
    asked = WithdrawCompletion(
        referral_id=referral_id, expected_version=version, completion_id=completion_id, why=body.why
    )
    withdrawn = await caller.ask(asked, key)
    return answer(withdrawn, version=withdrawn.version)


@routes.post(
    "/referrals/{referral_id:uuid}/withdraw",
    response_model=ReferralVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=withdrawing.documentation,
)
async def withdraw_referral(
    caller: SignedIn,
    referral_id: UUID,
    version: ExpectedVersion,
    key: IdempotencyKey,
    body: Annotated[RecordedWrongly, Depends(withdrawing)],
) -> Response:
    """Take back a referral that was made wrongly; it stays readable, and its line waits for a referral again."""
    asked = WithdrawReferral(referral_id=referral_id, expected_version=version, why=body.why)
    withdrawn = await caller.ask(asked, key)
    return answer(withdrawn, version=withdrawn.version)
