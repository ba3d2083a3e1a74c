"""Who calls: each route takes the signed-in user as `caller: SignedIn`, and asks services through it."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from contracts import envelope
from services.gateway.issuer import Issuer
from services.gateway.problems import CrossSiteRequest
from services.gateway.rate_limit import RateLimit
from services.gateway.sessions import COOKIE, Session, Sessions
from services.gateway.settings import GatewaySettings
from services.kit.actor import Actor
from services.kit.errors import NotAuthenticated
from services.kit.requests import Requests

CSRF_HEADER = "X-CSRF-Token"
_SAFE = {"GET", "HEAD", "OPTIONS"}
ReplyT = TypeVar("ReplyT", bound=BaseModel)


@dataclass(frozen=True)
class Caller:
    """A signed-in user. What the user may is decided by the services that are asked."""

    actor: Actor
    requests: Requests

    async def ask(self, request: envelope.Request[ReplyT], idempotency_key: str | None = None) -> ReplyT:
        """The reply to the user's request; raises ProblemReply or Unavailable."""
        return await self.requests.ask(request, self.actor, idempotency_key=idempotency_key)


class Callers:
    """Lets in who has a good token or a session, and has not asked too often."""

    def __init__(self, settings: GatewaySettings, issuer: Issuer, sessions: Sessions, requests: Requests) -> None:
        self._issuer = issuer
        self._sessions = sessions
        self._requests = requests
        self._origin = settings.public_url
        self._limit = RateLimit(settings.rate_limit)

    async def by_token(self, token: str) -> Caller:
        """The caller; raises NotAuthenticated, Forbidden, TooManyRequests or Unavailable."""
        return await self._admitted(await self._issuer.actor(token))

    async def by_session(self, session_id: str, request: Request) -> Caller:
        """The caller; raises NotAuthenticated, CrossSiteRequest, TooManyRequests or Unavailable."""
        self._check_site(session_id, request)
        session = await self._sessions.find(session_id, in_use=True)
        return await self._admitted(session.actor)

    async def session(self, session_id: str, request: Request) -> Session:
        """The session itself, which looking at does not prolong; raises as `by_session`."""
        self._check_site(session_id, request)
        session = await self._sessions.find(session_id, in_use=False)
        await self._limit.count(session.actor.user)
        return session

    async def _admitted(self, actor: Actor) -> Caller:
        await self._limit.count(actor.user)
        return Caller(actor, self._requests)

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


async def _signed_in(
    request: Request,
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session_id: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    callers: Callers = request.app.state.callers
    if token is not None:
        return await callers.by_token(token.credentials)
    if session_id is not None:
        return await callers.by_session(session_id, request)
    raise NotAuthenticated("A bearer token or a session is required.")


async def _in_session(request: Request, session_id: Annotated[str | None, Depends(_cookie)]) -> Session:
    if session_id is None:
        raise NotAuthenticated("A session is required: sign in at /sign-in.")
    callers: Callers = request.app.state.callers
    return await callers.session(session_id, request)


SignedIn = Annotated[Caller, Depends(_signed_in)]
"""Comes first among a route's parameters, so that nothing is read for a caller who is not let in."""
InSession = Annotated[Session, Depends(_in_session)]
"""The session of the browser that asks: for the routes about the session itself."""
