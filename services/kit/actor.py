"""Who acts. The gateway signs an actor token for each request; services believe nothing else.

The token is a JWS (Ed25519) that lives at most 30 s and is bound to one request: its type, its idempotency key and its
body. Whoever can only write to the broker cannot pretend to be anybody, nor send again as another act what was sent.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.kit.errors import NotAuthenticated

TOKEN_LIFETIME = timedelta(seconds=30)
_ALGORITHM = "Ed25519"
_CLOCK_SKEW = timedelta(seconds=5)


@dataclass(frozen=True)
class Actor:
    """A person acting for an organisation, or a service acting by itself. `user` is an opaque id."""

    user: str
    organisation: str
    role: str
    task: str = ""
    purpose: str = ""
    assurance: str = ""

    def __str__(self) -> str:
        return f"{self.organisation}/{self.user}"


def service_actor(service: str) -> Actor:
    """The identity under which a service handles events."""
    return Actor(user=service, organisation="koto", role="service")


class ActorTokens:
    """Signs tokens: the gateway's side."""

    def __init__(self, signing_key: str) -> None:
        self._key = OKPKey.import_key(json.loads(signing_key))

    def sign(self, actor: Actor, *, request_type: str, key: str | None, body: bytes, now: datetime) -> str:
        """A token for one request: its type, and so the service that answers it, its idempotency key and its body."""
        claims = {
            "sub": actor.user,
            "org": actor.organisation,
            "role": actor.role,
            "task": actor.task,
            "purpose": actor.purpose,
            "acr": actor.assurance,
            "aud": request_type,
            "key": key,
            "body": hashlib.sha256(body).hexdigest(),
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": self._key.kid}, claims, self._key, algorithms=[_ALGORITHM])


class ActorVerifier:
    """Verifies tokens: every service's side."""

    def __init__(self, public_keys: str) -> None:
        self._keys = KeySet.import_key_set(json.loads(public_keys))

    def verify(self, token: str | None, *, request_type: str, key: str | None, body: bytes, now: datetime) -> Actor:
        """The actor of a request; raises NotAuthenticated when anything about the token does not hold."""
        if not token:
            raise NotAuthenticated("no actor token")
        try:
            claims = jwt.decode(token, self._keys, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError, KeyError, TypeError):
            raise NotAuthenticated("the actor token is not signed by a known key") from None
        issued, expires = claims.get("iat", 0), claims.get("exp", 0)
        latest = issued + int(TOKEN_LIFETIME.total_seconds())
        moment, skew = now.timestamp(), _CLOCK_SKEW.total_seconds()
        if not issued - skew <= moment <= min(expires, latest) + skew:
            raise NotAuthenticated("the actor token has expired")
        told = (claims.get("aud"), claims.get("key"), claims.get("body"))
        if told != (request_type, key, hashlib.sha256(body).hexdigest()):
            raise NotAuthenticated("the actor token belongs to another request")
        return Actor(
            user=claims["sub"],
            organisation=claims["org"],
            role=claims["role"],
            task=claims.get("task", ""),
            purpose=claims.get("purpose", ""),
            assurance=claims.get("acr", ""),
        )
