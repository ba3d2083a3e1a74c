"""Who calls: each route takes the signed-in user as `caller: SignedIn`, and asks services through it."""

import math
import time
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from pydantic import BaseModel

from contracts import envelope
from services.gateway.problems import TooManyRequests
from services.gateway.sign_in import Issuer
from services.kit.actor import Actor
from services.kit.errors import NotAuthenticated
from services.kit.requests import Requests

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
    """Lets in who has a good token and has not asked too often."""

    def __init__(self, issuer: Issuer, requests: Requests, rate_limit: str) -> None:
        self._issuer = issuer
        self._requests = requests
        self._rate = parse(rate_limit)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def admit(self, token: str) -> Caller:
        """The caller; raises NotAuthenticated, Forbidden, TooManyRequests or Unavailable."""
        actor = await self._issuer.actor(token)
        if not await self._limiter.hit(self._rate, actor.user):
            window = await self._limiter.get_window_stats(self._rate, actor.user)
            raise TooManyRequests(retry_after=max(1, math.ceil(window.reset_time - time.time())))
        return Caller(actor, self._requests)


_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="A token of the configured OpenID Connect issuer."
)


async def _signed_in(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    if given is None:
        raise NotAuthenticated("A bearer token is required.")
    callers: Callers = request.app.state.callers
    return await callers.admit(given.credentials)


SignedIn = Annotated[Caller, Depends(_signed_in)]
"""Comes first among a route's parameters, so that nothing is read for a caller who is not let in."""
