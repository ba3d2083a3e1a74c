"""Who calls: each route takes the user, acting under a right, as `caller: SignedIn`, and asks services through it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from contracts import envelope
from contracts.types import Code
from services.gateway.issuer import Identity, Issuer
from services.gateway.problems import CrossSiteRequest, MalformedRequest
from services.gateway.rate_limit import RateLimit
from services.gateway.rights import Held, KeptRights
from services.gateway.sessions import COOKIE, Session, Sessions
from services.gateway.settings import GatewaySettings
from services.kit.actor import Actor
from services.kit.clock import helsinki_date
from services.kit.code_lists import is_valid_purpose_of_use
from services.kit.errors import NotAuthenticated, ProblemReply
from services.kit.requests import Requests

CSRF_HEADER = "X-CSRF-Token"
_NOT_STATED = {"emergency", "log_investigation", "own_data"}
"""Purposes that the act itself has, and that nobody states for another."""
_SAFE = {"GET", "HEAD", "OPTIONS"}
_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
ReplyT = TypeVar("ReplyT", bound=BaseModel)


@dataclass(frozen=True)
class User:
    """Who calls, before anybody has asked what the user may."""

    id: str
    assurance: str
    session: Session | None = None
    identity: Identity | None = None
    """What the token says, where the user came with one."""


@dataclass(frozen=True)
class Caller:
    """A user who acts under a right. What the right allows is decided by the services that are asked."""

    actor: Actor
    requests: Requests
    anew: Callable[[], Awaitable["Caller"]]
    """The same user under the rights of now, for what takes longer than rights are known for; raises as at first."""

    async def ask(
        self, request: envelope.Request[ReplyT], idempotency_key: str | None = None, *, body: str = ""
    ) -> ReplyT:
        """The reply to the user's request; raises ProblemReply or Unavailable.

        `body` is the field of the request that the user's whole body is: what is wrong in it is pointed at there.
        """
        try:
            return await self.requests.ask(request, self.actor, idempotency_key=idempotency_key)
        except ProblemReply as problem:
            raise problem.within(body) from None


class Callers:
    """Lets in who has a good token or a session, and has not asked too often, under a right that is in force."""

    def __init__(
        self, settings: GatewaySettings, issuer: Issuer, sessions: Sessions, rights: KeptRights, requests: Requests
    ) -> None:
        self._issuer = issuer
        self._sessions = sessions
        self._rights = rights
        self._requests = requests
        self._origin = settings.public_url
        self._limit = RateLimit(settings.rate_limit)

    async def by_token(self, token: str) -> User:
        """The user; raises NotAuthenticated, Forbidden, TooManyRequests or Unavailable."""
        identity = await self._issuer.user(token)
        await self._limit.count(identity.user)
        return User(identity.user, identity.assurance, identity=identity)

    async def by_session(self, session_id: str, request: Request) -> User:
        """The user; raises NotAuthenticated, CrossSiteRequest, TooManyRequests or Unavailable."""
        self._check_site(session_id, request)
        session = await self._sessions.find(session_id, in_use=True)
        await self._limit.count(session.user)
        return User(session.user, session.assurance, session)

    async def acting(self, user: User, grant_id: UUID | None, purpose: str) -> Caller:
        """The user, acting under the right named, else that of the session, else the first.

        Raises MalformedRequest for the purpose, NoRights, ChooseRight or Unavailable.
        """
        held = await self.held(user)
        if purpose and (purpose in _NOT_STATED or not is_valid_purpose_of_use(purpose, helsinki_date(held.now))):
            raise MalformedRequest("The header Koto-Purpose: not a code of purposes_of_use that a caller may state.")
        if grant_id:
            right = held.named(grant_id)
        else:
            right = held.chosen_before(user.session.grant_id) if user.session else held.first
        return Caller(held.actor(right, purpose), self._requests, partial(self.acting, user, grant_id, purpose))

    async def held(self, user: User) -> Held:
        """What the user holds now; raises Unavailable."""
        if user.identity:
            await self._rights.note_token(user.identity)
        return await self._rights.held(user.id, user.assurance)

    async def session(self, session_id: str, request: Request) -> Session:
        """The session itself, which looking at does not prolong; raises as `by_session`."""
        self._check_site(session_id, request)
        session = await self._sessions.find(session_id, in_use=False)
        await self._limit.count(session.user)
        return session

    def _check_site(self, session_id: str, request: Request) -> None:
        """A browser sends the cookie with whatever another site makes it send: such a request changes nothing."""
        if request.method in _SAFE:
            return
        headers = request.headers
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise CrossSiteRequest("The request comes from another site.")
        if headers.get("origin", self._origin) != self._origin:
            raise CrossSiteRequest("The request comes from another origin.")
        if not self._sessions.is_csrf_token(headers.get(CSRF_HEADER, ""), session_id):
            raise CrossSiteRequest(f"The header {CSRF_HEADER} must hold the session's token.")


_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="A token of the configured OpenID Connect issuer."
)
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description="The session of a browser, which begins at `/sign-in`. A request other than GET also carries the header"
    f" `{CSRF_HEADER}`, with the `csrf_token` that `GET /api/v1/session` tells.",
)


async def _user(
    request: Request,
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session_id: Annotated[str | None, Depends(_cookie)],
) -> User:
    callers: Callers = request.app.state.callers
    if token is not None:
        return await callers.by_token(token.credentials)
    if session_id is not None:
        return await callers.by_session(session_id, request)
    raise NotAuthenticated("A bearer token or a session is required.")


AnyUser = Annotated[User, Depends(_user)]
"""For the routes that are for everybody who is known, whatever they may do."""


async def _signed_in(
    request: Request,
    user: AnyUser,
    koto_grant: Annotated[
        str | None,
        Header(
            alias="Koto-Grant",
            pattern=_UUID,
            description="The right to act under, one of those in force. Left out: the session's, or the user's first.",
        ),
    ] = None,
    koto_purpose: Annotated[
        Code | None,
        Header(
            alias="Koto-Purpose",
            description="What the data are used for, for the usage log: code list purposes_of_use, without emergency,"
            " log_investigation and own_data, which the act itself tells. The power over data under non-disclosure for"
            " personal safety holds only with it.",
            examples=["initial_assessment"],
        ),
    ] = None,
) -> Caller:
    callers: Callers = request.app.state.callers
    return await callers.acting(user, UUID(koto_grant) if koto_grant else None, koto_purpose or "")


async def _in_session(request: Request, session_id: Annotated[str | None, Depends(_cookie)]) -> Session:
    if session_id is None:
        raise NotAuthenticated("A session is required: sign in at /sign-in.")
    callers: Callers = request.app.state.callers
    return await callers.session(session_id, request)


SignedIn = Annotated[Caller, Depends(_signed_in)]
"""Comes first among a route's parameters, so that nothing is read for a caller who is not let in."""
InSession = Annotated[Session, Depends(_in_session)]
"""The session of the browser that asks: for the routes about the session itself."""
