"""The OIDC issuer: where its endpoints are, whether its tokens hold, and who they say the user is.

What a user may is no business of the issuer's: the access service knows it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import aiohttp
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jwt import JWTClaimsRegistry
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from contracts.types import Name
from contracts.usage import UserId
from services.gateway.settings import GatewaySettings
from services.kit.clock import Clock
from services.kit.errors import Forbidden, NotAuthenticated, Unavailable
from services.kit.telemetry import describe_error, log

_FORM = jws.JWSRegistry(algorithms=["RS256", "ES256", "EdDSA", "Ed25519"], strict_check_header=False)
"""Signatures by public keys only: with a shared-secret algorithm the public key itself could sign."""
_CLOCK_SKEW_SECONDS = 10
_FRESH = timedelta(minutes=15)
_BELIEVED, _MOST_BELIEVED = timedelta(minutes=1), 10_000
"""How long, and how many, bearer tokens are believed once verified: a program sends the same with each request."""
_BETWEEN_FETCHES = timedelta(seconds=5)
"""So that tokens naming keys at random can't make us flood the issuer."""
TIMEOUT = aiohttp.ClientTimeout(total=5)

LEVELS_OF_ASSURANCE = {
    "low": "low",
    "substantial": "substantial",
    "high": "high",
    "http://eidas.europa.eu/LoA/low": "low",
    "http://eidas.europa.eu/LoA/substantial": "substantial",
    "http://eidas.europa.eu/LoA/high": "high",
    "http://ftn.ficora.fi/2017/loa2": "substantial",
    "http://ftn.ficora.fi/2017/loa3": "high",
}
"""How issuers write the levels of eIDAS (EU 910/2014 art. 8): its own words, and those of Finland's trust network."""

Told = Annotated[str, StringConstraints(max_length=255)]


class Identity(BaseModel):
    """Who a token says the user is."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    user: UserId
    name: Name | None = None
    assurance: Annotated[str, BeforeValidator(lambda told: LEVELS_OF_ASSURANCE.get(str(told), ""))] = ""
    """How surely the issuer knows the user, as a level of eIDAS; empty where it says none of these."""
    session: Told = ""
    """The session at the issuer, which a back-channel logout may name."""
    identity_code: Told | None = Field(None, repr=False)


class Metadata(BaseModel):
    """What the issuer publishes of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True)
class _Known:
    metadata: Metadata
    keys: KeySet


class Issuer:
    """Believes the tokens of one issuer, whose keys it fetches when first needed; the issuer may be away for long."""

    def __init__(self, settings: GatewaySettings, clock: Clock) -> None:
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._claims = settings.oidc_claims
        self._clock = clock
        self._known: _Known | None = None
        self._believed: dict[str, tuple[Identity, float]] = {}
        self._fetched = self._tried = datetime.min.replace(tzinfo=UTC)
        self._fetch: asyncio.Task[None] | None = None

    async def user(self, token: str) -> Identity:
        """Whom a bearer token names; raises NotAuthenticated, Forbidden, or Unavailable as long as no key is known."""
        now = self._clock.now().timestamp()
        user, until = self._believed.get(token, (None, 0.0))
        if user and now < until:
            return user
        verified = await self.verified(token, self._audience)
        try:
            user = self.identity(verified)
        except ValidationError:
            raise Forbidden("The bearer token names no user.") from None
        if len(self._believed) >= _MOST_BELIEVED:
            self._believed.clear()
        kept = user.model_copy(update={"identity_code": None})  # of use when the user is first seen, and kept nowhere
        self._believed[token] = kept, min(now + _BELIEVED.total_seconds(), verified["exp"])
        return user

    def identity(self, claims: dict[str, Any]) -> Identity:
        """Who verified claims say the user is, whatever this issuer calls them; raises ValidationError."""
        return Identity.model_validate(self.told(claims))

    def told(self, claims: dict[str, Any]) -> dict[str, Any]:
        """What the claims say, in our words."""
        return {ours: claims[theirs] for ours, theirs in self._claims if claims.get(theirs) is not None}

    async def verified(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token for an audience; raises NotAuthenticated, or Unavailable as long as no key is known."""
        try:
            header = jws.extract_compact(token.encode(), registry=_FORM).headers()
            claims = jwt.decode(token, await self._key(header), registry=_FORM).claims
            self._expected(audience).validate(claims)
        except (JoseError, ValueError):
            raise NotAuthenticated("The token does not hold.") from None
        return claims

    async def metadata(self) -> Metadata:
        """What the issuer publishes of itself; raises Unavailable as long as it has never been reached."""
        if self._clock.now() - self._fetched > _FRESH and (fetch := self._refresh()) and self._known is None:
            await asyncio.wait({fetch})
        return self._reached().metadata

    def _expected(self, audience: str) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=_CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )

    async def _key(self, header: dict[str, Any]) -> Key:
        if self._clock.now() - self._fetched > _FRESH:
            self._refresh()  # nobody waits for it: the keys known serve meanwhile
        try:
            return self._find(header)
        except InvalidKeyIdError:
            if fetch := self._refresh():
                await asyncio.wait({fetch})
        self._reached()
        return self._find(header)

    def _find(self, header: dict[str, Any]) -> Key:
        keys = self._known.keys if self._known else KeySet([])
        return keys.get_by_kid(header.get("kid"), {"alg": header["alg"]})

    def _reached(self) -> _Known:
        if self._known is None:
            raise Unavailable("The sign-in service can't be reached.", retry_after=_BETWEEN_FETCHES.seconds)
        return self._known

    def _refresh(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one, or None when the last was moments ago."""
        if self._fetch is None or self._fetch.done():
            if self._clock.now() - self._tried < _BETWEEN_FETCHES:
                return None
            self._tried = self._clock.now()
            self._fetch = asyncio.create_task(self._fetch_known())
        return self._fetch

    async def _fetch_known(self) -> None:
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT, raise_for_status=True) as session:
                found = await _json(session, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                metadata = Metadata.model_validate(found)
                if metadata.issuer != self._issuer:
                    raise ValueError("the discovery document is another issuer's")
                published = await _json(session, metadata.jwks_uri)
            self._known = _Known(metadata, KeySet(_readable(published["keys"])))
            self._believed.clear()  # a key may have been withdrawn
            self._fetched = self._clock.now()
        except Exception as error:  # whatever is wrong with the issuer: what is known goes on serving
            log.warning("issuer.not_fetched", **describe_error(error))


async def _json(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        return await answer.json(content_type=None)


def _readable(published: list[dict[str, Any]]) -> list[Key]:
    keys = []
    for each in published:
        try:
            keys.append(JWKRegistry.import_key(each))
        except Exception:  # whatever is odd about one key, it must not hide the others
            log.warning("issuer.key_not_read")
    return keys
