"""Sign-in: the bearer tokens of one OIDC issuer, and what they say of the user."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import aiohttp
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jwt import JWTClaimsRegistry
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from services.gateway.settings import GatewaySettings
from services.kit.actor import Actor
from services.kit.clock import Clock
from services.kit.errors import Forbidden, NotAuthenticated, Unavailable
from services.kit.telemetry import describe_error, log

_FORM = jws.JWSRegistry(algorithms=["RS256", "ES256", "EdDSA", "Ed25519"], strict_check_header=False)
"""Signatures by public keys only: with a shared-secret algorithm the public key itself could sign."""
_CLOCK_SKEW_SECONDS = 10
_KEYS_FRESH = timedelta(minutes=15)
_BETWEEN_FETCHES = timedelta(seconds=5)
"""So that tokens naming keys at random can't make us flood the issuer."""
_FETCH_TIMEOUT = aiohttp.ClientTimeout(total=5)

_Needed = Annotated[str, StringConstraints(min_length=1, max_length=255)]
_Optional = Annotated[str, StringConstraints(max_length=255)]


class _Claims(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    sub: _Needed
    koto_organisation: _Needed
    koto_role: _Needed
    koto_task: _Optional = ""
    koto_purpose: _Optional = ""
    acr: _Optional = ""


class Issuer:
    """Believes the tokens of one issuer, whose keys it fetches when first needed; the issuer may be away for long."""

    def __init__(self, settings: GatewaySettings, clock: Clock) -> None:
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched = self._tried = datetime.min.replace(tzinfo=UTC)
        self._fetch: asyncio.Task[None] | None = None

    async def actor(self, token: str) -> Actor:
        """Whom the token names; raises NotAuthenticated, Forbidden, or Unavailable as long as no key is known."""
        try:
            header = jws.extract_compact(token.encode(), registry=_FORM).headers()
            verified = jwt.decode(token, await self._key(header), registry=_FORM).claims
            self._expected().validate(verified)
        except (JoseError, ValueError):
            raise NotAuthenticated("The bearer token does not hold.") from None
        try:
            claims = _Claims.model_validate(verified)
        except ValidationError:
            raise Forbidden("The bearer token names no user, organisation and role to act in.") from None
        return Actor(
            user=claims.sub,
            organisation=claims.koto_organisation,
            role=claims.koto_role,
            task=claims.koto_task,
            purpose=claims.koto_purpose,
            assurance=claims.acr,
        )

    def _expected(self) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=_CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
        )

    async def _key(self, header: dict[str, Any]) -> Key:
        if self._clock.now() - self._fetched > _KEYS_FRESH:
            self._refresh()  # nobody waits for it: the keys known serve meanwhile
        try:
            return self._find(header)
        except InvalidKeyIdError:
            if fetch := self._refresh():
                await asyncio.wait({fetch})
        if self._keys is None:
            raise Unavailable("The sign-in service can't be reached.", retry_after=_BETWEEN_FETCHES.seconds)
        return self._find(header)

    def _find(self, header: dict[str, Any]) -> Key:
        return (self._keys or KeySet([])).get_by_kid(header.get("kid"), {"alg": header["alg"]})

    def _refresh(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one, or None when the last was moments ago."""
        if self._fetch is None or self._fetch.done():
            if self._clock.now() - self._tried < _BETWEEN_FETCHES:
                return None
            self._tried = self._clock.now()
            self._fetch = asyncio.create_task(self._fetch_keys())
        return self._fetch

    async def _fetch_keys(self) -> None:
        try:
            async with aiohttp.ClientSession(timeout=_FETCH_TIMEOUT, raise_for_status=True) as session:
                found = await _json(session, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if found["issuer"] != self._issuer:
                    raise ValueError("the discovery document is another issuer's")
                published = await _json(session, found["jwks_uri"])
            self._keys = KeySet(_readable(published["keys"]))
            self._fetched = self._clock.now()
        except Exception as error:  # whatever is wrong with the issuer: the keys known go on serving
            log.warning("sign_in.keys_not_fetched", **describe_error(error))


async def _json(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        return await answer.json(content_type=None)


def _readable(published: list[dict[str, Any]]) -> list[Key]:
    keys = []
    for each in published:
        try:
            keys.append(JWKRegistry.import_key(each))
        except Exception:  # whatever is odd about one key, it must not hide the others
            log.warning("sign_in.key_not_read")
    return keys
