"""Sign-in in a browser: the authorization code flow of OpenID Connect, with PKCE.

What must be remembered between the two redirects travels in an encrypted cookie of the browser itself, so that nobody
fills a store by beginning sign-ins, and any replica can end what another began. The cookie opens only with the `state`
that the issuer brings back: a state of another browser or of an earlier attempt opens nothing.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode
from uuid import UUID, uuid4

import aiohttp
from cryptography.exceptions import InvalidTag
from pydantic import BaseModel, ValidationError

from services.gateway.issuer import TIMEOUT, Identity, Issuer, Told
from services.gateway.settings import GatewaySettings
from services.kit.clock import Clock
from services.kit.errors import NotAuthenticated, Unavailable
from services.kit.field_encryption import FieldEncryption
from services.kit.telemetry import describe_error, log

COOKIE = "__Host-koto-sign-in"
ATTEMPT_LASTS = timedelta(minutes=10)
MOST_RETURN_TO = 1000
"""Characters: the cookie that holds it must stay below 4 KiB."""
_RETURN_TO = re.compile(r"/(?!/)[!-\[\]-~]*")
"""A path of this origin: browsers take `//`, `/\\` and a `/` after a tab for the start of another host."""
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TOKEN_ERRORS = {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope"}

Failure = Literal["address", "stale", "denied", "no_rights", "refused", "unavailable", "too_many", "broken"]


class SignInFailed(Exception):
    """A sign-in that did not succeed; the person is told why by a page."""

    def __init__(self, why: Failure, return_to: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.return_to = return_to


class Logout(BaseModel):
    """Whose sessions the issuer ends: the user's, or one only."""

    user: Told = ""
    session: Told = ""
    events: dict[str, Any]


class _Attempt(BaseModel):
    nonce: str
    verifier: str
    return_to: str
    started_at: datetime


class SignIn:
    """Sends browsers to the issuer, and believes what it says when they come back."""

    def __init__(self, settings: GatewaySettings, issuer: Issuer, encryption: FieldEncryption, clock: Clock) -> None:
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._scope = settings.oidc_scope
        self._public_url = settings.public_url
        self._callback = f"{settings.public_url}/sign-in/callback"
        self._issuer = issuer
        self._encryption = encryption
        self._clock = clock

    async def start(self, return_to: str) -> tuple[str, str]:
        """The issuer's address to send the browser to, and the cookie to remember the attempt by.

        Raises SignInFailed when `return_to` is no path of this origin, and Unavailable.
        """
        if len(return_to) > MOST_RETURN_TO or not _RETURN_TO.fullmatch(return_to):
            raise SignInFailed("address")
        metadata = await self._issuer.metadata()
        state, nonce, verifier = uuid4(), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        attempt = _Attempt(nonce=nonce, verifier=verifier, return_to=return_to, started_at=self._clock.now())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        address = _with_query(
            metadata.authorization_endpoint,
            response_type="code",
            client_id=self._client_id,
            redirect_uri=self._callback,
            scope=self._scope,
            state=str(state),
            nonce=nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )
        return address, self._encryption.encrypt(attempt.model_dump_json(), state)

    async def finish(self, cookie: str | None, answer: Mapping[str, str]) -> tuple[Identity, str]:
        """Who has signed in, and the path to go to, by the issuer's answer; raises SignInFailed and Unavailable."""
        attempt = self._attempt(cookie, answer.get("state", ""))
        try:
            return await self._user(attempt, answer), attempt.return_to
        except SignInFailed as failed:
            raise SignInFailed(failed.why, attempt.return_to) from failed

    async def end_session_url(self) -> str:
        """Where the browser goes on to end its session at the issuer too; from there it is led to /signed-out.

        Without `id_token_hint`: that would put the user's name and id into an address.
        """
        here = f"{self._public_url}/signed-out"
        try:
            endpoint = (await self._issuer.metadata()).end_session_endpoint
        except Unavailable:
            return here
        if not endpoint:
            return here
        return _with_query(endpoint, client_id=self._client_id, post_logout_redirect_uri=here)

    async def logout(self, token: str) -> Logout:
        """Whom a logout token of the issuer signs out (OpenID Connect Back-Channel Logout 1.0).

        Raises NotAuthenticated when it does not hold, and Unavailable.
        """
        claims = await self._issuer.verified(token, self._client_id)
        try:
            asked = Logout.model_validate({**self._issuer.told(claims), "events": claims.get("events")})
        except ValidationError:
            raise NotAuthenticated("The logout token does not hold.") from None
        if _LOGOUT_EVENT not in asked.events or "nonce" in claims or not (asked.user or asked.session):
            raise NotAuthenticated("This is no logout token.")  # an ID token of the user's, perhaps
        return asked

    def _attempt(self, cookie: str | None, state: str) -> _Attempt:
        try:
            attempt = _Attempt.model_validate_json(self._encryption.decrypt(cookie or "", UUID(state)))
        except (InvalidTag, KeyError, ValueError):
            raise SignInFailed("stale") from None
        if self._clock.now() - attempt.started_at > ATTEMPT_LASTS:
            raise SignInFailed("stale", attempt.return_to)
        return attempt

    async def _user(self, attempt: _Attempt, answer: Mapping[str, str]) -> Identity:
        metadata = await self._issuer.metadata()
        from_issuer = answer.get("iss")
        if from_issuer != metadata.issuer and (
            from_issuer is not None or metadata.authorization_response_iss_parameter_supported
        ):
            raise SignInFailed("refused")  # another issuer's answer (RFC 9207)
        if "error" in answer:
            raise SignInFailed("denied" if answer["error"] == "access_denied" else "refused")
        token = await self._redeem(metadata.token_endpoint, answer.get("code", ""), attempt.verifier)
        try:
            claims = await self._issuer.verified(token, self._client_id)
        except NotAuthenticated:
            raise SignInFailed("refused") from None
        if claims.get("nonce") != attempt.nonce or claims.get("azp", self._client_id) != self._client_id:
            raise SignInFailed("refused")
        try:
            return self._issuer.identity(claims)
        except ValidationError:
            raise SignInFailed("no_rights") from None

    async def _redeem(self, endpoint: str, code: str, verifier: str) -> str:
        """The ID token that the code is exchanged for."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        # encoded before they are joined (RFC 6749, 2.3.1)
        user, password = quote_plus(self._client_id), quote_plus(self._client_secret.get_secret_value())
        headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.post(endpoint, data=form, headers=headers, allow_redirects=False) as answer,
            ):
                status, body = answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("sign_in.no_token", **describe_error(error))
            raise SignInFailed("unavailable") from None
        found: dict[str, Any] = body if isinstance(body, dict) else {}
        if status == 200 and isinstance(token := found.get("id_token"), str):
            return token
        said = found.get("error")
        log.warning("sign_in.no_token", status=status, said=said if said in _TOKEN_ERRORS else "other")
        raise SignInFailed("unavailable" if status >= 500 else "stale" if said == "invalid_grant" else "refused")


def _with_query(address: str, **parameters: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
