"""Signing in and out with a browser, and the session between."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from contracts.envelope import FieldError
from contracts.types import Code, MunicipalityCode, Value
from contracts.usage import Organisation
from services.gateway import sessions, sign_in
from services.gateway.bodies import JsonBody, answer, read
from services.gateway.caller import AnyUser, Callers, InSession, User
from services.gateway.openapi import problems
from services.gateway.pages import failure_page, signed_out_page
from services.gateway.problems import ChooseRight, NoRights, TooManyRequests
from services.gateway.rate_limit import RateLimit
from services.gateway.rights import CUSTOMER, OWN_MATTERS, Held, KeptRights, Right, id_of
from services.gateway.routes.customers import PREFIX
from services.gateway.sessions import Session, Sessions
from services.gateway.sign_in import ATTEMPT_LASTS, SignIn, SignInFailed
from services.kit.errors import InvalidInput, NotAuthenticated, Unavailable
from services.kit.telemetry import describe_error, log

FIRST_PAGE = "/docs"
"""Where a person lands who was nowhere before."""


class PageRoute(APIRoute):
    """A route that people open in a browser: what fails is told by a page, never by a problem in JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInFailed as failed:
                log.warning("sign_in.failed", why=failed.why)
                return failure_page(request, failed.why, failed.return_to)
            except TooManyRequests as refusal:
                return failure_page(request, "too_many", retry_after=refusal.retry_after or 1)
            except Unavailable:
                return failure_page(request, "unavailable")
            except Exception as error:
                log.error("sign_in.broken", **describe_error(error))
                return failure_page(request, "broken")

        return handle_or_explain


pages = APIRouter(route_class=PageRoute, include_in_schema=False)
back_channel = APIRouter(include_in_schema=False)
routes = APIRouter(prefix=PREFIX, tags=["session"])


class RightInForce(Value):
    """A right that is in force: a role in an organisation."""

    grant_id: UUID | None = Field(description="null: the right to one's own data, as a customer")
    organisation: Organisation
    role: Code
    task: Code | None = Field(None, description="code list tasks")
    municipality: MunicipalityCode | None = Field(None, description="whose customers it is for")
    ends_at: datetime | None = None


class SignedInUser(Value):
    """Who is signed in, under which right, and for how long."""

    user: str
    name: str
    acting: RightInForce | None = Field(description="the right acted under; null: one must be chosen, or there is none")
    rights: tuple[RightInForce, ...] = Field(description="those in force, of which one can be chosen")
    idle_ends_at: datetime
    ends_at: datetime
    csrf_token: str


class RightsInForce(Value):
    """What a user may act as: under `Koto-Grant` with one's `grant_id`."""

    rights: tuple[RightInForce, ...] = Field(description="the first is acted under where none is named")


class RightChosen(Value):
    """The right to act under from now on."""

    grant_id: UUID | None = Field(description="one of `rights`; null: the right to one's own data, as a customer")


class SignedOut(Value):
    """Where to send the browser, so that it signs out at the issuer too."""

    continue_at: str


@pages.get("/sign-in")
async def start(request: Request, return_to: str = FIRST_PAGE) -> Response:
    """Sends the browser to the issuer."""
    await _limit(request).count("begun")
    address, cookie = await _sign_in(request).start(return_to)
    response = RedirectResponse(address, 303)
    _set_cookie(response, sign_in.COOKIE, cookie, int(ATTEMPT_LASTS.total_seconds()))
    return response


@pages.get("/sign-in/callback")
async def finish(request: Request) -> Response:
    """Opens a session for whom the issuer names, and ends the one that the browser had."""
    await _limit(request).count("ended")
    user, return_to = await _sign_in(request).finish(request.cookies.get(sign_in.COOKIE), request.query_params)
    try:
        right = (await _rights(request).note_sign_in(user)).first
    except NoRights:
        raise SignInFailed("no_rights", return_to) from None
    store = _sessions(request)
    if before := request.cookies.get(sessions.COOKIE):
        await store.end(before)
    response = RedirectResponse(return_to, 303)
    _set_cookie(response, sessions.COOKIE, await store.open(user, id_of(right)))
    _set_cookie(response, sign_in.COOKIE, "", 0)
    return response


@pages.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """Says that the person is signed out."""
    return signed_out_page(request)


@back_channel.post("/back-channel-logout")
async def back_channel_logout(request: Request) -> Response:
    """Ends the sessions that the issuer names by a signed logout token."""
    form = parse_qs((await read(request, request.app.state.max_body_bytes)).decode(errors="replace"))
    try:
        await _sessions(request).end_by_issuer(await _sign_in(request).logout(form.get("logout_token", [""])[0]))
    except NotAuthenticated:
        return JSONResponse({"error": "invalid_request"}, 400)
    return Response()


@routes.get("/session", response_model=SignedInUser, responses=problems(401, 429, 500, 503))
async def get_session(request: Request, session: InSession) -> Response:
    """Who is signed in, until when, and what the user may act as. Asking does not prolong it."""
    held = await _callers(request).held(_user_of(session))
    acting: RightInForce | None = None
    with suppress(NoRights, ChooseRight):
        acting = _told(held.chosen_before(session.grant_id))
    return _session_told(request, session, held, acting)


@routes.get("/rights", response_model=RightsInForce, responses=problems(401, 403, 429, 500, 503))
async def get_rights(request: Request, user: AnyUser) -> Response:
    """The rights of whoever asks, by a token or in a session."""
    held = await _callers(request).held(user)
    return answer(RightsInForce(rights=tuple(map(_told, held.rights))))


_choosing = JsonBody(RightChosen, example={"grant_id": "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11"})


@routes.post(
    "/session/act",
    response_model=SignedInUser,
    responses=problems(400, 401, 403, 413, 415, 422, 429, 500, 503),
    openapi_extra=_choosing.documentation,
)
async def act(request: Request, session: InSession, body: Annotated[RightChosen, Depends(_choosing)]) -> Response:
    """Act under another right from now on."""
    held = await _callers(request).held(_user_of(session))
    try:
        right = held.named(body.grant_id)
    except (NoRights, ChooseRight):
        wrong = FieldError(pointer="/grant_id", rule="not_in_force", detail="The user holds no such right now.")
        raise InvalidInput(errors=[wrong]) from None
    await _sessions(request).choose(session.id, body.grant_id)
    return _session_told(request, session, held, _told(right))


@routes.post("/session/sign-out", response_model=SignedOut, responses=problems(401, 403, 429, 500, 503))
async def sign_out(request: Request, session: InSession) -> Response:
    """End this session."""
    await _sessions(request).end(session.id)
    return await _signed_out(request)


@routes.post("/session/sign-out-everywhere", response_model=SignedOut, responses=problems(401, 403, 429, 500, 503))
async def sign_out_everywhere(request: Request, session: InSession) -> Response:
    """End all sessions of the user, in every browser."""
    await _sessions(request).end_all(session.user)
    return await _signed_out(request)


def _user_of(session: Session) -> User:
    return User(session.user, session.assurance, session)


def _session_told(request: Request, session: Session, held: Held, acting: RightInForce | None) -> Response:
    return answer(
        SignedInUser(
            user=session.user,
            name=session.name,
            acting=acting,
            rights=tuple(map(_told, held.rights)),
            idle_ends_at=session.idle_ends_at,
            ends_at=session.ends_at,
            csrf_token=_sessions(request).csrf_token(session.id),
        )
    )


def _told(right: Right) -> RightInForce:
    if right is None:
        return RightInForce(grant_id=None, organisation=CUSTOMER, role=CUSTOMER, task=OWN_MATTERS)
    return RightInForce.model_validate(right, from_attributes=True)


async def _signed_out(request: Request) -> Response:
    response = answer(SignedOut(continue_at=await _sign_in(request).end_session_url()))
    _set_cookie(response, sessions.COOKIE, "", 0)
    return response


def _set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Lax and not Strict: a browser that comes back from the issuer, or by a link in a message, must bring it along."""
    response.set_cookie(name, value, max_age, path="/", secure=True, httponly=True, samesite="lax")


def _sign_in(request: Request) -> SignIn:
    found: SignIn = request.app.state.sign_in
    return found


def _sessions(request: Request) -> Sessions:
    found: Sessions = request.app.state.sessions
    return found


def _rights(request: Request) -> KeptRights:
    found: KeptRights = request.app.state.rights
    return found


def _callers(request: Request) -> Callers:
    found: Callers = request.app.state.callers
    return found


def _limit(request: Request) -> RateLimit:
    found: RateLimit = request.app.state.sign_in_limit
    return found
